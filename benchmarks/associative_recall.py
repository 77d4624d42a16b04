"""Claim: two layers of attention solve multi-query associative recall at a width at which linear attention does not.

The task of Arora et al. 2023 (Zoology, arXiv 2312.04927, section 4): 64 tokens of a vocabulary of 8192, four pairs of
a key and its value first, then random tokens, and four of the keys again, after each of which its value is asked for.
Both models are the same but for their reads: two layers of one head, a short convolution behind each projection (as in
Fu et al. 2023, H3, arXiv 2212.14052, which lets a key know the token before it), tied embeddings, one seed; each is
tried at more widths. Training is on fresh sequences, until nearly all is right or the steps are done; the accuracy is
that on 2,000 others.
"""

import argparse
import sys
import time
from collections.abc import Callable

import torch
from measuring import machine
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, pad

from hybridattn import EncoderLayer, Read, ScaledDot, causal, linear_attention, read

VOCABULARY, LENGTH, PAIRS, TAPS = 8192, 64, 4, 3
SOLVED = 0.99
Reader = Callable[[Tensor, Tensor, Tensor], Tensor]


def attention(query: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    n = keys.shape[-2]
    return read(query, keys, values, similarity=ScaledDot(), mask=causal(n, n)).value


def linear(query: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    return linear_attention(query, keys, values).output  # elu + 1 of Katharopoulos et al. 2020, normalised


class Projection(nn.Module):
    """A linear map, and a convolution over this place and the ones before it, each channel its own."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.map, self.short = nn.Linear(width, width), nn.Conv1d(width, width, TAPS, groups=width)

    def forward(self, x: Tensor) -> Tensor:
        return self.short(pad(self.map(x).mT, (TAPS - 1, 0))).mT


class Head(nn.Module):
    def __init__(self, width: int, reader: Reader) -> None:
        super().__init__()
        self.sides, self.out, self.reader = (
            nn.ModuleList(Projection(width) for _ in range(3)),
            nn.Linear(width, width),
            reader,
        )

    def forward(self, x: Tensor, **_: object) -> Read:
        query, keys, values = (side(x) for side in self.sides)
        return Read(self.out(self.reader(query, keys, values)))


class Recaller(nn.Module):
    def __init__(self, width: int, reader: Reader) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(VOCABULARY, width), nn.Embedding(LENGTH, width)
        nn.init.normal_(self.tokens.weight, std=0.02)
        nn.init.normal_(self.places.weight, std=0.02)
        self.layers = nn.Sequential(
            *(EncoderLayer(width, 1, 2 * width, attention=Head(width, reader), norm_first=True) for _ in range(2))
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, tokens: Tensor, asked: Tensor) -> Tensor:
        """Say what follows the places asked (b, p): (b, p, vocabulary)."""
        x = self.layers(self.tokens(tokens) + self.places.weight)
        rows = x.gather(1, asked.unsqueeze(-1).expand(-1, -1, x.shape[-1]))
        return self.norm(rows) @ self.tokens.weight.T


def sequences(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Tokens (b, n), the places of the keys that come again (b, p), and the values that belong to them (b, p)."""
    half = VOCABULARY // 2
    keys = torch.stack([torch.randperm(half, generator=generator)[:PAIRS] for _ in range(count)])
    values = torch.randint(half, VOCABULARY, (count, PAIRS), generator=generator)
    tokens = torch.randint(0, VOCABULARY, (count, LENGTH), generator=generator)
    tokens[:, : 2 * PAIRS] = torch.stack((keys, values), -1).flatten(1)
    rest = torch.stack([torch.randperm(LENGTH - 2 * PAIRS, generator=generator)[:PAIRS] for _ in range(count)])
    asked = rest + 2 * PAIRS
    return tokens.scatter(1, asked, keys), asked, values


def right(model: Recaller) -> float:
    """Give the share of the values of 2,000 sequences that are said right."""
    tokens, asked, values = sequences(2000, torch.Generator().manual_seed(2))
    with torch.no_grad():
        return float((model(tokens, asked).argmax(-1) == values).double().mean())


def trained(width: int, reader: Reader, steps: int, rate: float, batch: int) -> tuple[float, int]:
    """Train until it is solved: give the share that is right, and the steps that were taken."""
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(1)
    model, found = Recaller(width, reader), 0.0
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.0)
    for step in range(1, steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1, step / 100) * (1 - (step - 1) / steps)
        tokens, asked, values = sequences(batch, generator)
        loss = cross_entropy(model(tokens, asked).flatten(0, 1), values.flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 100 == 0 or step == steps:
            found = right(model)
            print(f"\r{reader.__name__} {width}: step {step} of {steps}, {found:.3f} right ", end="", file=sys.stderr)
            if found >= SOLVED:
                return found, step
    return found, steps


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--steps", type=int, default=1500)
    options.add_argument("--batch", type=int, default=128)
    options.add_argument("--rate", type=float, default=3e-3)
    options.add_argument("--attention", type=int, nargs="*", default=[16, 64])
    options.add_argument("--linear", type=int, nargs="*", default=[16, 64, 128])
    given = options.parse_args()
    print(machine(torch.get_num_threads(), f"{VOCABULARY} tokens, length {LENGTH}, {PAIRS} pairs"))
    for reader, widths in ((attention, given.attention), (linear, given.linear)):
        for width in widths:
            start = time.perf_counter()
            found, steps = trained(width, reader, given.steps, given.rate, given.batch)
            took = time.perf_counter() - start
            print(f"\r{reader.__name__}, width {width}: {found:.3f} right after {steps} steps, {took:.0f} s")


if __name__ == "__main__":
    main()
