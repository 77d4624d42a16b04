"""Paths: the surest is found against brute force over all paths; disjoint ones are revised, overlapping ones chosen."""

import random
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridattn.reasoning import Atom, Derivation, Fact, Judgement, Statement, Term, Truth, replay
from hybridattn.reasoning.paths import CHAIN, WITNESSED, Edge, Edges, conclude, edges_from, runner_up, surest_path

from .test_fact import fact

Value = tuple[float, float]
Path = tuple[Edge, ...]


def stated(number: int, source: str, relation: str, target: str, truth: Value = (1.0, 0.9), *more: int) -> Edge:
    """Make the edge of a fact that was stored in the direction in which it is walked."""
    kind = relation if relation in ("-->", "<->") else "*"
    return Edge(source, target, kind, fact(number, source, relation, target, truth, *more))  # type: ignore[arg-type]


def match(number: int, query: str, key: str, truth: Value = (0.8, 0.9)) -> Edge:
    judgement = Judgement(Statement("<->", Atom(query), Atom(key)), Truth(*truth), frozenset({-number}))
    return Edge(query, key, "match", judgement)


def ids(path: Sequence[Edge]) -> list[int]:
    return [edge.premise.id for edge in path if isinstance(edge.premise, Fact)]


def told(derivation: Derivation | None) -> tuple[str, float, float]:
    assert derivation is not None
    assert replay(derivation) == derivation.conclusion
    truth = derivation.conclusion.truth
    return str(derivation.conclusion.term), pytest.approx(truth.frequency), pytest.approx(truth.confidence)


# -- the oracle: nars.md, section 1, composed from the source outward over every simple path


def composed(kind: str, so_far: Value, edge: Edge) -> tuple[str, Value] | None:
    (f, c), (g, d) = so_far, (edge.judgement.truth.frequency, edge.judgement.truth.confidence)
    kinds = {kind, edge.kind}
    if kinds in ({"match", "-->"}, {"match", "*"}):  # analogy: the similarity weighs
        weight = f if kind == "match" else g
        return (kinds - {"match"}).pop(), (f * g, c * d * weight)
    if kinds in ({"<->"}, {"match", "<->"}):  # resemblance
        return "<->", (f * g, c * d * (f + g - f * g))
    if kinds == {"-->"}:  # deduction
        return "-->", (f * g, c * d * f * g)
    return None


def walks(edges: Edges, start: str, goal: str, path: Path = ()) -> Iterator[Path]:
    here = path[-1].head if path else start
    if path and here == goal:
        yield path
        return
    for edge in edges.get(here, ()):
        stated_before = (
            path[1:] if path and path[0].kind == "match" else path
        )  # what was only matched may be reached yet
        if edge.head != start and all(edge.head != other.head for other in stated_before):
            yield from walks(edges, start, goal, (*path, edge))


def valued(path: Path) -> Value | None:
    kind, value = str(path[0].kind), (path[0].judgement.truth.frequency, path[0].judgement.truth.confidence)
    for edge in path[1:]:
        step = composed(kind, value, edge)
        if step is None:
            return None
        kind, value = step
    return None if value[1] <= 0 else value


def ranked(edges: Edges, start: str, goal: str) -> list[tuple[float, float, int, list[int], Path]]:
    """All paths that prove something, in the documented order of preference."""
    found = []
    for path in walks(edges, start, goal):
        value = valued(path)
        if value is not None:
            order = [edge.premise.id if isinstance(edge.premise, Fact) else -1 for edge in path]
            found.append((-value[1], -value[0], len(path), order, path))
    return sorted(found, key=lambda row: row[:4])


def stamps(path: Path) -> set[int]:
    return {number for edge in path for number in edge.judgement.stamp}


DYADIC = [1.0, 0.75, 0.5, 0.25]  # products of a few of these are exact, so that ties are ties


