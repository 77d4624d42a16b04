"""Two pictures are stored, a skull and an apple; a different skull is shown: which of them is recalled?

Run `python examples/icons.py [FIGURE.png]`; it writes icons.png to the current folder by default.
"""

import sys

from hybridattn import modern_hopfield
from hybridattn.experiments import icons, recall_pictures
from hybridattn.view.plots import plot_pictures, write_figure


def main(path: str = "icons.png") -> None:
    stored = icons()
    query = stored.pop("other skull")
    memory = modern_hopfield(query.numel(), beta=0.01, dtype=query.dtype)
    found = recall_pictures(memory, stored, query)
    for one in found.steps:
        shares = ", ".join(f"{name} {share:.3f}" for name, share in zip(found.names, one.shares or (), strict=True))
        print(f"update {one.step}: energy {one.energy:8.3f}, {shares}")
    pictures = [*stored.values(), *(one.state for one in found.steps)]
    captions = [*stored, "query", *(f"update {one.step}" for one in found.steps[1:])]
    write_figure(path, plot_pictures([picture.tolist() for picture in pictures], captions))
    print(f"Recalled: {found.winner} ({found.reason}). See {path}.")


if __name__ == "__main__":
    main(*sys.argv[1:])
