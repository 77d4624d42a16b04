"""Rows from triples, networkx graphs, frames and judgements."""

import math

import networkx as nx
import pandas as pd
import pytest

from hybridattn.errors import ArgumentError, FactsError
from hybridattn.knowledge.sources.rows import from_fields, from_frame, from_graph, from_sentence, from_triples
from hybridattn.reasoning import parse_sentence


def seen(rows):
    return [(str(row.source), row.cue, str(row.target), row.truth.frequency, row.truth.confidence) for row in rows]


@pytest.mark.parametrize("name", ["is_a", "isa", "instance_of", "-->"])
def test_names_of_inheritance(name):
    assert seen(from_triples([("a", name, "b")])) == [("a", "-->", "b", 1.0, 0.9)]


@pytest.mark.parametrize("name", ["similar_to", "<->"])
def test_names_of_similarity(name):
    assert seen(from_triples([("a", name, "b")])) == [("a", "<->", "b", 1.0, 0.9)]


@pytest.mark.parametrize(("name", "cue"), [("has_part", "has_part"), ("IS_A", "IS_A"), ("part of", '"part of"')])
def test_any_other_name_is_a_relation(name, cue):
    assert seen(from_triples([("a", name, "b")])) == [("a", cue, "b", 1.0, 0.9)]


@pytest.mark.parametrize(
    ("numbers", "truth"),
    [
        ((), (1.0, 0.9)),
        ((None, None), (1.0, 0.9)),
        (("", " "), (1.0, 0.9)),
        ((0.25,), (0.25, 0.9)),
        ((None, 0.5), (1.0, 0.5)),
        (("0.25", "0.5"), (0.25, 0.5)),
        ((1, 1), (1.0, 0.99)),
        ((0, 0.995), (0.0, 0.99)),
        ((0, 0), (0.0, 0.0)),
    ],
)
def test_truth_of_a_row(numbers, truth):
    row = from_fields(("a", "r", "b", *numbers))
    assert (row.truth.frequency, row.truth.confidence) == truth


def test_the_name_of_the_relation_is_kept_as_given_and_names_are_stripped():
    row = from_fields((" poodle ", " isa ", " dog "))
    assert (str(row.source), row.relation, str(row.target)) == ("poodle", "isa", "dog")


@pytest.mark.parametrize(
    ("item", "wanted"),
    [
        (("a", "r"), "expected 3 to 5 fields (source, relation, target[, frequency, confidence]); got 2"),
        (("a", "r", "b", 1, 0.9, 7), "expected 3 to 5 fields"),
        (("", "r", "b"), "source must be a name; got ''"),
        (("a", " ", "b"), "relation must be a name; got ' '"),
        (("a", "r", None), "target must be a name; got None"),
        ((1, "r", "b"), "source must be a name; got 1"),
        (("a", "r", "b", math.nan), "frequency must be a number in [0, 1]; got nan"),
        (("a", "r", "b", math.inf), "frequency must be a number in [0, 1]; got inf"),
        (("a", "r", "b", -0.1), "frequency must be a number in [0, 1]; got -0.1"),
        (("a", "r", "b", 1.1), "frequency must be a number in [0, 1]; got 1.1"),
        (("a", "r", "b", 10**400), "frequency must be a number in [0, 1]"),
        (("a", "r", "b", "often"), "frequency must be a number in [0, 1]; got 'often'"),
        (("a", "r", "b", True), "frequency must be a number in [0, 1]; got True"),
        (("a", "r", "b", 1, "nan"), "confidence must be a number in [0, 1]; got 'nan'"),
        (("a", "r", "b", 1, 1.5), "confidence must be a number in [0, 1]; got 1.5"),
        (("a", "is_a", "a"), "source and target of is_a must differ; both are 'a'"),
        ("a r b", "expected 3 to 5 fields"),
        (5, "expected 3 to 5 fields"),
    ],
)
def test_a_bad_item_is_named_by_its_number(item, wanted):
    with pytest.raises(FactsError) as caught:
        from_triples([("x", "r", "y"), item])
    assert str(caught.value).startswith("triples, item 2: ")
    assert wanted in str(caught.value)