@st.composite
def graphs(draw: st.DrawFn, kinds: Sequence[str] = ("-->",), *, exact: bool = True) -> list[Edge]:
    """Edges among six terms: facts of one kind, and matches if `kinds` has them too."""
    frequency = st.sampled_from([*DYADIC, 0.0]) if exact else st.integers(0, 100).map(lambda n: n / 100)
    confidence = st.sampled_from([0.5, 0.75, 0.25]) if exact else st.integers(0, 99).map(lambda n: n / 100)
    pairs = st.tuples(st.sampled_from("sabcdg"), st.sampled_from("sabcdg")).filter(lambda pair: pair[0] != pair[1])
    edges = []
    for number, (tail, head) in enumerate(draw(st.lists(pairs, max_size=16, unique=True)), 1):
        truth = draw(frequency), draw(confidence)
        kind = draw(st.sampled_from(kinds))
        if kind == "match" and (tail, head) != ("s", "g"):
            edges.append(match(number, tail, head, truth))
        else:
            edges.append(stated(number, tail, kinds[0], head, truth))
    return edges


@given(graphs())
def test_the_surest_path_is_that_of_brute_force(drawn: list[Edge]) -> None:
    edges = edges_from(drawn)
    best = ranked(edges, "s", "g")
    assert surest_path(edges, "s", "g") == (best[0][-1] if best else ())


@pytest.mark.parametrize("kind", ["-->", "<->", "r"])
@given(st.data())
@settings(max_examples=60)
def test_the_surest_path_with_matches_is_as_sure_as_that_of_brute_force(kind: str, data: st.DataObject) -> None:
    edges = edges_from(data.draw(graphs((kind, "match"), exact=False)))
    best, path = ranked(edges, "s", "g"), surest_path(edges, "s", "g")
    assert bool(path) == bool(best)
    if best:
        value = valued(path)
        assert value is not None
        assert value[1] == pytest.approx(-best[0][0], rel=1e-9, abs=1e-300)
        assert all(
            edge.tail == before for edge, before in zip(path, ["s", *(edge.head for edge in path)], strict=False)
        )


@given(graphs(), st.frozensets(st.integers(1, 16), max_size=6))
def test_without_rests_on_none_of_the_observations(drawn: list[Edge], without: frozenset[int]) -> None:
    allowed = edges_from(edge for edge in drawn if not edge.judgement.stamp & without)
    best = ranked(allowed, "s", "g")
    assert surest_path(edges_from(drawn), "s", "g", without=without) == (best[0][-1] if best else ())


@given(graphs(), st.randoms(use_true_random=False))
def test_no_result_depends_on_the_order_of_the_edges(drawn: list[Edge], chance: random.Random) -> None:
    mixed = list(drawn)
    chance.shuffle(mixed)
    one, other = edges_from(drawn), edges_from(mixed)
    assert surest_path(one, "s", "g") == surest_path(other, "s", "g")
    assert conclude(one, "s", "g") == conclude(other, "s", "g")
    assert runner_up(one, "s", "g") == runner_up(other, "s", "g")


@given(graphs())
def test_conclude_revises_disjoint_paths_greedily(drawn: list[Edge]) -> None:
    edges = edges_from(drawn)
    derivation = conclude(edges, "s", "g")
    used: set[int] = set()
    plus = weight = 0.0
    counted = []
    for confidence, frequency, _, order, path in ranked(edges, "s", "g"):
        if used.isdisjoint(stamps(path)):
            used |= stamps(path)
            plus += -frequency * -confidence / (1 + confidence)
            weight += -confidence / (1 + confidence)
            counted.append(order)
    if not counted:
        assert derivation is None
        return
    assert told(derivation) == ("<s --> g>", plus / weight, weight / (weight + 1))
    assert derivation is not None
    assert [one.id for one in derivation.facts] == [number for order in counted for number in order]
    assert derivation.conclusion.stamp == used
    assert sum(step.rule == "revision" for step in derivation.steps) == len(counted) - 1


