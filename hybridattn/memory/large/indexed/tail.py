"""What lists that are not looked into would add to a read, as far as their summary tells."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from hybridattn.attention import Read
from hybridattn.memory.large.indexed.summary import Summary

__all__ = ["Promise", "Tail", "guess", "promise"]

_TINY = 1e-30


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
    standard deviations with Phi(t) = 1 - 1 / (N + 1). The mean over scores below that is
    n exp(q.m + v / 2) Phi(t - sqrt v). Phi is taken at the v of a list of mean spread; where that of a list is above
    t^2, its v / 2 goes on as the tangent t sqrt v - t^2 / 2, so that no wide list promises what it cannot hold.
    """
    variance = ((query @ summary.covariance) * query).sum(-1).clamp_min(0) + _TINY
    reach = _reach(summary.slots)
    deviation = variance.sqrt()
    spread = deviation[:, None] * summary.width.sqrt()
    bent = spread.clamp_max(reach)
    masses = torch.addmm(summary.log_counts, query, summary.keys.T) + bent * (spread - bent / 2)
    mean = deviation.clamp_max(reach)
    ends = variance / 2 + torch.special.log_ndtr(reach - deviation) - mean * (deviation - mean / 2)
    return Promise(masses + ends[:, None], variance, reach)


def guess(summary: Summary, query: Tensor, promised: Promise, looked: Tensor) -> Tail:
    """Guess the read of the lists that were not looked into by queries (q, d), beta in them; `looked` (q, p) were.

    If keys x and values y of a list are jointly normal, with means m and u and Cov(y, x) = D, then

        E y exp(q.x) = d/dt E exp(q.x + t.y) at t = 0 = (u + D q) exp(q.m + q.C q / 2),

    because the exponent q.x + t.y is normal with mean q.m + t.u and variance q.C q + 2 t.D q + t.Var(y) t. So a list
    reads u + D q; with values = keys and C = sigma^2 I, q = beta q', that is m + beta sigma^2 q'. Scores that end at t
    standard deviations (see `promise`) tilt less: z standard normal and a = t - sqrt v give
    E z exp(sqrt(v) z) = exp(v / 2) (sqrt(v) Phi(a) - phi(a)) over z < t, and D q is multiplied by
    1 - phi(a) / (sqrt(v) Phi(a)), in [0, 1].

    Each list has covariances of its own size and of one form (`Summary`): exact where that is so.

    Noise: n draws of exp(s) have a sum of relative variance (E exp(2 s) / (E exp s)^2 - 1) / n, here
    exp(v) Phi(t - 2 sqrt v) / Phi(t - sqrt v)^2 - 1; lists are independent.
    """
    rest = promised.masses.scatter(-1, looked, -torch.inf)
    none = (rest == -torch.inf).all(-1)
    calm = rest.masked_fill(none[:, None], 0.0)
    mass = calm.logsumexp(-1)
    weights = (calm - mass[:, None]).exp()
    tilt = weights @ (summary.width * summary.height).sqrt() * _tilt(promised)
    value = weights @ summary.values + tilt[:, None] * (query @ summary.cross.T)
    read = Read(value, mass.masked_fill(none, -torch.inf))
    return Tail(read, *_chance(summary, promised, weights.detach(), value.detach()))


def _reach(slots: int) -> float:
    share = torch.tensor(1 / (slots + 1), dtype=torch.float64)
    return max(0.0, -float(torch.special.ndtri(share)))


def _tilt(promised: Promise) -> Tensor:
    deviation = promised.variance.sqrt()
    a = promised.reach - deviation
    density = (-a.square() / 2 - torch.special.log_ndtr(a)).exp() / math.sqrt(2 * math.pi)
    tilt: Tensor = (1 - density / deviation.clamp_min(1e-6)).clamp(0, 1)
    return tilt


def _chance(summary: Summary, promised: Promise, weights: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
    deviation, ends = promised.variance.detach().sqrt(), torch.special.log_ndtr
    twice = ends(promised.reach - 2 * deviation) - 2 * ends(promised.reach - deviation)
    relative = (promised.variance.detach() + twice).expm1().clamp_min(0)
    one = torch.where(summary.log_counts.isfinite(), (-summary.log_counts).exp(), 0.0)
    noise = (relative * (weights.square() @ one)).sqrt()
    spread = (weights @ summary.squares - value.square().sum(-1)).clamp_min(0).sqrt()
    return noise.clamp_max(1), spread
