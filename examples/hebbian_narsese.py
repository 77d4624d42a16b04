"""What goes with what? A Hebbian memory counts co-activations, speaks Narsese, and a logic reasons on from there.

Run `python examples/hebbian_narsese.py [FIGURE.png]`; it writes hebbian_narsese.png to the current folder by default.
"""

import sys

import torch

from hybridattn import HebbianMemory, derive, parse_sentence, parse_term
from hybridattn.knowledge import statements
from hybridattn.view.plots import new_axes, write_figure

UNITS = ["rainy", "wet", "slippery", "sunny"]
# How much of each there was on six days: a row is an event, a number an activity.
DAYS = [
    [1.0, 1.0, 0.8, 0.0],
    [1.0, 1.0, 1.0, 0.0],
    [0.6, 0.8, 0.5, 0.4],
    [0.0, 0.0, 0.0, 1.0],
    [0.0, 0.3, 0.0, 1.0],
    [1.0, 0.9, 0.2, 0.1],
]


def main(path: str = "hebbian_narsese.png") -> None:
    memory = HebbianMemory(len(UNITS), confidence=0.9)
    memory.write(torch.tensor(DAYS, dtype=torch.float64))
    learnt = statements(memory, UNITS, min_confidence=0.5)
    print("The synapses, as judgements:")
    for judgement in learnt:
        print(f"  {judgement}")
    today = parse_sentence("<{today} --> rainy>. %1.00;0.90%")  # seen today: evidence of its own
    found = derive([*learnt, today], levels=1)
    print("So, today being rainy:")
    for term in ("<{today} --> wet>", "<{today} --> slippery>"):
        print(f"  {found.best(parse_term(term))}")
    cue = torch.tensor([1.0, 0.0, 0.0, 0.0])
    print("The same memory completes the pattern:", dict(zip(UNITS, memory.read(cue).value.tolist(), strict=True)))

    ax, (frequency, confidence) = new_axes(width=5.2, height=4.4), memory.truth()
    for i, before in enumerate(frequency.tolist()):
        for j, f in enumerate(before):
            c = float(confidence[i, j])
            ax.text(j, i, f"{f:.2f}\nc {c:.2f}", ha="center", va="center", color="white" if f > 0.5 else "black")
    drawn = ax.imshow(frequency, cmap="Blues", vmin=0, vmax=1)
    ax.figure.colorbar(drawn, label="frequency: share of j in what was seen of i")
    ax.set(xticks=range(len(UNITS)), xticklabels=UNITS, xlabel="j", ylabel="i", title="<i --> j>")
    ax.set_yticks(range(len(UNITS)), UNITS)
    write_figure(path, ax)
    print(f"See {path}.")


if __name__ == "__main__":
    main(*sys.argv[1:])
