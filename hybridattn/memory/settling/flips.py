"""States of -1 and +1 whose entries take the side of the lower energy one after the other."""

from dataclasses import dataclass

import torch
from torch import Tensor

from hybridattn.attention import Separation
from hybridattn.attention.tiles.layout import TILE

__all__ = ["Flips"]


@dataclass(frozen=True)
class Flips:
    """The asynchronous update of binary states: each entry in turn takes the sign of the lower energy.

    q_i becomes the sign of F(scores with q_i = 1) - F(scores with q_i = -1), i = 1 to d in order, each seeing the
    entries before it as they are now; at equal energies an entry stays (Krotov and Hopfield 2016, arXiv 1606.01164,
    eq. 3; Demircigil et al. 2017, arXiv 1702.01929, do all entries at once). One update is one such sweep. The energy
    -F / beta never rises, whether F is convex or not. An entry counts in no score that decides about it: the diagonal
    of a Hopfield network is left out. Without gradient; time O(q n d), in d steps.
    """

    def __call__(self, state: Tensor, keys: Tensor, *, separation: Separation, steepness: float | Tensor) -> Tensor:
        """Sweep over the entries of states (q, d) among keys (n, d), scores being steepness () or (q,) times q . k."""
        at_once = max(1, TILE // max(1, len(keys)))
        factor = torch.as_tensor(steepness, dtype=torch.float64, device=state.device).expand(len(state))
        with torch.no_grad():
            stored = keys.double()
            cuts = [slice(low, low + at_once) for low in range(0, len(state), at_once)]
            swept = [_swept(state[cut].double(), stored, separation, factor[cut, None]) for cut in cuts]
        return torch.cat(swept).to(state.dtype) if swept else state


def _swept(state: Tensor, keys: Tensor, separation: Separation, steepness: Tensor) -> Tensor:
    # Sums of a few thousand whole numbers are exact in float64, so that equal energies are seen to be equal.
    overlaps, columns = state @ keys.mT, list(state.unbind(-1))
    for entry, key in enumerate(keys.mT):
        now = columns[entry]
        without = overlaps - now[:, None] * key
        up, down = (separation.potential(steepness * (without + side * key)) for side in (1, -1))
        # Terms of odd powers cancel: what rounding leaves is measured by the terms themselves, not by their sum.
        terms = separation.potential(steepness * (without.abs() + key.abs()))
        slack = 4 * torch.finfo(up.dtype).eps * torch.maximum(up.abs(), down.abs()).maximum(terms.abs())
        columns[entry] = torch.where(up > down + slack, 1.0, torch.where(down > up + slack, -1.0, now))
        overlaps = without + columns[entry][:, None] * key
    return torch.stack(columns, -1)
