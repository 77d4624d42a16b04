"""Traces and derivations as the reports that pages show."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import networkx as nx

from hybridattn.reasoning import Derivation, Fact, Judgement
from hybridattn.reasoning.fact import plain_name
from hybridattn.reasoning.graph import Graph, from_derivation, from_trace
from hybridattn.reasoning.truth import expectation
from hybridattn.trace import Trace
from hybridattn.view.formats import node_link

__all__ = ["of_derivation", "of_trace"]


def of_trace(trace: Trace) -> dict[str, Any]:
    """Give a report without answers, whose graph has a node a slot; the questions of a batch are beside each other."""
    several = len(trace.cut) > 1
    graph: Graph = nx.MultiDiGraph()
    for number, one in enumerate(trace.split()):
        query, tail = (f"query {number}", f" of query {number}") if several else ("query", "")
        graph.update(from_trace(one, partial(_slot, tail), question=query))
    cut = ", ".join(dict.fromkeys(filter(None, trace.cut)))
    asked = f"{len(trace.cut)} queries" if several else "a query"
    return {"question": f"What {asked} attended to", "cut": cut, "answers": [], "graph": node_link(graph)}


def _slot(tail: str, number: int) -> str:
    return f"slot {number}{tail}"


def of_derivation(derivation: Derivation) -> dict[str, Any]:
    """Give a report with one answer, the conclusion, and the graph of its proof: a column an inference."""
    conclusion = derivation.conclusion
    answer = {
        "term": str(conclusion.term),
        **_truth(conclusion),
        "expectation": float(expectation(conclusion.truth.capped())),
        "derivation": [
            {
                "rule": step.rule,
                "premises": list(step.premises),
                "conclusion": str(step.conclusion.term),
                **_truth(step.conclusion),
                "stamp": sorted(step.conclusion.stamp),
            }
            for step in derivation.steps
        ],
        "facts": [_fact(fact) for fact in derivation.facts],
        "matches": [_match(place, match) for place, match in enumerate(derivation.matches)],
        "alternatives": [],
    }
    return {"question": f"{conclusion.term}", "cut": "", "answers": [answer], "graph": _graph(derivation)}


def _truth(judgement: Judgement) -> dict[str, float]:
    truth = judgement.truth.capped()
    return {"frequency": float(truth.frequency), "confidence": float(truth.confidence)}


def _fact(fact: Fact) -> dict[str, Any]:
    ends = {"source": plain_name(fact.source), "relation": fact.relation, "target": plain_name(fact.target)}
    return {"id": fact.id, **ends, **_truth(fact.judgement), "observations": sorted(fact.judgement.stamp)}


def _match(place: int, match: Judgement) -> dict[str, Any]:
    query, key = match.term.subject, match.term.predicate  # type: ignore[attr-defined]
    return {"id": place, "query": str(query), "key": str(key), **_truth(match), "stamp": sorted(match.stamp)}


def _graph(derivation: Derivation) -> Mapping[str, Any]:
    """Draw the proof, with the column of each node as its hop: one to the right of all that lead to it.

    What is given stands just left of where it is used first.
    """
    graph = from_derivation(derivation)
    for node in nx.topological_sort(graph):
        graph.nodes[node]["hop"] = 1 + max((graph.nodes[one]["hop"] for one in graph.predecessors(node)), default=-1)
    for node in [node for node, count in graph.in_degree() if count == 0]:
        graph.nodes[node]["hop"] = min((graph.nodes[one]["hop"] for one in graph.successors(node)), default=1) - 1
    last = f"step:{len(derivation.steps) - 1}" if derivation.steps else f"fact:{derivation.facts[0].id}"
    graph.nodes[last]["role"] = "answer"
    for _, head, data in graph.edges(data=True):
        data |= {"cited": True, "hop": graph.nodes[head]["hop"]}
    return node_link(graph)
