"""The rows of the memories of fast weights: without slots, and exact for orthonormal keys."""

import torch
from torch import Tensor, nn

from hybridattn.attention import PlainFeatures
from hybridattn.memory import DeltaMemory, GatedDeltaMemory, LinearAttentionMemory

from .row import Row, numbers


def orthonormal(m: int) -> Tensor:
    pool = torch.randn(16, 16, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return torch.linalg.qr(pool)[0].float()[:m]


def fast(kind: type[nn.Module], value_dim: int | None = None, **parts: object) -> Row:
    return Row(
        kind,
        lambda: kind(16, value_dim, **parts),
        orthonormal,
        lambda m: None if value_dim is None else numbers(m, value_dim, 1),
    )


ROWS = {
    "linear attention": fast(LinearAttentionMemory, 3, feature_map=PlainFeatures(), normalise=False),
    "delta": fast(DeltaMemory, 3),
    "delta keys only": fast(DeltaMemory),
    "gated delta": fast(GatedDeltaMemory, 3),
}
