"""Intervals, the ledger and the running of cells."""

import json
import math
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridattn import ArgumentError
from hybridattn.experiments import (
    Cell,
    Ledger,
    Study,
    csv_text,
    run_study,
    share_interval,
    wilson,
)
from hybridattn.experiments.running.ledger import FILE


@dataclass(frozen=True)
class Row:
    memory: str
    value: float
    none: float | None = None


def study(measured, settings=None, cells=None):
    def measure(cell):
        measured.append(cell)
        return [Row(cell.memory, cell.patterns / 3)]

    cells = [Cell("one", n, 0.0, 0) for n in (1, 2, 3)] if cells is None else cells
    return Study("test", settings or {"beta": 1.0}, cells, measure, Row)


def test_wilson_as_calculated_by_hand():
    assert wilson(0, 10) == pytest.approx((0.0, 0.0, 0.27753), abs=1e-5)  # z^2 / (n + z^2)
    assert wilson(10, 10) == pytest.approx((1.0, 0.72247, 1.0), abs=1e-5)
    assert wilson(15, 50) == pytest.approx((0.3, 0.19103, 0.43750), abs=1e-4)


@given(st.integers(1, 500), st.data())
def test_the_bounds_of_wilson_solve_its_equation(trials, data):
    share, low, high = wilson(data.draw(st.integers(0, trials)), trials)
    assert 0 <= low <= share <= high <= 1
    for bound in (low, high):
        assert abs(bound - share) == pytest.approx(1.959964 * math.sqrt(bound * (1 - bound) / trials), abs=1e-6)


def test_seeds_that_differ_widen_the_interval():
    alike, apart = share_interval([5, 5, 5], [10, 10, 10]), share_interval([0, 5, 10], [10, 10, 10])
    assert alike == wilson(15, 30)
    assert apart.share == 0.5
    # variance between seeds .25, binomial .25 / 10: the effect is 10, so 3 queries are left
    assert apart == pytest.approx(wilson(1.5, 3))
    assert share_interval([3], [10]) == wilson(3, 10)
    assert share_interval([10, 10], [10, 10]) == wilson(20, 20)
    with pytest.raises(ArgumentError, match=r"successes must lie in 0..trials, trials above 0; got 2 of 1"):
        wilson(2, 1)


def test_a_rerun_measures_only_what_is_missing(tmp_path):
    first, ledger = [], Ledger(tmp_path / "new" / "folder")
    rows = run_study(study(first), ledger=ledger)
    again = []
    assert run_study(study(again), ledger=ledger) == rows == run_study(study([]))
    assert (len(first), again) == (3, [])
    lines = ledger.path.read_text().splitlines()
    ledger.path.write_text("\n".join([lines[0], lines[3], lines[1]]) + "\n" + lines[2][:20])  # cut off, another order
    told = []
    assert run_study(study(again), ledger=ledger, done=lambda *numbers: told.append(numbers)) == rows
    assert [cell.patterns for cell in again] == [2]
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert len(ledger.path.read_text().splitlines()) == 4


def test_an_interrupted_run_loses_no_finished_cell(tmp_path):
    def measure(cell):
        if cell.patterns == 3:
            raise KeyboardInterrupt
        return [Row("one", 1.0)]

    broken = Study("test", {"beta": 1.0}, [Cell("one", n, 0.0, 0) for n in (1, 2, 3)], measure, Row)
    with pytest.raises(KeyboardInterrupt):
        run_study(broken, ledger=Ledger(tmp_path))
    again = []
    run_study(study(again), ledger=Ledger(tmp_path))
    assert [cell.patterns for cell in again] == [3]


def test_other_settings_are_refused_and_nothing_is_lost(tmp_path):
    run_study(study([]), ledger=Ledger(tmp_path))
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(ArgumentError) as caught:
        run_study(study([], {"beta": 2.0}), ledger=Ledger(tmp_path))
    assert str(caught.value) == f"{tmp_path} holds an experiment with beta 1.0; got 2.0: name another folder"
    assert (tmp_path / FILE).read_bytes() == before


@pytest.mark.parametrize("text", ["notes of mine", "notes\nof mine\n", '{"format": "other"}\n', "[1]\n", "{}"])
def test_a_file_that_is_not_ours_is_left_alone(tmp_path, text):
    (tmp_path / FILE).write_text(text)
    with pytest.raises(ArgumentError, match=r"cells.jsonl:1: expected a line that an experiment wrote; got"):
        run_study(study([]), ledger=Ledger(tmp_path))
    assert (tmp_path / FILE).read_text() == text


def test_a_broken_line_in_the_middle_is_told(tmp_path):
    run_study(study([]), ledger=Ledger(tmp_path))
    lines = (tmp_path / FILE).read_text().splitlines()
    (tmp_path / FILE).write_text("\n".join([lines[0], "{broken", *lines[2:]]) + "\n")
    with pytest.raises(ArgumentError, match=r"cells.jsonl:2: expected a line that an experiment wrote; got '{broken'"):
        run_study(study([]), ledger=Ledger(tmp_path))


def test_a_first_line_cut_off_is_begun_again(tmp_path):
    run_study(study([]), ledger=Ledger(tmp_path))
    whole = (tmp_path / FILE).read_text()
    (tmp_path / FILE).write_text(whole[:30])
    run_study(study([]), ledger=Ledger(tmp_path))
    assert (tmp_path / FILE).read_text() == whole
    assert json.loads(whole.splitlines()[0])["settings"] == {"beta": 1.0}


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ArgumentError, match=r"the ledger needs a folder to write; got '.*file/below': Not a directory"):
        run_study(study([]), ledger=Ledger(tmp_path / "file" / "below"))


def test_a_study_needs_cells_and_each_once():
    with pytest.raises(ArgumentError, match="test needs at least one memory, size, level and seed"):
        study([], cells=[])
    with pytest.raises(ArgumentError, match="may be named once; twice: Cell"):
        study([], cells=[Cell("one", 1, 0.0, 0)] * 2)


def test_csv_to_the_last_digit():
    assert csv_text([Row("a,b", 0.1 + 0.2), Row("c", 1.0, 2.0)]) == (
        'memory,value,none\n"a,b",0.30000000000000004,\nc,1.0,2.0\n'
    )
