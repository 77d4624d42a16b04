"""A memory of your own: one that fades. Where are the keys? They were put in many places; the newest counts most.

Run `python examples/own_memory.py [FIGURE.png]`; it writes own_memory.png to the current folder by default.
"""

import math
import sys

import torch
from torch import Tensor, nn

from hybridattn import Level, Memory, MultilevelAttention, Read, SymbolCodes, read
from hybridattn.view.plots import Curve, Limit, plot_curves, write_figure

PLACES = ["hook", "table", "coat", "shelf", "bag", "desk", "car", "door"]
FADING = 0.5


class FadingMemory(nn.Module):
    """Keeps all, and takes `fading` off the score of a slot for each that was written after it."""

    def __init__(self, dim: int, *, beta: float, fading: float) -> None:
        super().__init__()
        self.beta, self.fading = beta, fading
        self.register_buffer("keys", torch.empty(0, dim))
        self.register_buffer("values", torch.empty(0, dim))

    def write(self, keys: Tensor, values: Tensor | None = None, *, evidence: Tensor | None = None) -> Tensor:
        self.keys = torch.cat([self.keys, keys])
        self.values = torch.cat([self.values, keys if values is None else values])
        return torch.arange(len(self.keys) - len(keys), len(self.keys))

    def read(self, query: Tensor, *, top: int | None = None) -> Read:
        age = torch.arange(len(self.keys)).flip(0)
        return read(query, self.keys, self.values, beta=self.beta, prior=-self.fading * age, top=top)

    def keys_of(self, ids: Tensor) -> Tensor:
        return self.keys[ids]

    def values_of(self, ids: Tensor) -> Tensor:
        return self.values[ids]


def main(path: str = "own_memory.png") -> None:
    ages, codes, memory = range(len(PLACES)), SymbolCodes(64), FadingMemory(64, beta=8.0, fading=FADING)
    cue = codes.encode(["keys"])
    memory.write(cue.expand(len(PLACES), -1), codes.encode(PLACES))
    walk = MultilevelAttention([Level(memory)], hops=1, top=len(PLACES))(cue, trace=True)
    shares = {link.slot: link.share for _, link in walk.trace.links()}
    print(f"A Memory: {isinstance(memory, Memory)}. Shares:", {PLACES[slot]: round(shares[slot], 3) for slot in shares})
    theory = [math.exp(-FADING * age) / sum(math.exp(-FADING * other) for other in ages) for age in ages]
    measured = Curve("share of the read", list(ages), [shares[len(PLACES) - 1 - age] for age in ages])
    limits, xlabel = [Limit("exp(-age / 2), normalised", list(ages), theory)], "how many were written after it"
    write_figure(path, plot_curves([measured], limits=limits, xlabel=xlabel, ylabel="share"))
    print(f"See {path}.")


if __name__ == "__main__":
    main(*sys.argv[1:])
