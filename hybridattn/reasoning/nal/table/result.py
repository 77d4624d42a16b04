"""What a function of the rule table concludes."""

from typing import NamedTuple

from hybridattn.reasoning.term import Term

__all__ = ["Result"]


class Result(NamedTuple):
    """A conclusion, canonical but for the names of variables, or None where it is not allowed.

    The confidence that the truth function gives is multiplied by `reliance`.
    """

    term: Term | None
    reliance: float = 1.0