@given(graphs())
def test_the_runner_up_is_the_surest_path_that_was_not_counted(drawn: list[Edge]) -> None:
    edges = edges_from(drawn)
    used: set[int] = set()
    left = []
    for row in ranked(edges, "s", "g"):
        if used.isdisjoint(stamps(row[-1])):
            used |= stamps(row[-1])
        else:
            left.append(row)
    found = runner_up(edges, "s", "g")
    if not left:
        assert found is None
        return
    assert told(found) == ("<s --> g>", -left[0][1], -left[0][0])


# -- the surest path, by hand


def test_a_path_that_is_less_sure_half_way_may_win_by_its_frequency() -> None:
    """At m one path has the higher confidence, the other the higher frequency, which wins at g."""
    edges = edges_from(
        [
            stated(1, "s", "-->", "m", (0.5, 0.9)),  # surer at m: c = .9, but f = .5
            stated(2, "s", "-->", "a", (1.0, 0.9)),
            stated(3, "a", "-->", "m", (1.0, 0.9)),  # c = .81, f = 1
            stated(4, "m", "-->", "g", (1.0, 0.9)),
        ]
    )
    assert ids(surest_path(edges, "s", "m")) == [1]
    assert ids(surest_path(edges, "s", "g")) == [2, 3, 4]  # .9 .81 = .729 against .9 .9 .5 = .405
    assert told(conclude(edges, "s", "g")) == ("<s --> g>", 1.0, 0.729)


def test_truth_is_composed_from_the_source_outward() -> None:
    """nars.md: deduction is not associative; .9, .8, .7 at c = .9 give .265 or .206."""
    chain = [stated(1, "s", "-->", "a", (0.9, 0.9)), stated(2, "a", "-->", "b", (0.8, 0.9))]
    chain.append(stated(3, "b", "-->", "g", (0.7, 0.9)))
    derivation = conclude(edges_from(chain), "s", "g")
    assert told(derivation) == ("<s --> g>", 0.504, 0.729 * 0.72 * 0.504)
    assert derivation is not None
    assert [(step.rule, step.premises) for step in derivation.steps] == [
        ("deduction", ("fact:2", "fact:1")),
        ("deduction", ("fact:3", "step:0")),
    ]


def test_equally_sure_paths_are_chosen_by_frequency_length_and_the_earlier_facts() -> None:
    frequent = [stated(1, "s", "-->", "g", (0.25, 0.5)), stated(2, "s", "-->", "g", (0.5, 0.5))]
    assert ids(surest_path(edges_from(frequent), "s", "g")) == [2]
    longer = [stated(1, "s", "-->", "a", (1.0, 0.5)), stated(2, "a", "-->", "g", (1.0, 0.5))]
    assert ids(surest_path(edges_from([*longer, stated(9, "s", "-->", "g", (1.0, 0.25))]), "s", "g")) == [9]
    over = [
        stated(5, "s", "-->", "b"),
        stated(2, "b", "-->", "g"),
        stated(3, "s", "-->", "c"),
        stated(4, "c", "-->", "g"),
    ]
    assert ids(surest_path(edges_from(over), "s", "g")) == [3, 4]


def test_what_is_certainly_false_answers_directly_and_leads_nowhere() -> None:
    false = stated(1, "s", "-->", "g", (0.0, 0.9))
    onward = stated(2, "g", "-->", "h")
    edges = edges_from([false, onward])
    assert told(conclude(edges, "s", "g")) == ("<s --> g>", 0.0, 0.9)
    assert surest_path(edges, "s", "h") == ()
    assert conclude(edges, "s", "h") is None
    assert runner_up(edges, "s", "h") is None


def test_nothing_is_known_without_confidence() -> None:
    edges = edges_from([stated(1, "s", "-->", "a", (1.0, 0.0)), stated(2, "a", "-->", "g")])
    assert surest_path(edges, "s", "g") == ()
    edges = edges_from([stated(1, "s", "-->", "a"), stated(2, "a", "-->", "g", (1.0, 0.0))])
    assert conclude(edges, "s", "g") is None


