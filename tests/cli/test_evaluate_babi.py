"""The command `evaluate babi` as a user runs it."""

import json
import sys

import pytest

from hybridattn import cli

STORY = "1 {0} went to the {1}.\n2 {2} went to the {3}.\n3 Where is {0}?\t{1}\t1\n4 Where is {2}?\t{3}\t2\n"
NAMES, PLACES = ("Ann", "Bob", "Cid"), ("hall", "cave")


@pytest.fixture
def here(monkeypatch, capsys, tmp_path):
    text = "".join(STORY.format(a, x, b, y) for a in NAMES for b in NAMES if a != b for x in PLACES for y in PLACES)
    (tmp_path / "en").mkdir()
    for part in ("train", "test"):
        (tmp_path / "en" / f"qa1_toy_{part}.txt").write_text(text)
        (tmp_path / "en" / f"qa2_bad_{part}.txt").write_text(text + "no number\n")

    def here(*arguments):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["hybridattn", "evaluate", "babi", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return ended.value.code or 0, out, err

    return here


QUICK = ("en", "--tasks", "1", "--runs", "2", "--epochs", "2", "--hops", "1")


def test_json_alone_is_printed_and_runs_are_kept(here, tmp_path):
    code, out, _ = here(*QUICK, "--seed", "3", "--out", "runs", "--json", "-")
    data = json.loads(out)
    assert code == 0
    [task] = data["tasks"]
    assert (task["task"], task["name"], task["questions"]) == (1, "toy", 48)
    assert [run["seed"] for run in task["runs"]] == [3, 4]
    assert task["replay"] in (1.0, None)
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == [
        "babi-1-3.safetensors",
        "babi-1-4.safetensors",
    ]
    again = json.loads(here(*QUICK, "--seed", "3", "--out", "runs", "--json", "-")[1])["tasks"][0]
    assert again["runs"] == task["runs"]


def test_a_table(here):
    code, out, _ = here(*QUICK)
    assert code == 0
    assert "toy" in out
    assert "Mean error" in out
    assert "2 runs a task" in out


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("en", "--tasks", "2"), "qa2_bad_train.txt, line 97: expected a number, a blank and a sentence"),
        (("en", "--tasks", "1,3"), "must have one file qa3_NAME_train.txt; got none"),
        (("en", "--tasks", "0"), "tasks of bAbI have the numbers 1 to 20; got 0"),
        (("en", "--tasks", "one"), "--tasks must be whole numbers with commas between; got 'one'"),
        (("none", "--tasks", "1"), "none is no folder"),
        (("en", "--tasks", "1", "--runs", "0"), "runs must be at least 1; got 0"),
        (("en", "--tasks", "1", "--epochs", "0"), "epochs must be at least 1; got 0"),
        (("en", "--tasks", "1", "--hops", "0"), "hops must be at least 1; got 0"),
        (("en", "--tasks", "1", "--json", "none/x.json"), "its folder does not exist"),
        (("en",), "--tasks"),
    ],
)
def test_wrong_input(here, arguments, why):
    code, out, err = here(*arguments)
    assert (code, out) == (2, "")
    assert why in " ".join(err.split())


def test_other_settings_are_refused(here):
    here(*QUICK, "--out", "runs")
    code, _, err = here(*QUICK[:-1], "2", "--out", "runs")
    assert code == 2
    assert "babi-1-0.safetensors holds a run with readers" in err


def test_an_interrupt_says_what_is_kept(here, monkeypatch):
    from hybridattn.knowledge.reading import ReaderTrainer

    epoch = ReaderTrainer.epoch

    def stop(self, number, generator):
        if number == 1:
            raise KeyboardInterrupt
        return epoch(self, number, generator)

    monkeypatch.setattr(ReaderTrainer, "epoch", stop)
    code, _, err = here(*QUICK, "--out", "runs")
    assert code == 130
    assert "interrupted: 0 of 2 runs are kept in runs, the next in part; the same command goes on" in err
    code, _, err = here(*QUICK)
    assert code == 130
    assert "interrupted after 0 of 2 runs; with --out DIR they would have been kept" in err
    monkeypatch.setattr(ReaderTrainer, "epoch", epoch)
    assert here(*QUICK, "--out", "runs")[0] == 0
