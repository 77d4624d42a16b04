"""The icons, and recall step by step."""

from itertools import pairwise

import pytest
import torch

from hybridattn import ArgumentError, ShapeError, SlotMemory
from hybridattn.experiments import contenders, icons, recall_pictures, seeded


def memory(name="modern_hopfield", beta=0.01, dim=576):
    return contenders(beta)[name].build(dim, seeded(0))


def drawn():
    stored = icons()
    return stored, stored.pop("other skull")


def test_the_icons_are_black_and_white_and_the_skulls_alike():
    stored, other = drawn()
    assert list(stored) == ["skull", "apple"]
    for picture in (*stored.values(), other):
        assert picture.shape == (24, 24)
        assert set(picture.flatten().tolist()) == {-1.0, 1.0}
    assert not other.equal(stored["skull"])
    assert (other == stored["skull"]).sum() > (other == stored["apple"]).sum() + 40
    assert stored["skull"].flip(1)[:9].equal(stored["skull"][:9])  # a head is symmetric


NAMES = [name for name in contenders() if name != "sparse_distributed_memory"]
"""Kanerva's memory corrects up to about a fifth of wrong bits; between the skulls it is 31 %."""


@pytest.mark.parametrize("name", NAMES)
def test_the_other_skull_recalls_the_skull(name):
    beta = {"mean_shift": 0.01, "epanechnikov_memory": 1 / 900}.get(name, 0.01)
    stored, other = drawn()
    found = recall_pictures(memory(name, beta), stored, other)
    assert (found.winner, found.converged) == ("skull", True)
    assert found.steps[0].state.equal(other)
    energies = [one.energy for one in found.steps if one.energy is not None]
    assert all(later <= earlier + 1e-9 for earlier, later in pairwise(energies))


def test_steps_by_the_formula():
    """The state of an update is the mixture of the pictures with the shares of the state before."""
    stored, other = drawn()
    found = recall_pictures(memory(), stored, other, steps=3)
    both = torch.stack(list(stored.values()))
    scores = (both * other).sum((1, 2)) * 0.01
    assert found.steps[0].shares == pytest.approx(torch.softmax(scores, 0).tolist())
    for one, after in pairwise(found.steps):
        torch.testing.assert_close(
            after.state, (torch.tensor(one.shares).double()[:, None, None] * both).sum(0), rtol=1e-6, atol=1e-6
        )


def test_no_winner_and_why():
    stored, other = drawn()
    assert recall_pictures(memory(), stored, other, steps=1).reason == "not converged after 1 updates"
    mixed = recall_pictures(memory(beta=1e-6), stored, other)
    assert mixed.winner is None
    assert mixed.reason.startswith("it settled away from all pictures: the best cosine is 0.7")
    twins = {"one": stored["skull"], "two": stored["skull"]}
    tie = recall_pictures(memory(), twins, other)
    assert tie.winner is None
    assert tie.reason == "a tie of one and two: cosines 1.00 and 1.00"
    turned = recall_pictures(memory("hopfield_hebb"), {"skull": stored["skull"]}, -stored["skull"])
    assert turned.winner is None
    assert turned.steps[-1].cosines == (pytest.approx(-1.0),)


def test_without_slots_there_are_no_shares():
    stored, other = drawn()
    found = recall_pictures(memory("hopfield_hebb"), stored, other)
    assert [one.shares for one in found.steps] == [None] * len(found.steps)


def test_what_is_refused():
    stored, other = drawn()
    with pytest.raises(ShapeError, match=r"picture skull must have the query's shape \(2, 3\); got \(24, 24\)"):
        recall_pictures(memory(), stored, torch.ones(2, 3))
    with pytest.raises(ArgumentError, match="recall needs a picture and a step at least; got 0 and 20"):
        recall_pictures(memory(), {}, other)
    with pytest.raises(ArgumentError, match="recall needs a memory that settles; got Linear"):
        recall_pictures(torch.nn.Linear(1, 1), stored, other)
    assert isinstance(memory(), SlotMemory)
