"""How many patterns does Hebb's rule hold? The break-down at .138 n, measured and as theory has it.

Run `python examples/capacity.py [FIGURE.png]`; it writes capacity.png to the current folder by default.
"""

import sys

from hybridattn.experiments import (
    Setup,
    capacity_study,
    contenders,
    hebb_critical_load,
    hebb_overlap,
    run_study,
    sign_patterns,
    summarise_retrieval,
)
from hybridattn.view.plots import Curve, Limit, plot_curves, write_figure

UNITS = 200
SIZES = (10, 20, 25, 30, 40)


def main(path: str = "capacity.png") -> None:
    setup = Setup((contenders()["hopfield_hebb"],), sign_patterns(UNITS), seeds=(0, 1))
    points = summarise_retrieval(run_study(capacity_study(setup, sizes=SIZES)))
    for point in points:
        theory = hebb_overlap(point.patterns / UNITS)
        print(f"{point.patterns:3} patterns: overlap {point.overlap:.3f}, in theory {theory:.3f} (n to infinity)")
    x = [float(point.patterns) for point in points]
    low, high = ([p.overlap + side * p.overlap_spread for p in points] for side in (-1, 1))
    measured = Curve(f"measured, n = {UNITS}", x, [point.overlap for point in points], low, high)
    grid = [size / 4 for size in range(4 * SIZES[0], 4 * SIZES[-1] + 1)]
    theory = Limit("settled overlap (AGS)", grid, [hebb_overlap(size / UNITS) for size in grid])
    limit = Limit(".138 n", [hebb_critical_load() * UNITS])
    write_figure(path, plot_curves([measured], limits=[theory, limit], xlabel="stored patterns", ylabel="mean overlap"))
    print(f"See {path}.")


if __name__ == "__main__":
    main(*sys.argv[1:])
