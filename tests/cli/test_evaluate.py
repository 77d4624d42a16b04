"""The command `evaluate clutrr` as a user runs it."""

import json

import pytest

COMMAND = ("evaluate", "clutrr")
HEADER = "id,target,proof_state,task_name,story_edges,edge_types,query_edge,genders"
ROW = 'x,son,,t,"[(0, 1), (1, 2)]","[\'daughter\', \'brother\']","(0, 2)","Ann:f,Bea:f,Cid:m"'


@pytest.fixture(autouse=True)
def stories(tmp_path):
    for name in ("a,b.csv", "c.csv", "d.csv"):
        (tmp_path / name).write_text(f"{HEADER}\n{ROW}\n{ROW}\n")
    (tmp_path / "columns.csv").write_text("id,target\nx,son\n")
    (tmp_path / "bad.csv").write_text(f"{HEADER}\n{ROW}\nx,son\n")


@pytest.mark.parametrize(
    "files",
    [
        ("--train", "a,b.csv", "--test", "c.csv", "d.csv"),
        ("--test", "c.csv", "--train", "a,b.csv", "--test", "d.csv"),
        ("--train=a,b.csv", "--test=c.csv", "d.csv", "--unordered"),
    ],
)
def test_json_alone_is_printed(here, files):
    code, out, _ = here(*files, "--json", "-")
    data = json.loads(out)
    assert code == 0
    assert [(one["file"], one["hops"], one["accuracy"], one["replay"]) for one in data["files"]] == [
        ("c.csv", 2, 1.0, 1.0),
        ("d.csv", 2, 1.0, 1.0),
    ]
    assert data["seconds"] > 0
    assert data["ordered"] == ("--unordered" not in files)


def test_a_table_and_the_rules(here, tmp_path):
    code, out, _ = here("--train", "a,b.csv", "--test", "c.csv", "--rules", "rules.nal")
    assert code == 0
    assert "c.csv" in out
    assert "1.0000" in out
    assert "2 stories, 1 rules, walk order" in out
    assert (tmp_path / "rules.nal").read_text().endswith("--> son>>. %1.00;0.666666667%\n")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--train", "bad.csv", "--test", "c.csv"), "bad.csv, row 2: expected 8 columns; got fewer"),
        (("--train", "a,b.csv", "--test", "none.csv"), "none.csv does not exist"),
        (("--train", "a,b.csv", "--test", "c.csv", "--json", "-", "--rules", "-"), "cannot both write to stdout"),
        (("--train", "a,b.csv"), "--test"),
        (("--train", "a,b.csv", "--test", "c.csv", "--out", "runs"), "--out keeps what is trained, which takes --soft"),
        (("--train", "a,b.csv", "--test", "c.csv", "--runs", "0"), "--runs"),
        (("--train", "columns.csv", "--test", "c.csv"), "columns.csv: expected the columns story_edges"),
    ],
)
def test_wrong_input(here, arguments, why):
    code, out, err = here(*arguments)
    assert (code, out) == (2, "")
    assert why in err


def test_several_runs_have_a_spread(here):
    code, out, _ = here("--train", "a,b.csv", "--test", "c.csv", "--runs", "2", "--seed", "5", "--json", "-")
    data = json.loads(out)
    assert (code, data["seeds"], data["soft"]) == (0, [5, 6], False)
    accuracy = {"mean": 1.0, "spread": 0.0, "least": 1.0, "most": 1.0, "runs": 2}
    assert data["spread"] == [{"file": "c.csv", "accuracy": accuracy}]
    assert "Accuracy of 2 runs" in here("--train", "a,b.csv", "--test", "c.csv", "--runs", "2")[1]


def test_a_reader_is_trained_and_kept(here, tmp_path, monkeypatch):
    from hybridattn.knowledge.vectors import learning

    monkeypatch.setattr(learning, "STEPS", 20)
    arguments = ("--soft", "--train", "a,b.csv", "--test", "c.csv", "--out", "runs", "--json", "-")
    code, out, _ = here(*arguments)
    data = json.loads(out)
    assert (code, data["soft"], data["seeds"]) == (0, True, [0])
    assert [(one["accuracy"], one["replay"], one["comprehensiveness"]) for one in data["files"]] == [(1.0, 1.0, 1.0)]
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["reader-ordered-0.safetensors"]
    before = (tmp_path / "runs" / "reader-ordered-0.safetensors").stat().st_mtime_ns
    again = json.loads(here(*arguments)[1])
    assert again["files"][0]["accuracy"] == 1.0
    assert (tmp_path / "runs" / "reader-ordered-0.safetensors").stat().st_mtime_ns == before
