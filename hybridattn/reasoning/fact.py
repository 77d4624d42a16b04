"""A stored fact: what a slot of a memory stands for, in the terms of the logic."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from hybridattn.reasoning.judgement import Judgement
from hybridattn.reasoning.term import Atom, Term

__all__ = ["COPULA", "Fact", "plain_name"]

COPULA: Mapping[str, str] = MappingProxyType(
    {"is_a": "-->", "isa": "-->", "instance_of": "-->", "-->": "-->", "similar_to": "<->", "<->": "<->"}
)
"""The relations that are a copula between plain terms; any other is a relation of the pair of its terms."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A judgement that was given, with the parts by which a memory finds it."""

    id: int
    """The first observation of the fact."""
    source: Term
    relation: str
    """The name of the relation as it was given, such as `is_a` or `has_part`."""
    target: Term
    judgement: Judgement
    """The statement, its truth, and as stamp all observations of the fact."""

    def __str__(self) -> str:
        """Print the judgement in Narsese."""
        return str(self.judgement)


def plain_name(term: Term) -> str:
    """Give the name of an atom as it was given, without quotes, and the Narsese of any other term.

    >>> plain_name(Atom("24/7.n.01"))
    '24/7.n.01'
    """
    return term.name if isinstance(term, Atom) else str(term)
