"""How what was read becomes the next query."""

from typing import Protocol

import torch
from torch import Tensor, nn

from hybridattn.errors import ShapeError

__all__ = ["Carried", "Gated", "QueryLink", "Replace", "Residual"]


class QueryLink(Protocol):
    """Makes the next query (..., d') from the query (..., d) and the value that it read (..., v)."""

    def __call__(self, query: Tensor, value: Tensor) -> Tensor:
        """Link a value to the next query."""
        ...


class Replace(nn.Module):
    """The value takes the place of the leading v components of the query; the rest of it, the cue, stays unless given.

    With v = d the value is the next query: `q' = r` (the recurrence of the modern Hopfield network, Ramsauer et al.
    2021).

    Args:
        cue: (c,) what to append to the value instead of the rest of the query.
    """

    cue: Tensor | None

    def __init__(self, cue: Tensor | None = None) -> None:
        super().__init__()
        self.register_buffer("cue", cue)

    def forward(self, query: Tensor, value: Tensor) -> Tensor:
        """(..., d), (..., v) -> (..., d), or (..., v + c) with a cue."""
        rest = query[..., _width(query, value) :] if self.cue is None else self.cue.expand(*value.shape[:-1], -1)
        return torch.cat([value, rest], dim=-1) if rest.shape[-1] else value


class Residual(nn.Module):
    """The value is added to the leading v components of the query: `q' = q + r` (Sukhbaatar et al. 2015, eq. 4)."""

    def forward(self, query: Tensor, value: Tensor) -> Tensor:
        """(..., d), (..., v) -> (..., d)."""
        width = _width(query, value)
        return torch.cat([query[..., :width] + value, query[..., width:]], dim=-1)


class Carried(nn.Module):
    """The query goes through a matrix before the value is added: `q' = H q + r`, on the leading v components.

    The link of layer-wise weight sharing (Sukhbaatar et al. 2015, section 2.2): hops that share their memories differ
    by it from a sum that only grows.

    Args:
        dim: width v of a value.
        generator: source of the initial H = I + N(0, 1 / (100 dim)), so that it begins near `Residual`.
    """

    def __init__(
        self,
        dim: int,
        *,
        generator: torch.Generator | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        noise = torch.randn(dim, dim, generator=generator, dtype=dtype) * (0.1 / dim**0.5)
        self.weight = nn.Parameter((torch.eye(dim, dtype=dtype) + noise).to(device))

    def forward(self, query: Tensor, value: Tensor) -> Tensor:
        """(..., d), (..., v) -> (..., d)."""
        width = _width(query, value)
        if width != len(self.weight):
            raise ShapeError(f"value must end in dim={len(self.weight)}; got shape {tuple(value.shape)}")
        carried = nn.functional.linear(query[..., :width], self.weight)
        return torch.cat([carried + value, query[..., width:]], dim=-1)


class Gated(nn.Module):
    """A gate computed from the query decides, component by component, what is replaced.

    `q' = t * r + (1 - t) * q` with `t = sigmoid(W q + b)` (Liu & Perez 2017, eq. 4 and 5), on the leading v components.

    Args:
        dim: width v of a value.
        generator: source of the initial W ~ N(0, 1 / dim); b starts at 0.
    """

    def __init__(
        self,
        dim: int,
        *,
        generator: torch.Generator | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        weight = torch.randn(dim, dim, generator=generator, dtype=dtype) / dim**0.5
        self.weight = nn.Parameter(weight.to(device))
        self.bias = nn.Parameter(torch.zeros(dim, device=device, dtype=dtype))

    def forward(self, query: Tensor, value: Tensor) -> Tensor:
        """(..., d), (..., v) -> (..., d)."""
        width = _width(query, value)
        if width != len(self.bias):
            raise ShapeError(f"value must end in dim={len(self.bias)}; got shape {tuple(value.shape)}")
        old = query[..., :width]
        gate = torch.sigmoid(nn.functional.linear(old, self.weight, self.bias))
        return torch.cat([gate * value + (1 - gate) * old, query[..., width:]], dim=-1)


def _width(query: Tensor, value: Tensor) -> int:
    if value.shape[-1] > query.shape[-1]:
        raise ShapeError(f"value must not be wider than the query; got {value.shape[-1]} > {query.shape[-1]}")
    return value.shape[-1]