def test_circles_end() -> None:
    circle = [
        stated(1, "s", "-->", "a"),
        stated(2, "a", "-->", "b"),
        stated(3, "b", "-->", "a"),
        stated(4, "b", "-->", "s"),
    ]
    assert surest_path(edges_from(circle), "s", "g") == ()
    assert surest_path(edges_from(circle), "s", "s") == ()
    assert surest_path({}, "s", "g") == ()


def test_a_million_million_paths_are_no_burden() -> None:
    edges = []
    for place in range(40):
        for way in (0, 1):
            middle = f"m{place}{way}"
            edges.append(stated(4 * place + way, f"n{place}", "-->", middle, (1.0, 0.9 + 0.05 * way)))
            edges.append(stated(4 * place + 2 + way, middle, "-->", f"n{place + 1}", (1.0, 0.98)))
    path = surest_path(edges_from(edges), "n0", "n40")
    assert ids(path) == [number for place in range(40) for number in (4 * place + 1, 4 * place + 3)]


# -- revision and choice, by hand


def test_disjoint_paths_are_revised() -> None:
    """c = .81 twice: w = 2 .81/.19 = 8.526..., c = .895...; with a direct fact of f = 0, c = .5 one more piece."""
    edges = [
        stated(1, "s", "-->", "a"),
        stated(2, "a", "-->", "g"),
        stated(3, "s", "-->", "b"),
        stated(4, "b", "-->", "g"),
    ]
    w = 2 * 0.81 / 0.19
    assert told(conclude(edges_from(edges), "s", "g")) == ("<s --> g>", 1.0, w / (w + 1))
    derivation = conclude(edges_from([*edges, stated(5, "s", "-->", "g", (0.0, 0.5))]), "s", "g")
    assert told(derivation) == ("<s --> g>", w / (w + 1), (w + 1) / (w + 2))
    assert derivation is not None
    assert [step.rule for step in derivation.steps] == ["deduction", "deduction", "revision", "revision"]
    assert derivation.conclusion.stamp == {1, 2, 3, 4, 5}


def test_of_overlapping_paths_the_surer_is_chosen_and_the_other_is_the_runner_up() -> None:
    edges = edges_from(
        [
            stated(1, "s", "-->", "a"),
            stated(2, "a", "-->", "g", (1.0, 0.8)),
            stated(3, "a", "-->", "b"),
            stated(4, "b", "-->", "g"),
        ]
    )
    assert told(conclude(edges, "s", "g")) == ("<s --> g>", 1.0, 0.9**3)
    assert told(runner_up(edges, "s", "g")) == ("<s --> g>", 1.0, 0.72)


def test_facts_that_share_an_observation_are_never_counted_twice() -> None:
    edges = edges_from([stated(1, "s", "-->", "g", (1.0, 0.9), 7), stated(2, "s", "-->", "g", (1.0, 0.8), 7)])
    derivation = conclude(edges, "s", "g")
    assert told(derivation) == ("<s --> g>", 1.0, 0.9)
    assert derivation is not None
    assert derivation.conclusion.stamp == {1, 7}


def test_a_path_that_rests_twice_on_one_observation_is_no_path() -> None:
    edges = edges_from([stated(1, "s", "-->", "a", (1.0, 0.9), 7), stated(2, "a", "-->", "g", (1.0, 0.9), 7)])
    assert conclude(edges, "s", "g") is None
    edges = edges_from([*edges["s"], *edges["a"], stated(3, "s", "-->", "a", (1.0, 0.5))])
    assert told(conclude(edges, "s", "g")) == ("<s --> g>", 1.0, 0.45)


