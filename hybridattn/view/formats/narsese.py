"""Narsese, there and back: an edge is a judgement about its two ends."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import networkx as nx

from hybridattn.errors import ArgumentError, HybridAttnError
from hybridattn.reasoning.fact import COPULA, plain_name
from hybridattn.reasoning.graph import Graph
from hybridattn.reasoning.narsese import Sentence, parse_term, read_sentences
from hybridattn.reasoning.term import COPULAS, Atom, Compound, Statement, Term, inheritance, product
from hybridattn.reasoning.truth import DEFAULT, Truth
from hybridattn.view.formats.plain import AnyGraph, links, plain

__all__ = ["from_narsese", "narsese", "numbers"]

MARKS: Mapping[str, str] = MappingProxyType({"judgement": ".", "question": "?", "goal": "!", "quest": "@"})
"""Kinds of nodes that are a sentence of their own, and how it ends."""
PROOF: Mapping[str, str] = MappingProxyType(
    {**MARKS, "input": ".", "conclusion": ".", "fact": ".", "match": ".", "compound": ""}
)
"""The same, with the kinds of nodes in the graph of a proof."""
UNSTATED = frozenset({"premise", "conclusion", "read"})
"""Kinds of edges that state nothing: those of a proof, and shares of attention, which are budget and no truth."""


def narsese(graph: AnyGraph) -> str:
    """Write what a graph states as Narsese, a sentence a line, each once.

    An edge of a hop graph is a judgement: its `label` is the relation (none means `-->`, or `<->` in an undirected
    graph), `f` and `c` its truth. Nodes that are sentences, as in the graph of a proof, are written with their label.
    What was attended to without a truth (kind "read") is left out. Names that are no Narsese become quoted atoms.
    Raises `ArgumentError` as `node_link` does, and where a truth is out of its range.

    >>> graph = nx.MultiDiGraph()
    >>> _ = graph.add_edge("cat", "mammal", label="is_a", f=1.0, c=0.9)
    >>> print(narsese(graph), end="")
    <cat --> mammal>. %1.00;0.90%
    """
    written = dict.fromkeys(map(str, _sentences(plain(graph))))
    return "".join(f"{sentence}\n" for sentence in written)


def from_narsese(text: str, *, source: str = "<text>") -> Graph:
    """Read Narsese as a graph: `<S --> P>` and other statements are edges, `<(*, S, P) --> R>` an edge S to P called R.

    Terms are nodes (kind "term", label), edges have the key `line:N`, kind "fact", label, f, c, w_plus and w; what
    is no statement, or no judgement, is a node of its own (kind "judgement", "question", "goal" or "quest"). A
    judgement without a truth has f 1, c .9. Budgets are attention and no truth: they are left out, as are moments.
    Raises `NarseseError` with `source`, line and column.

    >>> list(from_narsese("<(*, cat, fish) --> eats>. %0.9;0.5%").edges(data="label"))
    [('cat', 'fish', 'eats')]
    """
    graph: Graph = nx.MultiDiGraph()
    for number, sentence in read_sentences(text.split("\n"), source=source):
        if sentence.punctuation == "." and isinstance(sentence.term, Statement):
            _add_edge(graph, sentence.term, sentence.truth or DEFAULT, f"line:{number}")
        else:
            _add_sentence(graph, sentence)
    return graph


def numbers(truth: Truth) -> dict[str, float]:
    """Give the attributes f, c, w_plus and w of a truth."""
    parts = {"f": truth.frequency, "c": truth.confidence, "w_plus": truth.w_plus, "w": truth.w}
    return {name: float(value) for name, value in parts.items()}


def _sentences(graph: AnyGraph) -> Iterator[Sentence]:
    for node, data in graph.nodes(data=True):
        if data.get("kind") in PROOF and (mark := PROOF[data["kind"]]):
            term, truth = _term(str(data.get("label", node))), _truth(data, f"node {node!r}")
            yield Sentence(term, mark, truth if mark in ".!" else None)
    plain_copula = "-->" if graph.is_directed() else "<->"
    for tail, head, _, data in links(graph):
        rules = [node for node in (tail, head) if graph.nodes[node].get("kind") == "rule"]
        if data.get("kind") in UNSTATED or rules:
            continue
        label = "<->" if data.get("kind") == "match" else data.get("label") or data.get("relation") or plain_copula
        truth = _truth(data, f"edge {tail!r} to {head!r}")
        yield Sentence(_statement(_term(str(tail)), str(label), _term(str(head))), ".", truth)


def _statement(source: Term, label: str, target: Term) -> Statement:
    copula = COPULA.get(label, label)
    if copula in COPULAS:
        return Statement(copula, source, target)
    return inheritance(product(source, target), _term(label))


def _term(name: str) -> Term:
    """Read a name as the term that prints so; any other name is that of an atom."""
    try:
        term = parse_term(name)
    except HybridAttnError:
        return Atom(name)
    return term if str(term) == name else Atom(name)


def _truth(data: Mapping[str, Any], place: str) -> Truth | None:
    if "f" not in data and "c" not in data:
        return None
    try:
        return Truth(float(data.get("f", DEFAULT.frequency)), float(data.get("c", DEFAULT.confidence)))
    except (ArgumentError, ValueError) as error:
        raise ArgumentError(f"{place}: f and c must be a truth; {error}") from None


def _add_edge(graph: Graph, term: Statement, truth: Truth, key: str) -> None:
    source, label, target = _parts(term)
    for end in (source, target):
        graph.add_node(str(end), kind="term", label=plain_name(end))
    graph.add_edge(str(source), str(target), key, kind="fact", label=label, **numbers(truth))


def _parts(term: Statement) -> tuple[Term, str, Term]:
    """Take a relation of a pair apart, unless its name as a label would be read as something else."""
    pair = term.subject
    if term.copula == "-->" and isinstance(pair, Compound) and pair.connector == "*" and len(pair.parts) == 2:
        source, target, label = *pair.parts, plain_name(term.predicate)
        if _statement(source, label, target) == term:
            return source, label, target
    return term.subject, term.copula, term.predicate


def _add_sentence(graph: Graph, sentence: Sentence) -> None:
    kind = next(kind for kind, mark in MARKS.items() if mark == sentence.punctuation)
    truth = {} if kind in ("question", "quest") else numbers(sentence.truth or DEFAULT)
    graph.add_node(f"{sentence.term}{sentence.punctuation}", kind=kind, label=str(sentence.term), **truth)
