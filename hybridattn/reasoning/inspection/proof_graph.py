"""Proofs as networkx graphs and back: sentences and inference steps are nodes, attributes are plain."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import networkx as nx

from hybridattn.errors import DerivationError, HybridAttnError
from hybridattn.reasoning import graph as drawing
from hybridattn.reasoning.derivation import Derivation, Inference
from hybridattn.reasoning.fact import Fact, plain_name
from hybridattn.reasoning.graph import Graph
from hybridattn.reasoning.judgement import Judgement
from hybridattn.reasoning.nal.engine.conclusion import Conclusion, proof
from hybridattn.reasoning.nal.table.reading import InferenceRule, rule_table
from hybridattn.reasoning.narsese import parse_term
from hybridattn.reasoning.term import Atom, Compound, Statement, Term
from hybridattn.reasoning.truth import Truth

__all__ = ["derivation_from_graph", "derivation_to_graph", "from_graph", "to_graph"]

AnyGraph: TypeAlias = "nx.DiGraph[str]"
"""A MultiDiGraph, or what `read_graphml` makes of one without parallel edges."""
MARKS: Mapping[str, str] = {"input": ".", "conclusion": ".", "question": "?", "compound": ""}


def to_graph(sentences: Iterable[Conclusion]) -> Graph:
    """Draw a proof of the engine, or all of its conclusions; what they rest on is drawn with them.

    Args:
        sentences: a proof (see `proof`), a `Conclusions`, or any of its sentences.

    Returns:
        Nodes `sentence:K` (kind `input`, `conclusion`, `question` or `compound`; label in Narsese, place K, level,
        priority, stamp as text, and f, c, w_plus, w of judgements) and `rule:K` (kind `rule`, label, the line of the
        table as `rule`, its level as `nal`); edges from premises (kind `premise`, their order as label) to a rule, and
        from it to its conclusion (kind `conclusion`). All is plain Python: GraphML and node-link data keep it.

    >>> from hybridattn.reasoning import parse_sentence, parse_term
    >>> from hybridattn.reasoning.nal import derive
    >>> found = derive([parse_sentence("<a --> b>."), parse_sentence("<b --> c>.")], levels=1)
    >>> print(from_graph(to_graph(found.proof(found.best(parse_term("<a --> c>")))))[-1])
    <a --> c>. %1.00;0.81%
    """
    graph: Graph = nx.MultiDiGraph()
    roof = Conclusion(Atom("all"), "", None, frozenset(), premises=tuple(sentences))
    steps = proof(roof)[:-1]
    names = {id(step): f"sentence:{place}" for place, step in enumerate(steps)}
    for place, step in enumerate(steps):
        graph.add_node(names[id(step)], place=place, **_attributes(step))
    for place, step in enumerate(steps):
        if step.rule is not None:
            node = f"rule:{place}"
            graph.add_node(node, kind="rule", label=step.rule.name, rule=step.rule.line, nal=step.rule.level)
            for order, premise in enumerate(step.premises, 1):
                graph.add_edge(names[id(premise)], node, kind="premise", label=str(order))
            graph.add_edge(node, names[id(step)], kind="conclusion", label=step.rule.name)
    return graph


def _attributes(step: Conclusion) -> dict[str, str | int | float]:
    kind = {"?": "question", "": "compound"}.get(step.punctuation, "conclusion" if step.rule else "input")
    stamp = " ".join(map(str, sorted(step.stamp)))
    plain: dict[str, str | int | float] = {
        "kind": kind, "label": str(step.term), "stamp": stamp, "level": step.level, "priority": float(step.priority),
    }  # fmt: skip
    truth = step.truth
    if truth is not None:
        plain |= {"f": float(truth.frequency), "c": float(truth.confidence)}
        plain |= {"w_plus": float(truth.w_plus), "w": float(truth.w)}
    return plain


def from_graph(graph: AnyGraph, *, rules: Iterable[InferenceRule] | None = None) -> tuple[Conclusion, ...]:
    """Read back what `to_graph` drew: each sentence after its premises, so that a proof can be `replayed`.

    Args:
        graph: with the attributes of `to_graph`; read from GraphML or node-link data too.
        rules: where the lines of the rules are looked up, by default `rule_table()`.

    Raises:
        DerivationError: an attribute is missing or senseless, a rule is not in the table, a sentence has two rules or
            comes before a premise. Whether the steps are right is for `replayed` to say.
    """
    table = {rule.line: rule for rule in (rule_table() if rules is None else rules)}
    made: dict[str, Conclusion] = {}
    drawn = [name for name in graph if _read(graph, name, "kind") != "rule"]
    for name in sorted(drawn, key=lambda name: int(_read(graph, name, "place"))):
        steps = list(graph.predecessors(name))
        if len(steps) > 1:
            raise DerivationError(f"{name} must follow from one rule; got {', '.join(steps)}")
        rule: InferenceRule | None = None
        premises: tuple[Conclusion, ...] = ()
        if steps:
            line = _read(graph, steps[0], "rule")
            if line not in table:
                raise DerivationError(f"{steps[0]} must have a line of the rule table; got {line!r}")
            rule, premises = table[line], tuple(_premises(graph, steps[0], made))
        made[name] = _sentence(graph, name, rule, premises)
    return tuple(made.values())


def _premises(graph: AnyGraph, rule: str, made: Mapping[str, Conclusion]) -> list[Conclusion]:
    names = _ordered(graph, rule)
    if missing := [name for name in names if name not in made]:
        raise DerivationError(f"{rule} has the premise {missing[0]}, which is not before it")
    return [made[name] for name in names]


def _ordered(graph: AnyGraph, rule: str) -> list[str]:
    edges = [(str(data.get("label", "")), tail) for tail, _, data in graph.in_edges(rule, data=True)]
    if sorted(order for order, _ in edges) != [str(order) for order in range(1, len(edges) + 1)]:
        raise DerivationError(f"the premises of {rule} must have the labels 1, 2, ...; got {edges}")
    return [tail for _, tail in sorted(edges)]


def _sentence(graph: AnyGraph, name: str, rule: InferenceRule | None, premises: tuple[Conclusion, ...]) -> Conclusion:
    kind = _read(graph, name, "kind")
    if kind not in MARKS:
        raise DerivationError(f"{name} must have a kind among rule, {', '.join(MARKS)}; got {kind!r}")
    level, priority, number = (_read(graph, name, what) for what in ("level", "priority", "place"))
    if MARKS[kind] == ".":
        said = _judgement(graph, name)
        return Conclusion(said.term, ".", said.truth, said.stamp, rule, premises, level, priority, number)
    return Conclusion(_term(graph, name), MARKS[kind], None, frozenset(), rule, premises, level, priority, number)


def _read(graph: AnyGraph, name: str, what: str) -> Any:
    data = graph.nodes[name]
    if what not in data:
        raise DerivationError(f"{name} must have the attribute {what}; has {', '.join(data)}")
    return data[what]


def _term(graph: AnyGraph, name: str, what: str = "label") -> Term:
    try:
        return parse_term(_read(graph, name, what))
    except HybridAttnError as wrong:
        raise DerivationError(f"{name}: {wrong}") from None


def _judgement(graph: AnyGraph, name: str) -> Judgement:
    term, stamp = _term(graph, name), _read(graph, name, "stamp")
    try:
        truth = Truth(float(_read(graph, name, "f")), float(_read(graph, name, "c")))
        return Judgement(term, truth, frozenset(map(int, str(stamp).split())))
    except ValueError as wrong:
        raise DerivationError(f"{name}: {wrong}") from None


def derivation_to_graph(derivation: Derivation) -> Graph:
    """Draw a `Derivation` as `graph.from_derivation` does; `derivation_from_graph` reads it back."""
    return drawing.from_derivation(derivation)


def derivation_from_graph(graph: AnyGraph) -> Derivation:
    """Read back what `derivation_to_graph` or `graph.from_derivation` drew, as a proof that replays.

    Where a fact has no `relation`, it gets that of its term, `-->` for an inheritance.

    Raises:
        DerivationError: an attribute is missing or senseless.
    """
    facts = sorted(_of(graph, "fact"), key=lambda name: graph.nodes[name].get("place", 0))
    matches, conclusions = (sorted(_of(graph, kind), key=_number) for kind in ("match", "conclusion"))
    steps = []
    for name in conclusions:
        rules = list(graph.predecessors(name))
        if len(rules) != 1:
            raise DerivationError(f"{name} must follow from one rule; got {', '.join(rules) or 'none'}")
        label, premises = _read(graph, rules[0], "label"), tuple(_ordered(graph, rules[0]))
        steps.append(Inference(label, premises, _judgement(graph, name)))
    return Derivation(
        tuple(_fact(graph, name) for name in facts), tuple(_judgement(graph, name) for name in matches), tuple(steps)
    )


def _of(graph: AnyGraph, kind: str) -> list[str]:
    return [name for name in graph if _read(graph, name, "kind") == kind]


def _number(name: str) -> int:
    return int(name.rpartition(":")[2])


def _fact(graph: AnyGraph, name: str) -> Fact:
    judgement, data = _judgement(graph, name), graph.nodes[name]
    if "relation" in data:
        source, target = _term(graph, name, "source"), _term(graph, name, "target")
        return Fact(_number(name), source, data["relation"], target, judgement)
    return Fact(_number(name), *_ends(judgement.term), judgement)


def _ends(term: Term) -> tuple[Term, str, Term]:
    if not isinstance(term, Statement):
        return term, "", term
    subject = term.subject
    if isinstance(subject, Compound) and subject.connector == "*" and len(subject.parts) == 2:
        return subject.parts[0], plain_name(term.predicate), subject.parts[1]
    return subject, term.copula, term.predicate
