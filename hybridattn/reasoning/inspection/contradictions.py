"""Where judgements with separate evidence disagree: one says rather yes, the other rather no."""

from collections.abc import Iterable
from dataclasses import dataclass

from hybridattn.errors import ArgumentError
from hybridattn.reasoning import truth
from hybridattn.reasoning.judgement import Judgement, overlaps
from hybridattn.reasoning.nal.engine.conclusion import Conclusion
from hybridattn.reasoning.nal.forms.canonical import canonical
from hybridattn.reasoning.term import Compound, Term
from hybridattn.reasoning.truth import Truth

__all__ = ["Contradiction", "contradictions"]


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two judgements of one statement, on different sides of 1/2; their evidence is `w_plus` and `w` of each truth."""

    term: Term
    """The statement, canonical, without a negation around it."""
    supporting: Judgement
    """What says rather yes, as it was given: of the statement, or of its negation with a low frequency."""
    opposing: Judgement
    """What says rather no, likewise."""
    support: Truth
    """What `supporting` says of `term`: its truth, negated if it is of the negation."""
    opposition: Truth
    """What `opposing` says of `term`."""

    @property
    def strength(self) -> float:
        """How far the two expectations are apart, in (0, 1)."""
        return float(truth.expectation(self.support) - truth.expectation(self.opposition))

    @property
    def revised(self) -> Truth:
        """What all evidence together says of `term`."""
        return truth.revision(self.support, self.opposition)

    def __str__(self) -> str:
        return f"{self.supporting} against {self.opposing}: together {self.term}. {self.revised}"


def contradictions(
    judgements: Iterable[Judgement | Conclusion], *, threshold: float = 0.0
) -> tuple[Contradiction, ...]:
    """Report every pair of judgements of one statement, in whichever form, that disagree and share no observation.

    They disagree if one expectation is above 1/2 by more than `threshold` and the other below it by more than that. A
    judgement of `(--, S)` counts as one of S with the frequency 1 - f. Pairs that share an observation are left out: a
    disagreement of evidence with itself comes from the way it was used.

    Args:
        judgements: judgements, or a `Conclusions`; terms are compared in canonical form.
        threshold: in [0, 1/2).

    Returns:
        The strongest first, then by term, then by the observations of both sides: the order of the input does not
        matter. n judgements of one statement make up to n^2/4 pairs.

    >>> from hybridattn.reasoning import parse_term
    >>> term = parse_term("<swan --> white>")
    >>> [found] = contradictions(
    ...     [Judgement(term, Truth(1.0, 0.9), frozenset({1})), Judgement(term, Truth(0.0, 0.5), frozenset({2}))]
    ... )
    >>> print(round(found.strength, 3), found.revised)
    0.7 %0.90;0.909090909%

    Raises:
        ArgumentError: the threshold is out of its range.
    """
    if not 0 <= threshold < 0.5:
        raise ArgumentError(f"threshold must be in [0, 0.5); got {threshold}")
    sides: dict[Term, tuple[_Side, _Side]] = {}
    for given in judgements:
        judgement = given.judgement if isinstance(given, Conclusion) else given
        term, said = _positive(judgement)
        lean = float(truth.expectation(said)) - 0.5
        if abs(lean) > threshold:
            side = sides.setdefault(term, ({}, {}))[lean < 0]
            side[judgement.stamp, said] = min(judgement, side.get((judgement.stamp, said), judgement), key=str)
    found = [
        Contradiction(term, yes, no, support, opposition)
        for term, (above, below) in sides.items()
        for (_, support), yes in above.items()
        for (_, opposition), no in below.items()
        if not overlaps(yes, no)
    ]
    return tuple(sorted(found, key=_order))


_Side = dict[tuple[frozenset[int], Truth], Judgement]
"""What leans one way, by evidence and truth: the forms of a relation, or of a negation, say it once."""


def _positive(judgement: Judgement) -> tuple[Term, Truth]:
    """Take the negations around a statement away."""
    term, said = canonical(judgement.term), judgement.truth
    while isinstance(term, Compound) and term.connector == "--":
        term, said = term.parts[0], truth.negation(said)
    return term, said


def _order(one: Contradiction) -> tuple[float, str, list[int], list[int], str, str]:
    stamps = sorted(one.supporting.stamp), sorted(one.opposing.stamp)
    return -one.strength, str(one.term), *stamps, str(one.supporting), str(one.opposing)