def test_the_greedy_choice_takes_the_surest_path_though_two_others_were_surer_together() -> None:
    """s-a-b-g (.9 .9 .9 = .729) blocks s-a-g and s-b-g (.9 .6 = .54 each, together w = 2.35, c = .70)."""
    edges = edges_from(
        [
            stated(1, "s", "-->", "a"),
            stated(2, "a", "-->", "g", (1.0, 0.6)),
            stated(3, "a", "-->", "b"),
            stated(4, "b", "-->", "g"),
            stated(5, "s", "-->", "b", (1.0, 0.6)),
        ]
    )
    derivation = conclude(edges, "s", "g")
    assert told(derivation) == ("<s --> g>", 1.0, 0.729)
    assert told(runner_up(edges, "s", "g")) == ("<s --> g>", 1.0, 0.54)


def test_a_runner_up_that_crosses_two_counted_paths_is_found() -> None:
    edges = edges_from(
        [
            stated(1, "s", "-->", "a"),
            stated(2, "a", "-->", "g"),
            stated(3, "s", "-->", "b"),
            stated(4, "b", "-->", "g", (1.0, 0.8)),
            stated(5, "a", "-->", "b"),
        ]
    )
    other = runner_up(edges, "s", "g")
    assert told(other) == ("<s --> g>", 1.0, 0.9 * 0.9 * 0.8)
    assert other is not None
    assert [one.id for one in other.facts] == [1, 5, 4]


# -- matches


@pytest.mark.parametrize(
    ("walk", "truth"),
    [
        ([match(1, "s", "k"), stated(1, "k", "-->", "g", (0.9, 0.8))], (0.72, 0.9 * 0.8 * 0.8)),
        ([stated(1, "s", "-->", "k", (0.9, 0.8)), match(1, "k", "g")], (0.72, 0.9 * 0.8 * 0.8)),
        (
            [stated(1, "s", "-->", "k", (0.9, 0.8)), match(1, "k", "l"), stated(2, "l", "-->", "g", (0.5, 0.9))],
            (0.36, 0.576 * 0.9 * 0.36),
        ),
        (
            [match(1, "s", "k"), stated(1, "k", "-->", "l", (0.9, 0.8)), match(2, "l", "g", (0.7, 0.9))],
            (0.72 * 0.7, 0.576 * 0.9 * 0.7),
        ),
    ],
)
def test_a_match_adds_an_analogy(walk: list[Edge], truth: Value) -> None:
    derivation = conclude(edges_from(walk), "s", "g")
    assert told(derivation) == ("<s --> g>", *truth)
    assert derivation is not None
    assert len(derivation.matches) == sum(edge.kind == "match" for edge in walk)


@pytest.mark.parametrize(
    ("walk", "term"),
    [
        ([match(1, "s", "k"), stated(1, "k", "has", "g")], "<(*, s, g) --> has>"),
        ([stated(1, "s", "has", "k"), match(1, "k", "g")], "<(*, s, g) --> has>"),
        ([match(1, "s", "k"), stated(1, "k", "has", "l"), match(2, "l", "g")], "<(*, s, g) --> has>"),
        ([stated(1, "s", "has", "has"), match(1, "has", "g")], "<(*, s, g) --> has>"),
    ],
)
def test_a_match_replaces_the_end_of_a_pair(walk: list[Edge], term: str) -> None:
    matched = 0.8 ** sum(edge.kind == "match" for edge in walk)
    assert told(conclude(edges_from(walk), "s", "g")) == (term, matched, 0.9 ** len(walk) * matched)


def test_relations_of_a_pair_do_not_chain() -> None:
    edges = edges_from([stated(1, "s", "has", "a"), stated(2, "a", "has", "g")])
    assert surest_path(edges, "s", "g") == ()
    edges = edges_from([match(1, "s", "a"), match(2, "a", "b"), stated(1, "b", "-->", "g")])
    assert surest_path(edges, "s", "g") == ()


def test_the_frequency_of_the_match_weighs_not_that_of_the_fact() -> None:
    """Over k c = .81 (match 1, fact .5); over l c = .81 .5 (match .5, fact 1)."""
    over_k = [match(1, "s", "k", (1.0, 0.9)), stated(1, "k", "-->", "g", (0.5, 0.9))]
    over_l = [match(2, "s", "l", (0.5, 0.9)), stated(2, "l", "-->", "g", (1.0, 0.9))]
    assert surest_path(edges_from([*over_l, *over_k]), "s", "g") == tuple(over_k)


