"""Areas by hand and as scikit-learn has them; Countries where they are installed."""

import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from hybridattn import ArgumentError, FactsError
from hybridattn.knowledge.datasets.countries import read_countries
from hybridattn.knowledge.evaluation.countries import area_under_precision_recall, evaluate_countries


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.5, 0.9]), st.booleans()), min_size=1, max_size=12))
def test_the_area_is_average_precision(rows: list[tuple[float, bool]]) -> None:
    scores, right = zip((0.5, True), *rows, strict=True)
    assert area_under_precision_recall(scores, right) == pytest.approx(average_precision_score(right, scores))


def test_an_area_needs_something_right() -> None:
    with pytest.raises(ArgumentError, match="something right"):
        area_under_precision_recall([0.1], [False])


@pytest.fixture
def folder(data: Path, tmp_path: Path) -> Path:
    with tarfile.open(data / "kg-small.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    return next(tmp_path.rglob("countries-ntp")).parent


def test_the_ntp_split(folder: Path) -> None:
    tasks = read_countries(folder / "countries-ntp")
    assert [(task.name, task.split, len(task.train), len(task.test)) for task in tasks] == [
        ("S1", "ntp", 1111, 24),
        ("S2", "ntp", 1063, 24),
        ("S3", "ntp", 979, 24),
    ]
    found = [evaluate_countries(task, generator=torch.Generator().manual_seed(0)) for task in tasks]
    assert np.all(np.array([one.test for one in found]) >= [1, 0.96, 0.96])


def test_the_conve_split(folder: Path) -> None:
    task = read_countries(folder / "countries-conve")[0]
    assert (task.split, len(task.train), len(task.regions), len(task.test)) == ("conve", 1111, 5, 24)
    assert evaluate_countries(task, generator=torch.Generator().manual_seed(0)).test == 1


def test_no_countries(tmp_path: Path) -> None:
    with pytest.raises(FactsError, match=r"must be a folder with countries_S1.tsv \(ntp\) or S1.train.txt \(conve\)"):
        read_countries(tmp_path)


def test_a_country_without_a_region(tmp_path: Path) -> None:
    for name in ("S1", "S2", "S3"):
        (tmp_path / f"countries_{name}.tsv").write_text("oslo\tlocatedIn\tnorway\n")
    for name, text in (("regions", "europe"), ("dev", "oslo"), ("test", "oslo")):
        (tmp_path / f"{name}.txt").write_text(text)
    with pytest.raises(FactsError, match="the subregion of 'oslo' must be in one region; got"):
        read_countries(tmp_path)
