"""Claim: recording the top 8 adds under 30 % to the forward pass of a `TransformerEncoder`.

Six layers, d 512, 8 heads, feed-forward 2048, length 512, batch 8: torch's fast path and the path with gradients, with
and without `record`, by turns in one process. The peak is what recording adds, in a fresh process.
"""

import argparse
import sys

import torch
from measuring import by_turns, extremes, machine, of_fresh_process, print_added, quartiles, ratios
from torch import nn

from hybridattn import record

LAYERS, WIDTH, HEADS, LENGTH, BATCH, TOP = 6, 512, 8, 512, 8, 8


def model_and_input() -> tuple[nn.TransformerEncoder, torch.Tensor]:
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(WIDTH, HEADS, 4 * WIDTH, dropout=0.0, batch_first=True)
    return nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False).eval(), torch.randn(BATCH, LENGTH, WIDTH)


def plain(model: nn.Module, x: torch.Tensor, gradient: bool) -> None:
    with torch.set_grad_enabled(gradient):
        model(x)


def recorded(model: nn.Module, x: torch.Tensor, gradient: bool) -> None:
    with record(model, top=TOP):
        plain(model, x, gradient)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--added", choices=("plain", "recorded"), help=argparse.SUPPRESS)
    given = options.parse_args()
    model, x = model_and_input()
    if given.added:
        act = {"plain": plain, "recorded": recorded}[given.added]
        return print_added(lambda: act(model, x, False))
    print(machine(torch.get_num_threads(), f"{LAYERS} layers, d {WIDTH}, length {LENGTH}, batch {BATCH}, top {TOP}"))
    for gradient, name in ((False, "fast path"), (True, "with gradients")):
        acts = {"plain": lambda: plain(model, x, gradient), "recorded": lambda: recorded(model, x, gradient)}  # noqa: B023
        found = by_turns(acts, given.rounds)
        share = quartiles(ratios(found["recorded"], found["plain"]))
        print(f"{name}: {extremes(found['plain'])} s, with record {share} of it, wanted 1.30")
    peaks = [of_fresh_process(__file__, "--added", one) for one in ("plain", "recorded")]
    print(f"peak added by the forward pass: {peaks[0]:.0f} MiB, with record {peaks[1]:.0f} MiB")
    return None


if __name__ == "__main__":
    sys.exit(main())
