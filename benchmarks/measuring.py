"""What the benchmarks of tensors share: time by turns, the peak memory of a fresh process, and how both are told."""

import os
import platform
import statistics
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch.nn.functional import scaled_dot_product_attention

MEBI = 1 << 20


def seconds(act: Callable[[], object], repeats: int = 1) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        act()
    return (time.perf_counter() - start) / repeats


def by_turns(acts: Mapping[str, Callable[[], object]], rounds: int, repeats: int = 1) -> dict[str, list[float]]:
    """Give the seconds of each, a round after the other, so that what else the machine does strikes all alike."""
    found: dict[str, list[float]] = {name: [] for name in acts}
    for _ in range(rounds):
        for name, act in acts.items():
            found[name].append(seconds(act, repeats))
    return found


def ratios(one: Iterable[float], other: Iterable[float]) -> list[float]:
    return [mine / theirs for mine, theirs in zip(one, other, strict=True)]


def quartiles(ratios: Iterable[float]) -> str:
    ratios = sorted(ratios)
    low, high = ratios[len(ratios) // 4], ratios[-1 - len(ratios) // 4]
    return f"{statistics.median(ratios):.2f} (quartiles {low:.2f} to {high:.2f})"


def extremes(ratios: Iterable[float], digits: int = 2) -> str:
    ratios = sorted(ratios)
    return f"{statistics.median(ratios):.{digits}f} ({ratios[0]:.{digits}f} to {ratios[-1]:.{digits}f})"


def machine(threads: int, *more: str) -> str:
    """Say what is measured on."""
    first = f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, {threads} threads, float32"
    return f"{first}\n" + ", ".join((f"torch {torch.__version__}", f"load {os.getloadavg()[0]:.1f}", *more))


def most_held() -> int:
    """Give the most bytes that this process held so far; `getrusage` would count its parent too (Linux only)."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])


def print_added(act: Callable[[], object]) -> None:
    """Print how many MiB the act adds to the peak of this process, which should be a fresh one."""
    scaled_dot_product_attention(*[torch.zeros(1, 1, 2, 2)] * 3)  # what its first call holds is not of the act
    before = most_held()
    act()
    print((most_held() - before) / MEBI)


def of_fresh_process(script: str, *arguments: object) -> float:
    """Give the number that the script prints with these arguments."""
    command = [sys.executable, script, *map(str, arguments)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@contextmanager
def unpacked(archive: str) -> Iterator[Path]:
    """Unpack real inputs for a while; without them say so, and end the script in peace: others are still to run."""
    path = Path(os.environ.get("HYBRIDATTN_DATA", "")) / archive
    if not path.is_file():
        print(f"nothing is measured: HYBRIDATTN_DATA must be the folder that holds {archive}")
        sys.exit(0)
    with TemporaryDirectory() as place, tarfile.open(path) as packed:
        packed.extractall(place, filter="data")
        yield Path(place)
