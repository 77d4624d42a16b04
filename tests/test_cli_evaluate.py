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
    ],
)
def test_wrong_input(here, arguments, why):
    code, out, err = here(*arguments)
    assert (code, out) == (2, "")
    assert why in err
