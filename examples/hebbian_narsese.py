"""What goes with what? A Hebbian memory counts co-activations, speaks Narsese, and a logic reasons on from there.

Run `python examples/hebbian_narsese.py`.
"""

import torch

from hybridattn import HebbianMemory, derive, parse_sentence, parse_term
from hybridattn.knowledge import statements

UNITS = ["rainy", "wet", "slippery", "sunny"]
# How much of each there was on six days: a row is an event, a number an activity.
DAYS = torch.tensor(
    [
        [1.0, 1.0, 0.8, 0.0],
        [1.0, 1.0, 1.0, 0.0],
        [0.6, 0.8, 0.5, 0.4],
        [0.0, 0.0, 0.0, 1.0],
        [0.0, 0.3, 0.0, 1.0],
        [1.0, 0.9, 0.2, 0.1],
    ],
    dtype=torch.float64,
)


def main() -> None:
    memory = HebbianMemory(len(UNITS), confidence=0.9)
    memory.write(DAYS)
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


if __name__ == "__main__":
    main()
