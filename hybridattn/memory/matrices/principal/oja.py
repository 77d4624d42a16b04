"""Oja's rule: a Hebbian memory of the directions in which patterns vary."""

from typing import Any

import torch
from torch import Tensor

from hybridattn.attention import Read
from hybridattn.errors import ArgumentError, NotFiniteError
from hybridattn.memory.device import device_shown
from hybridattn.memory.matrices.principal.rates import DecayingRate, LearningRate
from hybridattn.memory.matrices.principal.rules import ComponentRule, Sanger
from hybridattn.memory.matrices.store import MatrixMemory, check_size, finite
from hybridattn.memory.taken import check_top

__all__ = ["OjaMemory"]

_SANGER, _RATE = Sanger(), DecayingRate(0.01, 1000.0)
_LARGEST_STEP = 1.0
"""Of rate * |x|^2, see `OjaMemory`."""


class OjaMemory(MatrixMemory):
    """Linear units y = W x whose weights turn to the principal components of what is written, one pattern at a time.

    The components are those of E[x x^T], about the origin: take the mean off first where covariance is meant. A read is
    the reconstruction W^T W x, which drops what lies outside the components: noise, and missing parts of a pattern.

    Stability: patterns have to satisfy rate * |x|^2 <= 1, else they are refused. Let c be the largest rate * |x|^2.
    A first unit with |w|^2 <= 1 + c/2 stays so: with u = (w . x)^2 / |x|^2 a step of c gives
    |w'|^2 = (1 - c u)^2 |w|^2 + 2 u c (1 - c u) + u c^2, which rises with |w|^2 and is at most 1 + c/2 there. Near a
    component the length comes back to 1 by the factor 1 - 2 rate * y^2. Rates well below 1 / |x|^2 average over many
    patterns. Should further units ever leave the dtype's range, the write raises NotFiniteError and learns nothing.

    Args:
        dim: width d of a pattern.
        components: number k of units, 1 to dim.
        rule: `Sanger()`, each unit its own component in order, or `OjaSubspace()`, their span; the same for one unit.
        rate: the learning rate for the t-th pattern: `ConstantRate(rate)`, `DecayingRate(rate, time)`.
        generator: where the first weights come from, random orthonormal rows; None is seed 0.
        device, dtype: of the weights.

    >>> from hybridattn import ConstantRate
    >>> memory = OjaMemory(2, rate=ConstantRate(0.1))
    >>> ids = memory.write(torch.tensor([[1.0, 1.0], [-1.0, -1.0]]).repeat(100, 1))
    >>> memory.read(torch.tensor([1.0, 0.0])).value
    tensor([0.5000, 0.5000])
    """

    weights: Tensor
    """(k, d): W, a unit a row."""

    def __init__(
        self,
        dim: int,
        *,
        components: int = 1,
        rule: ComponentRule = _SANGER,
        rate: LearningRate = _RATE,
        generator: torch.Generator | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(dim, device=device)
        check_size("components", components)
        if components > dim:
            raise ArgumentError(f"components must be at most dim={dim}; got {components}")
        self.rule, self.rate = rule, rate
        source = torch.Generator().manual_seed(0) if generator is None else generator
        start = torch.randn(dim, components, generator=source, dtype=torch.float64)
        self.register_buffer(
            "weights", torch.linalg.qr(start).Q.T.contiguous().to(device, dtype or torch.get_default_dtype())
        )

    def write(self, keys: Tensor, values: Tensor | None = None, *, evidence: Tensor | None = None) -> Tensor:
        """Learn from patterns (m, d), or one (d,), one after the other: their numbers (m,) int64.

        Raises ShapeError, NotFiniteError, or ArgumentError where rate * |x|^2 is above 1 or values or evidence are
        given, and then learns nothing.
        """
        rows, _ = self._pairs(keys, values, evidence, self.weights)
        wide = torch.promote_types(self.weights.dtype, torch.float32)
        rows = finite("keys", rows).to(wide)
        first = int(self.next_id)
        rates = [self.rate.at(first + t) for t in range(rows.shape[0])]
        _check_steps(rates, rows)
        weights = self.weights.to(wide)
        for rate, x in zip(rates, rows, strict=True):
            weights = weights + rate * self.rule.change(weights, x)
        if not weights.isfinite().all():
            raise NotFiniteError(f"the weights grew out of range: the rate {self.rate!r} is too large for keys")
        self.weights = weights.to(self.weights.dtype)
        return self._number(rows.shape[0])

    def read(self, query: Tensor, *, top: int | None = None) -> Read:
        """Give the reconstruction W^T W x of queries (..., d): the value (..., d). Differentiable in the query."""
        check_top(self, top)
        rows = self._queries(query, self.weights)
        return Read((rows @ self.weights.T @ self.weights).reshape(query.shape))

    def components(self, query: Tensor) -> Tensor:
        """Give the activities y = W x of the units for queries (..., d): (..., k)."""
        return (self._queries(query, self.weights) @ self.weights.T).reshape(*query.shape[:-1], self.weights.shape[0])

    def arguments(self) -> dict[str, Any]:
        """Give the keyword arguments of an empty memory of this form; its first weights are those of seed 0."""
        sizes = {"dim": self.key_dim, "components": self.weights.shape[0]}
        return {**sizes, "rule": self.rule, "rate": self.rate}

    def extra_repr(self) -> str:
        """Describe the memory in one line."""
        form = ", ".join(f"{name}={part!r}" for name, part in self.arguments().items())
        return f"{form}, written={int(self.next_id)}, {device_shown(self)}"


def _check_steps(rates: list[float], rows: Tensor) -> None:
    if not rows.shape[0]:
        return
    if min(rates) <= 0:
        raise ArgumentError(f"rate must be above 0; got {min(rates)}")
    steps = rows.square().sum(-1) * torch.tensor(rates, dtype=rows.dtype, device=rows.device)
    largest = float(steps.max())
    if largest > _LARGEST_STEP:
        raise ArgumentError(f"rate * |x|^2 must be at most {_LARGEST_STEP:g} for keys; got {largest:.3g}")
