"""The commands of stores as a user runs them: what they print, what they write, and their exit codes."""

import json
import os
import sys
from pathlib import Path

import pytest

from hybridattn import cli
from hybridattn.memory import MemoryStore, load

ANSWERED, NO_ANSWER, WRONG_INPUT = 0, 1, 2
ROWS = "cat\tis_a\tmammal\nmammal\tis_a\tanimal\ncat\thas_part\tpaw\n"


@pytest.fixture
def here(monkeypatch, capsys, tmp_path):
    """Run the command in this process: exit code, output, errors."""

    def here(*arguments):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["hybridattn", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return ended.value.code or 0, out, err

    return here


@pytest.fixture
def zoo(here, tmp_path) -> Path:
    (tmp_path / "zoo.tsv").write_text(ROWS)
    code, out, err = here("facts", "import", "zoo.tsv", "--into", "zoo")
    assert (code, err) == (ANSWERED, "")
    assert out == "3 observations put into zoo, which now holds 3 observations of 4 symbols\n"
    return tmp_path / "zoo"


def test_facts_are_asked_shown_and_exported_from_the_folder(here, zoo):
    code, out, _ = here("ask", "zoo", "<cat --> animal>?", "--json", "-")
    assert (code, out) == (ANSWERED, here("ask", "zoo.tsv", "<cat --> animal>?", "--json", "-")[1])
    assert here("ask", "zoo", "<paw --> animal>?")[0] == NO_ANSWER
    assert json.loads(here("facts", "show", "zoo", "--json", "-")[1])["facts"] == 3
    assert here("facts", "export", "zoo", "zoo.nal")[0] == ANSWERED
    assert (zoo.parent / "zoo.nal").read_text().startswith("<cat --> mammal>. %1.00;0.90%\n")


def test_a_second_import_is_observed_again(here, zoo):
    code, out, _ = here("facts", "import", "zoo.tsv", "--into", "zoo", "--json", "-")
    assert (code, json.loads(out)) == (ANSWERED, {"added": 3, "observations": 6, "symbols": 4})
    [answer] = json.loads(here("ask", "zoo", "<cat --> mammal>?", "--json", "-")[1])["answers"]
    assert answer["confidence"] == pytest.approx(18 / 19)


def test_a_sound_and_a_damaged_folder(here, zoo):
    code, out, _ = here("store", "verify", "zoo")
    assert code == ANSWERED
    assert out.splitlines()[1] == "zoo/facts: sound; 3 slots, 0 segments of 0 bytes"
    assert here("store", "compact", "zoo")[0] == ANSWERED
    assert here("store", "verify", "zoo")[1].splitlines()[1].startswith("zoo/facts: sound; 3 slots, 1 segments of ")
    [segment] = (zoo / "facts" / "segments").iterdir()
    segment.write_bytes(segment.read_bytes()[:-1] + b"!")
    code, out, _ = here("store", "verify", "zoo", "--json", "-")
    report = json.loads(out)
    assert (code, report["sound"]) == (NO_ANSWER, False)
    assert [name for name, one in report["stores"].items() if not one["sound"]] == ["zoo/facts"]
    code, out, _ = here("store", "verify", "zoo")
    assert f"  {segment.name}: its values differ from their checksum\n" in out
    code, _, err = here("ask", "zoo", "<cat --> animal>?")
    assert code == WRONG_INPUT
    assert "differ from their checksum" in err
    code, out, _ = here("store", "repair", "zoo")
    assert code == ANSWERED
    assert "zoo/facts: 3 slots lost, 1 files set aside, erased: 0, 1, 2\n" in out
    assert here("store", "verify", "zoo")[0] == ANSWERED


def test_a_database_that_is_damaged_is_damage_too(here, zoo):
    (zoo / "cues" / "store.sqlite").write_bytes(b"SQLite format 3\0" + bytes(5000))
    code, out, _ = here("store", "verify", "zoo")
    assert code == NO_ANSWER
    assert out.startswith("zoo/cues: DAMAGED, 1 found")


def test_copies(here, zoo, tmp_path):
    code, out, _ = here("store", "export", "zoo", "out", "--slots", "2")
    assert code == ANSWERED
    assert out.splitlines() == [
        "zoo/cues: 3 slots in 2 shards",
        "zoo/facts: 3 slots in 2 shards",
        "zoo/symbols: 4 slots in 2 shards",
        "Wrote out",
    ]
    assert len(load(tmp_path / "out" / "facts" / "memory-00002-of-00002.safetensors")) == 1
    code, out, _ = here("store", "snapshot", "zoo", "copy", "--json", "-")
    assert (code, json.loads(out)["zoo/symbols"]["slots"]) == (ANSWERED, 4)
    answer = here("ask", "copy", "<cat --> animal>?", "--json", "-")[1]
    assert answer == here("ask", "zoo", "<cat --> animal>?", "--json", "-")[1]


def test_a_store_alone(here, tmp_path):
    MemoryStore(tmp_path / "one", 2).close()
    assert here("store", "verify", "one") == (ANSWERED, "one: sound; 0 slots, 0 segments of 0 bytes\n", "")
    for command in (("export", "one", "out"), ("snapshot", "one", "copy"), ("compact", "one"), ("repair", "one")):
        assert here("store", *command)[0] == ANSWERED
    assert here("store", "verify", "copy")[0] == ANSWERED


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("store", "verify", "nothing"), "nothing is no store: it does not exist"),
        (("store", "compact", "zoo.tsv"), "zoo.tsv is no store: it is no folder"),
        (("store", "verify", "."), ". is no store: it has no store.sqlite"),
        (("store", "export", "zoo", "zoo"), "is not free: it is a folder with files"),
        (("store", "export", "zoo", "no/where"), "cannot make"),
        (("store", "export", "zoo", "out", "--slots", "0"), "slots must be at least 1; got 0"),
        (("store", "verify", "zoo", "--json", "no/where.json"), "path must be a file that can be written"),
        (("facts", "import", "nothing.tsv", "--into", "new"), "nothing.tsv does not exist"),
        (("facts", "import", "zoo.tsv", "--into", "zoo.tsv"), "is not free: it is a file"),
        (("facts", "import", "bad.tsv", "--into", "zoo"), "bad.tsv, line 2: expected 3 to 5 fields"),
    ],
)
def test_wrong_input(here, zoo, tmp_path, arguments, told):
    (tmp_path / "bad.tsv").write_text("a\tr\tb\nbad\n")
    code, out, err = here(*arguments)
    assert (code, out) == (WRONG_INPUT, "")
    assert err.startswith("error: ")
    assert told in err
    assert sorted(os.listdir(tmp_path)) == ["bad.tsv", "zoo", "zoo.tsv"]
    assert json.loads(here("facts", "show", "zoo", "--json", "-")[1])["observations"] == 3


def test_a_store_that_is_being_written(here, zoo):
    with MemoryStore(zoo / "facts"):
        for arguments in (("store", "compact", "zoo"), ("facts", "import", "zoo.tsv", "--into", "zoo")):
            code, _, err = here(*arguments)
            assert code == WRONG_INPUT
            assert "has a writer already, process" in err
        assert here("ask", "zoo", "<cat --> animal>?")[0] == ANSWERED
        assert here("store", "verify", "zoo")[0] == ANSWERED