def test_what_was_only_matched_does_not_stand_for_what_was_stated() -> None:
    """The surer way to k is a match, from which no second match leads on; the fact is less sure, but may go on."""
    edges = edges_from([match(1, "s", "k", (0.9, 0.9)), stated(1, "s", "-->", "k", (0.5, 0.5)), match(2, "k", "g")])
    assert told(conclude(edges, "s", "g")) == ("<s --> g>", 0.4, 0.5 * 0.9 * 0.8)


def test_a_match_alone_proves_nothing() -> None:
    alone = match(1, "s", "g")
    assert conclude(edges_from([alone]), "s", "g") is None
    facts = [stated(1, "s", "-->", "a"), stated(2, "a", "-->", "g")]
    assert told(conclude(edges_from([alone, *facts]), "s", "g")) == ("<s --> g>", 1.0, 0.81)


def either(term: Term) -> frozenset[Term]:
    assert isinstance(term, Statement)
    assert term.copula == "<->"
    return frozenset({term.subject, term.predicate})


def test_start_and_goal_are_not_joined_by_going_there_and_back_on_one_fact() -> None:
    """s and g are both like b, which says nothing of them; b <-> a and a <-> b are one observation."""
    one = fact(1, "b", "<->", "a")
    there, back = Edge("b", "a", "<->", one), Edge("a", "b", "<->", one)
    assert conclude(edges_from([match(1, "s", "b"), there, back, match(2, "b", "g")]), "s", "g") is None


@pytest.mark.parametrize("turn", range(8))
def test_similarities_chain_whichever_way_round_they_were_stored(turn: int) -> None:
    """f = .9 .8 .5; c = .9 .9 or(.9, .8), then times .9 or(.72, .5)."""
    names, truths = "sabg", [(0.9, 0.9), (0.8, 0.9), (0.5, 0.9)]
    walk = []
    for number, (here, there, truth) in enumerate(zip(names, names[1:], truths, strict=False)):
        stored = (there, here) if turn >> number & 1 else (here, there)
        walk.append(Edge(here, there, "<->", fact(number, stored[0], "<->", stored[1], truth)))
    derivation = conclude(edges_from(walk), "s", "g")
    assert derivation is not None
    assert either(derivation.conclusion.term) == {Atom("s"), Atom("g")}
    assert told(derivation)[1:] == (0.36, 0.81 * 0.98 * 0.9 * 0.86)
    assert {step.rule for step in derivation.steps} == {"resemblance"}


@pytest.mark.parametrize("place", range(3))
def test_a_match_among_similarities_is_a_resemblance(place: int) -> None:
    names = "sabg"
    walk = [stated(n, *pair) for n, pair in enumerate([("s", "<->", "a"), ("a", "<->", "b"), ("b", "<->", "g")])]
    walk[place] = match(1, names[place], names[place + 1], (0.8, 0.9))
    derivation = conclude(edges_from(walk), "s", "g")
    assert derivation is not None
    assert either(derivation.conclusion.term) == {Atom("s"), Atom("g")}
    assert told(derivation)[1:] == (0.8, 0.729)


# -- paths of several relations


def along(*edges: Edge) -> Edges:
    """Tell the places of a path apart, as its walker does: a match stays at its place."""
    place, placed = 0, []
    for edge in edges:
        after = place + (edge.kind != "match")
        placed.append(edge._replace(tail=(place, edge.tail), head=(after, edge.head)))
        place = after
    return edges_from(placed)


