"""Cheaper attention against full `scaled_dot_product_attention` over lengths: `python benchmarks/attention.py`.

One table: milliseconds at each length, peak memory, the error of the output at the last length, and the length from
which on each pays. Target: the time of causal linear attention grows with an exponent below 1.1, its gradient too.
Sequences are smooth (neighbours are alike, q = k = v), the error is |out - full| / |full| over 256 rows, and no part is
trained: low rank shows its cost, not what it can learn. Full attention ends where it takes too long; peak memory is
that of a fresh process. FlexAttention is torch's own, compiled before the clock starts; its peak is that of compiling.
The best k by score (`TopSoftmax`) are no way to save time, for all scores are computed.
"""

import argparse
import math
import statistics
from collections.abc import Callable

import torch
from measuring import by_turns, machine, of_fresh_process, print_added
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from hybridattn.attention import (
    FAVOR,
    LSH,
    Band,
    Blocks,
    Convolved,
    Dilated,
    Global,
    InducingPoints,
    KMeans,
    Linformer,
    Nystrom,
    Places,
    Pooled,
    RandomBlocks,
    compressed_read,
    flex_read,
    grouped_read,
    hashed_read,
    linear_attention,
    linearised_read,
    nearest_clusters,
    positional_read,
)

LENGTHS = (1024, 4096, 16_384, 65_536)
GROWING = (4096, 8192, 16_384, 32_768, 65_536)
GROW_ROUNDS = 9
WIDTH = 64
BETA = WIDTH**-0.5
SAMPLE = 256
MOST = 1.1
Way = Callable[[Tensor], Tensor]


def sequence(n: int) -> Tensor:
    """Give n vectors of unit variance that change slowly: x_t = 0.95 x_(t-1) + noise."""
    noise = torch.randn(n, WIDTH, generator=torch.Generator().manual_seed(0)) * math.sqrt(1 - 0.95**2)
    steps = [noise[0] / math.sqrt(1 - 0.95**2)]
    for row in noise[1:]:
        steps.append(0.95 * steps[-1] + row)
    return torch.stack(steps)


def full(x: Tensor) -> Tensor:
    return scaled_dot_product_attention(x[None, None], x[None, None], x[None, None])[0, 0]


def ways(n: int, names: list[str] | None = None) -> dict[str, Way]:
    def drawn() -> torch.Generator:
        return torch.Generator().manual_seed(1)

    near = {
        "band 129": Places(Band(64, 64)),
        "dilated 65 by 4": Places(Dilated(32, 32, step=4)),
        "blocks 128": Places(Blocks(128)),
        "band, global, random": Places(Band(64, 64) | Global(2) | RandomBlocks(n, count=2, generator=drawn())),
    }
    few = {
        "Linformer 64": Linformer(n, 64, generator=drawn()),
        "Nystrom 64": Nystrom(64, beta=BETA),
        "pooled 8": Pooled(8),
        "convolved 8": Convolved(WIDTH, WIDTH, 8, generator=drawn()),
        "inducing points 64": InducingPoints(64, WIDTH, beta=BETA, generator=drawn()),
        "k-means of keys 64": KMeans(64, 3),
    }
    features, lsh, root = FAVOR(WIDTH, 256), LSH(WIDTH, 32, rounds=2, generator=drawn()), math.sqrt(BETA)
    all_ways = {
        **{
            name: lambda x, places=places: positional_read(x, x, x, places, beta=BETA).value
            for name, places in near.items()
        },
        "band 129, FlexAttention": lambda x: flex_read(x, x, x, near["band 129"], beta=BETA).value,
        "linear, elu + 1": lambda x: linearised_read(x, x, x),
        "linear, FAVOR+ 256": lambda x: linearised_read(root * x, root * x, x, feature_map=features),
        "causal linear, elu + 1": lambda x: linear_attention(x, x, x).output,
        **{name: lambda x, made=made: compressed_read(x, x, x, made, beta=BETA).value for name, made in few.items()},
        "clusters 32": lambda x: grouped_read(x, x, x, nearest_clusters(x, x, 32, iterations=3), beta=BETA).value,
        "LSH 32, 2 rounds": lambda x: hashed_read(x, x, x, lsh, beta=BETA).value,
    }
    return {name: way for name, way in all_ways.items() if not names or name in names}


def error(name: str, found: Tensor, x: Tensor) -> float:
    rows = torch.linspace(0, len(x) - 1, SAMPLE).long()
    scores = BETA * x[rows] @ x.mT
    if name.startswith("causal"):
        scores = scores.masked_fill(torch.arange(len(x)) > rows.unsqueeze(-1), -math.inf)
    wanted = scores.softmax(-1) @ x
    return float((found[rows] - wanted).norm() / wanted.norm())


