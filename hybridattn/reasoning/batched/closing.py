"""The deductive closure: for every pair that a chain connects, the surest conclusion."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from hybridattn.reasoning.batched.conclusions import Closure
from hybridattn.reasoning.batched.searching import LIMIT, WIDTH, search
from hybridattn.reasoning.batched.statements import Statements
from hybridattn.reasoning.term import Term

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["closure", "numbered"]


def closure(
    statements: Statements,
    *,
    sources: Iterable[Term | int] | None = None,
    targets: Iterable[Term | int] | None = None,
    width: int = WIDTH,
    limit: int = LIMIT,
) -> Closure:
    """Conclude by deduction all that follows from inheritance statements, and for each pair keep the surest chain.

    A chain is composed from its source outward, `(((s -> a) a -> b) b -> c)`: f = f1 f2 and c = c1 c2 f a step, which
    is not associative where f < 1. Extending a chain never raises its f or its c, nor swaps the better of two for
    the worse, so the Pareto front of (f, c) at each pair is enough to find the best; with f = 1 it is a single chain.
    Of equally sure chains the one with the higher frequency, then the shorter, then the one whose premises come
    earlier. No chain rests twice on an observation; none of confidence 0 is concluded; none leads back to its source.

    Args:
        statements: what to start from.
        sources: whose conclusions to draw: terms, or ids if the statements came as arrays. By default all.
        targets: what to ask for: only chains that can still lead there are followed, so that what is concluded besides
            is what lies on the way. By default all.
        width: the longest front that is kept. `Closure.exact` says where a longer one might have changed the result.
        limit: how many chains may be held. `Closure.cut` says if that ended the search; what is there then is the best
            of all chains up to a number of hops.

    Time is O(chains log chains), the memory about 100 bytes a chain: arrays all along, and no Python for a single one.

    >>> import torch
    >>> from hybridattn.reasoning.batched import from_arrays
    >>> closed = closure(from_arrays(torch.tensor([1, 2]), torch.tensor([2, 3]), 0.9, 0.9))
    >>> print(closed.judgement(1, 3))
    <1 --> 3>. %0.81;0.6561%

    Raises:
        UnknownTermError: a source or a target is in no statement.
        ArgumentError: `width` or `limit` is below 1.
    """
    starts, goals = numbered(statements, sources), numbered(statements, targets)
    found = search(statements, starts, towards=goals, width=width, limit=limit)
    return Closure(statements, starts, found)


def numbered(statements: Statements, names: Iterable[Term | int] | None) -> "Tensor":
    """Give the numbers of nodes, (n,) int64, rising, each once: all for None; UnknownTermError if one is unknown."""
    import torch

    device = statements.nodes.device
    if names is None:
        return torch.arange(len(statements.nodes), device=device)
    return torch.tensor(sorted({statements.node(name) for name in names}), dtype=torch.int64, device=device)
