"""Which formula speaks about which experiment, for each kind of memory."""

import math
from collections.abc import Iterator

from hybridattn.experiments.reference import Question, Reference, Theory
from hybridattn.experiments.theory import (
    dense_capacity,
    epanechnikov_radius,
    exponential_capacity,
    hebb_critical_load,
    hebb_overlap,
    hebb_perfect_recall,
    masked_recall,
    noisy_recall,
    pseudo_inverse_capacity,
    ramsauer_capacity,
    storkey_capacity,
)

__all__ = [
    "epanechnikov_limits",
    "exponential_limits",
    "hebb_limits",
    "nearest_limits",
    "polynomial_limits",
    "polynomial_sequence_limits",
    "pseudo_inverse_limits",
    "pseudo_inverse_sequence_limits",
    "softmax_limits",
    "storkey_limits",
]

_POINTS = 120  # of a drawn curve
_FAILURE = 0.001  # the chance of failure that the paper's examples take


def hebb_limits(question: Question) -> Iterator[Reference]:
    """Give n / (2 ln n), .138 n, and the overlap at which the network settles, for random signs."""
    if question.varied == "patterns" and question.source == "signs":
        n = question.dim
        yield Reference(f"Hebb: n/(2 ln n) = {hebb_perfect_recall(n):.0f}", (hebb_perfect_recall(n),))
        yield Reference(f"Hebb: .138 n = {hebb_critical_load() * n:.0f}", (hebb_critical_load() * n,))
        grid = _grid(question)
        overlaps = tuple(hebb_overlap(size / n) for size in grid)
        yield Reference("Hebb: settled overlap (AGS)", grid, overlaps, "overlap")


def storkey_limits(question: Question) -> Iterator[Reference]:
    """Give n / sqrt(2 ln n), for random signs."""
    if question.varied == "patterns" and question.source == "signs":
        limit = storkey_capacity(question.dim)
        yield Reference(f"Storkey: n/sqrt(2 ln n) = {limit:.0f}", (limit,))


def pseudo_inverse_limits(question: Question) -> Iterator[Reference]:
    """Give n, up to which independent patterns are fixed."""
    if question.varied == "patterns":
        limit = pseudo_inverse_capacity(question.dim)
        yield Reference(f"pseudo-inverse: n = {limit:.0f}", (limit,))


def polynomial_limits(power: int) -> Theory:
    """Give the theory of a dense memory of this power: n^(p-1) / (2 (2p-3)!! ln n), for random signs."""

    def limits(question: Question) -> Iterator[Reference]:
        if question.varied == "patterns" and question.source == "signs":
            limit = dense_capacity(question.dim, power=power)
            yield Reference(f"power {power}: no error up to {limit:.0f}", (limit,))

    return limits


def exponential_limits(question: Question) -> Iterator[Reference]:
    """Give 2^(n/2), for random signs."""
    if question.varied == "patterns" and question.source == "signs" and question.dim < 2000:
        limit = exponential_capacity(question.dim)
        yield Reference(f"exponential: 2^(n/2) = {limit:.3g}", (limit,))


def softmax_limits(beta: float) -> Theory:
    """Give the theory of a softmax memory: Ramsauer's lower bound, for a sphere."""

    def limits(question: Question) -> Iterator[Reference]:
        if question.varied == "patterns" and question.source == "sphere" and question.dim > 2:
            radius = math.sqrt(question.dim / (question.dim - 1))
            found = ramsauer_capacity(question.dim, beta=beta, radius=radius, failure=_FAILURE)
            if found.holds:
                yield Reference(f"Ramsauer: at least {found.patterns:.3g}", (found.patterns,))

    return limits


def nearest_limits(question: Question) -> Iterator[Reference]:
    """Give the least chance that the nearest pattern is the right one, under noise or a mask, for random signs."""
    if question.source != "signs" or question.varied not in ("noise", "mask"):
        return
    n, stored, grid = question.dim, question.patterns, _grid(question)
    if question.varied == "noise":
        grid = tuple(x for x in grid if x > 0)
        chances = tuple(noisy_recall(n, stored, sigma=x) for x in grid)
        yield Reference("nearest is right, at least", grid, chances)
    else:
        yield Reference("nearest is right, at least", grid, tuple(masked_recall(n, stored, masked=x) for x in grid))


def epanechnikov_limits(beta: float | None) -> Theory:
    """Give the theory of the log-sum-ReLU memory: the noise whose typical length sigma sqrt(d) is the exact radius.

    The beta of `epanechnikov_memory`, None for 2 / d, is half of the paper's.
    """

    def limits(question: Question) -> Iterator[Reference]:
        if question.varied == "noise" and question.closest > 0:
            papers = 2 * (2 / question.dim if beta is None else beta)
            sigma = epanechnikov_radius(question.closest, beta=papers) / math.sqrt(question.dim)
            if sigma > 0:
                yield Reference(f"LSR: exact within sigma sqrt(d) = {sigma * math.sqrt(question.dim):.2g}", (sigma,))

    return limits


def polynomial_sequence_limits(power: int) -> Theory:
    """Give up to how many transitions a sequence memory with f(m) = m^(power - 1) makes none, or one, wrong.

    P_T = n^d / (2 (2d - 1)!! ln n) with d = power - 1, and P_S = P_T / (d + 1), for a whole sequence without an error
    (Chaudhry et al. 2023, arXiv 2306.04532).
    """

    def limits(question: Question) -> Iterator[Reference]:
        if question.varied == "length" and question.source == "signs":
            one = dense_capacity(question.dim, power=power)
            yield Reference(f"degree {power - 1}: P_T = {one:.0f}", (one,))
            yield Reference(f"degree {power - 1}: P_S = {one / power:.0f}", (one / power,))

    return limits


def pseudo_inverse_sequence_limits(question: Question) -> Iterator[Reference]:
    """Give n + 1, up to which a sequence of independent patterns is recalled exactly."""
    if question.varied == "length":
        yield Reference(f"pseudo-inverse: n + 1 = {question.dim + 1}", (question.dim + 1.0,))


def _grid(question: Question) -> tuple[float, ...]:
    low, high = min(question.values), max(question.values)
    if question.varied in ("patterns", "length"):
        return tuple(low * (high / low) ** (step / (_POINTS - 1)) for step in range(_POINTS))
    return tuple(low + (high - low) * step / (_POINTS - 1) for step in range(_POINTS))