WITNESSES = [
    (
        [stated(1, "a", "r", "b", (0.9, 0.8)), stated(2, "b", "s", "c", (0.5, 0.9))],
        ("(&&, <(*, a, #1) --> r>, <(*, #1, c) --> s>)", 0.45, 0.72),
    ),
    (
        [stated(1, "a", "r", "b"), stated(2, "b", "s", "c"), stated(3, "c", "t", "d"), stated(4, "d", "-->", "e")],
        (
            "(&&, <(*, a, #1) --> r>, <(*, #1, #2) --> s>, <(*, #2, #3) --> t>, <#3 --> e>)",
            *(1.0, 0.9**4),
        ),
    ),
    ([stated(1, "a", "-->", "b"), stated(2, "b", "-->", "c")], ("(&&, <a --> #1>, <#1 --> c>)", 1.0, 0.81)),
    ([stated(1, "a", "-->", "b"), stated(2, "b", "r", "c")], ("(&&, <a --> #1>, <(*, #1, c) --> r>)", 1.0, 0.81)),
    ([stated(1, "a", "<->", "b"), stated(2, "b", "r", "c")], ("(&&, <a <-> #1>, <(*, #1, c) --> r>)", 1.0, 0.81)),
    ([stated(1, "a", "r", "b"), stated(2, "b", "<->", "c")], ("(&&, <(*, a, #1) --> r>, <#1 <-> c>)", 1.0, 0.81)),
    (
        [match(1, "q", "a"), stated(1, "a", "r", "b"), stated(2, "b", "s", "c")],
        ("(&&, <(*, q, #1) --> r>, <(*, #1, c) --> s>)", 0.8, 0.729 * 0.8),
    ),
    (
        [stated(1, "a", "r", "b"), match(1, "b", "k"), stated(2, "k", "s", "c")],
        ("(&&, <(*, a, #1) --> r>, <(*, #1, c) --> s>)", 0.8, 0.729 * 0.8),
    ),
    (
        [stated(1, "a", "r", "b"), stated(2, "b", "s", "c"), match(1, "c", "d")],
        ("(&&, <(*, a, #1) --> r>, <(*, #1, d) --> s>)", 0.8, 0.729 * 0.8),
    ),
    (
        [stated(1, "a", "r", "b"), stated(2, "b", "s", "c"), match(1, "c", "k"), stated(3, "k", "t", "d")],
        ("(&&, <(*, a, #1) --> r>, <(*, #1, #2) --> s>, <(*, #2, d) --> t>)", 0.8, 0.9**4 * 0.8),
    ),
    (
        [stated(1, "a", "r", "a"), match(1, "a", "k"), stated(2, "k", "s", "d")],  # a pair of equal ends
        ("(&&, <(*, a, #1) --> r>, <(*, #1, d) --> s>)", 0.8, 0.729 * 0.8),
    ),
]


def walked(walk: Sequence[Edge]) -> tuple[Edges, tuple[int, str], tuple[int, str]]:
    goal = sum(edge.kind != "match" for edge in walk), str(walk[-1].head)
    return along(*walk), (0, str(walk[0].tail)), goal


@pytest.mark.parametrize(("walk", "expected"), WITNESSES, ids=[expected[0] for _, expected in WITNESSES])
def test_a_path_of_relations_leaves_its_middle_terms_open(walk: list[Edge], expected: tuple[str, float, float]) -> None:
    edges, start, goal = walked(walk)
    assert told(conclude(edges, start, goal, table=WITNESSED)) == expected
    path = surest_path(edges, start, goal, table=WITNESSED)
    assert [edge.premise for edge in path] == [edge.premise for edge in walk]


@pytest.mark.parametrize("turn", range(1, 4))
def test_a_similarity_on_a_path_may_have_been_stored_the_other_way_round(turn: int) -> None:
    first = fact(1, *(("b", "<->", "a") if turn & 1 else ("a", "<->", "b")))
    second = fact(2, *(("c", "<->", "b") if turn & 2 else ("b", "<->", "c")))
    edges = along(Edge("a", "b", "<->", first), Edge("b", "c", "<->", second), stated(3, "c", "r", "d"))
    derivation = conclude(edges, (0, "a"), (3, "d"), table=WITNESSED)
    assert derivation is not None
    assert told(derivation)[1:] == (1.0, 0.729)
    shown = str(derivation.conclusion.term)
    assert shown.endswith("<(*, #2, d) --> r>)")
    assert shown.count("#1") == shown.count("#2") == 2
    assert (" b" in shown, "<b" in shown, " c" in shown, "<c" in shown) == (False, False, False, False)


