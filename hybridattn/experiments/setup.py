"""Who takes part in an experiment, on which patterns, and what counts as retrieved."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from hybridattn.errors import ArgumentError
from hybridattn.experiments.patterns import Source
from hybridattn.experiments.reference import Theory
from hybridattn.experiments.running import seeded
from hybridattn.memory import Memory, Settling

__all__ = ["Contender", "Criterion", "Setup"]

_RUN = 3  # updates between looking who has come to rest


@dataclass(frozen=True)
class Contender:
    """A memory that takes part: its name in the tables, and how an empty one is made."""

    name: str
    build: Callable[[int, torch.Generator], Memory]
    """(dim, generator) to an empty memory; float64 keeps results exact."""
    settings: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """What else decides its answers, as plain data."""
    theory: tuple[Theory, ...] = ()
    """What is known about it, for the figures."""
    binary: bool = False
    """Whether it takes nothing but -1 and +1: queries are then given to it as signs."""


@dataclass(frozen=True)
class Criterion:
    """What counts as retrieved: at most `steps` updates, then a cosine with the stored pattern above `threshold`.

    The default threshold of .9 is that of the HFYN experiments (Santos et al. 2024, arXiv 2411.08590). An answer is
    exact where no entry is further than `EXACT` from the pattern. The first `queries` patterns are asked for.
    """

    steps: int = 50
    threshold: float = 0.9
    queries: int = 256

    def __post_init__(self) -> None:
        """Raise ArgumentError outside the ranges: steps and queries from 1, threshold in [-1, 1)."""
        for name, value in (("steps", self.steps), ("queries", self.queries)):
            if value < 1:
                raise ArgumentError(f"{name} must be at least 1; got {value}")
        if not -1 <= self.threshold < 1:
            raise ArgumentError(f"threshold is a cosine in [-1, 1); got {self.threshold}")


@dataclass(frozen=True)
class Setup:
    """What all experiments share: who takes part, on which patterns, with which seeds, and what counts.

    All memories are given the same patterns and the same queries, so their curves can be compared in pairs.
    """

    contenders: tuple[Contender, ...]
    source: Source
    seeds: tuple[int, ...]
    criterion: Criterion = Criterion()

    @property
    def settings(self) -> dict[str, Any]:
        """Give all of it as plain data."""
        return {
            "memories": [{"name": one.name, **one.settings} for one in self.contenders],
            "patterns": self.source.settings(),
            "seeds": list(self.seeds),
            "steps": self.criterion.steps,
            "threshold": self.criterion.threshold,
            "queries": self.criterion.queries,
        }

    def contender(self, name: str) -> Contender:
        """Find who takes part under this name."""
        return next(one for one in self.contenders if one.name == name)

    def must_fit(self) -> None:
        """Raise ArgumentError where a binary memory is to store patterns that are not of signs."""
        for one in self.contenders:
            if one.binary and not self.source.signs:
                raise ArgumentError(
                    f"{one.name} stores -1 and +1 alone; patterns {self.source.name} hold other numbers"
                )

    def patterns(self, count: int, seed: int) -> Tensor:
        """Draw the patterns (count, d) of a seed."""
        return self.source.draw(count, seeded(seed, "patterns", count))

    def memory(self, name: str, patterns: Tensor, seed: int) -> Memory:
        """Make a memory that holds these patterns."""
        generator = seeded(seed, "memory", name, len(patterns))
        memory = self.contender(name).build(self.source.dim, generator)
        memory.write(patterns)
        return memory

    def asked(self, name: str, queries: Tensor, generator: torch.Generator) -> Tensor:
        """Give queries (m, d) as the memory takes them: a binary one gets signs, a fair coin for each 0."""
        if not self.contender(name).binary:
            return queries
        coins = 2.0 * torch.randint(2, queries.shape, generator=generator) - 1
        return torch.where(queries == 0, coins.to(queries.dtype), queries.sign())

    def answer(self, memory: Memory, queries: Tensor) -> Tensor:
        """Settle queries (m, d), or read them once where the memory does not settle: (m, d)."""
        if not isinstance(memory, Settling):
            return memory.read(queries).value.detach()
        state, active, left = queries.clone(), torch.arange(len(queries)), self.criterion.steps
        while left and len(active):  # in short runs: a fixed number of steps is taken by all, at rest or not
            found = memory.settle(state[active], steps=min(left, _RUN))
            state[active] = found.state.detach().to(state.dtype)
            active, left = active[~found.converged], left - min(left, _RUN)
        return state
