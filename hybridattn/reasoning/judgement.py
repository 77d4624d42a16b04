"""A judgement: a term, how true it is, and the observations on which that rests."""

from dataclasses import dataclass

from hybridattn.errors import ArgumentError
from hybridattn.reasoning.term import Term
from hybridattn.reasoning.truth import Truth

__all__ = ["Judgement", "overlaps"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """A term with its truth and its stamp, the set of the ids of the observations it rests on.

    `str` gives a Narsese judgement.

    >>> from hybridattn.reasoning.term import Atom, inheritance
    >>> print(Judgement(inheritance(Atom("bird"), Atom("animal")), Truth(1, 0.9), frozenset({7})))
    <bird --> animal>. %1.00;0.90%

    Raises:
        ArgumentError: the stamp is no frozenset.
    """

    term: Term
    truth: Truth
    stamp: frozenset[int]

    def __post_init__(self) -> None:
        if not isinstance(self.stamp, frozenset):
            raise ArgumentError(f"stamp must be a frozenset of observation ids; got {self.stamp!r}")

    def __str__(self) -> str:
        return f"{self.term}. {self.truth}"


def overlaps(a: Judgement, b: Judgement) -> bool:
    """Tell whether two judgements share an observation: then revising them would count it twice."""
    return not a.stamp.isdisjoint(b.stamp)
