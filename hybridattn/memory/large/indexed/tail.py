"""What lists that are not looked into would add to a read, as far as their summary tells."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from hybridattn.attention import Read
from hybridattn.memory.large.indexed.summary import Summary

__all__ = ["Promise", "Tail", "guess", "promise"]

_TINY = 1e-30
_FLAT = 1e-3
"""Scores that deviate less than this from their mean end nowhere."""


class Promise(NamedTuple):
    """What every list is likely to hold for each query."""

    masses: Tensor
    """(q, L): the log mass of each list; -inf where it is empty."""
    variance: Tensor
    """(q,): variance of scores within a list of mean spread."""
    reach: float
    """How many standard deviations from its mean the highest of all scores is likely to lie."""


class Tail(NamedTuple):
    """The read of all lists that were not looked into, as it is guessed."""

    read: Read
    noise: Tensor
    """(q,): standard deviation of its mass, by the chance of which slots there are, relative to the mass."""
    spread: Tensor
    """(q,): standard deviation of the values in it."""


def promise(summary: Summary, query: Tensor) -> Promise:
    """Guess the mass of each list for queries (q, d), beta in them.

    A list of n slots with keys x, normal with mean m and covariance C, has scores q.x of mean q.m and variance
    v = q.C q, and E sum exp(q.x) = n exp(q.m + v / 2). With C = sigma^2 I and q = beta q' that is
    n exp(beta q'.m + beta^2 sigma^2 |q'|^2 / 2).

    Where v is large that mean comes from scores so high that no slot has one: of N slots the highest lies at about t
    standard deviations with Phi(t) = 1 - 1 / (N + 1). Given that they are below that, scores have the mass
    n exp(q.m + v / 2) Phi(t - sqrt v) / Phi(t). Phi is taken at the v of a list of mean spread; where that of
    a list is above t^2, its v / 2 goes on as the tangent t sqrt v - t^2 / 2, so that no wide list promises too much.
    """
    variance = ((query @ summary.covariance) * query).sum(-1).clamp_min(0) + _TINY
    reach = _reach(summary.slots)
    deviation = variance.sqrt()
    spread = deviation[:, None] * summary.width.sqrt()
    bent = spread.clamp_max(reach)
    masses = torch.addmm(summary.log_counts, query, summary.keys.T) + bent * (spread - bent / 2)
    mean = deviation.clamp_max(reach)
    ends = variance / 2 + _log_below(reach - deviation) - _log_below(deviation.new_tensor(reach))
    masses = masses + (ends - mean * (deviation - mean / 2))[:, None]
    return Promise(masses, variance, reach)


def guess(summary: Summary, query: Tensor, promised: Promise, looked: Tensor) -> Tail:
    """Guess the read of the lists that were not looked into by queries (q, d), beta in them; `looked` (q, p) were.

    If keys x and values y of a list are jointly normal, with means m and u and Cov(y, x) = D, then

        E y exp(q.x) = d/dt E exp(q.x + t.y) at t = 0 = (u + D q) exp(q.m + q.C q / 2),

    because the exponent q.x + t.y is normal with mean q.m + t.u and variance q.C q + 2 t.D q + t.Var(y) t. So a list
    reads u + D q; with values = keys and C = sigma^2 I, q = beta q', that is m + beta sigma^2 q'. Scores that end at t
    standard deviations (see `promise`) tilt less: with z standard normal and a = t - sqrt v, over z < t,
    E z exp(sqrt(v) z) = exp(v / 2) (sqrt(v) Phi(a) - phi(a)). Less the mean -phi(t) / Phi(t) of such z, that makes
    1 - (phi(a) / Phi(a) - phi(t) / Phi(t)) / sqrt v by which D q is multiplied, in [0, 1].

    Each list has covariances of its own size and of one form (`Summary`): exact where that is so.

    Noise: n draws of exp(s) have a sum of relative variance (E exp(2 s) / (E exp s)^2 - 1) / n, here
    exp(v) Phi(t - 2 sqrt v) Phi(t) / Phi(t - sqrt v)^2 - 1; lists are independent.
    """
    rest = promised.masses.scatter(-1, looked, -torch.inf)
    none = (rest == -torch.inf).all(-1)
    calm = rest.masked_fill(none[:, None], 0.0)
    mass = calm.logsumexp(-1)
    weights = (calm - mass[:, None]).exp()
    tilt = weights @ (summary.width * summary.height).sqrt() * _tilt(promised)
    mean = weights @ summary.values
    read = Read(mean + tilt[:, None] * (query @ summary.cross.T), mass.masked_fill(none, -torch.inf))
    return Tail(read, *_chance(summary, promised, weights.detach(), mean.detach()))


def _reach(slots: int) -> float:
    share = torch.tensor(1 / (slots + 1), dtype=torch.float64)
    return max(0.0, -float(torch.special.ndtri(share)))


def _log_below(z: Tensor) -> Tensor:
    below: Tensor = torch.special.log_ndtr(z)
    return below


def _hazard(z: Tensor) -> Tensor:
    """Give phi(z) / Phi(z)."""
    return (-z.square() / 2 - _log_below(z)).exp() / math.sqrt(2 * math.pi)


def _tilt(promised: Promise) -> Tensor:
    deviation = promised.variance.sqrt()
    more = _hazard(promised.reach - deviation) - _hazard(deviation.new_tensor(promised.reach))
    return (1 - more / deviation.clamp_min(_FLAT)).clamp(0, 1).masked_fill(deviation < _FLAT, 1.0)


def _chance(summary: Summary, promised: Promise, weights: Tensor, mean: Tensor) -> tuple[Tensor, Tensor]:
    deviation, reach = promised.variance.detach().sqrt(), promised.reach
    twice = _log_below(reach - 2 * deviation) - 2 * _log_below(reach - deviation)
    twice = twice + _log_below(deviation.new_tensor(reach))
    relative = (promised.variance.detach() + twice).expm1().clamp_min(0)
    one = torch.where(summary.log_counts.isfinite(), (-summary.log_counts).exp(), 0.0)
    noise = (relative * (weights.square() @ one)).sqrt()
    spread = (weights @ summary.squares - mean.square().sum(-1)).clamp_min(0).sqrt()
    return noise.clamp_max(1), spread
