"""A Hebbian memory that counts evidence: how often two units were active together, of how often it was seen."""

from typing import Any

import torch
from torch import Tensor, nn

from hybridattn.attention import Read
from hybridattn.errors import ArgumentError
from hybridattn.memory.device import device_shown
from hybridattn.memory.evidence import checked_evidence, truth_of
from hybridattn.memory.hebbian.codings import Coding, GradedActivity
from hybridattn.memory.hebbian.readouts import Choice, Readout
from hybridattn.memory.hebbian.rules import EvidenceRule
from hybridattn.memory.settling import Settled, settle_rows
from hybridattn.memory.taken import as_rows, check_finite, check_one_a_key, check_query, check_top, check_values

__all__ = ["HebbianMemory"]

_GRADED = GradedActivity()
_CHOICE = Choice()


class HebbianMemory(nn.Module):
    """Evidence (w+, w) for each synapse i -> j, counted from events in which units are active together.

    Revision is addition: writing a batch adds c0^2 sum_t of what its rule counts, in one or two matrix products, and
    events in any batches count the same. `truth()` is (f, c) of every synapse, exactly that of NAL inference from one
    judgement an event and unit; `weights`, w+ - w- = w (2 f - 1), are those of a Hopfield network where patterns are
    +1 and -1. A read revises the evidence of all units that speak and chooses: sign(sum of weights). In an
    autoassociative memory no unit speaks about itself.

    Args:
        key_dim: how many units a cue has, d.
        value_dim: how many units it recalls, v; None: the same units (autoassociative).
        coding: `GradedActivity()`, `BinaryActivity()` or `BipolarActivity()`: which activities patterns stand for.
        rule: `Induction()`, `Comparison()` or `Agreement()`; None is that of the coding.
        readout: `Choice()` or `Expectation()`.
        confidence: c0 of the judgement that an event is, in (0, 1].
        decay: what each event leaves of all evidence before it, in (0, 1]; 1 forgets nothing.
        depression: how much negative evidence counts, at least 0; 1 is NAL, 0 a synapse that nothing weakens.
        device: of the evidence, which is float64 whatever `.to()` says.

    >>> from hybridattn.memory import BipolarActivity
    >>> memory = HebbianMemory(4, coding=BipolarActivity())
    >>> ids = memory.write(torch.tensor([[1.0, 1, -1, -1], [1, -1, 1, -1]]))
    >>> memory.read(torch.tensor([1.0, 1, 0, -1])).value
    tensor([ 1.,  1., -1., -1.])
    """

    positive: Tensor
    """(d, v) float64: w+."""
    total: Tensor
    """(d, v) float64: w."""
    next_id: Tensor
    """() int64: how many events were written."""

    def __init__(
        self,
        key_dim: int,
        value_dim: int | None = None,
        *,
        coding: Coding = _GRADED,
        rule: EvidenceRule | None = None,
        readout: Readout = _CHOICE,
        confidence: float = 1.0,
        decay: float = 1.0,
        depression: float = 1.0,
        device: torch.device | str | None = None,
    ) -> None:
        super().__init__()
        for name, size in (("key_dim", key_dim), ("value_dim", value_dim)):
            if size is not None and size < 1:
                raise ArgumentError(f"{name} must be at least 1; got {size}")
        _check_shares(confidence=confidence, decay=decay)
        if not 0 <= depression < float("inf"):
            raise ArgumentError(f"depression must be finite and at least 0; got {depression}")
        self.key_dim, self.value_dim = key_dim, value_dim
        self.coding, self.rule, self.readout = coding, coding.rule if rule is None else rule, readout
        self.confidence, self.decay, self.depression = float(confidence), float(decay), float(depression)
        for name in ("positive", "total"):
            shape = key_dim, value_dim or key_dim
            self.register_buffer(name, torch.zeros(shape, device=device, dtype=torch.float64))
        self.register_buffer("next_id", torch.tensor(0, device=device))

    def arguments(self) -> dict[str, Any]:
        """Give the constructor's arguments of an empty memory of this form."""
        names = ("key_dim", "value_dim", "coding", "rule", "readout", "confidence", "decay", "depression")
        return {name: getattr(self, name) for name in names}

    def extra_repr(self) -> str:
        """Describe the memory in one line."""
        form = ", ".join(f"{name}={value}" for name, value in self.arguments().items())
        return f"{form}, written={int(self.next_id)}, {device_shown(self)}"

    def write(self, keys: Tensor, values: Tensor | None = None, *, evidence: Tensor | None = None) -> Tensor:
        """Count events with patterns keys (m, d) and values (m, v), or one of each: the ids (m,) of the events.

        Ids are never used again: events are evidence of their own. evidence (m, 2), or (2,), is (w+, w) of each event:
        it was observed w times, and was as the pattern says w+ times; the rest is evidence against every synapse that
        it bears on (w grows without w+). Gradients do not pass: what was seen is a count.

        Raises ShapeError, NotFiniteError or ArgumentError, and then counts nothing.
        """
        pre = self._patterns("keys", keys, self.key_dim)
        check_values(values, self.value_dim)
        post = pre if values is None else self._patterns("values", values, self.total.shape[1])
        check_one_a_key(pre, post)
        self._count(pre, post, checked_evidence(evidence, len(pre), pre.device))
        ids = self.next_id + torch.arange(len(pre), device=self.next_id.device)
        self.next_id = self.next_id + len(pre)
        return ids

    def _count(self, pre: Tensor, post: Tensor, evidence: Tensor) -> None:
        left = self.decay ** torch.arange(len(pre) - 1, -1, -1, device=pre.device, dtype=pre.dtype)
        seen, all_seen = (self.confidence**2 * left.unsqueeze(-1) * evidence).unbind(-1)
        positive = self.rule.positive(pre, post, seen)
        negative = (self.rule.total(pre, post, all_seen) - positive).clamp_min(0)  # rounding may leave less than none
        kept = self.decay ** len(pre)
        self.total = kept * self.total + positive + self.depression * negative
        self.positive = torch.minimum(kept * self.positive + positive, self.total)

    def forget(self, share: float) -> None:
        """Multiply all evidence by a share in (0, 1]: frequencies stay, confidence falls."""
        _check_shares(share=share)
        self.positive, self.total = self.positive * share, self.total * share

    @property
    def weights(self) -> Tensor:
        """Give w+ - w- of every synapse, (d, v) float64, a unit's with itself too."""
        return 2 * self.positive - self.total

    def truth(self, horizon: float = 1.0) -> tuple[Tensor, Tensor]:
        """Give frequency w+ / w (.5 where w = 0) and confidence w / (w + horizon) of every synapse: both (d, v)."""
        return truth_of(torch.stack((self.positive, self.total), -1), horizon)

    def read(self, query: Tensor, *, top: int | None = None) -> Read:
        """Recall from cues (..., d): patterns (..., v) in the dtype of the cue, by one update of all units.

        Evidence that j is active is revised over the units that speak, w+_j = sum_i p_i w+_ij + n_i w-_ij and w_j =
        sum_i (p_i + n_i) w_ij with the votes p and n of the rule; the readout makes it an activity. Numbers outside the
        range of the coding are cut to it. Where evidence is even, an autoassociative memory keeps the cue, another
        gives inactive.
        """
        activity = self._cues(query, top)
        positive, total = self._heard()
        before = activity if self.value_dim is None else torch.zeros_like(activity[..., :1])
        found = self.readout(*self._revised(activity, positive, total), before)
        return Read(self.coding.decode(found).to(query.dtype))

    @torch.no_grad()
    def settle(self, query: Tensor, *, steps: int | None = None, tol: float = 1e-4) -> Settled:
        """Update the units of cues (..., d) one after the other, in order, sweep by sweep, until none changes.

        A step is a sweep. With a symmetric rule and `Choice()` each update goes down `energy`, so that this ends. No
        gradient passes. Raises ArgumentError unless the memory is autoassociative.
        """
        if self.value_dim is not None:
            raise ArgumentError(f"an autoassociative memory settles; this one recalls {self.value_dim} other units")
        rows = self.coding.decode(self._cues(query, None).reshape(-1, self.key_dim))
        found = settle_rows(self._sweep, rows, steps=steps, tol=tol)
        state = found.state.to(query.dtype).reshape(query.shape)
        lead = query.shape[:-1]
        return Settled(state, found.steps.reshape(lead), found.converged.reshape(lead))

    def energy(self, state: Tensor) -> Tensor:
        """Give -1/2 sum_(i != j) s_i (w+ - w-)_ij s_j of states (..., d): (...) float64.

        s is what the units vote: +1 and -1 by `Agreement`, the activity by `Comparison` (Hopfield 1982). Raises
        ArgumentError unless the memory is autoassociative with a symmetric rule and `Choice()` as the readout.
        """
        if self.value_dim is not None or not self.rule.symmetric or self.readout != _CHOICE:
            kind = f"rule={self.rule}, readout={self.readout}, value_dim={self.value_dim}"
            raise ArgumentError(f"energy is known for a symmetric rule, Choice() and value_dim=None; got {kind}")
        speaking, denying = self.rule.votes(self._cues(state, None))
        votes = speaking - denying
        positive, total = self._heard()
        return -((votes @ (2 * positive - total)) * votes).sum(-1) / 2

    def _revised(self, activity: Tensor, positive: Tensor, total: Tensor) -> tuple[Tensor, Tensor]:
        speaking, denying = self.rule.votes(activity)
        return speaking @ positive + denying @ (total - positive), (speaking + denying) @ total

    def _heard(self) -> tuple[Tensor, Tensor]:
        """Give w+ and w without what a unit says about itself."""
        if self.value_dim is not None:
            return self.positive, self.total
        other = 1 - torch.eye(self.key_dim, dtype=self.total.dtype, device=self.total.device)
        return self.positive * other, self.total * other

    def _sweep(self, state: Tensor) -> Tensor:
        activity = self.coding.encode(state).clone()
        positive, total = self._heard()
        for unit in range(self.key_dim):
            heard = self._revised(activity, positive[:, unit], total[:, unit])
            activity[:, unit] = self.readout(*heard, activity[:, unit])
        return self.coding.decode(activity)

    def _cues(self, query: Tensor, top: int | None) -> Tensor:
        check_top(self, top)
        check_query(query, self.key_dim)
        return self.coding.encode(query.to(self.total.dtype))

    def _patterns(self, name: str, rows: Tensor, width: int) -> Tensor:
        rows = as_rows(name, rows, width).detach()
        check_finite(name, rows)
        rows = rows.to(self.total)
        if len(rows):
            self.coding.check(name, rows)
        return self.coding.encode(rows)

    def _apply(self, fn: Any, recurse: bool = True) -> "HebbianMemory":
        # Counts stay exact whatever the module is cast to: they follow to the device only.
        counts = {name: getattr(self, name) for name in ("positive", "total")}
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        for name, before in counts.items():
            setattr(self, name, before.to(getattr(self, name).device))
        return self


def _check_shares(**shares: float) -> None:
    for name, share in shares.items():
        if not 0 < share <= 1:
            raise ArgumentError(f"{name} must be in (0, 1]; got {share}")
