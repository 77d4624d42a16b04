"""The commands `evaluate links` and `evaluate countries`."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hybridattn.cli.app import app
from hybridattn.errors import FactsError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "train.txt").write_text("".join(f"{a}\tmarried\t{b}\n" for a, b in ("ab", "ba", "cd", "dc", "ef")))
    (tmp_path / "test.tsv").write_text("f\tmarried\te\n")
    return tmp_path


def test_json_alone_on_stdout(folder: Path) -> None:
    done = CliRunner().invoke(app, ["evaluate", "links", str(folder), "--json", "-"])
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert report["mrr"] == report["hits@1"] == report["relations"]["married"]["hits@10"] == 1
    assert report["questions"] == 2


def test_a_table(folder: Path) -> None:
    done = CliRunner().invoke(app, ["evaluate", "links", str(folder)])
    assert done.exit_code == 0
    assert "married" in done.stdout
    assert "1.0000" in done.stdout


def test_wrong_input(tmp_path: Path) -> None:
    for name in ("links", "countries"):
        done = CliRunner().invoke(app, ["evaluate", name, str(tmp_path)])
        assert isinstance(done.exception, FactsError)
