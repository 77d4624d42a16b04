"""Ranks by hand, with ties and filters; UMLS where it is installed."""

import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch

from hybridattn import ArgumentError, replay
from hybridattn.knowledge.datasets.triples import read_splits
from hybridattn.knowledge.evaluation.links import Ranking, evaluate_links, filtered_ranks
from hybridattn.knowledge.links import LinkPredictor, Scored, TripleGraph


def ranks(scores: dict[int, float], answer: int, known: list[int], size: int = 6) -> float:
    """Rank `answer` to a question about entity 0."""
    scored = Scored(np.zeros(len(scores), int), np.array([*scores]), np.array([*scores.values()]))
    (rank,) = filtered_ranks(scored, np.array([answer]), np.array(sorted(known)), size=size, sources=np.array([0]))
    return float(rank)


def test_ranks_by_hand() -> None:
    scores = {1: 0.9, 2: 0.5, 3: 0.5, 4: 0.2}
    assert ranks(scores, 1, [1]) == 1
    assert ranks(scores, 2, [2]) == 2.5  # ranks 2 and 3 are shared with entity 3
    assert ranks(scores, 2, [1, 2]) == 1.5  # entity 1 is right too
    assert ranks(scores, 2, [1, 2, 3]) == 1
    assert ranks(scores, 4, [1, 4]) == 3
    assert ranks(scores, 0, [0]) == 5.5  # 4 are better; 0 and 5 are silent
    assert ranks(scores, 0, [0, 5, 2]) == 4
    assert ranks({}, 3, [3]) == 3.5
    assert ranks({}, 3, [1, 2, 3]) == 2.5


def test_a_ranking_by_hand() -> None:
    ranking = Ranking.of(np.array([1.0, 2.0, 4.0, 20.0]))
    assert ranking.mrr == pytest.approx((1 + 1 / 2 + 1 / 4 + 1 / 20) / 4)
    assert ranking.hits == {1: 0.25, 3: 0.5, 10: 0.75}


def learned(train: list[tuple[str, str, str]], more: list[tuple[str, str, str]]) -> LinkPredictor:
    return LinkPredictor.learn(TripleGraph.of(train, more=more), generator=torch.Generator().manual_seed(0))


def test_a_graph_by_hand() -> None:
    """married is symmetric in 3 of 4 pairs: its test triple has rank 1 both ways; nothing speaks for the other."""
    train = [(a, "married", b) for a, b in ("ab", "ba", "cd", "dc", "ef")]
    test = [("f", "married", "e"), ("y", "knows", "z")]
    found = evaluate_links(learned(train, test), test)
    # 8 entities, nothing scored: the mean of ranks 1 to 8
    assert found.relations["knows"].mrr == pytest.approx(1 / 4.5)
    assert found.relations["married"].mrr == found.relations["married"].hits[1] == 1
    assert found.all.questions == 4
    assert found.unseen == 1
    assert found.to_json()["relations"]["married"]["hits@10"] == 1


def test_progress_and_no_test() -> None:
    train = [(a, "married", b) for a, b in ("ab", "ba", "cd")]
    predictor, seen = learned(train, []), []
    evaluate_links(predictor, train, progress=lambda done, of: seen.append((done, of)))
    assert seen[-1] == (6, 6)
    with pytest.raises(ArgumentError, match="test must hold at least one triple; got none"):
        evaluate_links(predictor, [])


@pytest.fixture
def umls(data: Path, tmp_path: Path) -> Path:
    with tarfile.open(data / "kg-small.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    return next(tmp_path.rglob("umls"))


@pytest.mark.slow
def test_umls(umls: Path) -> None:
    splits = read_splits(umls)
    predictor = learned([*splits.train], [*splits.valid, *splits.test])
    assert evaluate_links(predictor, splits.test, known=splits.valid).all.mrr >= 0.90


@pytest.mark.slow
def test_wn18rr(data: Path, tmp_path: Path) -> None:
    with tarfile.open(data / "wn18rr.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    splits = read_splits(tmp_path / "wn18rr")
    predictor = learned([*splits.train], [*splits.valid, *splits.test])
    assert evaluate_links(predictor, splits.test, known=splits.valid).all.mrr >= 0.48
    head, relation, _ = splits.test[0]
    for answer in predictor.tails(head, relation, top=3):
        assert replay(answer.derivation) == answer.judgement
