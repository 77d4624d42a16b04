"""Handwritten digits: how much noise do a hundred stored ones stand, and what does settling do to one of them?

Needs scikit-learn. Run `python examples/digits.py [FIGURE.png]`; it writes digits.png by default. The numbers are the
same, to the last digit, at every run on one machine with one number of threads.
"""

import sys

from hybridattn.experiments import (
    GaussianNoise,
    Setup,
    contenders,
    digits,
    noise_study,
    run_study,
    seeded,
    summarise_retrieval,
    trajectory,
)
from hybridattn.view.plots import plot_pictures, write_figure

STORED, LEVELS = 100, (0.25, 0.5, 1.0, 2.0)


def main(path: str = "digits.png") -> None:
    known = contenders()
    memories = tuple(known[name] for name in ("modern_hopfield", "mean_shift"))
    setup = Setup(memories, digits(), seeds=(0, 1))
    for point in summarise_retrieval(run_study(noise_study(setup, size=STORED, levels=LEVELS))):
        interval = f"{point.retrieved_low:.2f} to {point.retrieved_high:.2f}"
        print(f"{point.memory:16} noise {point.level:4.2f}: {point.retrieved:.3f} retrieved, {interval}")
    patterns = setup.patterns(STORED, 0)
    query = GaussianNoise()(patterns[:1], 0.5, seeded(0, "one"))[0]
    memory = setup.memory("modern_hopfield", patterns, 0)
    states = trajectory(memory, query, 2)
    pictures = [patterns[0], *states]
    captions = ["stored", "query", "update 1", "update 2"]
    write_figure(path, plot_pictures([picture.reshape(8, 8).tolist() for picture in pictures], captions))
    print(f"See {path}.")


if __name__ == "__main__":
    main(*sys.argv[1:])
