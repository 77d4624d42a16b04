"""The beam against a breadth-first search in plain Python, with budgets as exact fractions."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from typing import NamedTuple

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.functional import normalize

from hybridattn.attention import Read
from hybridattn.attention import read as attend
from hybridattn.controller import Beam, Level, MultilevelAttention, QueryLink, Reached, Replace, Walk
from hybridattn.errors import ArgumentError
from hybridattn.knowledge import SymbolCodes
from hybridattn.memory import CodebookMemory, Memory, SlotMemory
from hybridattn.trace import Trace


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Thousands of tiny operations: waiting for a second thread would take ten times as long."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


NODES, RELATIONS, DIM, LOTS = 6, 3, 256, 200
ANY = -1
Fact = tuple[int, int, int]  # source, relation, target


@cache
def nodes(count: int = NODES) -> Tensor:
    return SymbolCodes(DIM).encode([f"node {i}" for i in range(count)])


@cache
def relations() -> Tensor:
    return SymbolCodes(DIM).encode([f"relation {i}" for i in range(RELATIONS)])


def codebook(facts: list[Fact], *, beta: float = 100.0, bound: float | None = None, count: int = NODES) -> Memory:
    bound = SymbolCodes(DIM).coherence if bound is None else bound
    memory = CodebookMemory(nodes(count), relations(), beta=beta, coherence=bound)
    memory.write_codes(torch.tensor(facts, dtype=torch.int64).reshape(-1, 3))
    return memory


def slot_memory(facts: list[Fact], *, beta: float = 100.0) -> Memory:
    memory = SlotMemory(2 * DIM, DIM, beta=beta)
    source, relation, target = torch.tensor(facts, dtype=torch.int64).reshape(-1, 3).T
    memory.write(torch.cat([nodes()[source], relations()[relation]], -1), nodes()[target])
    return memory


def query_of(starts: list[int], relation: int, count: int = NODES) -> Tensor:
    cue = torch.zeros(DIM) if relation == ANY else relations()[relation]
    return torch.cat([nodes(count)[starts], cue.expand(len(starts), -1)], -1)


def link_to(relation: int | None) -> QueryLink:
    return Replace() if relation is None else Replace(query_of([0], relation)[0, DIM:])


# -- the oracle


class State(NamedTuple):
    """All that passes on: a node and the relation that is asked for, at a level."""

    node: int
    relation: int
    level: int


class Step(NamedTuple):
    parent: int
    slot: int
    budget: Fraction
    reached: State


@dataclass
class Search:
    """A breadth-first search over facts, one list a level, where a state is asked once."""

    facts: list[list[Fact]]
    following: list[int | None]
    hops: int
    top: int = LOTS
    width: int = LOTS
    goal: int | None = None
    steps: list[list[Step]] = field(default_factory=list)
    cut: str = ""

    def run(self, start: int, relation: int) -> "Search":
        front = [(State(start, relation, 0), -1, Fraction(1))]
        asked = {front[0][0]}
        dropped = False
        for _ in range(self.hops):
            steps, short = self.expand(front, self.top)
            dropped |= short
            if not steps:
                break
            self.steps.append(steps)
            order = sorted(range(len(steps)), key=lambda i: (-steps[i].budget, steps[i].slot))
            best: dict[State, int] = {}
            for i in order:
                if steps[i].reached not in asked and steps[i].reached.node != self.goal:
                    best.setdefault(steps[i].reached, i)
            dropped |= len(best) > self.width
            kept = list(best.items())[: self.width]
            asked |= {state for state, _ in kept}
            front = [(state, i, steps[i].budget) for state, i in kept]
        else:
            steps, short = self.expand(front, self.top)  # what lies behind a link that is not kept, nobody knows
            more = short or any(step.reached not in asked for step in steps)
            self.cut = "hops" if more else ""
        self.cut = "beam" if dropped else self.cut
        return self

    def expand(self, front: list[tuple[State, int, Fraction]], top: int) -> tuple[list[Step], bool]:
        steps, short = [], False
        for state, parent, budget in front:
            level, next_level = state.level, (state.level + 1) % len(self.facts)
            next_relation = self.following[level]
            relation = state.relation if next_relation is None else next_relation
            fits = [
                (slot, target)
                for slot, (source, stored, target) in enumerate(self.facts[level])
                if source == state.node and state.relation in (ANY, stored)
            ]
            short |= len(fits) > top
            share = budget / max(1, len(fits))
            steps += [Step(parent, slot, share, State(to, relation, next_level)) for slot, to in fits[:top]]
        return steps, short


# -- comparison


def trace_of(walk: Walk) -> Trace:
    assert walk.trace is not None
    return walk.trace


def walk_of(
    memories: list[Memory], search: Search, starts: list[int], relation: int, min_match: float = 0.5, count: int = NODES
) -> Walk:
    levels = [Level(memory, link_to(rel)) for memory, rel in zip(memories, search.following, strict=True)]
    goal = None if search.goal is None else Reached(nodes(count)[[search.goal] * len(starts)])
    mode = Beam(search.width, min_match=min_match)
    model = MultilevelAttention(levels, hops=search.hops, top=search.top, halt=goal, mode=mode)
    found = model(query_of(starts, relation, count), trace=True)
    assert isinstance(found, Walk)
    return found


def chain_of(trace: Trace, hop: int, place: int) -> tuple[int, ...]:
    """Give the slots from the question to a link."""
    link = trace.hops[hop].links[place]
    before = chain_of(trace, hop - 1, link.parent) if hop else ()
    assert (link.parent >= 0) == (hop > 0)
    return (*before, link.slot)


def chain_of_steps(steps: list[list[Step]], hop: int, place: int) -> tuple[int, ...]:
    step = steps[hop][place]
    return (*(chain_of_steps(steps, hop - 1, step.parent) if hop else ()), step.slot)


def assert_same(trace: Trace, expected: Search, *, parents: bool = True) -> None:
    """Compare one question: links a hop, levels, the path behind each link, its attention, and the cut."""
    steps = expected.steps
    found = [sorted(link.slot for link in hop.links) for hop in trace.hops]
    assert found == [sorted(step.slot for step in hop) for hop in steps]
    assert [hop.level for hop in trace.hops] == [hop % len(expected.facts) for hop in range(len(steps))]
    assert trace.cut == (expected.cut,)
    for number, hop in enumerate(trace.hops):
        for link in hop.links:
            assert link.similarity == pytest.approx(1, abs=1e-5)
            before = trace.hops[number - 1].links[link.parent].slot if number else None
            source = expected.facts[hop.level][link.slot][0]
            if before is not None:
                assert expected.facts[trace.hops[number - 1].level][before][2] == source
        if parents:
            mine = sorted(chain_of(trace, number, i) for i in range(len(hop.links)))
            assert mine == sorted(chain_of_steps(steps, number, i) for i in range(len(hop.links)))


relation = st.integers(0, RELATIONS - 1)
fact = st.tuples(st.integers(0, NODES - 1), relation, st.integers(0, NODES - 1))
fewer = st.tuples(st.integers(0, NODES - 1), st.just(0), st.integers(0, NODES - 1))
some_facts = st.one_of(st.lists(fact, max_size=14), st.lists(fewer, max_size=12))
some_starts = st.lists(st.integers(0, NODES - 1), min_size=1, max_size=3)
few_hops = st.sampled_from([1, 2, 3, 4, 8])


@settings(max_examples=150)
@given(some_facts, some_starts, st.sampled_from([ANY, 0, 0, 1]), few_hops, st.none() | st.integers(0, NODES - 1))
def test_finds_what_a_breadth_first_search_finds(
    facts: list[Fact], starts: list[int], asked: int, hops: int, goal: int | None
) -> None:
    expected = [Search([facts], [None], hops, goal=goal).run(start, asked) for start in starts]
    walk = walk_of([codebook(facts)], expected[0], starts, asked)
    for one, mine in zip(expected, trace_of(walk).split(), strict=True):
        assert_same(mine, one)
    assert walk.hops.tolist() == [len(one.steps) for one in expected]


@settings(max_examples=60)
@given(some_facts, some_starts, st.sampled_from([ANY, 0, 1]), few_hops, st.sampled_from([1.0, 10.0, 100.0]))
def test_a_slot_memory_and_any_beta_follow_the_same_links(
    facts: list[Fact], starts: list[int], asked: int, hops: int, beta: float
) -> None:
    expected = [Search([facts], [None], hops).run(start, asked) for start in starts]
    for memory in (slot_memory(facts, beta=beta), codebook(facts, beta=beta, bound=1.0)):
        walk = walk_of([memory], expected[0], starts, asked)
        for one, mine in zip(expected, trace_of(walk).split(), strict=True):
            assert_same(mine, one, parents=False)


@settings(max_examples=100)
@given(
    st.lists(st.tuples(some_facts, st.none() | relation | st.just(ANY)), min_size=2, max_size=3), some_starts, few_hops
)
def test_paths_over_several_levels(levels: list[tuple[list[Fact], int | None]], starts: list[int], hops: int) -> None:
    facts, following = [list(part) for part in zip(*levels, strict=True)]
    expected = [Search(facts, following, hops).run(start, 0) for start in starts]
    walk = walk_of([codebook(part) for part in facts], expected[0], starts, 0)
    for one, mine in zip(expected, trace_of(walk).split(), strict=True):
        assert_same(mine, one)


@settings(max_examples=150)
@given(
    st.lists(fewer, max_size=14), some_starts, few_hops, st.sampled_from([1, 2, LOTS]), st.sampled_from([1, 2, LOTS])
)
def test_limits_keep_the_best_and_say_so(facts: list[Fact], starts: list[int], hops: int, top: int, width: int) -> None:
    expected = [Search([facts], [None], hops, top, width).run(start, 0) for start in starts]
    walk = walk_of([codebook(facts)], expected[0], starts, 0)
    for one, mine in zip(expected, trace_of(walk).split(), strict=True):
        assert_same(mine, one)


def test_the_hop_limit_sees_past_a_link_that_top_drops() -> None:
    # From 1 there are links back to 0 and on to 2; the beam would keep the first alone, and has to say that it stopped.
    facts = [(0, 0, 1), (1, 0, 0), (1, 0, 2)]
    cuts = [trace_of(walk_of([codebook(facts)], Search([facts], [None], hops, 1), [0], 0)).cut for hops in (1, 2, 3)]
    assert cuts == [("hops",), ("beam",), ("beam",)]


# -- by hand

LINE: list[Fact] = [(i, 0, i + 1) for i in range(NODES - 1)]


def slots(walk: Walk) -> list[list[int]]:
    return [[link.slot for link in hop.links] for hop in trace_of(walk).hops]


@pytest.mark.parametrize(("hops", "cut"), [(1, "hops"), (4, "hops"), (5, ""), (6, ""), (30, "")])
def test_the_cut_of_a_line(hops: int, cut: str) -> None:
    walk = walk_of([codebook(LINE)], Search([LINE], [None], hops), [0], 0)
    assert slots(walk) == [[i] for i in range(min(hops, 5))]
    assert trace_of(walk).cut == (cut,)
    assert int(walk.hops) == min(hops, 5)


@pytest.mark.parametrize(("hops", "cut"), [(1, "hops"), (2, ""), (3, ""), (9, "")])
def test_a_cycle_ends(hops: int, cut: str) -> None:
    ring = [(0, 0, 1), (1, 0, 2), (2, 0, 0)]
    walk = walk_of([codebook(ring)], Search([ring], [None], hops), [0], 0)
    assert slots(walk) == [[0], [1], [2]][:hops]
    assert trace_of(walk).cut == (cut,)


def test_a_loop_of_one_fact() -> None:
    walk = walk_of([codebook([(0, 0, 0)])], Search([[(0, 0, 0)]], [None], 5), [0], 0)
    assert slots(walk) == [[0]]
    assert trace_of(walk).cut == ("",)


def test_a_state_is_asked_again_at_another_level() -> None:
    facts = [(0, 0, 1), (1, 0, 0)]
    search = Search([facts, facts], [None, None], 9)
    assert slots(walk_of([codebook(facts)] * 2, search, [0], 0)) == [[0], [1]]
    search = Search([facts] * 3, [None] * 3, 9)
    assert slots(walk_of([codebook(facts)] * 3, search, [0], 0)) == [[0], [1], [0], [1], [0], [1]]


def test_two_ways_to_one_node_go_on_once_by_the_way_with_more_attention() -> None:
    # 0 -> 1 and 0 -> 2 have half each; 1 has one way on, 2 has two: node 3 is reached with 1/2 and with 1/4.
    facts = [(0, 0, 2), (0, 0, 1), (2, 0, 3), (2, 0, 4), (1, 0, 3), (3, 0, 5)]
    trace = trace_of(walk_of([codebook(facts)], Search([facts], [None], 9), [0], 0))
    assert [sorted(link.slot for link in hop.links) for hop in trace.hops] == [[0, 1], [2, 3, 4], [5]]
    assert chain_of(trace, 2, 0) == (1, 4, 5)
    shares = {link.slot: link.share for hop in trace.hops for link in hop.links}
    assert shares == pytest.approx({0: 0.5, 1: 0.5, 2: 0.5, 3: 0.5, 4: 1.0, 5: 1.0}, abs=1e-5)


def test_the_walk_ends_where_the_path_with_the_most_attention_does() -> None:
    facts = [(0, 0, 1), (0, 0, 2), (1, 0, 3), (1, 0, 4), (2, 0, 5)]
    walk = walk_of([codebook(facts)], Search([facts], [None], 9), [0, 5], 0)
    assert walk.value[0].equal(nodes()[5])
    assert walk.query[0].equal(query_of([5], 0)[0])
    assert walk.value[1].equal(torch.zeros(DIM)), "nothing was read"
    assert walk.query[1].equal(query_of([5], 0)[0]), "a question without links keeps its query"
    assert walk.hops.tolist() == [2, 0]


def test_a_goal_stops_its_own_question_and_nothing_else() -> None:
    facts = [*LINE, (0, 1, 5)]
    levels = [Level(codebook(facts))]
    goal = torch.stack([nodes()[2], torch.zeros(DIM), nodes()[4]])
    model = MultilevelAttention(levels, hops=9, halt=Reached(goal), mode=Beam())
    walk = model(query_of([0, 0, 3], 0), trace=True)
    assert [slots(walk._replace(trace=part)) for part in trace_of(walk).split()] == [
        [[0], [1]],
        [[0], [1], [2], [3], [4]],
        [[3]],
    ]
    assert trace_of(walk).cut == ("", "", "")
    assert walk.value.equal(nodes()[[2, 5, 4]])


def test_a_goal_at_the_limit_leaves_nothing_out() -> None:
    model = MultilevelAttention([Level(codebook(LINE))], hops=2, halt=Reached(nodes()[[2]]), mode=Beam())
    assert trace_of(model(query_of([0], 0), trace=True)).cut == ("",)


# -- what is followed


def noisy(starts: list[int], asked: int, cosine: float = 0.8) -> Tensor:
    query = query_of(starts, asked)
    noise = torch.randn(len(starts), DIM, generator=torch.Generator().manual_seed(1))
    noise = normalize(noise - (noise @ nodes().T) @ torch.linalg.pinv(nodes()).T, dim=-1)
    query[:, :DIM] = cosine * query[:, :DIM] + (1 - cosine**2) ** 0.5 * noise
    return query


@pytest.mark.parametrize("make", [codebook, slot_memory])
@pytest.mark.parametrize("asked", [0, ANY])
def test_a_noisy_question_walks_the_right_chain(make: type, asked: int) -> None:
    facts = [*LINE, (0, 1, 3), (2, 2, 5)]
    model = MultilevelAttention([Level(make(facts))], hops=9, mode=Beam())
    clean, rough = (trace_of(model(query, trace=True)) for query in (query_of([0], asked), noisy([0], asked)))
    assert [[link[:3] for link in hop.links] for hop in clean.hops] == [
        [link[:3] for link in hop.links] for hop in rough.hops
    ]
    for number, hop in enumerate(rough.hops):
        for link in hop.links:
            assert link.similarity == pytest.approx(1.0 if number else 0.8, abs=1e-5)


@pytest.mark.parametrize("make", [codebook, slot_memory])
@pytest.mark.parametrize(("cosine", "min_match", "follows"), [(0.8, 0.79, True), (0.8, 0.81, False), (0.4, 0.5, False)])
def test_min_match_is_a_cosine(make: type, cosine: float, min_match: float, follows: bool) -> None:
    model = MultilevelAttention([Level(make(LINE))], hops=1, mode=Beam(min_match=min_match))
    walk = model(noisy([0], 0, cosine), trace=True)
    assert slots(walk) == ([[0]] if follows else [])
    assert int(walk.hops) == int(follows)
    assert trace_of(walk).cut == (("hops",) if follows else ("",))


def test_a_question_between_two_nodes_follows_both_where_both_match() -> None:
    query = query_of([0], 0)
    query[0, :DIM] = normalize(nodes()[0] + nodes()[2], dim=0)
    for min_match, expected in ((0.5, [[0, 2]]), (0.9, [])):
        model = MultilevelAttention([Level(codebook(LINE))], hops=1, mode=Beam(min_match=min_match))
        walk = model(query, trace=True)
        assert [sorted(hop) for hop in slots(walk)] == expected


@pytest.mark.parametrize("make", [codebook, slot_memory])
@pytest.mark.parametrize("beta", [1.0, 10.0, 100.0])
def test_a_wrong_relation_is_never_followed(make: type, beta: float) -> None:
    facts = [(0, 1, 1), (1, 0, 2), (2, 1, 3), (3, 2, 4)]
    memory = make(facts, beta=beta)
    for start in range(5):
        for asked in range(RELATIONS):
            for query in (query_of([start], asked), noisy([start], asked)):
                walk = MultilevelAttention([Level(memory)], hops=1, mode=Beam())(query, trace=True)
                right = [slot for slot, (source, stored, _) in enumerate(facts) if (source, stored) == (start, asked)]
                assert slots(walk) == ([right] if right else [])


def test_a_nearly_right_relation_is_wrong() -> None:
    query = query_of([0], 0)
    query[0, DIM:] = normalize(relations()[0] + 0.02 * relations()[1], dim=0)  # cosine about 1 - 2e-4
    model = MultilevelAttention([Level(codebook(LINE))], hops=1, mode=Beam())
    assert slots(model(query, trace=True)) == []
    query[0, DIM:] = normalize(relations()[0] + 0.01 * relations()[1], dim=0)  # about 1 - 0.5e-4
    assert slots(model(query, trace=True)) == [[0]]


def test_a_memory_that_is_only_a_memory_will_not_do() -> None:
    class Nameless(nn.Module):
        def write(self, keys: Tensor, values: Tensor | None = None, *, evidence: Tensor | None = None) -> Tensor:
            raise NotImplementedError

        def read(self, query: Tensor, *, top: int | None = None) -> Read:
            return attend(query, torch.eye(2), torch.eye(2), top=top)

    with pytest.raises(ArgumentError, match=r"a beam needs a memory with keys_of\(\) and values_of\(\); Nameless"):
        MultilevelAttention([Level(Nameless())], hops=1, mode=Beam())(torch.ones(1, 2))


@pytest.mark.parametrize("width", [0, -3])
def test_a_width_out_of_range(width: int) -> None:
    with pytest.raises(ArgumentError, match=f"beam width must be at least 1; got {width}"):
        Beam(width)


@pytest.mark.parametrize("min_match", [-1.01, 1.01, float("nan")])
def test_a_min_match_out_of_range(min_match: float) -> None:
    with pytest.raises(ArgumentError, match=r"min_match is a cosine and must be in \[-1, 1\]"):
        Beam(min_match=min_match)


# -- shapes and batches


@pytest.mark.parametrize("lead", [(), (1,), (2, 3)])
def test_leading_axes(lead: tuple[int, ...]) -> None:
    query = query_of([0] * max(1, len(lead) * 3 if len(lead) > 1 else 1), 0).reshape(*lead, -1)
    walk = MultilevelAttention([Level(codebook(LINE))], hops=9, mode=Beam())(query)
    assert (walk.value.shape, walk.query.shape, walk.hops.shape) == ((*lead, DIM), (*lead, 2 * DIM), lead)
    assert walk.value.equal(nodes()[5].expand(*lead, DIM))
    assert walk.trace is None


@pytest.mark.parametrize("trace", [False, True])
def test_no_questions(trace: bool) -> None:
    walk = MultilevelAttention([Level(codebook(LINE))], hops=9, mode=Beam())(torch.empty(0, 2 * DIM), trace=trace)
    assert (walk.query.shape, walk.hops.shape) == ((0, 2 * DIM), (0,))
    assert walk.trace == (Trace((), ()) if trace else None)


def test_more_levels_than_hops_of_other_questions() -> None:
    # Question 1 starts where question 0 arrives 64 hops later: their states must not be mistaken for each other.
    count = 72
    facts = [(i, 0, i + 1) for i in range(count - 1)]
    memory = codebook(facts, count=count)
    search = Search([facts] * 70, [None] * 70, 70)
    walk = walk_of([memory] * 70, search, [0, 64], 0, count=count)
    assert walk.hops.tolist() == [70, 7]


@pytest.mark.parametrize(("bound", "width"), [(None, LOTS), (1.0, 4)], ids=["indexed", "dense"])
def test_256_questions_at_once_or_one_by_one(bound: float | None, width: int) -> None:
    # A tree of three children a node, so that equal budgets meet everywhere, and some edges across.
    count = 40
    across = torch.randint(0, count, (20, 2), generator=torch.Generator().manual_seed(3)).tolist()
    facts = [((i - 1) // 3, 0, i) for i in range(1, count)] + [(one, 0, other) for one, other in across]
    starts = torch.randint(0, count // 2, (256,), generator=torch.Generator().manual_seed(4)).tolist()
    query = query_of(starts, 0, count)
    noise = normalize(torch.randn(256, DIM, generator=torch.Generator().manual_seed(5)), dim=-1)
    query[::2, :DIM] = 0.8 * query[::2, :DIM] + 0.6 * noise[::2]
    query[1::3, DIM:] = 0  # wildcards among them
    levels = [Level(codebook(facts, bound=bound, count=count))]
    model = MultilevelAttention(levels, hops=3, top=LOTS, mode=Beam(width))
    together = model(query, trace=True)
    cuts = trace_of(together).cut
    assert set(cuts) >= ({"beam"} if width == 4 else {""})
    for row, mine in enumerate(trace_of(together).split()):
        alone = model(query[row : row + 1], trace=True)
        assert mine.cut == trace_of(alone).cut
        for one, other in zip(trace_of(alone).hops, mine.hops, strict=True):
            assert [(link.parent, link.slot) for link in one.links] == [
                (link.parent, link.slot) for link in other.links
            ]
            found, wanted = (torch.tensor([link[3:] for link in hop.links]) for hop in (one, other))
            torch.testing.assert_close(found, wanted, atol=1e-5, rtol=0)
        torch.testing.assert_close(alone.value[0], together.value[row], atol=1e-5, rtol=1e-5)
        assert int(alone.hops) == int(together.hops[row])


def test_no_graph_is_built() -> None:
    query = query_of([0], 0).requires_grad_()
    walk = MultilevelAttention([Level(codebook(LINE))], hops=9, mode=Beam())(query)
    assert not walk.value.requires_grad
    assert walk.value.equal(nodes()[[5]])