def pays_from(mine: dict[int, float], theirs: dict[int, float]) -> str:
    """Give the length from which on it takes less time than full attention, as far as that was measured."""
    won = [length for length in theirs if all(mine[n] < theirs[n] for n in theirs if n >= length)]
    return str(min(won)) if won else "not yet"


def exponent(times: dict[int, float]) -> float:
    """Fit time = c n^e over all lengths by least squares of logarithms."""
    x = torch.tensor([[math.log(n), 1.0] for n in times])
    y = torch.tensor([math.log(seconds) for seconds in times.values()])
    return float(torch.linalg.lstsq(x, y.unsqueeze(-1)).solution[0, 0])


def growth(rounds: int) -> None:
    """Print with which exponent the time of causal linear attention grows, and that of its gradient: best of rounds."""
    acts: dict[str, Callable[[], object]] = {}
    for n in GROWING:
        x = sequence(n).requires_grad_()
        acts[f"forward {n}"] = lambda x=x: linear_attention(x.detach(), x.detach(), x.detach())
        acts[f"gradient {n}"] = lambda x=x: torch.autograd.grad(linear_attention(x, x, x).output.sum(), x)
    by_turns(acts, 1)
    found = {name: min(seconds) for name, seconds in by_turns(acts, rounds).items()}
    for part in ("forward", "gradient"):
        times = {n: found[f"{part} {n}"] for n in GROWING}
        grown = exponent(times)
        shown = ", ".join(f"{n}: {1e3 * seconds:.1f} ms" for n, seconds in times.items())
        print(
            f"causal linear, {part}: exponent {grown:.2f} ({'below' if grown < MOST else 'NOT below'} {MOST}); {shown}"
        )


def measure(
    lengths: list[int], rounds: int, limit: float, names: list[str]
) -> tuple[dict[str, dict[int, float]], dict[str, float]]:
    times: dict[str, dict[int, float]] = {}
    errors: dict[str, float] = {}
    last = 0.0
    for n in lengths:
        x = sequence(n)
        acts = {name: lambda way=way, x=x: way(x) for name, way in ways(n, names).items()}
        if last * (n / 1024) ** 2 <= limit:
            acts = {"full": lambda x=x: full(x), **acts}
        with torch.no_grad():
            errors |= {name: error(name, way(x), x) for name, way in ways(n, names).items()}
            found = by_turns(acts, rounds)
        for name, seconds in found.items():
            times.setdefault(name, {})[n] = statistics.median(seconds)
        last = times["full"][min(times["full"])] if n == lengths[0] else last
    return times, errors


def table(chosen: argparse.Namespace) -> None:
    lengths, peaks, threads = chosen.lengths, chosen.peaks, chosen.threads
    times, errors = measure(lengths, chosen.rounds, chosen.limit, chosen.ways)
    head = [*(f"{n} (ms)" for n in lengths), *(f"{n} (MiB)" for n in peaks), "error", "pays from"]
    print(f"{'':24}" + "".join(f"{title:>13}" for title in head))
    for name, mine in times.items():
        cells = [f"{1e3 * mine[n]:.1f}" if n in mine else "too long" for n in lengths]
        cells += [f"{of_fresh_process(__file__, '--threads', threads, '--peak', name, n):.0f}" for n in peaks]
        cells += [f"{errors[name]:.2f}", pays_from(mine, times["full"])] if name in errors else ["0", ""]
        print(f"{name:24}" + "".join(f"{cell:>13}" for cell in cells), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--lengths", type=int, nargs="*", default=list(LENGTHS))
    parser.add_argument("--ways", nargs="*", default=[], help="rows of the table; all, if there are none")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds that full attention may take")
    parser.add_argument("--peaks", type=int, nargs="*", default=[16_384], help="lengths whose peak memory is measured")
    parser.add_argument("--peak", nargs=2, metavar=("WAY", "LENGTH"), help="measure the memory of one way only")
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    if chosen.peak:
        name, n = chosen.peak[0], int(chosen.peak[1])
        x = sequence(n)
        way = full if name == "full" else ways(n)[name]
        with torch.no_grad():
            print_added(lambda: way(x))
        return
    print(machine(chosen.threads, f"width {WIDTH}, one head"))
    table(chosen)
    growth(GROW_ROUNDS)


if __name__ == "__main__":
    main()