def test_a_directed_graph():
    graph = nx.DiGraph()
    graph.add_edge("a", "b")
    graph.add_edge(1, 2, relation="r", frequency=0.5, confidence=0.25)
    graph.add_edge("a", "c", label="similar_to", f=0.75, c=1)
    assert seen(from_graph(graph)) == [
        ("a", "-->", "b", 1.0, 0.9),
        ("a", "<->", "c", 0.75, 0.99),
        ("1", "r", "2", 0.5, 0.25),
    ]


def test_an_undirected_graph_holds_similarities():
    graph = nx.Graph([("a", "b")])
    graph.add_edge("b", "c", relation="r")
    assert seen(from_graph(graph)) == [("a", "<->", "b", 1.0, 0.9), ("b", "r", "c", 1.0, 0.9)]


@pytest.mark.parametrize(("kind", "cue"), [(nx.MultiDiGraph, "-->"), (nx.MultiGraph, "<->")])
def test_parallel_edges_are_observations_of_their_own(kind, cue):
    graph = kind([("a", "b"), ("a", "b")])
    assert seen(from_graph(graph)) == 2 * [("a", cue, "b", 1.0, 0.9)]


def test_a_loop_in_a_graph_is_no_fact():
    with pytest.raises(FactsError, match=r"graph, edge 2: source and target of --> must differ; both are 'b'"):
        from_graph(nx.DiGraph([("a", "b"), ("b", "b")]))


def test_a_frame_with_missing_numbers():
    frame = pd.DataFrame(
        {
            "confidence": [math.nan, 0.5],
            "target": ["b", "c"],
            "note": ["not", "read"],
            "source": ["a", "b"],
            "relation": ["r", "is_a"],
            "frequency": [0.25, math.nan],
        }
    )
    assert seen(from_frame(frame)) == [("a", "r", "b", 0.25, 0.9), ("b", "-->", "c", 1.0, 0.5)]


def test_a_frame_without_truth():
    frame = pd.DataFrame({"source": ["a"], "relation": ["r"], "target": ["b"]})
    assert seen(from_frame(frame)) == [("a", "r", "b", 1.0, 0.9)]


def test_the_missing_value_of_pandas_is_missing_too():
    frame = pd.DataFrame({"source": ["a", "b"], "relation": "r", "target": ["b", "c"]})
    frame["frequency"] = pd.array([None, 0.5], dtype="Float64")
    assert seen(from_frame(frame)) == [("a", "r", "b", 1.0, 0.9), ("b", "r", "c", 0.5, 0.9)]


def test_a_frame_lacks_a_column():
    with pytest.raises(FactsError, match=r"expected the columns source, relation, target.*; target missing among"):
        from_frame(pd.DataFrame({"source": ["a"], "relation": ["r"]}))


def test_a_frame_lacks_a_name():
    with pytest.raises(FactsError, match=r"frame, row 2: source must be a name; got None"):
        from_frame(pd.DataFrame({"source": ["a", None], "relation": "r", "target": "b"}))


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("<a --> b>.", ("a", "-->", "b", 1.0, 0.9)),
        ("<a <-> b>. %0.5;0.25%", ("a", "<->", "b", 0.5, 0.25)),
        ("<(*, a, b) --> r>. %0.5%", ("a", "r", "b", 0.5, 0.9)),
        ("<{Tweety} --> [yellow]>. %1;1%", ("{Tweety}", "-->", "[yellow]", 1.0, 0.99)),
        ("<(*, a, a) --> likes>.", ("a", "likes", "a", 1.0, 0.9)),
        ("<(*, a, b, c) --> r>.", ("(*, a, b, c)", "-->", "r", 1.0, 0.9)),
    ],
)
def test_a_judgement(text, row):
    assert seen([from_sentence(parse_sentence(text))]) == [row]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("<a --> b>?", "expected a judgement, which ends in a full stop; got <a --> b>?"),
        ("<a ==> b>.", "expected <S --> P>, <S <-> P> or <(*, S, P) --> R>; got <a ==> b>"),
        ("a.", "expected <S --> P>, <S <-> P> or <(*, S, P) --> R>; got a"),
        ("<a --> $x>.", "expected a fact without variables; got $x"),
        ("<a --> a>.", "subject and predicate must differ"),
    ],
)
def test_a_sentence_that_is_no_fact(text, wanted):
    with pytest.raises(ArgumentError) as caught:
        from_sentence(parse_sentence(text))
    assert wanted in str(caught.value)
