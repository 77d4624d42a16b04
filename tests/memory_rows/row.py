"""What a row of the contract of memories is."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn


class Row(NamedTuple):
    """A memory: `build()` an empty one, `keys(m)` and `values(m)` that it can store, all different, and
    more of them beginning with the fewer. A memory without slots must be able to recall 6 of them exactly."""

    kind: type
    build: Callable[[], nn.Module]
    keys: Callable[[int], Tensor]
    values: Callable[[int], Tensor | None]


def numbers(m: int, width: int, seed: int) -> Tensor:
    pool = torch.randn(64, width, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.normalize(pool, dim=-1)[:m]
