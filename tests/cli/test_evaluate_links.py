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


def run(*arguments: object):
    return CliRunner().invoke(app, ["evaluate", *map(str, arguments)])


def test_runs_are_kept_and_not_made_again(folder: Path, tmp_path: Path) -> None:
    arguments = ("links", folder, "--json", "-", "--runs", 2, "--seed", 3, "--out", tmp_path / "kept")
    first = run(*arguments)
    assert first.exit_code == 0, first.output
    kept = tmp_path / "kept" / "links-4.json"
    assert sorted(path.name for path in kept.parent.iterdir()) == ["links-3.json", "links-4.json"]
    report = json.loads(first.stdout)
    assert report["seeds"] == [3, 4]
    assert report["spread"]["mrr"] == {"mean": 1.0, "spread": 0.0, "least": 1.0, "most": 1.0, "runs": 2}
    kept.write_text(kept.read_text().replace('"mrr": 1.0', '"mrr": 0.5', 1))
    assert json.loads(run(*arguments).stdout)["spread"]["mrr"]["least"] == 0.5
    assert "2 runs" in run(*(one for one in arguments if one not in ("--json", "-"))).stdout


def test_kept_runs_of_other_data_or_none_at_all_are_refused(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "kept"
    run("links", folder, "--out", out)
    (folder / "test.tsv").write_text("e\tmarried\tf\n")
    assert "holds a report with another data" in str(run("links", folder, "--out", out).exception)
    (out / "links-0.json").write_text("{")
    assert "links-0.json must be a report that was kept" in str(run("links", folder, "--out", out).exception)
    (tmp_path / "file").write_text("")
    assert "reports need a folder" in str(run("links", folder, "--out", tmp_path / "file" / "x").exception)


def test_countries_of_several_seeds(tmp_path: Path) -> None:
    for name in ("S1", "S2", "S3"):
        rows = [f"c{n}\tlocatedIn\ts{n % 2}\n" for n in range(8)]
        rows += [f"s{n}\tlocatedIn\tr{n}\n" for n in range(2)]
        rows += [f"c{n}\tlocatedIn\tr{n % 2}\n" for n in range(6)]
        (tmp_path / f"{name}.train.txt").write_text("".join(rows))
        for part, number in (("valid", 6), ("test", 7)):
            (tmp_path / f"{name}.{part}.txt").write_text(f"c{number}\tlocatedIn\tr{number % 2}\n")
    report = json.loads(run("countries", tmp_path, "--runs", 2, "--json", "-").stdout)
    assert [task["auc_pr"] for task in report["tasks"]] == [1.0, 1.0, 1.0]
    assert report["spread"]["S3"]["mean"] == 1.0
