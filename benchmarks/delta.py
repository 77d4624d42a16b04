"""Time and memory of scans in chunks against their recurrence: `python benchmarks/delta.py`.

Target: the delta rule in chunks is at least 10 times faster than its loop at length 4096, forward, and forward and
backward. Both sides take turns in one process; peak memory is that of a fresh process, above what it held before.
"""

import argparse
import statistics
from collections.abc import Callable

import torch
from measuring import extremes, machine, of_fresh_process, print_added, seconds
from torch import Tensor
from torch.nn.functional import logsigmoid, normalize

from hybridattn.attention import linear_attention, linear_attention_loop
from hybridattn.memory import (
    delta_rule,
    delta_rule_loop,
    gated_delta_rule,
    gated_delta_rule_loop,
)

RULES = {
    "linear attention": (linear_attention, linear_attention_loop),
    "delta rule": (delta_rule, delta_rule_loop),
    "gated delta rule": (gated_delta_rule, gated_delta_rule_loop),
}
WAYS = ("forward", "forward and backward")


def parts(rule: str, heads: int, length: int, width: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    query, keys, values = (torch.randn(heads, length, width, generator=generator) for _ in range(3))
    found = [query, normalize(keys, dim=-1), values]
    if rule != "linear attention":
        found.append(torch.rand(heads, length, generator=generator))
    if rule == "gated delta rule":
        found.append(logsigmoid(3 + torch.randn(heads, length, generator=generator)))
    return found


def act(scan: Callable[..., object], given: list[Tensor], way: str) -> Callable[[], object]:
    if way == "forward":
        return lambda: scan(*given)
    leaves = [part.clone().requires_grad_() for part in given]

    def both() -> object:
        output, state = scan(*leaves)
        return torch.autograd.grad(output.sum() + state.sum(), leaves)

    return both


def times(chosen: argparse.Namespace) -> None:
    for rule, scans in RULES.items():
        given = parts(rule, chosen.heads, chosen.length, chosen.width)
        for way in WAYS:
            fast, slow = (act(scan, given, way) for scan in scans)
            fast()
            taken = []
            for _ in range(chosen.rounds):
                loop, chunks = seconds(slow), statistics.median(seconds(fast) for _ in range(3))
                taken.append((loop, chunks))
            spread = extremes((loop / chunks for loop, chunks in taken), 1) + " times"
            loop, chunks = (1e3 * statistics.median(side) for side in zip(*taken, strict=True))
            grown = ", ".join(f"{side} {peak_of(chosen, rule, way, side):.0f}" for side in ("chunks", "loop"))
            print(f"{rule}, {way}: loop {loop:.0f} ms, chunks {chunks:.1f} ms: {spread}; MiB at the peak: {grown}")


def peak_of(chosen: argparse.Namespace, rule: str, way: str, side: str) -> float:
    sizes = [f"--{name}={getattr(chosen, name)}" for name in ("heads", "length", "width", "threads")]
    return of_fresh_process(__file__, *sizes, "--peak", rule, way, side)


def peak(chosen: argparse.Namespace) -> None:
    """Print how many MiB a scan adds to the peak of this fresh process, beyond its arguments."""
    rule, way, side = chosen.peak
    what = act(RULES[rule][side == "loop"], parts(rule, chosen.heads, chosen.length, chosen.width), way)
    act(RULES[rule][0], parts(rule, 1, 2, 2), way)()
    print_added(what)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("heads", 1), ("length", 4096), ("width", 64), ("threads", 2), ("rounds", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--peak", nargs=3, metavar=("RULE", "WAY", "SIDE"), help="measure the memory of one way only")
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    if chosen.peak:
        peak(chosen)
        return
    print(machine(chosen.threads))
    print(f"{chosen.heads} heads, length {chosen.length}, width {chosen.width}, chunks of 64")
    times(chosen)


if __name__ == "__main__":
    main()
