"""Graphs: what a walk attended to and what a proof concluded, with flat attributes that every format can hold."""

import io
import itertools
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridattn.reasoning import Atom, Derivation, Fact, Judgement, Truth, parse_term
from hybridattn.reasoning.derivation import Proof
from hybridattn.reasoning.graph import Graph, Stored, add_match, from_derivation, from_trace, mark
from hybridattn.trace import Hop, Link, Trace

from .test_fact import fact

ROBIN = fact(0, "robin", "-->", "bird", (1.0, 0.9), 5)
BIRD = fact(1, "bird", "-->", "animal", (0.8, 0.5))
WING = fact(2, "bird", "has_part", "24/7 wing", (0.0, 0.9))
FACTS = [ROBIN, BIRD, WING]
MATCH = Judgement(parse_term("<tweety <-> robin>"), Truth(0.8, 0.9), frozenset({-1}))


def slot(number: int) -> Stored:
    """Name slots as the store does: two a fact, the second one read from its target."""
    return Stored(FACTS[number // 2], inverse=bool(number % 2))


def walk(*hops: list[tuple[int, int, float, float]], cut: str = "") -> Trace:
    """Make a trace of one question from (parent, slot, share, similarity)."""
    return Trace(tuple(Hop(0, tuple(Link(0, *link) for link in links)) for links in hops), (cut,))


def edge(graph: Graph, tail: str, head: str) -> dict[str, Any]:
    (found,) = graph[tail][head].values()
    return dict(found)


def flat(graph: Graph) -> bool:
    """Tell whether every attribute is a plain Python number, truth or text, of exactly these types."""
    every = itertools.chain(
        [graph.graph], (data for _, data in graph.nodes(data=True)), (data for *_, data in graph.edges(data=True))
    )
    return all(type(value) in (str, int, float, bool) for data in every for value in data.values())


FORWARD = walk([(-1, 0, 1.0, 1.0)], [(0, 2, 0.75, 1.0), (0, 4, 0.25, 1.0)])


def test_facts_are_edges_between_their_terms() -> None:
    graph = from_trace(FORWARD, slot)
    assert type(graph) is nx.MultiDiGraph
    assert dict(graph.nodes(data=True)) == {
        "robin": {"kind": "term", "label": "robin", "hop": 0},
        "bird": {"kind": "term", "label": "bird", "hop": 1},
        "animal": {"kind": "term", "label": "animal", "hop": 2},
        '"24/7 wing"': {"kind": "term", "label": "24/7 wing", "hop": 2},
    }
    assert graph.number_of_edges() == 3
    assert edge(graph, "robin", "bird") == {
        "kind": "fact",
        "label": "-->",
        "fact": 0,
        "share": 1.0,
        "similarity": 1.0,
        "hop": 1,
        "f": 1.0,
        "c": 0.9,
        "w": pytest.approx(9),
        "w_plus": pytest.approx(9),
    }
    assert edge(graph, "bird", "animal") == {
        "kind": "fact",
        "label": "-->",
        "fact": 1,
        "share": 0.75,
        "similarity": 1.0,
        "hop": 2,
        "f": 0.8,
        "c": 0.5,
        "w": pytest.approx(1),
        "w_plus": pytest.approx(0.8),
    }
    wing = edge(graph, "bird", '"24/7 wing"')
    assert (wing["label"], wing["f"], wing["w_plus"], wing["share"]) == ("has_part", 0.0, 0.0, 0.25)


def test_a_fact_read_from_its_target_keeps_its_direction() -> None:
    graph = from_trace(walk([(-1, 3, 1.0, 1.0)], [(0, 1, 1.0, 1.0)]), slot)
    assert {name: data["hop"] for name, data in graph.nodes(data=True)} == {"animal": 0, "bird": 1, "robin": 2}
    assert set(graph.edges()) == {("bird", "animal"), ("robin", "bird")}
    assert edge(graph, "bird", "animal")["hop"] == 1
    assert edge(graph, "robin", "bird")["hop"] == 2


def test_a_fact_is_drawn_once_a_hop_and_again_at_another() -> None:
    graph = from_trace(walk([(-1, 0, 0.5, 1.0), (-1, 0, 0.5, 1.0)], [(0, 1, 1.0, 1.0)], [(0, 0, 1.0, 1.0)]), slot)
    assert sorted(data["hop"] for *_, data in graph.edges(data=True)) == [1, 2, 3]
    assert {data["fact"] for *_, data in graph.edges(data=True)} == {0}
    assert graph.nodes["robin"]["hop"] == 0
    assert graph.nodes["bird"]["hop"] == 1


def test_two_facts_between_the_same_terms_are_two_edges() -> None:
    both = [ROBIN, fact(7, "robin", "like", "bird")]
    graph = from_trace(walk([(-1, 0, 0.5, 1.0), (-1, 1, 0.5, 1.0)]), lambda number: Stored(both[number]))
    assert sorted(data["fact"] for *_, data in graph.edges(data=True)) == [0, 7]


def test_the_hop_of_a_term_is_the_earliest() -> None:
    """A soft match enters bird at hop 2 while another link of that hop reaches it: whichever comes first."""
    links = [(0, 0, 0.5, 1.0), (0, 2, 0.5, 0.7)]
    hops = [from_trace(walk([(-1, 5, 1.0, 1.0)], order), slot).nodes for order in (links, links[::-1])]
    assert [nodes["bird"]["hop"] for nodes in hops] == [1, 1]
    links = [(-1, 0, 0.5, 1.0), (-1, 2, 0.5, 0.7)]
    hops = [from_trace(walk(order), slot).nodes for order in (links, links[::-1])]
    assert [nodes["bird"]["hop"] for nodes in hops] == [0, 0]


def test_slots_that_are_no_facts_are_nodes() -> None:
    graph = from_trace(walk([(-1, 3, 0.75, 0.5), (-1, 8, 0.25, 0.25)], [(1, 3, 1.0, 1.0)]), "pattern {}".format)
    assert dict(graph.nodes(data=True)) == {
        "query": {"kind": "query", "label": "query", "hop": 0},
        "pattern 3": {"kind": "pattern", "label": "pattern 3", "hop": 1},
        "pattern 8": {"kind": "pattern", "label": "pattern 8", "hop": 1},
    }
    assert set(graph.edges()) == {("query", "pattern 3"), ("query", "pattern 8"), ("pattern 8", "pattern 3")}
    assert edge(graph, "query", "pattern 3") == {
        "kind": "read",
        "label": "",
        "share": 0.75,
        "similarity": 0.5,
        "hop": 1,
    }
    assert edge(graph, "pattern 8", "pattern 3")["hop"] == 2


def test_a_mixture_of_slots_is_a_query_of_its_own() -> None:
    """A soft read passes on no single slot, so its links have no parent."""
    graph = from_trace(walk([(-1, 0, 0.5, 0.5), (-1, 1, 0.5, 0.5)], [(-1, 1, 1.0, 0.9)]), str, question="cue")
    assert graph.nodes["cue"] == {"kind": "query", "label": "cue", "hop": 0}
    assert graph.nodes["cue after hop 1"] == {"kind": "query", "label": "cue after hop 1", "hop": 1}
    assert set(graph.edges()) == {("cue", "0"), ("cue", "1"), ("cue after hop 1", "1")}


def test_nothing_attended_to_is_an_empty_graph() -> None:
    assert from_trace(Trace((), ("",)), slot).number_of_nodes() == 0
    assert from_trace(walk([]), slot).number_of_nodes() == 0


def test_a_match_is_an_edge_from_the_query_to_the_key() -> None:
    graph = from_trace(walk([(-1, 0, 1.0, 0.8)]), slot)
    add_match(graph, MATCH, Atom("tweety"), Atom("robin"))
    assert graph.nodes["tweety"] == {"kind": "query", "label": "tweety", "hop": 0}
    assert graph.nodes["robin"] == {"kind": "term", "label": "robin", "hop": 0}
    assert edge(graph, "tweety", "robin") == {
        "kind": "match",
        "label": "<->",
        "similarity": 0.8,
        "hop": 1,
        "f": 0.8,
        "c": 0.9,
        "w": pytest.approx(9),
        "w_plus": pytest.approx(7.2),
    }
    add_match(graph, MATCH, Atom("tweety"), Atom("robin"))
    assert graph.number_of_edges() == 2


def proved() -> Derivation:
    """Analogy with the match, then deduction."""
    proof = Proof()
    name = proof.infer("analogy", proof.cite(ROBIN), proof.cite(MATCH))
    proof.infer("deduction", proof.cite(BIRD), name)
    return proof.finish()


def test_mark_tells_what_is_cited_and_by_which_rule() -> None:
    graph = from_trace(FORWARD, slot)
    add_match(graph, MATCH, Atom("tweety"), Atom("robin"))
    mark(graph, proved())
    robin, bird, wing = edge(graph, "robin", "bird"), edge(graph, "bird", "animal"), edge(graph, "bird", '"24/7 wing"')
    assert (robin["cited"], robin["rule"]) == (True, "analogy")
    assert (bird["cited"], bird["rule"]) == (True, "deduction")
    assert "cited" not in wing
    assert "rule" not in wing


def test_mark_cites_the_matches_too() -> None:
    """interfaces: `cited` is set on every edge that is part of the derivation of the answer, fact or match."""
    graph = from_trace(FORWARD, slot)
    add_match(graph, MATCH, Atom("tweety"), Atom("robin"))
    unused = Judgement(parse_term("<tweety <-> bird>"), Truth(0.6, 0.9), frozenset({-2}))
    add_match(graph, unused, Atom("tweety"), Atom("bird"))
    mark(graph, proved())
    used = edge(graph, "tweety", "robin")
    assert (used.get("cited"), used.get("rule")) == (True, "analogy")
    assert "cited" not in edge(graph, "tweety", "bird")


def test_mark_tells_the_rule_that_used_a_fact_first() -> None:
    proof = Proof()
    name = proof.infer("deduction", proof.cite(BIRD), proof.cite(ROBIN))
    direct = fact(9, "robin", "-->", "animal", (1.0, 0.5))
    proof.infer("revision", name, proof.cite(direct))
    graph = from_trace(walk([(-1, 0, 0.5, 1.0), (-1, 1, 0.5, 1.0)]), lambda n: Stored((ROBIN, direct)[n]))
    mark(graph, proof.finish())
    assert edge(graph, "robin", "bird")["rule"] == "deduction"
    assert edge(graph, "robin", "animal")["rule"] == "revision"


def test_mark_keeps_the_first_rule_of_a_fact_that_two_steps_use() -> None:
    proof = Proof()
    proof.infer("analogy", proof.cite(ROBIN), proof.cite(MATCH))
    proof.infer("deduction", proof.cite(BIRD), proof.cite(ROBIN))
    graph = from_trace(FORWARD, slot)
    mark(graph, proof.finish())
    assert edge(graph, "robin", "bird")["rule"] == "analogy"


def test_mark_of_a_fact_alone_cites_it_without_a_rule() -> None:
    graph = from_trace(walk([(-1, 0, 1.0, 1.0)], [(0, 1, 1.0, 1.0)]), slot)
    mark(graph, Derivation((ROBIN,), (), ()))
    assert all(data["cited"] is True and "rule" not in data for *_, data in graph.edges(data=True))
    assert graph.number_of_edges() == 2


def test_a_proof_is_drawn_from_its_premises_to_its_conclusion() -> None:
    graph = from_derivation(proved())
    assert type(graph) is nx.MultiDiGraph
    assert {name: data["kind"] for name, data in graph.nodes(data=True)} == {
        "fact:0": "fact",
        "fact:1": "fact",
        "match:0": "match",
        "step:0": "conclusion",
        "step:1": "conclusion",
        "rule:0": "rule",
        "rule:1": "rule",
    }
    assert set(graph.edges(data="label")) == {
        *[("fact:0", "rule:0", "1"), ("match:0", "rule:0", "2"), ("rule:0", "step:0", "analogy")],
        *[("fact:1", "rule:1", "1"), ("step:0", "rule:1", "2"), ("rule:1", "step:1", "deduction")],
    }
    assert graph.nodes["rule:1"] == {"kind": "rule", "label": "deduction"}
    shown = graph.nodes["step:1"]
    assert (shown["label"], shown["stamp"]) == ("<tweety --> animal>", "-1 0 1 5")
    assert (shown["f"], shown["c"]) == pytest.approx((0.64, 0.9 * 0.9 * 0.8 * 0.5 * 0.64))


def test_a_fact_alone_is_drawn_as_one_node() -> None:
    graph = from_derivation(Derivation((ROBIN,), (), ()))
    assert list(graph.nodes) == ["fact:0"]
    assert graph.nodes["fact:0"] == {
        "kind": "fact",
        "label": "<robin --> bird>",
        "source": "robin",
        "relation": "-->",
        "target": "bird",
        "place": 0,
        "stamp": "0 5",
        "f": 1.0,
        "c": 0.9,
        "w": pytest.approx(9),
        "w_plus": pytest.approx(9),
    }


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 3)), min_size=1, max_size=5))
def test_a_proof_is_acyclic_from_its_facts_to_its_only_sink(paths: list[tuple[int, int]]) -> None:
    """Paths of some length, each but the first with a match, all revised together."""
    proof, total, number = Proof(), "", 0
    for place, (_, length) in enumerate(paths):
        names = ["s", *(f"n{place}.{n}" for n in range(length - 1)), "g"]
        name = ""
        for here, there in itertools.pairwise(names):
            new = proof.cite(fact(number, here, "-->", there))
            number += 1
            name = proof.infer("deduction", new, name) if name else new
        total = proof.infer("revision", total, name) if total else name
    derivation = proof.finish()
    graph = from_derivation(derivation)
    assert nx.is_directed_acyclic_graph(graph)
    assert nx.is_weakly_connected(graph)
    sources = {name for name, degree in graph.in_degree() if degree == 0}
    assert sources == {f"fact:{one.id}" for one in derivation.facts}
    (sink,) = (name for name, degree in graph.out_degree() if degree == 0)
    assert graph.nodes[sink]["label"] == str(derivation.conclusion.term) == ("<s --> g>")
    assert graph.nodes[sink]["c"] == derivation.conclusion.truth.confidence
    assert all(graph.in_degree(f"rule:{place}") == 2 for place in range(len(derivation.steps)))


