"""The closure over ranks is the closure of one process, with the same proofs on every rank."""

import pytest
import torch
from crew import crew

from hybridattn import Ranks, UnknownTermError, replay
from hybridattn.reasoning.batched import closure, from_arrays, spread_closure

COLUMNS = ("source", "target", "frequency", "confidence", "hops", "exact")


def statements():
    """A random graph of 12 nodes with ids that leave gaps, frequencies below 1 and shared observations."""
    generator = torch.Generator().manual_seed(0)
    source, target = (torch.randint(12, (30,), generator=generator) * 7 for _ in range(2))
    frequency = torch.rand(30, generator=generator, dtype=torch.float64) / 2 + 0.5
    return from_arrays(source, target, frequency, 0.9, observation=torch.arange(30) // 2)


def work(sources):
    closed = spread_closure(statements(), Ranks(), sources=sources)
    pair = int(closed.source[-1]), int(closed.target[-1])
    with pytest.raises(UnknownTermError):
        closed.proof(1, 2)
    columns = {name: getattr(closed, name) for name in COLUMNS}
    return columns, closed.proof(*pair), closed.proof(pair[0], pair[0]), len(closed.own), closed.cut


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("sources", [None, [0, 14, 21]], ids=["all", "some"])
def test_all_ranks_have_the_whole_closure(size, sources):
    whole = closure(statements(), sources=sources)
    pair = int(whole.source[-1]), int(whole.target[-1])
    found = crew(size, work, sources)
    for columns, proof, nothing, _, cut in found:
        assert all(columns[name].equal(getattr(whole, name)) for name in COLUMNS)
        assert proof == whole.proof(*pair)
        assert replay(proof) == proof.conclusion
        assert nothing is None
        assert cut == 0
    assert sum(own for *_, own, _ in found) == len(whole)


def work_cut():
    return spread_closure(statements(), Ranks(), limit=8).cut


def test_a_search_that_was_cut_is_counted():
    assert closure(statements(), limit=8).cut
    assert crew(2, work_cut) == [2, 2]


def test_ranks_without_sources_have_it_too():
    assert [columns["source"].unique().tolist() for columns, *_ in crew(3, work, [14])] == [[14]] * 3
