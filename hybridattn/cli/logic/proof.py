"""The proof of an answer as the report that a page shows."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import networkx as nx

    from hybridattn.reasoning.nal import Conclusion, Conclusions
    from hybridattn.reasoning.term import Term

__all__ = ["report", "rule_of", "surest"]


def rule_of(one: "Conclusion") -> str:
    """Name the rule that concluded a sentence, `input` for what was given."""
    return "input" if one.rule is None else one.rule.name


def surest(found: "Conclusions") -> "list[Conclusion]":
    """Give the surest derived judgement of each term, in canonical form if it has it; surest and shortest first."""
    from hybridattn.reasoning.nal.forms.canonical import meaning

    derived = [(one, meaning(one.term)) for one in found if not _is_told(one)]
    derived.sort(
        key=lambda way: (
            -way[0].judgement.truth.confidence,
            len(str(way[1])),
            str(way[1]),
            way[0].term != way[1],
            way[0].number,
        )
    )
    best: dict[Term, Conclusion] = {}
    for one, said in derived:
        best.setdefault(said, one)
    return list(best.values())


def _is_told(one: "Conclusion") -> bool:
    """Tell whether it is an input, in whichever form."""
    while one.is_form:
        one = one.premises[0]
    return one.rule is None


def report(found: "Conclusions") -> dict[str, Any]:
    """Give a page what it shows: the first question that has an answer and its proof, or else the best conclusion."""
    asked = {question: answer for question, answer in found.answers.items() if answer is not None}
    question, answer = next(iter(asked.items()), (None, None))
    if answer is None and not found.answers:
        answer = next(iter(surest(found)), None)
    title = question or next(iter(found.answers), None) or (answer.term if answer else "Nothing was derived")
    report = {"question": f"{title}?" if found.answers else str(title), "cut": found.cut}
    if answer is None:
        return {**report, "answers": [], "graph": {"nodes": [], "edges": []}}
    return {**report, **_proof(answer)}


def _proof(answer: "Conclusion") -> dict[str, Any]:
    """Lay out a proof as `ask --json` does: facts are inputs; statements and inferences are the nodes of the graph."""
    from hybridattn.reasoning.inspection.nal_proof import as_derivation, used_in
    from hybridattn.reasoning.nal import proof
    from hybridattn.reasoning.truth import expectation
    from hybridattn.view import explained

    used = used_in(proof(answer))
    derivation, functions = as_derivation(used)
    facts = [one for one in used if one.rule is None]
    steps = [one for one in used if one.rule is not None]
    names = {id(one): f"fact:{fact.id}" for one, fact in zip(facts, derivation.facts, strict=True)}
    names |= {id(one): f"step:{place}" for place, one in enumerate(steps)}
    shown = {
        "term": str(answer.term),
        **_truth(answer),
        "expectation": float(expectation(answer.judgement.truth)),
        "derivation": [_step(one, names) for one in steps],
        "facts": [_fact(fact.id, one) for one, fact in zip(facts, derivation.facts, strict=True)],
        "matches": [],
        "alternatives": [],
        "explanation": explained(derivation, functions=functions),
    }
    return {"answers": [shown], "graph": _graph(used, names)}


def _truth(one: "Conclusion") -> dict[str, float]:
    truth = one.judgement.truth
    return {"frequency": float(truth.frequency), "confidence": float(truth.confidence)}


def _step(one: "Conclusion", names: Mapping[int, str]) -> dict[str, Any]:
    premises = [names.get(id(premise), str(premise)) for premise in one.premises]
    return {
        "rule": rule_of(one),
        "premises": premises,
        "conclusion": str(one.term),
        **_truth(one),
        "stamp": sorted(one.stamp),
    }


def _fact(number: int, one: "Conclusion") -> dict[str, Any]:
    from hybridattn.reasoning.term import Statement

    term = one.term
    sides = (term.subject, term.copula, term.predicate) if isinstance(term, Statement) else (term, "", "")
    source, relation, target = map(str, sides)
    ends = {"source": source, "relation": relation, "target": target}
    return {"id": number, **ends, **_truth(one), "observations": sorted(one.stamp)}


def _graph(judged: "Sequence[Conclusion]", names: Mapping[int, str]) -> dict[str, Any]:
    """Draw statements and inferences as nodes, so that the name of a rule has a place that no statement covers."""
    import networkx as nx

    from hybridattn.view import node_link

    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    levels = _levels(judged)
    for one in judged:
        role = {"role": "answer"} if one is judged[-1] else {}
        truth = one.judgement.truth
        more = {"f": float(truth.frequency), "c": float(truth.confidence), **role}
        graph.add_node(names[id(one)], kind="term", label=str(one.term), level=levels[id(one)], **more)
    for one in judged:
        if one.rule is not None:
            _add_inference(graph, one, names, levels[id(one)])
    return node_link(graph)


def _levels(judged: "Sequence[Conclusion]") -> dict[int, int]:
    """Count the inferences on the longest way from the inputs: every conclusion stands after all its premises."""
    levels: dict[int, int] = {}
    for one in judged:
        levels[id(one)] = 1 + max((levels[id(p)] for p in one.premises if id(p) in levels), default=-1)
    return levels


def _add_inference(graph: "nx.MultiDiGraph[str]", one: "Conclusion", names: Mapping[int, str], level: int) -> None:
    node, rule = f"rule:{names[id(one)].partition(':')[2]}", rule_of(one)
    graph.add_node(node, kind="rule", label=rule, level=level - 0.5)  # an inference stands before its conclusion
    common = {"kind": "fact", "label": "", "rule": rule, "level": level, "cited": True}
    for premise in one.premises:
        if id(premise) in names:
            kind, number = names[id(premise)].split(":")
            graph.add_edge(names[id(premise)], node, **common, **({"fact": int(number)} if kind == "fact" else {}))
    graph.add_edge(node, names[id(one)], **common, f=_truth(one)["frequency"], c=_truth(one)["confidence"])
