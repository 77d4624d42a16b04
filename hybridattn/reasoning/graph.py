"""Reasoning as networkx graphs: what a walk attended to, and what a derivation concluded from what."""

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

import networkx as nx

from hybridattn.reasoning.derivation import Derivation
from hybridattn.reasoning.fact import Fact, plain_name
from hybridattn.reasoning.judgement import Judgement
from hybridattn.reasoning.term import Statement, Term
from hybridattn.trace import Link, Trace

__all__ = ["Graph", "Stored", "from_derivation", "from_trace", "mark"]

Graph: TypeAlias = "nx.MultiDiGraph[str]"


class Stored(NamedTuple):
    """What a slot stands for: a fact, and whether a query enters it at its source or, if inverse, at its target."""

    fact: Fact
    inverse: bool = False


Names: TypeAlias = Callable[[int], Stored | str]
"""Names a slot: a stored fact, or any text, such as the name of a pattern."""


def from_trace(trace: Trace, names: Names, *, question: str = "query") -> Graph:
    """Draw what was attended to: terms are nodes and facts are edges; a slot that is no fact is a node.

    Args:
        trace: the hops of one question (see `Trace.split`).
        names: what each slot stands for.
        question: names the node of the query itself, where no stored term matches it exactly.

    Returns:
        A graph with the attributes of nodes (`kind`, `label`, `hop`) and edges (`kind`, `label`, `fact`, `share`,
        `similarity`, `f`, `c`, `w_plus`, `w`, `hop`) that apply, all plain Python numbers and texts.
    """
    graph: Graph = nx.MultiDiGraph()
    before: list[str] = []
    for hop, links in _hops(trace):
        heads = []
        for link in links:
            stored = names(link.slot)
            if isinstance(stored, str):
                tail = before[link.parent] if link.parent >= 0 else _mixture(question, hop - 1)
                heads.append(_add_pattern(graph, tail, stored, link, hop))
            else:
                heads.append(_add_fact(graph, stored, link, hop))
        before = heads
    return graph


def _hops(trace: Trace) -> Iterator[tuple[int, tuple[Link, ...]]]:
    return ((number, hop.links) for number, hop in enumerate(trace.hops, 1))


def _mixture(question: str, hop: int) -> str:
    return question if hop == 0 else f"{question} after hop {hop}"


def _add_pattern(graph: Graph, tail: str, name: str, link: Link, hop: int) -> str:
    if tail not in graph:
        graph.add_node(tail, kind="query", label=tail, hop=hop - 1)
    if name not in graph:
        graph.add_node(name, kind="pattern", label=name, hop=hop)
    graph.add_edge(tail, name, kind="read", label="", share=link.share, similarity=link.similarity, hop=hop)
    return name


def _add_fact(graph: Graph, stored: Stored, link: Link, hop: int) -> str:
    fact, inverse = stored
    near, far = (fact.target, fact.source) if inverse else (fact.source, fact.target)
    add_term(graph, near, hop=hop - 1)
    add_term(graph, far, hop=hop)
    key = f"fact:{fact.id}@{hop}"
    if not graph.has_edge(str(fact.source), str(fact.target), key):
        graph.add_edge(
            str(fact.source),
            str(fact.target),
            key,
            kind="fact",
            label=fact.relation,
            fact=fact.id,
            share=link.share,
            similarity=link.similarity,
            hop=hop,
            **_truth(fact.judgement),
        )
    return str(far)


def add_term(graph: Graph, term: Term, *, hop: int, kind: str = "term") -> None:
    """Add the node of a term, or leave it as it is if the walk has seen it before."""
    if str(term) not in graph:
        graph.add_node(str(term), kind=kind, label=plain_name(term), hop=hop)
    elif hop < graph.nodes[str(term)]["hop"]:
        graph.nodes[str(term)]["hop"] = hop


def _truth(judgement: Judgement) -> dict[str, float]:
    truth = judgement.truth
    return {
        "f": float(truth.frequency),
        "c": float(truth.confidence),
        "w_plus": float(truth.w_plus),
        "w": float(truth.w),
    }


def add_match(graph: Graph, match: Judgement, query: Term, key: Term) -> None:
    """Add the premise of a soft match: an edge between a query and the term that it was like."""
    hop = min((graph.nodes[name]["hop"] for name in (str(query), str(key)) if name in graph), default=0)
    add_term(graph, query, hop=hop, kind="query")
    add_term(graph, key, hop=hop)
    similarity = float(match.truth.frequency)
    name = f"match:{query}:{key}"
    graph.add_edge(
        str(query), str(key), name, kind="match", label="<->", similarity=similarity, hop=hop + 1, **_truth(match)
    )


def mark(graph: Graph, derivation: Derivation) -> None:
    """Mark in a hop graph the edges that a derivation cites (`cited`), with the rule that used each first (`rule`)."""
    rule_of: dict[str, str] = {}
    for step in derivation.steps:
        for premise in step.premises:
            rule_of.setdefault(premise, step.rule)
    cited = {fact.id for fact in derivation.facts}
    for *_, data in graph.edges(data=True):
        if data.get("fact") in cited:
            data["cited"] = True
            if rule := rule_of.get(f"fact:{data['fact']}"):
                data.setdefault("rule", rule)
    for place, match in enumerate(derivation.matches):
        assert isinstance(match.term, Statement)
        one, other = str(match.term.subject), str(match.term.predicate)
        for tail, head in ((one, other), (other, one)):
            if graph.has_edge(tail, head, f"match:{tail}:{head}"):
                graph.edges[tail, head, f"match:{tail}:{head}"].update(cited=True, rule=rule_of[f"match:{place}"])


def from_derivation(derivation: Derivation) -> Graph:
    """Draw a proof: statements and steps are nodes; edges lead from premises to a step, and from it to its conclusion.

    Nodes are `fact:ID`, `match:K` and `step:K` (statements: kind, label, f, c, stamp as text) and `rule:K` (steps).
    Facts have their `source`, `relation` (as it was given), `target` and `place` too: the proof can be read back.
    """
    graph: Graph = nx.MultiDiGraph()
    cited = [(f"fact:{fact.id}", "fact", fact.judgement) for fact in derivation.facts]
    cited += [(f"match:{place}", "match", match) for place, match in enumerate(derivation.matches)]
    cited += [(f"step:{place}", "conclusion", step.conclusion) for place, step in enumerate(derivation.steps)]
    for name, kind, judgement in cited:
        stamp = " ".join(map(str, sorted(judgement.stamp)))
        graph.add_node(name, kind=kind, label=str(judgement.term), stamp=stamp, **_truth(judgement))
    for place, fact in enumerate(derivation.facts):
        more = {"source": str(fact.source), "relation": fact.relation, "target": str(fact.target), "place": place}
        graph.nodes[f"fact:{fact.id}"].update(more)
    for place, step in enumerate(derivation.steps):
        graph.add_node(f"rule:{place}", kind="rule", label=step.rule)
        for order, premise in enumerate(step.premises, 1):
            graph.add_edge(premise, f"rule:{place}", kind="premise", label=str(order))
        graph.add_edge(f"rule:{place}", f"step:{place}", kind="conclusion", label=step.rule)
    return graph
