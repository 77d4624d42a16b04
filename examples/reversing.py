"""A decoder learns to write a sequence backwards: where does it look for each letter? On the anti-diagonal.

Run `python examples/reversing.py [FIGURE.png]`; it trains, and writes reversing.png by default.
"""

import sys

import torch
from torch import Tensor

from hybridattn import AligningModel
from hybridattn.view.plots import new_axes, plot_alignment, plot_attention, write_figure

LETTERS, LENGTH = "?ABCDEFGHIJ", 6  # the symbol 0 is what a decoder starts with


def sequences(count: int, source: torch.Generator) -> tuple[Tensor, Tensor]:
    given = torch.randint(1, len(LETTERS), (count, LENGTH), generator=source)
    return given, given.flip(1)


def trained(source: torch.Generator) -> AligningModel:
    model = AligningModel(len(LETTERS), 32, 32)
    optimiser = torch.optim.Adam(model.parameters(), lr=5e-3)
    for given, wanted in (sequences(64, source) for _ in range(800)):
        logits = model(given, wanted).logits
        torch.nn.functional.cross_entropy(logits.flatten(0, 1), wanted.flatten()).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step(), optimiser.zero_grad()
    return model


def main(path: str = "reversing.png") -> None:
    source = torch.manual_seed(0)
    model, scores = trained(source), []
    model.similarity.register_forward_hook(lambda part, asked, found: scores.append(found[0, 0]))
    given, wanted = sequences(1000, source)
    written, shares = model.decode(given, LENGTH)
    print(f"{(written == wanted).double().mean():.3f} of the letters of 1000 new sequences are right,")
    print(f"with {shares.flip(2).diagonal(dim1=1, dim2=2).mean():.3f} of the shares on the anti-diagonal.")

    read, wrote = ([LETTERS[symbol] for symbol in row] for row in (given[0], written[0]))
    figure = new_axes(width=8.4, height=3.0).figure
    figure.clear()
    left, right = figure.subplots(1, 2, gridspec_kw={"wspace": 0.6})
    limit = float(model.similarity.vector.detach().abs().sum())  # of v . tanh(...), whatever is compared
    plot_alignment(torch.stack(scores), queries=wrote, keys=read, limit=limit, ax=left)
    plot_attention(shares[0], queries=wrote, keys=read, ax=right)
    for ax in (left, right):
        ax.set(xlabel="letter that is read", ylabel="letter that is written")
    write_figure(path, left)
    print(f"See {path}.")


if __name__ == "__main__":
    main(*sys.argv[1:])
