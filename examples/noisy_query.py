"""How sure is an answer when the question is only nearly right? Blur the vector of a name, and the truth falls with it.

Run `python examples/noisy_query.py [FIGURE.png]`; it writes noisy_query.png to the current folder by default.
"""

import sys

import torch

from hybridattn import FactMemory
from hybridattn.view.plots import Curve, Limit, plot_curves, write_figure

COSINES = [1.0, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4]
FACTS = [("tweety", "is_a", "canary"), ("canary", "is_a", "bird"), ("bird", "is_a", "animal")]


def main(path: str = "noisy_query.png") -> None:
    memory = FactMemory.from_triples(FACTS)
    clean = memory.encoder.encode(["tweety"])[0]
    noise = torch.randn(len(clean), generator=torch.Generator().manual_seed(0))
    noise -= (noise @ clean) * clean  # what is left is at a right angle to the clean vector
    known: list[tuple[float, float, float]] = []
    for cosine in COSINES:
        query = cosine * clean + (1 - cosine**2) ** 0.5 * noise / noise.norm()
        answers = memory.ask("<blurred --> bird>?", vectors={"blurred": query})
        print(f"cosine {cosine:.2f}: {answers or 'no answer, no name is near enough'}")
        known += [(cosine, float(one.truth.frequency), float(one.truth.confidence)) for one in answers]
    x, frequency, confidence = (list(column) for column in zip(*known, strict=True))
    measured = [Curve("frequency", x, frequency), Curve("confidence", x, confidence)]
    # Analogy of the first fact (1, .9) with the match (cos, .9): (cos, .81 cos). Deduction then: (cos, .729 cos^2).
    grid = [place / 100 for place in range(50, 101)]
    formula = Limit(".9 * .9 * .9 cos^2", grid, [0.9**3 * cosine**2 for cosine in grid], of="confidence")
    limits = [formula, Limit("least cosine followed", [0.5])]
    labels = {"xlabel": "cosine of query and key (1 is an exact match)", "ylabel": "truth of the answer"}
    write_figure(path, plot_curves(measured, limits=limits, **labels))
    print(f"See {path}.")


if __name__ == "__main__":
    main(*sys.argv[1:])