def whole() -> Graph:
    graph = from_trace(FORWARD, slot)
    add_match(graph, MATCH, Atom("tweety"), Atom("robin"))
    mark(graph, proved())
    return graph


def exact() -> Graph:
    """A truth in Fractions, and names that XML has to escape."""
    truth = Truth(Fraction(1, 2), Fraction(9, 10))
    one = Fact(3, Atom("a<&>"), "r", Atom('"b"'), Judgement(parse_term("<a --> b>"), truth, frozenset({3})))
    return from_trace(walk([(-1, 0, 1.0, 1.0)]), lambda _: Stored(one))


GRAPHS: list[Callable[[], Graph]] = [
    whole,
    exact,
    lambda: from_derivation(proved()),
    lambda: from_trace(walk([(-1, 3, 0.75, 0.5)], [(-1, 3, 1.0, 1.0)]), str),
]


@pytest.mark.parametrize("make", GRAPHS)
def test_every_attribute_is_flat_and_graphml_holds_it(make: Callable[[], Graph]) -> None:
    graph = make()
    assert flat(graph)
    assert not any(value is None for *_, data in graph.edges(data=True) for value in data.values())
    told = io.BytesIO()
    nx.write_graphml(graph, told)
    read = nx.read_graphml(io.BytesIO(told.getvalue()), force_multigraph=True)
    assert dict(read.nodes(data=True)) == dict(graph.nodes(data=True))
    told_edges = [(tail, head, data) for tail, head, data in graph.edges(data=True)]
    read_edges = [
        (tail, head, {k: v for k, v in data.items() if k != "id"}) for tail, head, data in read.edges(data=True)
    ]
    assert read_edges == told_edges


def test_the_room_loads_no_torch() -> None:
    """design.md, section 2: reasoning has never heard of a tensor."""
    script = (
        "import sys, hybridattn.reasoning, hybridattn.reasoning.paths, hybridattn.trace\n"
        "from hybridattn.reasoning import Truth, apply_rule, parse_term, rules\n"
        "rules.rules()\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'torch', 'numpy', 'sympy', 'entmax', 'typer'}))"
    )
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
