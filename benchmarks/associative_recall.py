"""Claim: two layers of attention solve multi-query associative recall at a width at which linear attention does not.

The task of Arora et al. 2023 (Zoology, arXiv 2312.04927, section 4): 64 tokens of a vocabulary of 8192, four pairs of
a key and its value first, then random tokens, and four of the keys again, after each of which its value is asked for.
Both models are the same but for their reads: two layers, learned positions, one seed; the linear one is tried at more
widths. Training is on fresh sequences; the accuracy is that on 2,000 others.
"""

import argparse
import sys
import time

import torch
from measuring import machine
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from hybridattn import DPFP, EluPlusOne, EncoderLayer, FeatureMap, MultiHeadAttention, Read, causal, linear_attention

VOCABULARY, LENGTH, PAIRS = 8192, 64, 4


class LinearHeads(MultiHeadAttention):
    """Heads that read by causal linear attention."""

    feature_map: FeatureMap = EluPlusOne()

    def forward(self, query: Tensor, *_: Tensor, **__: object) -> Read:
        sides = ((query, self.to_query, "query"), (query, self.to_key, "keys"), (query, self.to_value, "values"))
        asked, stored, given = (self._split(*side) for side in sides)
        value = linear_attention(asked, stored, given, feature_map=self.feature_map, normalise=True).output
        return Read(self.to_out(value.transpose(-3, -2).flatten(-2)))


class Recaller(nn.Module):
    def __init__(self, width: int, kind: type[MultiHeadAttention]) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(VOCABULARY, width), nn.Embedding(LENGTH, width)
        nn.init.normal_(self.tokens.weight, std=0.02)
        nn.init.normal_(self.places.weight, std=0.02)
        self.layers = nn.ModuleList(
            EncoderLayer(width, 1, 4 * width, attention=kind(width, 1), norm_first=True) for _ in range(2)
        )
        self.norm, self.out = nn.LayerNorm(width), nn.Linear(width, VOCABULARY, bias=False)

    def forward(self, tokens: Tensor, asked: Tensor) -> Tensor:
        """Say what follows the places asked (b, p): (b, p, vocabulary)."""
        x = self.tokens(tokens) + self.places(torch.arange(LENGTH))
        for layer in self.layers:
            x = layer(x, mask=causal(LENGTH, LENGTH))
        rows = x.gather(1, asked.unsqueeze(-1).expand(-1, -1, x.shape[-1]))
        return self.out(self.norm(rows))


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


def accuracy(width: int, kind: type[MultiHeadAttention], steps: int, rate: float, batch: int) -> float:
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(1)
    model = Recaller(width, kind)
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.0)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1, (step + 1) / 100) * (1 - step / steps)
        tokens, asked, values = sequences(batch, generator)
        loss = cross_entropy(model(tokens, asked).flatten(0, 1), values.flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if sys.stderr.isatty() or step % 100 == 0:
            print(
                f"\r{kind.__name__} {width}: step {step} of {steps}, loss {loss.item():.3f} ", end="", file=sys.stderr
            )
    with torch.no_grad():
        tokens, asked, values = sequences(2000, generator)
        return float((model(tokens, asked).argmax(-1) == values).double().mean())


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--steps", type=int, default=1500)
    options.add_argument("--batch", type=int, default=128)
    options.add_argument("--rate", type=float, default=3e-3)
    options.add_argument("--attention", type=int, nargs="*", default=[64])
    options.add_argument("--linear", type=int, nargs="*", default=[64, 128, 256])
    options.add_argument("--nu", type=int, help="features DPFP(nu), 2 nu of a width, in place of elu + 1")
    given = options.parse_args()
    if given.nu is not None:
        LinearHeads.feature_map = DPFP(given.nu)
    print(machine(torch.get_num_threads(), f"{VOCABULARY} tokens, length {LENGTH}, {PAIRS} pairs"))
    for kind, widths in ((MultiHeadAttention, given.attention), (LinearHeads, given.linear)):
        for width in widths:
            start = time.perf_counter()
            right = accuracy(width, kind, given.steps, given.rate, given.batch)
            print(f"\r{kind.__name__}, width {width}: {right:.3f} right, {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
