"""The inference rules that answering needs, as lines of Narsese, and how one is applied."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from itertools import product
from typing import NamedTuple

from hybridattn.errors import DerivationError
from hybridattn.reasoning import truth
from hybridattn.reasoning.judgement import Judgement
from hybridattn.reasoning.narsese import parse_term
from hybridattn.reasoning.term import Compound, Statement, Term, Variable, substitute
from hybridattn.reasoning.truth import Truth

__all__ = ["RULES", "Rule", "apply_rule", "rules"]

RULES = """
revision     $S                       $S                       $S
deduction    <$M --> $P>              <$S --> $M>              <$S --> $P>
analogy      <(*, $M, $P) --> $R>     <$S <-> $M>              <(*, $S, $P) --> $R>
analogy      <(*, $S, $M) --> $R>     <$M <-> $P>              <(*, $S, $P) --> $R>
analogy      <$M --> $P>              <$S <-> $M>              <$S --> $P>
analogy      <$S --> $M>              <$M <-> $P>              <$S --> $P>
resemblance  <$M <-> $P>              <$S <-> $M>              <$S <-> $P>
"""
"""A rule a line, in the order of the book: its truth function, two premises, the conclusion."""

TRUTH: Mapping[str, Callable[[Truth, Truth], Truth]] = {
    "revision": truth.revision,
    "deduction": truth.deduction,
    "analogy": truth.analogy,
    "resemblance": truth.resemblance,
    "intersection": truth.intersection,
}

Bindings = Mapping[Variable, Term]


class Rule(NamedTuple):
    """Two premises and the conclusion as terms over variables, with the name of the truth function."""

    name: str
    first: Term
    second: Term
    conclusion: Term


@cache
def rules() -> tuple[Rule, ...]:
    """Read the rule table `RULES` with the parser of the users."""
    lines = (re.split(r"\s{2,}", line) for line in RULES.strip().splitlines())
    return tuple(Rule(name, *map(parse_term, terms)) for name, *terms in lines)


def apply_rule(name: str, first: Judgement, second: Judgement) -> Judgement:
    """Draw the conclusion of two judgements whose evidence is separate.

    `deduction` from an implication discharges the first of its conditions that the second premise fits: `<(&&, A, B)
    ==> C>` and A give `<B ==> C>`, and that with B gives C (NAL-5 and 6). As in the table of the engine, which allows
    this line to use evidence again, a rule may serve at several steps of one proof: deduction adds no evidence.

    `intersection` joins what two facts say of a term that they share, and leaves that term open: `(&&, <(*, a, #1) -->
    r>, <(*, #1, c) --> s>)`, which holds as far as both hold (NAL-6, introduction of a dependent variable).

    Raises:
        DerivationError: there is no such rule, the premises do not fit it, or they share evidence.
    """
    if name not in TRUTH:
        raise DerivationError(f"rule must be one of {', '.join(TRUTH)}; got {name!r}")
    conditional = name == "deduction" and isinstance(first.term, Statement) and first.term.copula == "==>"
    if (shared := first.stamp & second.stamp) and not conditional:
        raise DerivationError(f"premises of {name} must rest on separate evidence; both rest on {sorted(shared)}")
    if conditional:
        term = _discharged(first.term, second.term)
    elif name == "intersection":
        term = _joined(first.term, second.term)
    else:
        term = _concluded(name, first.term, second.term)
    return Judgement(term, TRUTH[name](first.truth, second.truth), first.stamp | second.stamp)


def _concluded(name: str, first: Term, second: Term) -> Term:
    if name == "analogy" and isinstance(first, Compound) and first.connector == "&&":
        last = first.parts[-1]
        similar = isinstance(last, Statement) and last.copula == "<->"
        drawn = _concluded("resemblance", second, last) if similar else _concluded(name, last, second)
        return Compound("&&", (*first.parts[:-1], drawn))
    for one, other in product(_readings(first), _readings(second)):
        for rule in rules():
            if rule.name == name and (both := _unified(rule.second, other, _unified(rule.first, one, {}))) is not None:
                drawn = substitute(rule.conclusion, both)
                if name == "revision" or not isinstance(drawn, Statement) or drawn.subject != drawn.predicate:
                    return drawn
    raise DerivationError(f"{name} does not fit the premises {first} and {second}")


def _discharged(rule: Term, known: Term) -> Term:
    assert isinstance(rule, Statement)
    several = isinstance(rule.subject, Compound) and rule.subject.connector == "&&"
    conditions = rule.subject.parts if isinstance(rule.subject, Compound) and several else (rule.subject,)
    for (place, condition), one in product(enumerate(conditions), _readings(known)):
        if (bindings := _unified(condition, one, {})) is not None:
            left = [substitute(part, bindings) for part in (*conditions[:place], *conditions[place + 1 :])]
            then = substitute(rule.predicate, bindings)
            if not left:
                return then
            return Statement("==>", left[0] if len(left) == 1 else Compound("&&", tuple(left)), then)
    raise DerivationError(f"deduction does not fit the premises {rule} and {known}")


def _readings(term: Term) -> tuple[Term, ...]:
    """Give a term as it is written and, if it is a similarity, turned round."""
    if isinstance(term, Statement) and term.copula == "<->":
        return term, Statement("<->", term.predicate, term.subject)
    return (term,)


def same_statement(one: Term, other: Term) -> bool:
    """Tell whether two terms say the same, where a similarity may be written either way round."""
    return other in _readings(one)


def _unified(pattern: Term, term: Term, bindings: Bindings | None) -> Bindings | None:
    """Find what makes `pattern` equal to `term`, beyond what is bound already."""
    if bindings is None:
        return None
    if isinstance(pattern, Variable):
        return {**bindings, pattern: term} if bindings.get(pattern, term) == term else None
    if isinstance(pattern, Statement) and isinstance(term, Statement) and pattern.copula == term.copula:
        return _unified(pattern.predicate, term.predicate, _unified(pattern.subject, term.subject, bindings))
    if isinstance(pattern, Compound) and isinstance(term, Compound) and pattern.connector == term.connector:
        if len(pattern.parts) != len(term.parts):
            return None
        for part, of_term in zip(pattern.parts, term.parts, strict=True):
            bindings = _unified(part, of_term, bindings)
        return bindings
    return bindings if pattern == term else None


def ends(statement: Term) -> tuple[Term, Term]:
    """Give what a statement leads from and to: subject and predicate, or the two parts of a related pair."""
    if not isinstance(statement, Statement):
        raise DerivationError(f"expected a statement that leads from a term to a term; got {statement}")
    pair = statement.subject
    if statement.copula == "-->" and isinstance(pair, Compound) and pair.connector == "*" and len(pair.parts) == 2:
        return pair.parts[0], pair.parts[1]
    return statement.subject, statement.predicate


def _with_ends(statement: Term, source: Term, target: Term) -> Statement:
    assert isinstance(statement, Statement)
    if ends(statement) == (statement.subject, statement.predicate):
        return Statement(statement.copula, source, target)
    return Statement(statement.copula, Compound("*", (source, target)), statement.predicate)


def _joined(first: Term, second: Term) -> Term:
    parts = first.parts if isinstance(first, Compound) and first.connector == "&&" else (first,)
    witness = Variable("#", str(len(parts)))
    for one, other in product(_readings(parts[-1]), _readings(second)):
        (before, shared), (also, after) = ends(one), ends(other)
        if shared == also:
            return Compound("&&", (*parts[:-1], _with_ends(one, before, witness), _with_ends(other, witness, after)))
    (_, shared), (also, _) = ends(parts[-1]), ends(second)
    raise DerivationError(f"intersection needs a shared term: {first} leads to {shared}, but {second} starts at {also}")
