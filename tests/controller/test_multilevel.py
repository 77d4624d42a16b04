"""Multilevel attention takes its levels in turn, settles queries first, and says what is wrong with its arguments."""

import pytest
import torch
from torch import Tensor, nn

from hybridattn.attention import read
from hybridattn.controller import Beam, Converged, Level, Mixture, MultilevelAttention, Plan, Replace, Residual, Walk
from hybridattn.errors import ArgumentError, ShapeError
from hybridattn.memory import CodebookMemory, SlotMemory


def memory(seed: int = 0, beta: float = 3.0) -> SlotMemory:
    found = SlotMemory(4, beta=beta)
    found.write(torch.randn(5, 4, generator=torch.Generator().manual_seed(seed)))
    return found


def test_levels_are_read_in_turn() -> None:
    model = MultilevelAttention([Level(memory(seed)) for seed in range(3)], hops=7)
    for mode in (Mixture(), Beam(min_match=-1)):
        model.mode = mode
        trace = model(torch.ones(4), trace=True).trace
        assert [hop.level for hop in trace.hops] == [0, 1, 2, 0, 1, 2, 0][: len(trace.hops)]
        assert len(trace.hops) > 3


def test_the_mode_gets_the_whole_plan() -> None:
    class Recorder:
        def walk(self, plan: Plan, query: Tensor, *, trace: bool) -> Walk:
            self.seen = plan, query, trace
            return Walk(query, query, torch.zeros(()), None)

    mode, halt, levels = Recorder(), Converged(), [Level(memory()), Level(memory(1))]
    query = torch.ones(2, 4)
    MultilevelAttention(levels, hops=3, top=5, halt=halt, mode=mode)(query, trace=True)
    plan, asked, trace = mode.seen
    assert list(plan.levels) == levels
    assert plan[1:] == (3, 5, halt)
    assert asked is query
    assert trace is True


def test_settling_comes_before_the_read() -> None:
    store = memory(beta=0.5)  # blunt enough to settle slowly
    store_keys = store.keys
    query = torch.tensor([[1.0, -1.0, 0.5, 0.2], [0.1, 0.3, -0.7, 1.0]])
    walk = MultilevelAttention([Level(store, Residual(), steps=2)], hops=1)(query, trace=True)
    clean = query
    for _ in range(2):
        clean = read(clean, store_keys, store_keys, beta=0.5).value
    value = read(clean, store_keys, store_keys, beta=0.5).value
    torch.testing.assert_close(walk.value, value)
    torch.testing.assert_close(walk.query, clean + value)
    shares = (0.5 * clean @ store_keys.T).softmax(-1)
    for link in walk.trace.hops[0].links:
        assert link.share == pytest.approx(float(shares[link.question, link.slot]), abs=1e-5)


def test_a_beam_settles_too() -> None:
    axes = torch.eye(4)
    store = SlotMemory(4, 4, beta=30.0)
    store.write(axes, axes.roll(1, 0))
    noisy = torch.tensor([0.9, 0.3, 0.2, 0.1])
    for steps, similarity in ((0, 0.9 / 0.95**0.5), (3, 1.0)):
        walk = MultilevelAttention([Level(store, steps=steps)], hops=1, mode=Beam())(noisy, trace=True)
        (link,) = walk.trace.hops[0].links
        assert link.slot == 0
        assert link.similarity == pytest.approx(similarity, abs=1e-5)


def test_two_walks_that_hold_the_same_query_go_on_alike() -> None:
    model, rest = (MultilevelAttention([Level(memory())], hops=hops) for hops in (5, 3))
    query = torch.randn(3, 4, generator=torch.Generator().manual_seed(5))
    half = MultilevelAttention([Level(memory())], hops=2)(query)
    torch.testing.assert_close(rest(half.query).value, model(query).value)


def test_a_soft_walk_by_default() -> None:
    model = MultilevelAttention([Level(memory())], hops=1)
    assert model.mode == Mixture()
    assert model.top == 8
    assert model.halt is None
    assert isinstance(model.levels[0].link, Replace)


def test_levels_are_modules() -> None:
    model = MultilevelAttention([Level(memory()), Level(memory(1), Residual())], hops=2)
    assert {"levels.0.memory.keys", "levels.1.memory.keys"} <= set(model.state_dict())
    assert model.double()(torch.ones(4).double()).value.dtype == torch.float64
    assert "hops=2, top=8, halt=None, mode=Mixture()" in repr(model)


@pytest.mark.parametrize("hops", [0, -1])
def test_hops_and_top_out_of_range(hops: int) -> None:
    with pytest.raises(ArgumentError, match=f"hops must be at least 1; got {hops}"):
        MultilevelAttention([Level(memory())], hops=hops)
    with pytest.raises(ArgumentError, match=f"top must be at least 1; got {hops}"):
        MultilevelAttention([Level(memory())], hops=1, top=hops)


def test_no_level() -> None:
    with pytest.raises(ArgumentError, match="levels must hold at least one level; got none"):
        MultilevelAttention([], hops=1)


def test_steps_out_of_range() -> None:
    with pytest.raises(ArgumentError, match="steps must be at least 0; got -1"):
        Level(memory(), steps=-1)
    store = CodebookMemory(torch.eye(2), torch.eye(2))
    with pytest.raises(ArgumentError, match=r"steps=2 needs a memory that settles; CodebookMemory has no settle\(\)"):
        Level(store, steps=2)


@pytest.mark.parametrize("mode", [Mixture(), Beam()])
def test_a_query_of_a_wrong_shape(mode: Mixture | Beam) -> None:
    model = MultilevelAttention([Level(memory())], hops=1, mode=mode)
    with pytest.raises(ShapeError, match=r"query must have shape \(..., d\); got shape \(\)"):
        model(torch.tensor(1.0))
    with pytest.raises(ShapeError, match="query must end in key_dim=4"):
        model(torch.ones(2, 5))


def test_a_link_may_be_any_function() -> None:
    level = Level(memory(), lambda query, value: query - value)
    walk = MultilevelAttention([level], hops=1)(torch.ones(4))
    torch.testing.assert_close(walk.query, torch.ones(4) - walk.value)


class Doubling(nn.Module):
    def forward(self, query: Tensor, value: Tensor) -> Tensor:
        return 2 * value


def test_a_link_may_be_a_module() -> None:
    walk = MultilevelAttention([Level(memory(), Doubling())], hops=1)(torch.ones(4))
    torch.testing.assert_close(walk.query, 2 * walk.value)
