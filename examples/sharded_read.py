"""A memory in four parts, each read on its own: what they read is joined into the read of the whole, exactly.

Needs scikit-learn. Run `python examples/sharded_read.py [FIGURE.png]`; it writes sharded_read.png by default.
"""

import sys
from functools import reduce

import torch

from hybridattn import Read, modern_hopfield
from hybridattn.experiments import digits
from hybridattn.view.plots import plot_pictures, write_figure

SHARDS, STORED, BETA, NOISE = 4, 400, 0.5, 0.6


def main(path: str = "sharded_read.png") -> None:
    source = torch.Generator().manual_seed(0)
    patterns = digits().draw(STORED, source)
    query = patterns[:1] + NOISE * torch.randn(1, 64, generator=source, dtype=patterns.dtype)
    parts = []
    for shard in patterns.chunk(SHARDS):  # on one machine each, say: all that travels is a Read
        memory = modern_hopfield(64, beta=BETA, dtype=patterns.dtype)
        memory.write(shard)
        parts.append(memory.read(query, log_mass=True))
    joined = reduce(Read.merge, parts)
    whole = modern_hopfield(64, beta=BETA, dtype=patterns.dtype)
    whole.write(patterns)
    found = whole.read(query, log_mass=True)
    weights = [float((part.log_mass - joined.log_mass).exp()) for part in parts]
    print("shares of the parts:", ", ".join(f"{weight:.3f}" for weight in weights))
    print(f"joined and whole differ by at most {(joined.value - found.value).abs().max():.0e}")
    pictures = [patterns[0], query[0], *(part.value[0] for part in parts), joined.value[0], found.value[0]]
    captions = [
        "stored",
        "query",
        *(f"part {k}\n{weight:.1%}" for k, weight in enumerate(weights, 1)),
        "joined",
        "whole",
    ]
    write_figure(path, plot_pictures([picture.reshape(8, 8).tolist() for picture in pictures], captions))
    print(f"See {path}.")


if __name__ == "__main__":
    main(*sys.argv[1:])
