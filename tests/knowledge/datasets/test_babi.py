"""Reading bAbI: stories, questions, supporting facts, and errors that name file and line."""

import tarfile

import pytest

from hybridattn.errors import FactsError
from hybridattn.knowledge.datasets.babi import BabiFiles, BabiQuestion, babi_files, read_babi


@pytest.fixture
def write(tmp_path):
    def write(text, name="qa1_one_train.txt"):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return write


def test_questions_know_what_was_told_before(write):
    path = write("1 A b.\n2 C d?\te\t1\n3 F g.\n\n4 H i?\tn,w\t3 1\n1 J k.\n2 L m?\tyes\n3 N?\tno\t1\r\n")
    assert read_babi(path) == [
        BabiQuestion(("A b.",), "C d?", "e", (0,), 2, 1),
        BabiQuestion(("A b.", "F g."), "H i?", "n,w", (1, 0), 5, 1),
        BabiQuestion(("J k.",), "L m?", "yes", (), 7, 2),
        BabiQuestion(("J k.",), "N?", "no", (0,), 8, 2),
    ]


def test_a_question_without_a_story(write):
    assert read_babi(write("1 Where is Mary?\thall\t\n"))[0] == BabiQuestion((), "Where is Mary?", "hall", (), 1, 1)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Mary moved.\n", "line 1: expected a number, a blank and a sentence"),
        ("1 A.\n\n2\n", "line 3: expected a number"),
        ("1 A.\n2  \n", "line 2: expected a number"),
        ("1 A.\n3 B.\n", "line 2: expected the number 2, or 1 for a new story; got 3"),
        ("2 A.\n", "line 1: expected the number 1"),
        ("1 A.\n2 B?\t\t1\n", "line 2: expected a number"),
        ("1 A.\n2 \tb\t1\n", "line 2: expected a number"),
        ("1 A.\n2 B?\tc\t1\t2\n", "line 2: expected a number"),
        ("1 A.\n2 B?\tc\t2\n", "line 2: supporting facts must be numbers of sentences before; got '2'"),
        ("1 A.\n2 B?\tc\t1\n3 D?\te\t2\n", "line 3: supporting facts must be numbers of sentences before; got '2'"),
        ("1 A.\n2 B?\tc\tx\n", "line 2: supporting facts must be numbers of sentences before; got 'x'"),
        ("1 A.\n1 B.\n2 C?\td\t3\n", "line 3: supporting facts"),
        ("1 A.\n2 B.\n1 C.\n2 D?\te\t2\n", "line 4: supporting facts"),  # 2 is a sentence of the story before
        ("1 A.\n", "holds no questions"),
        ("", "holds no questions"),
    ],
)
def test_bad_rows_are_named(write, text, why):
    path = write(text)
    with pytest.raises(FactsError) as caught:
        read_babi(path)
    assert str(caught.value).startswith(str(path))
    assert why in str(caught.value)


def test_files_of_a_folder(write, tmp_path):
    paths = {name: write("", name) for name in ("qa1_x-y_train.txt", "qa1_x-y_test.txt", "qa10_z_test.txt")}
    one = BabiFiles(1, "x-y", paths["qa1_x-y_train.txt"], paths["qa1_x-y_test.txt"], "")
    assert babi_files(tmp_path, 1) == one
    write("", "qa1_other_test.txt")
    for task, why in [
        (1, "must have one file qa1_NAME_test.txt; got qa1_other_test.txt and qa1_x-y_test.txt"),
        (10, "must have one file qa10_NAME_train.txt; got none"),
        (0, "numbers 1 to 20; got 0"),
        (21, "numbers 1 to 20; got 21"),
    ]:
        with pytest.raises(FactsError, match=why):
            babi_files(tmp_path, task)
    with pytest.raises(FactsError, match="is no folder"):
        babi_files(tmp_path / "none", 1)
    with pytest.raises(FactsError, match="is no file"):
        read_babi(tmp_path)


def test_a_lost_file_is_taken_from_the_re_simulated_ones_and_said(tmp_path, monkeypatch):
    for name in ("en-10k/qa3_a_test.txt", "en-10k-resim/qa3_a_train.txt", "en-10k/qa2_b_train.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    for name in ("en-10k/qa2_b_test.txt", "en-10k-resim/qa2_b_train.txt"):
        (tmp_path / name).write_text("")
    found = babi_files(tmp_path / "en-10k", 3)
    assert found.train.samefile(tmp_path / "en-10k-resim" / "qa3_a_train.txt")
    assert "re-simulated" in found.note
    assert babi_files(tmp_path / "en-10k", 2).note == ""  # what is there is taken
    monkeypatch.chdir(tmp_path / "en-10k")
    assert "re-simulated" in babi_files(".", 3).note


def test_the_published_files(data, tmp_path):
    archive = data / "babi-en.tar.xz"
    if not archive.exists():
        pytest.skip("needs babi-en.tar.xz")
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path, members=[one for one in packed if "/en/" in one.name], filter="data")
    [folder] = [path for path in tmp_path.rglob("en") if path.is_dir()]
    for task in range(1, 21):
        files = babi_files(folder, task)
        for path in (files.train, files.test):
            questions = read_babi(path)
            assert len(questions) == 1000
            assert all(question.support for question in questions)
    found = read_babi(babi_files(folder, 19).train)[0]
    assert (found.answer, found.support) == ("s,e", (1, 3))
    assert [found.sentences[place] for place in found.support] == [
        "The kitchen is north of the office.",
        "The office is west of the garden.",
    ]
