"""Attention that is missing lowers the confidence of what is concluded."""

import pytest
import torch
from torch import Tensor

from hybridattn.controller import Beam, Level, Mixture, MultilevelAttention
from hybridattn.knowledge import FactMemory
from hybridattn.memory import CodebookMemory, Estimate, IndexedMemory, KMeansLists, SlotMemory
from hybridattn.reasoning import Truth, replay

ROWS = [("robin", "is_a", "bird"), ("bird", "is_a", "animal", 0.9, 0.8), ("wren", "is_a", "bird")]


class Unsure(CodebookMemory):
    """Finds what a codebook memory finds, and holds that a share of the attention is missing."""

    share = 0.0

    def estimate(self, query: Tensor, *, top: int | None = None) -> Estimate:
        read = self.read(query, top=top)
        return Estimate(read, torch.zeros(query.shape[:-1]), torch.full(query.shape[:-1], self.share))


@pytest.fixture
def unsure(monkeypatch: pytest.MonkeyPatch) -> type[Unsure]:
    monkeypatch.setattr("hybridattn.knowledge.store.CodebookMemory", Unsure)
    monkeypatch.setattr(Unsure, "share", 0.0)
    return Unsure


def weakened(confidence: float, missing: float) -> float:
    w = confidence / (1 - confidence) * (1 - missing)
    return w / (w + 1)


@pytest.mark.parametrize("missing", [0.0, 0.25, 0.5, 0.9])
def test_facts_count_with_the_evidence_that_was_seen(unsure: type[Unsure], missing: float) -> None:
    unsure.share = missing
    memory = FactMemory.from_triples(ROWS)
    [answer] = memory.ask("<robin --> animal>?")
    assert answer.truth.frequency == pytest.approx(0.9)
    assert answer.truth.confidence == pytest.approx(0.9 * weakened(0.9, missing) * weakened(0.8, missing), abs=1e-6)
    assert replay(answer.derivation) == answer.derivation.conclusion
    cited = [fact.judgement.truth.confidence for fact in answer.facts]
    assert sorted(cited) == pytest.approx(sorted((weakened(0.9, missing), weakened(0.8, missing))), abs=1e-6)
    assert [fact.judgement.truth.confidence for fact in memory] == [0.9, 0.8, 0.9], "what is stored stays"


def test_nothing_is_left_of_what_was_not_seen(unsure: type[Unsure]) -> None:
    unsure.share = 1.0
    assert list(FactMemory.from_triples(ROWS).ask("<robin --> animal>?")) == []


def test_the_graph_shows_what_was_seen(unsure: type[Unsure]) -> None:
    unsure.share = 0.5
    answers = FactMemory.from_triples(ROWS).ask("<robin --> bird>?")
    drawn = [data["c"] for _, _, data in answers.graph.edges(data=True) if "c" in data]
    assert weakened(0.9, 0.5) == pytest.approx(drawn[0], abs=1e-6)


def test_truth_without_a_share_of_its_evidence() -> None:
    assert Truth.from_evidence(3.0, 4.0).without(0.25).w == pytest.approx(3.0)
    assert Truth.from_evidence(3.0, 4.0).without(0.25).w_plus == pytest.approx(2.25)
    assert Truth(0.7, 0.6).without(0) == Truth(0.7, 0.6)
    assert Truth(0.7, 0.6).without(1) == Truth(0.7, 0.0)


def loop() -> tuple[Tensor, Tensor]:
    """Twelve keys, each leading to the next."""
    keys = torch.nn.functional.normalize(torch.randn(12, 8, generator=torch.Generator().manual_seed(0)), dim=-1)
    return keys, keys.roll(-1, 0)


@pytest.mark.parametrize("mode", [Beam(3), Mixture()], ids=["beam", "mixture"])
def test_the_trace_says_what_was_missing_at_each_hop(mode: Beam | Mixture) -> None:
    keys, values = loop()
    memory = IndexedMemory(8, 8, index=KMeansLists(4), probes=1, beta=4.0)
    memory.write(keys, values)
    memory.build_index()
    query = keys[:2]
    walk = MultilevelAttention([Level(memory)], hops=1, top=2, mode=mode)(query, trace=True)
    top = 3 if isinstance(mode, Beam) else 2
    wanted = memory.estimate(query, top=top).missing
    assert (wanted > 0.01).all()
    links = walk.trace.hops[0].links
    assert {link.question for link in links} == {0, 1}
    for link in links:
        assert link.missing == pytest.approx(float(wanted[link.question]), rel=1e-3)


@pytest.mark.parametrize("mode", [Beam(3), Mixture()], ids=["beam", "mixture"])
def test_memories_that_look_everywhere_miss_nothing(mode: Beam | Mixture) -> None:
    keys, values = loop()
    memory = SlotMemory(8, 8, beta=4.0)
    memory.write(keys, values)
    walk = MultilevelAttention([Level(memory)], hops=2, top=2, mode=mode)(keys[:2], trace=True)
    assert {link.missing for _, link in walk.trace.links()} == {0.0}
