"""Each example runs from a clean folder and does what it says."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[1]
EXAMPLES = sorted((HOUSE / "examples").glob("proof_*.py"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_a_proof_page_is_written_where_it_was_asked_for(example, tmp_path):
    done = subprocess.run(
        [sys.executable, str(example), "here.html"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(HOUSE)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    html = (tmp_path / "here.html").read_text("utf-8")
    assert "Formula and what matters" in html
    assert "<math>" in html
    assert "See here.html." in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["here.html"]


def test_there_are_two_and_they_are_short():
    assert [example.stem for example in EXAMPLES] == ["proof_everyday", "proof_wordnet"]
    assert all(len(example.read_text("utf-8").splitlines()) < 60 for example in EXAMPLES)


def test_a_hebbian_memory_speaks_narsese(tmp_path):
    example = HOUSE / "examples" / "hebbian_narsese.py"
    assert len(example.read_text("utf-8").splitlines()) < 60
    done = subprocess.run(
        [sys.executable, str(example)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(HOUSE)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    # sum of rainy * wet over sum of rainy, with w = .81 for each event; then deduction from <{today} --> rainy>.
    frequency, confidence = 3.38 / 3.6, 0.81 * 3.6 / (0.81 * 3.6 + 1)
    assert f"  <rainy --> wet>. %{frequency:.9f};{confidence:.9f}%" in said
    derived = f"{0.9 * frequency * confidence:.9f}".rstrip("0")
    assert f"  <{{today}} --> wet>. %{frequency:.9f};{derived}%" in said


FIGURES = {"icons": "Recalled: skull", "digits": "1.000 retrieved", "capacity": "in theory 0.0"}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_written_where_it_was_asked_for(name, tmp_path):
    example = HOUSE / "examples" / f"{name}.py"
    assert len(example.read_text("utf-8").splitlines()) < 60
    done = subprocess.run(
        [sys.executable, str(example), "here.png"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(HOUSE), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "here.png").read_bytes().startswith(b"\x89PNG")
    assert FIGURES[name] in done.stdout
    assert "See here.png." in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["here.png"]


def test_a_family_proves_a_ten_hop_answer(tmp_path):
    example = HOUSE / "examples" / "family.py"
    assert len(example.read_text("utf-8").splitlines()) < 60
    done = subprocess.run(
        [sys.executable, str(example), "here.html"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(HOUSE), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    rule = "<(&&, <(*, $1, #2) --> father>, <(*, #2, $3) --> brother>) ==> <(*, $1, $3) --> uncle>>. %1.00;"
    assert rule in done.stdout
    assert "Lea's granddaughter is Kim" in done.stdout
    assert "replayed: <(*, Lea, Kim) --> granddaughter>. %" in done.stdout
    html = (tmp_path / "here.html").read_text("utf-8")
    assert "<code>Lea</code>" in html
    assert "&lt;(*, Lea, Kim) --&gt; granddaughter&gt;" in html
    assert "Formula and what matters" in html
    assert "Content-Security-Policy" in html
    assert "See here.html." in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["here.html"]
