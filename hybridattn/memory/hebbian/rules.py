"""How an event in which units i and j are active to some degree counts as evidence for the synapse i -> j.

All sums run over events t with weights s_t, and take one or two matrix products.
"""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

__all__ = ["Agreement", "Comparison", "EvidenceRule", "Induction"]


class EvidenceRule(Protocol):
    """Evidence of events, and what active units then say about others."""

    @property
    def symmetric(self) -> bool:
        """Whether i -> j and j -> i have the same evidence."""
        ...

    def positive(self, pre: Tensor, post: Tensor, weight: Tensor, /) -> Tensor:
        """Sum the positive evidence of events: pre (m, d), post (m, v), weight (m,) -> (d, v)."""
        ...

    def total(self, pre: Tensor, post: Tensor, weight: Tensor, /) -> Tensor:
        """Sum all evidence of events: (d, v), or what broadcasts to it."""
        ...

    def votes(self, activity: Tensor, /) -> tuple[Tensor, Tensor]:
        """Weigh what each unit says: (for, against), how much its synapses count as they are, and denied."""
        ...


@dataclass(frozen=True)
class Induction:
    """NAL induction, then revision: w+ = sum a_i a_j and w = sum a_i, so that f(i -> j) is the share of j in i.

    {event --> j, event --> i} |- i --> j has f = a_j, w = a_i for each event (Wang 2013): the normalised Hebb rule. An
    event in which i is active and j is not is negative evidence (depression); one without i says nothing. A cue's
    inactive units say nothing.
    """

    @property
    def symmetric(self) -> bool:
        """Give False."""
        return False

    def positive(self, pre: Tensor, post: Tensor, weight: Tensor, /) -> Tensor:
        """Sum a_i a_j."""
        return (pre * weight.unsqueeze(-1)).mT @ post

    def total(self, pre: Tensor, post: Tensor, weight: Tensor, /) -> Tensor:
        """Sum a_i: (d, 1)."""
        return (weight @ pre).unsqueeze(-1)

    def votes(self, activity: Tensor, /) -> tuple[Tensor, Tensor]:
        """Let active units speak."""
        return activity, torch.zeros_like(activity)


@dataclass(frozen=True)
class Comparison(Induction):
    """NAL comparison, then revision: w+ = sum a_i a_j and w = sum or(a_i, a_j), with or(x, y) = x + y - x y.

    {event --> i, event --> j} |- i <-> j: the symmetric Hebb rule, the Jaccard index of two units.
    """

    @property
    def symmetric(self) -> bool:
        """Give True."""
        return True

    def total(self, pre: Tensor, post: Tensor, weight: Tensor, /) -> Tensor:
        """Sum or(a_i, a_j) = a_i + (1 - a_i) a_j, which never cancels."""
        return (weight @ pre).unsqueeze(-1) + ((1 - pre) * weight.unsqueeze(-1)).mT @ post


@dataclass(frozen=True)
class Agreement:
    """Both or neither: w+ = sum a_i a_j + (1 - a_i)(1 - a_j) and w = the number of events.

    This is induction from i to j together with induction from not i to not j. w+ - w- = sum (2 a_i - 1)(2 a_j - 1):
    with activities (1 + x) / 2 of patterns x of +1 and -1, the weights of a Hopfield network (Hopfield 1982). A cue's
    inactive units speak too: what their synapses say is denied.
    """

    @property
    def symmetric(self) -> bool:
        """Give True."""
        return True

    def positive(self, pre: Tensor, post: Tensor, weight: Tensor, /) -> Tensor:
        """Sum a_i a_j + (1 - a_i)(1 - a_j)."""
        weight = weight.unsqueeze(-1)
        return (pre * weight).mT @ post + ((1 - pre) * weight).mT @ (1 - post)

    def total(self, pre: Tensor, post: Tensor, weight: Tensor, /) -> Tensor:
        """Count the events: ()."""
        return weight.sum()

    def votes(self, activity: Tensor, /) -> tuple[Tensor, Tensor]:
        """Let active units speak for, and inactive ones against."""
        return activity, 1 - activity