def test_two_ways_to_one_end_are_revised_though_a_similarity_was_stored_both_ways_round() -> None:
    """(&&, <a <-> #1>, ...) over b, and the same over c, where <c <-> a> was stored."""
    edges = edges_from(
        [
            Edge((0, "a"), (1, "b"), "<->", fact(1, "a", "<->", "b")),
            Edge((0, "a"), (1, "c"), "<->", fact(2, "c", "<->", "a")),
            Edge((1, "b"), (2, "d"), "*", fact(3, "b", "r", "d")),
            Edge((1, "c"), (2, "d"), "*", fact(4, "c", "r", "d")),
        ]
    )
    w = 2 * 0.81 / 0.19
    assert told(conclude(edges, (0, "a"), (2, "d"), table=WITNESSED))[1:] == (1.0, w / (w + 1))


def test_a_path_of_relations_may_not_come_back_on_the_same_fact() -> None:
    """a r b, b s a, a r b would count a r b twice; a r c is another observation."""
    there, back, other = fact(1, "a", "r", "b"), fact(2, "b", "s", "a"), fact(3, "a", "r", "c")
    edges = [
        Edge((place, str(one.source)), (place + 1, str(one.target)), "*", one)
        for place, ones in enumerate([(there, other), (back,), (there, other)])
        for one in ones
    ]
    assert conclude(edges_from(edges), (0, "a"), (3, "b"), table=WITNESSED) is None
    derivation = conclude(edges_from(edges), (0, "a"), (3, "c"), table=WITNESSED)
    assert told(derivation) == ("(&&, <(*, a, #1) --> r>, <(*, #1, #2) --> s>, <(*, #2, c) --> r>)", 1.0, 0.729)


def test_what_is_false_counts_along_a_path_of_relations() -> None:
    """Intersection keeps the confidence: that a has no such b is known."""
    edges, start, goal = walked([stated(1, "a", "r", "b", (0.0, 0.9)), stated(2, "b", "s", "c")])
    assert told(conclude(edges, start, goal, table=WITNESSED))[1:] == (0.0, 0.81)


def test_a_similarity_at_the_end_of_a_path_of_relations_may_be_matched() -> None:
    edges, start, goal = walked([stated(1, "a", "r", "b"), stated(2, "b", "<->", "c"), match(1, "c", "d")])
    derivation = conclude(edges, start, goal, table=WITNESSED)
    term, frequency, _ = told(derivation)
    assert (term, frequency) == ("(&&, <(*, a, #1) --> r>, <#1 <-> d>)", 0.8)
    assert derivation is not None
    assert 0 < derivation.conclusion.truth.confidence <= 0.729 + 1e-12


def test_different_relations_between_two_terms_are_not_revised() -> None:
    """They state different things; the surest is told (knowledge asks for one relation or for any)."""
    edges = edges_from([stated(1, "s", "r", "g", (1.0, 0.8)), stated(2, "s", "q", "g"), stated(3, "s", "-->", "g")])
    derivation = conclude(edges, "s", "g")
    assert derivation is not None
    assert told(derivation)[1:] == (1.0, 0.9)


def test_both_tables_follow_a_match_alike() -> None:
    pairs = {pair for pair in CHAIN if "match" in pair}
    assert pairs <= set(WITNESSED)
    assert all(CHAIN[pair] == WITNESSED[pair] for pair in pairs)
    assert all(rule == "intersection" for pair, (rule, _, _) in WITNESSED.items() if "match" not in pair)
