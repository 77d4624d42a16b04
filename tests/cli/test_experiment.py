"""The experiment commands as a user runs them."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from hybridattn.view import plots

COMMAND = ("experiment",)
QUICK = ["--memory", "modern_hopfield", "--memory", "hopfield_hebb", "--dim", "16", "--seeds", "2"]


RUNS = {
    "capacity": ["capacity", *QUICK, "--sizes", "2,4"],
    "noise": ["noise", *QUICK, "--size", "3", "--levels", "0.5,2"],
    "flips": ["noise", "--flips", *QUICK, "--size", "3", "--levels", "0.1"],
    "mask": ["mask", *QUICK, "--size", "3", "--levels", "0,0.5"],
    "basins": ["basins", "--starts", "5", "--seeds", "2"],
    "energy": ["energy", *QUICK, "--size", "3", "--steps", "2"],
    "sequence": ["sequence", "--dim", "16", "--lengths", "3,5", "--seeds", "2"],
}


@pytest.mark.parametrize("name", RUNS)
def test_table_json_csv_and_figure_agree(here, tmp_path, name):
    code, out, err = here(*RUNS[name], "--csv", "a.csv", "--json", "a.json", "--figure", "a.png")
    assert (code, err) == (0, "")
    assert out.startswith("memory ")
    assert out.rstrip().endswith("Wrote a.png, a.csv, a.json")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    report = json.loads((tmp_path / "a.json").read_text())
    assert list(report) == ["experiment", "settings", "summary", "theory", "rows"]
    rows = list(csv.DictReader(io.StringIO((tmp_path / "a.csv").read_text())))
    assert len(rows) == len(report["rows"])
    for text, row in zip(rows, report["rows"], strict=True):
        assert text == {key: "" if value is None else str(value) for key, value in row.items()}
    code, again, _ = here(*RUNS[name], "--csv", "-")
    assert again == (tmp_path / "a.csv").read_text()


def test_json_alone_on_stdout(here):
    code, out, err = here(*RUNS["capacity"], "--json", "-")
    assert (code, err) == (0, "")
    report = json.loads(out)
    assert report["settings"]["memories"] == [{"name": "modern_hopfield", "beta": 1.0}, {"name": "hopfield_hebb"}]
    assert all(
        0 <= point["retrieved_low"] <= point["retrieved"] <= point["retrieved_high"] <= 1 for point in report["summary"]
    )
    assert "Hebb: .138 n = 2" in [one["label"] for one in report["theory"]]


def test_a_rerun_goes_on_and_other_settings_are_refused(here, tmp_path):
    first = here(*RUNS["capacity"], "--out", "kept", "--csv", "-")
    lines = (tmp_path / "kept" / "cells.jsonl").read_text().splitlines(keepends=True)
    assert len(lines) == 1 + 8
    (tmp_path / "kept" / "cells.jsonl").write_text("".join(lines[:4]))
    assert here(*RUNS["capacity"], "--out", "kept", "--csv", "-") == first
    code, out, err = here(*RUNS["capacity"], "--out", "kept", "--steps", "7")
    assert (code, out) == (2, "")
    assert err == "error: kept holds an experiment with steps 50; got 7: name another folder\n"


@pytest.mark.parametrize("option", [[], ["--out", "kept"]])
def test_ctrl_c_says_how_to_go_on(here, monkeypatch, tmp_path, option):
    from hybridattn.experiments import Setup

    real, calls = Setup.memory, []

    def memory(self, *arguments):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(self, *arguments)

    monkeypatch.setattr(Setup, "memory", memory)
    code, out, err = here(*RUNS["capacity"], *option)
    assert (code, out) == (130, "")
    if option:
        assert "interrupted: 2 of 8 cells are kept in kept; the same command goes on from there" in err
        assert len((tmp_path / "kept" / "cells.jsonl").read_text().splitlines()) == 3
    else:
        assert "interrupted after 2 of 8 cells; with --out DIR they would have been kept" in err


@pytest.mark.slow
def test_a_real_signal(tmp_path):
    arguments = ["capacity", "--memory", "dense_associative_memory", "--sizes", "2,4,8,200,300", "--out", "kept"]
    run = subprocess.Popen(
        [sys.executable, "-m", "hybridattn", "experiment", *arguments],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stderr=subprocess.PIPE,
        text=True,
    )
    kept = tmp_path / "kept" / "cells.jsonl"
    until = time.monotonic() + 100
    while time.monotonic() < until and (not kept.exists() or len(kept.read_text().splitlines()) < 3):
        time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=100)
    assert run.returncode == 130
    assert "the same command goes on from there" in err
    assert all(json.loads(line) for line in kept.read_text().splitlines())


def test_digits_pictures_and_files(here, tmp_path):
    code, out, _ = here(
        "noise", "--patterns", "digits", "--size", "20", "--levels", "0.1", "--seeds", "1", "--json", "-"
    )
    report = json.loads(out)
    assert (code, report["settings"]["patterns"]["dim"]) == (0, 64)
    assert [one["name"] for one in report["settings"]["memories"]] == ["modern_hopfield"]  # no binary one
    np.save(tmp_path / "mine.npy", np.eye(4))
    code, out, _ = here(
        "capacity", "--patterns", "mine.npy", "--sizes", "2,4", "--flips", "0", "--seeds", "1", "--json", "-"
    )
    assert (code, json.loads(out)["settings"]["patterns"]["available"]) == (0, 4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["capacity", "--memory", "hopfeld"],
            "--memory must be one of modern_hopfield, sparse_hopfield, ",
        ),
        (["sequence", "--memory", "modern_hopfield"], "--memory must be one of linear_sequence, "),
        (["capacity", "--sizes", "2,x"], "--sizes must be whole numbers with commas between; got '2,x'"),
        (["mask", "--levels", ""], "--levels must be numbers with commas between; got ''"),
        (["capacity", "--patterns", "gone.npy"], "--patterns must be signs, gaussian, sphere, digits, or a file"),
        (["capacity", "--patterns", "digits", "--sizes", "1798"], "(1797) is wanted; got 1798"),
        (["capacity", "--seeds", "0"], "--seeds must be at least 1; got 0"),
        (["capacity", "--figure", "a.gif"], "a figure must end in .png, .svg, .pdf; got 'a.gif'"),
        (["capacity", "--json", "-", "--csv", "-"], "--csv - and --json - both want stdout"),
        (["capacity", "--json", "none/a.json"], "its folder does not exist"),
        (["capacity", "--beta", "-1"], "beta must be finite and above 0; got -1.0"),
        (["noise", "--memory", "hopfield_hebb", "--patterns", "digits"], "hopfield_hebb stores -1 and +1 alone"),
        (["energy", "--memory", "sparse_distributed_memory"], "sparse_distributed_memory does not"),
    ],
)
def test_what_is_refused(here, tmp_path, arguments, message):
    code, out, err = here(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert message in err
    assert list(tmp_path.iterdir()) == []


def test_without_matplotlib_the_rest_works(here, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert plots.Curve
    assert here(*RUNS["mask"])[0] == 0
    code, _, err = here(*RUNS["mask"], "--figure", "a.png")
    assert (code, err) == (2, "error: a figure needs matplotlib: pip install 'hybridattn[plot]'\n")


@pytest.mark.parametrize("name", ["capacity", "noise", "mask", "basins", "energy", "sequence"])
def test_help_has_an_example(here, name):
    code, out, _ = here(name, "--help")
    assert code == 0
    assert f"Example: hybridattn experiment {name}" in " ".join(out.split())
