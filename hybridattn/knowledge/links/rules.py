"""Rules with evidence: a path, or a property of one end, that implies a relation."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from hybridattn.knowledge.links.walks import Body
from hybridattn.knowledge.sources.rows import atom, statement
from hybridattn.reasoning import Atom, Compound, Fact, Judgement, Statement, Term, Truth, Variable
from hybridattn.reasoning.fact import COPULA

__all__ = ["FAMILIES", "ConstantRule", "PathRule", "Rule", "link", "rule_fact"]

FAMILIES = ("path of 1", "path of 2", "path of 3", "constant answer", "constant question")
"""Kinds of rules, which rest on different kinds of evidence."""


@dataclass(frozen=True)
class PathRule:
    """r(X, Y) <- r1(X, A), r2(A, B), r3(B, Y), with w+ of w pairs that the body connects."""

    relation: int
    """The directed relation that is implied."""
    body: Body
    w_plus: float
    w: float


@dataclass(frozen=True)
class ConstantRule:
    """r(X, c) <- s(X, c'), with w+ of w entities that have the property; c' is None in r(X, c) <- s(X, _)."""

    relation: int
    constant: int
    property: int
    """The directed relation s."""
    value: int | None
    w_plus: float
    w: float


Rule: TypeAlias = PathRule | ConstantRule


def link(source: Term, name: str, target: Term) -> Statement:
    """State that two terms are related, as `hybridattn.FactMemory` does: some relations are inheritance or similarity.

    >>> str(link(Atom("ann"), "parent", Atom("bob"))), str(link(Atom("ape"), "isa", Atom("animal")))
    ('<(*, ann, bob) --> parent>', '<ape --> animal>')
    """
    return statement(source, COPULA.get(name) or str(atom(name)), atom(name), target)


def directed_link(source: Term, relation: int, target: Term, relations: Sequence[str]) -> Statement:
    """State an edge: an inverse relation is the relation with its ends changed over."""
    if relation < len(relations):
        return link(source, relations[relation], target)
    return link(target, relations[relation - len(relations)], source)


def implication(rule: Rule, entities: Sequence[str], relations: Sequence[str]) -> Statement:
    """Write a rule as Narsese; `$1` is where the question stands, the last variable is the answer.

    >>> print(implication(PathRule(0, (1, 1), 3, 4), (), ("grandparent", "parent")))
    <(&&, <(*, $1, $2) --> parent>, <(*, $2, $3) --> parent>) ==> <(*, $1, $3) --> grandparent>>
    """
    one = Variable("$", "1")
    if isinstance(rule, PathRule):
        ends: list[Term] = [Variable("$", str(place)) for place in range(1, len(rule.body) + 2)]
        steps = [directed_link(ends[i], r, ends[i + 1], relations) for i, r in enumerate(rule.body)]
        condition: Term = steps[0] if len(steps) == 1 else Compound("&&", tuple(steps))
        return Statement("==>", condition, directed_link(one, rule.relation, ends[-1], relations))
    value: Term = Variable("$", "2") if rule.value is None else Atom(entities[rule.value])
    condition = directed_link(one, rule.property, value, relations)
    return Statement("==>", condition, directed_link(one, rule.relation, Atom(entities[rule.constant]), relations))


def rule_fact(rule: Rule, number: int, entities: Sequence[str], relations: Sequence[str]) -> Fact:
    """Give a rule as a judgement to cite: frequency w+/w, confidence w/(w + 1), `number` as its stamp."""
    term = implication(rule, entities, relations)
    judgement = Judgement(term, Truth.from_evidence(rule.w_plus, rule.w), frozenset({number}))
    return Fact(number, term.subject, "==>", term.predicate, judgement)
