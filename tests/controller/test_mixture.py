"""The soft mode equals a loop written by hand, row by row, and its gradients equal finite differences."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity

from hybridattn.attention import Read, read
from hybridattn.controller import (
    Converged,
    Gated,
    Halt,
    Level,
    MultilevelAttention,
    QueryLink,
    Reached,
    Replace,
    Residual,
    Walk,
)
from hybridattn.errors import ArgumentError
from hybridattn.memory import Memory, SlotMemory
from hybridattn.trace import Trace

BETA = 4.0
DIM, CUE, SLOTS = 3, 2, 6


def numbers(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


class Plain(nn.Module):
    """The least that the protocols ask for: keys and values that are trained."""

    def __init__(self, keys: Tensor, values: Tensor) -> None:
        super().__init__()
        self.keys, self.values = nn.Parameter(keys.clone()), nn.Parameter(values.clone())

    def write(self, keys: Tensor, values: Tensor | None = None, *, evidence: Tensor | None = None) -> Tensor:
        raise NotImplementedError

    def read(self, query: Tensor, *, top: int | None = None) -> Read:
        return read(query, self.keys, self.values, beta=BETA, top=top)

    def keys_of(self, ids: Tensor) -> Tensor:
        return self.keys[ids]

    def values_of(self, ids: Tensor) -> Tensor:
        return self.values[ids]


def plain(seed: int) -> Plain:
    return Plain(numbers(SLOTS, DIM + CUE, seed=seed) / 2, numbers(SLOTS, DIM, seed=seed + 1))


def slot_memory(seed: int) -> SlotMemory:
    memory = SlotMemory(DIM + CUE, DIM, beta=BETA, trainable=True, slots=SLOTS, dtype=torch.float64)
    memory.load_state_dict({**memory.state_dict(), **plain(seed).state_dict()})
    return memory


both = pytest.mark.parametrize("make", [plain, slot_memory])
Make = Callable[[int], Memory]
LINKS: dict[str, Callable[[], QueryLink]] = {
    "replace": Replace,
    "cue": lambda: Replace(numbers(CUE, seed=50)),
    "residual": Residual,
    "gated": lambda: Gated(DIM, generator=torch.Generator().manual_seed(51), dtype=torch.float64),
}
links = pytest.mark.parametrize("link", LINKS.values(), ids=LINKS.keys())


def levels_of(make: Make, link: Callable[[], QueryLink] = Replace) -> list[Level]:
    return [Level(make(1), link()), Level(make(3), Residual())]


def by_hand(levels: list[Level], query: Tensor, hops: int) -> tuple[Tensor, Tensor]:
    """Walk one flat batch by `attention.read` alone."""
    value = query
    for hop in range(hops):
        memory, link = levels[hop % len(levels)].memory, levels[hop % len(levels)].link
        value = read(query, memory.keys, memory.values, beta=BETA).value  # type: ignore[attr-defined]
        query = link(query, value)
    return value, query


def close(found: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(found, expected, atol=1e-12, rtol=1e-10)


def traced(walk: Walk) -> Trace:
    assert walk.trace is not None
    return walk.trace


@both
@links
@pytest.mark.parametrize("hops", [1, 2, 5])
@pytest.mark.parametrize("trace", [False, True])
def test_equals_a_loop_by_hand(make: Make, link: Callable[[], QueryLink], hops: int, trace: bool) -> None:
    levels, query = levels_of(make, link), numbers(7, DIM + CUE, seed=9)
    walk = MultilevelAttention(levels, hops=hops)(query, trace=trace)
    value, last = by_hand(levels, query, hops)
    close(walk.value, value)
    close(walk.query, last)
    assert walk.hops.tolist() == [hops] * 7
    assert (walk.trace is None) == (not trace)


@both
@pytest.mark.parametrize("lead", [(), (1,), (4,), (2, 3), (2, 1, 2)])
def test_leading_axes(make: Make, lead: tuple[int, ...]) -> None:
    levels, query = levels_of(make), numbers(*lead, DIM + CUE, seed=10)
    walk = MultilevelAttention(levels, hops=3)(query, trace=True)
    assert (walk.value.shape, walk.query.shape, walk.hops.shape) == ((*lead, DIM), (*lead, DIM + CUE), lead)
    value, last = by_hand(levels, query.reshape(-1, DIM + CUE), 3)
    close(walk.value.reshape(-1, DIM), value)
    close(walk.query.reshape(-1, DIM + CUE), last)
    assert len(traced(walk).cut) == len(value)


@pytest.mark.parametrize("trace", [False, True])
def test_no_questions(trace: bool) -> None:
    walk = MultilevelAttention(levels_of(plain), hops=2)(torch.empty(0, DIM + CUE, dtype=torch.float64), trace=trace)
    assert (walk.value.shape, walk.query.shape, walk.hops.shape) == ((0, DIM), (0, DIM + CUE), (0,))


class Whole(nn.Module):
    def forward(self, query: Tensor, value: Tensor) -> Tensor:
        return value


def test_levels_of_different_widths() -> None:
    wide = Plain(numbers(4, 6, seed=1), numbers(4, 5, seed=2))
    narrow = Plain(numbers(4, 5, seed=3), numbers(4, 6, seed=4))
    levels = [Level(wide, Whole()), Level(narrow, Whole())]
    query = numbers(3, 6, seed=5)
    for hops in (1, 2, 3, 4):
        walk = MultilevelAttention(levels, hops=hops)(query, trace=True)
        value, last = by_hand(levels, query, hops)
        close(walk.value, value)
        close(walk.query, last)


# -- gradients


@both
@links
def test_gradients_equal_finite_differences(make: Make, link: Callable[[], QueryLink]) -> None:
    """Central differences in float64 at beta 4, three hops over two levels: query, keys, values and links."""
    levels, query = levels_of(make, link), numbers(2, DIM + CUE, seed=11).requires_grad_()
    model = MultilevelAttention(levels, hops=3)
    slope_value, slope_query = numbers(2, DIM, seed=12), numbers(2, DIM + CUE, seed=13)

    def loss() -> Tensor:
        walk = model(query)
        return (walk.value * slope_value).sum() + (walk.query * slope_query).sum()

    loss().backward()
    leaves = {"query": query, **dict(model.named_parameters())}
    assert {"levels.0.memory.keys", "levels.0.memory.values", "levels.1.memory.keys", "levels.1.memory.values"} <= set(
        leaves
    )
    step = 1e-5
    for name, leaf in leaves.items():
        assert leaf.grad is not None, name
        assert float(leaf.grad.abs().max()) > 1e-3, name
        flat = leaf.detach().view(-1)
        for i in range(len(flat)):
            start = flat[i].item()
            with torch.no_grad():
                flat[i] = start + step
                above = float(loss())
                flat[i] = start - step
                below = float(loss())
                flat[i] = start
            assert float(leaf.grad.view(-1)[i]) == pytest.approx((above - below) / (2 * step), abs=1e-7, rel=1e-6), name


@both
@pytest.mark.parametrize("trace", [False, True])
def test_gradients_of_halted_questions_stop_where_they_halted(make: Make, trace: bool) -> None:
    levels, query = levels_of(make), numbers(4, DIM + CUE, seed=14).requires_grad_()
    first = by_hand(levels, query, 1)[0].detach()
    goal = torch.where(torch.tensor([True, False, True, False])[:, None], first, 0.0)
    walk = MultilevelAttention(levels, hops=3, halt=Reached(goal, cos=1 - 1e-9))(query, trace=trace)
    assert walk.hops.tolist() == [1, 3, 1, 3]
    slope = numbers(4, DIM, seed=15)
    (found,) = torch.autograd.grad((walk.value * slope).sum(), query)
    expected = [
        torch.autograd.grad((by_hand(levels, query, hops)[0] * slope)[row].sum(), query)[0][row]
        for row, hops in enumerate([1, 3, 1, 3])
    ]
    close(found, torch.stack(expected))


# -- halting


def stepwise(levels: list[Level], query: Tensor, halt: Halt, hops: int) -> tuple[list[int], Tensor]:
    """Walk every question by itself, halting as the protocol says."""
    made, ends = [], []
    for row, start in enumerate(query):
        now = start[None]
        for hop in range(hops):
            value, following = by_hand([levels[hop % len(levels)]], now, 1)
            stop = bool(halt(now, following, value, torch.tensor([row])))
            now = following
            if stop:
                break
        made.append(hop + 1)
        ends.append(now[0])
    return made, torch.stack(ends)


def test_converged_questions_stop_each_for_itself() -> None:
    keys = numbers(SLOTS, DIM, seed=20)
    levels = [Level(Plain(keys, keys))]
    query, halt = numbers(12, DIM, seed=21) * 2, Converged(1e-3)
    walk = MultilevelAttention(levels, hops=40, halt=halt)(query)
    made, ends = stepwise(levels, query, halt, 40)
    assert len(set(made)) > 2, "the questions have to differ for this test to mean something"
    assert max(made) < 40
    assert walk.hops.tolist() == made
    close(walk.query, ends)
    close(walk.value, ends)


def test_the_limit_stops_what_has_not_converged() -> None:
    keys = numbers(SLOTS, DIM, seed=20)
    walk = MultilevelAttention([Level(Plain(keys, keys))], hops=2, halt=Converged(0.0))(numbers(3, DIM, seed=21))
    assert walk.hops.tolist() == [2, 2, 2]


def chain() -> list[Level]:
    """Slot i leads from axis i to axis i + 1: sharp enough to be followed exactly."""
    axes = 40 * torch.eye(5, dtype=torch.float64)
    return [Level(Plain(axes, axes.roll(1, 1)))]


def test_a_reached_goal_stops_its_question_alone() -> None:
    axes = 40 * torch.eye(5, dtype=torch.float64)
    goal = torch.stack([axes[2], axes[4], torch.zeros(5).double(), axes[1]])
    walk = MultilevelAttention(chain(), hops=6, halt=Reached(goal))(axes[[0, 0, 0, 0]], trace=True)
    assert walk.hops.tolist() == [2, 4, 6, 1]
    close(walk.value, axes[[2, 4, 1, 1]])
    asked = [[(link.question, link.slot) for link in hop.links if link.share > 0.5] for hop in traced(walk).hops]
    assert asked == [
        [(0, 0), (1, 0), (2, 0), (3, 0)],
        [(0, 1), (1, 1), (2, 1)],
        [(1, 2), (2, 2)],
        [(1, 3), (2, 3)],
        [(2, 4)],
        [(2, 0)],
    ]


def test_a_walk_ends_when_all_its_questions_have() -> None:
    axes = 40 * torch.eye(5, dtype=torch.float64)
    walk = MultilevelAttention(chain(), hops=30, halt=Reached(axes[[2, 3]]))(axes[[0, 0]], trace=True)
    assert len(traced(walk).hops) == 3
    assert walk.hops.tolist() == [2, 3]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("halt", [None, Converged(1e-2)])
def test_an_answer_does_not_depend_on_its_neighbours(halt: Halt | None, dtype: torch.dtype) -> None:
    model = MultilevelAttention(levels_of(plain), hops=9, top=3, halt=halt).to(dtype)
    query = numbers(16, DIM + CUE, seed=30).to(dtype)
    together = model(query, trace=True)
    for row, mine in enumerate(traced(together).split()):
        alone = model(query[row : row + 1], trace=True)
        torch.testing.assert_close(alone.value[0], together.value[row], atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(alone.query[0], together.query[row], atol=1e-5, rtol=1e-5)
        assert int(alone.hops) == int(together.hops[row])
        for one, other in zip(traced(alone).hops, mine.hops, strict=True):
            assert [link.slot for link in one.links] == [link.slot for link in other.links]
            assert [link.share for link in one.links] == pytest.approx([link.share for link in other.links], abs=1e-5)


# -- trace


@both
@pytest.mark.parametrize("top", [1, 4, 50])
def test_the_trace_keeps_the_top_links_of_every_hop(make: Make, top: int) -> None:
    levels, query = levels_of(make), numbers(3, DIM + CUE, seed=31)
    trace = traced(MultilevelAttention(levels, hops=3, top=top)(query, trace=True))
    assert [hop.level for hop in trace.hops] == [0, 1, 0]
    assert trace.cut == ("", "", "")
    for number, hop in enumerate(trace.hops):
        asked = by_hand(levels, query, number)[1].detach()
        keys = levels[hop.level].memory.keys.detach()  # type: ignore[union-attr]
        shares = (BETA * asked @ keys.T).softmax(-1)
        kept = min(top, SLOTS)
        assert [link.question for link in hop.links] == [row for row in range(3) for _ in range(kept)]
        for link in hop.links:
            assert link.parent == -1
            assert link.share == pytest.approx(float(shares[link.question, link.slot]), abs=1e-9)
            cosine = cosine_similarity(asked[link.question, :DIM], keys[link.slot, :DIM], dim=-1)
            assert link.similarity == pytest.approx(float(cosine), abs=1e-9)
        for row in range(3):
            order = shares[row].argsort(descending=True)[:kept].tolist()
            assert [link.slot for link in hop.links if link.question == row] == order


def test_a_trace_of_plain_numbers() -> None:
    trace = traced(MultilevelAttention(levels_of(plain), hops=1)(numbers(1, DIM + CUE, seed=32), trace=True))
    assert [type(part) for part in trace.hops[0].links[0]] == [int, int, int, float, float, float]


def test_the_trace_names_slots_by_their_ids() -> None:
    memory = SlotMemory(2, beta=50.0)
    first = memory.write(torch.tensor([[-1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    memory.erase(first[:1])
    trace = traced(MultilevelAttention([Level(memory)], hops=1, top=5)(torch.tensor([0.0, 1.0]), trace=True))
    assert [link.slot for link in trace.hops[0].links] == [2, 1]


def test_nothing_is_kept_without_a_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int | None] = []
    memory = plain(1)
    reading = Plain.read

    def spy(self: Plain, query: Tensor, *, top: int | None = None) -> Read:
        seen.append(top)
        return reading(self, query, top=top)

    monkeypatch.setattr(Plain, "read", spy)
    assert MultilevelAttention([Level(memory)], hops=2, top=3)(numbers(1, DIM + CUE, seed=33)).trace is None
    assert seen == [None, None]


def test_an_empty_memory_gives_a_trace_without_links() -> None:
    walk = MultilevelAttention([Level(SlotMemory(2))], hops=2)(torch.ones(3, 2), trace=True)
    assert walk.value.tolist() == [[0, 0]] * 3
    assert [hop.links for hop in traced(walk).hops] == [(), ()]


class Nameless(nn.Module):
    def write(self, keys: Tensor, values: Tensor | None = None, *, evidence: Tensor | None = None) -> Tensor:
        raise NotImplementedError

    def read(self, query: Tensor, *, top: int | None = None) -> Read:
        return read(query, torch.eye(2), torch.eye(2), top=top)


def test_a_trace_needs_slots_that_can_be_looked_up() -> None:
    model = MultilevelAttention([Level(Nameless())], hops=1)
    assert model(torch.ones(1, 2)).value.shape == (1, 2)
    with pytest.raises(ArgumentError, match=r"a trace needs a memory with keys_of\(\) and values_of\(\); Nameless"):
        model(torch.ones(1, 2), trace=True)
