"""Path rules of a link predictor as Narsese: out, for a person, and back in."""

from collections.abc import Iterable, Sequence

from hybridattn.errors import ArgumentError
from hybridattn.knowledge.links.graph import TripleGraph
from hybridattn.knowledge.links.rules import PathRule, rule_fact
from hybridattn.knowledge.links.walks import LENGTHS
from hybridattn.reasoning import Atom, Compound, Sentence, Statement, Term, Variable, read_sentences
from hybridattn.reasoning.fact import plain_name
from hybridattn.reasoning.truth import CAP, DEFAULT

__all__ = ["path_rule_text", "read_path_rules"]

Edge = tuple[Term, str, Term]


def path_rule_text(rules: Iterable[PathRule], graph: TripleGraph) -> list[str]:
    """Print path rules as Narsese judgements, those of the highest expectation first; confidence is cut to .99.

    A rule of one step says that a relation implies another, is another the other way round, or, of itself the other way
    round, that it is symmetric.

    >>> graph = TripleGraph.of([("ann", "mother", "bob"), ("ann", "parent", "bob")])
    >>> print(*path_rule_text([PathRule(1, (0,), 3, 4)], graph))
    <<(*, $1, $2) --> mother> ==> <(*, $1, $2) --> parent>>. %0.75;0.80%
    """
    judgements = [rule_fact(rule, 0, graph.entities, graph.relations).judgement for rule in rules]
    judgements.sort(key=lambda one: one.truth.confidence * (0.5 - one.truth.frequency))
    return [str(judgement) for judgement in judgements]


def read_path_rules(lines: Iterable[str], graph: TripleGraph, *, source: str = "<text>") -> tuple[PathRule, ...]:
    """Read path rules from Narsese, one a line, as `path_rule_text` prints them: w = c / (1 - c), w+ = f w.

    The confidence that was cut to .99 reads as w = 99. Blank lines and comments are left out.

    Raises:
        NarseseError: a line is no sentence.
        ArgumentError: a sentence is no rule along a path of up to three steps: names the source and the line.
        UnknownTermError: the graph has no such relation.
    """
    return tuple(
        _read(sentence, graph, f"{source}:{number}") for number, sentence in read_sentences(lines, source=source)
    )


def _read(sentence: Sentence, graph: TripleGraph, where: str) -> PathRule:
    edges, truth = _edges(sentence.term), sentence.truth or DEFAULT
    if edges is None or sentence.punctuation != "." or not 0 < truth.confidence <= CAP:
        raise ArgumentError(f"{where}: expected a rule along a path of 1 to {LENGTHS[-1]} steps; got {sentence}")
    *path, (start, relation, end) = edges
    body = _walked(path, start, end, graph)
    if body is None:
        raise ArgumentError(f"{where}: expected conditions that lead from {start} to {end}; got {sentence}")
    return PathRule(graph.relation(relation), body, float(truth.w_plus), float(truth.w))


def _edges(term: Term) -> list[Edge] | None:
    """Give the conditions of a rule in order, and last what it concludes; None where it is no rule of relations."""
    if not isinstance(term, Statement) or term.copula != "==>":
        return None
    several = isinstance(term.subject, Compound) and term.subject.connector == "&&"
    parts = term.subject.parts if isinstance(term.subject, Compound) and several else (term.subject,)
    edges = [_edge(part) for part in (*parts, term.predicate)]
    found = [edge for edge in edges if edge is not None]
    return found if len(found) == len(edges) and len(found) - 1 in LENGTHS else None


def _edge(term: Term) -> Edge | None:
    if not isinstance(term, Statement):
        return None
    pair, relation = term.subject, plain_name(term.predicate)
    if isinstance(pair, Compound) and pair.connector == "*" and len(pair.parts) == 2 and term.copula == "-->":
        ends: Sequence[Term] = pair.parts
    elif isinstance(pair, Variable) and isinstance(term.predicate, Variable):
        ends, relation = (pair, term.predicate), {"-->": "is_a", "<->": "similar_to"}.get(term.copula, "")
    else:
        return None
    variables = all(isinstance(end, Variable) for end in ends)
    named = isinstance(term.predicate, Atom | Variable) and relation
    return (ends[0], relation, ends[1]) if variables and named else None


def _walked(path: Sequence[Edge], start: Term, end: Term, graph: TripleGraph) -> tuple[int, ...] | None:
    """Give the directed relations from start to end; None where the path leads elsewhere or comes by a place twice."""
    here, met, body = start, {start}, []
    for source, name, target in path:
        if here not in (source, target) or source == target:
            return None
        forward = here == source
        relation = graph.relation(name)
        body.append(relation if forward else int(graph.inverse(relation)))
        here = target if forward else source
        if here in met:
            return None
        met.add(here)
    return tuple(body) if here == end else None
