"""Counts of observations, (w+, w) for each slot, and the truth that they amount to."""

import torch
from torch import Tensor

from hybridattn.errors import ArgumentError, ShapeError
from hybridattn.memory.taken import check_finite

__all__ = ["checked_evidence", "truth_of"]


def checked_evidence(evidence: Tensor | None, rows: int, device: torch.device) -> Tensor:
    """Give evidence as (rows, 2) float64; (2,) holds for every row, None is one positive observation each.

    Raises ShapeError, NotFiniteError, or ArgumentError unless 0 <= w+ <= w.
    """
    if evidence is None:
        return torch.ones(rows, 2, dtype=torch.float64, device=device)
    if evidence.shape not in ((rows, 2), (2,)):
        raise ShapeError(f"evidence must be (w+, w) for each of {rows} slots; got shape {tuple(evidence.shape)}")
    evidence = evidence.detach().to(device, torch.float64).expand(rows, 2)
    check_finite("evidence", evidence)
    wrong = (evidence[:, 0] < 0) | (evidence[:, 0] > evidence[:, 1])
    if wrong.any():
        row = int(wrong.nonzero()[0])
        raise ArgumentError(f"evidence must have 0 <= w+ <= w; got {tuple(evidence[row].tolist())} in row {row}")
    return evidence


def truth_of(evidence: Tensor, horizon: float) -> tuple[Tensor, Tensor]:
    """Give frequency w+ / w (0.5 where w = 0) and confidence w / (w + horizon) of evidence (n, 2): both (n,).

    Wang 2013, Non-Axiomatic Logic, section 3.3. Raises ArgumentError unless the horizon is above 0.
    """
    if not horizon > 0:
        raise ArgumentError(f"horizon must be above 0; got {horizon}")
    positive, total = evidence.unbind(-1)
    return torch.where(total > 0, positive / total, 0.5), total / (total + horizon)
