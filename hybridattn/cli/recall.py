"""The command `recall`: which of the stored pictures a query settles at, step by step."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from hybridattn.cli.completion import memories
from hybridattn.cli.console import ANSWERED, NO_ANSWER, check_targets, has_colours, print_out, wrote_json
from hybridattn.cli.trials import chosen
from hybridattn.errors import ArgumentError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from torch import Tensor

    from hybridattn.experiments import Contender, Recall, RecallStep

__all__ = ["recall"]

ICON = 24 * 24  # pixels
BETA = 0.01  # for an icon: a few updates to see, not one
PLAIN_WIDTH = 100  # characters, where stdout is no terminal
SHOWN = 8  # steps in a terminal and a figure: the first ones and the last


def recall(
    pictures: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PICTURE]...", help="Pictures to store [default: a skull, an apple]."),
    ] = None,
    query: Annotated[
        Path | None, typer.Option(help="The picture to ask with [default: another skull, or the first picture].")
    ] = None,
    memory: Annotated[
        str, typer.Option(help="The memory. A wrong name lists all.", autocompletion=memories)
    ] = "modern_hopfield",
    beta: Annotated[
        float | None, typer.Option(help="Inverse temperature [default: 5.76 over the number of pixels].")
    ] = None,
    steps: Annotated[int, typer.Option(help="Most updates.")] = 20,
    noise: Annotated[float, typer.Option(help="Standard deviation of noise in the query, in ink from -1 to 1.")] = 0.0,
    mask: Annotated[float, typer.Option(help="Share of the query's pixels, from below, that is hidden (grey).")] = 0.0,
    seed: Annotated[int, typer.Option(help="Seed of the noise.")] = 0,
    size: Annotated[int, typer.Option(help="Pixels a side that your pictures are stretched to.")] = 32,
    json_file: Annotated[str | None, typer.Option("--json", metavar="FILE|-", help="Write JSON; - is stdout.")] = None,
    picture: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the steps as .png, .svg or .pdf.")] = None,
) -> None:
    """Show a memory pictures, then another one: which of them does it recall?

    Pictures become grey and are stretched to a common grid; binary memories get black and white, black from the middle
    grey up. Exit status 0: recalled; 1: no winner (not converged, like none of them, or a tie); 2: wrong input.

    Example: hybridattn recall --noise 0.5 --picture recall.png

    Example: hybridattn recall mona.png lisa.png --query torn.png --mask 0.3
    """
    from hybridattn.experiments import recall_pictures, seeded

    check_targets(json_file)
    if picture is not None:
        from hybridattn.view.plots import check_figure

        check_figure(picture)
    stored, asked = _pictures(pictures or [], query, size)
    spoiled = _spoiled(asked, noise, mask, seed)
    contender = _contender(memory, beta, asked.numel())
    if contender.binary:
        stored, spoiled = {name: _signs(one) for name, one in stored.items()}, _signs(spoiled)
    built = contender.build(asked.numel(), seeded(seed, "memory"))
    found = recall_pictures(built, stored, spoiled, steps=steps)
    if picture is not None:
        from hybridattn.view.plots import write_figure

        write_figure(picture, _figure(found, stored))
    if not wrote_json(json_file, _report(found, memory)):
        _show(found, stored)
        written = [str(one) for one in (picture, json_file) if one is not None]
        print_out(*([f"Wrote {', '.join(written)}"] if written else []))
    raise typer.Exit(NO_ANSWER if found.winner is None else ANSWERED)


def _pictures(paths: list[Path], query: Path | None, size: int) -> "tuple[dict[str, Tensor], Tensor]":
    from hybridattn.experiments import grey_image, icons

    if not paths:
        drawn = icons()
        other = drawn.pop("other skull")
        if query is None:
            return drawn, other
        return drawn, grey_image(query, size=len(other))
    names = [path.stem for path in paths]
    if len(set(names)) < len(names):
        names = [str(path) for path in paths]
    if len(set(names)) < len(names):
        raise ArgumentError("PICTURE must name each file once")
    stored = {name: grey_image(path, size=size) for name, path in zip(names, paths, strict=True)}
    return stored, stored[names[0]] if query is None else grey_image(query, size=size)


def _spoiled(picture: "Tensor", noise: float, mask: float, seed: int) -> "Tensor":
    """Add noise, and hide the lower part: grey, 0, says nothing."""
    from hybridattn.experiments import GaussianNoise, seeded

    if not 0 <= mask <= 1:
        raise ArgumentError(f"--mask is a share in [0, 1]; got {mask}")
    noisy = GaussianNoise()(picture.flatten()[None], noise, seeded(seed, "recall")).reshape(picture.shape)
    noisy[len(noisy) - round(mask * len(noisy)) :] = 0.0
    return noisy


def _contender(name: str, beta: float | None, pixels: int) -> "Contender":
    from hybridattn.experiments import contenders

    (found,) = chosen([name], contenders(BETA * ICON / pixels if beta is None else beta))
    return found


def _signs(picture: "Tensor") -> "Tensor":
    """Make black and white of grey: 1 above the middle, -1 up to it."""
    return 2 * (picture > 0).to(picture.dtype) - 1


def _report(found: "Recall", memory: str) -> dict[str, Any]:
    steps = [
        {
            "step": one.step,
            "energy": one.energy,
            "shares": None if one.shares is None else dict(zip(found.names, one.shares, strict=True)),
            "cosines": dict(zip(found.names, one.cosines, strict=True)),
        }
        for one in found.steps
    ]
    return {
        "winner": found.winner,
        "reason": found.reason,
        "converged": found.converged,
        "memory": memory,
        "pictures": list(found.names),
        "steps": steps,
        "state": found.steps[-1].state.tolist(),
    }


def _shown(found: "Recall") -> "tuple[RecallStep, ...]":
    """Keep the first steps and the last: a long settling ends slowly."""
    return found.steps if len(found.steps) <= SHOWN else (*found.steps[: SHOWN - 1], found.steps[-1])


def _caption(found: "Recall", one: "RecallStep") -> str:
    name = "query" if one.step == 0 else f"update {one.step}"
    energy = "" if one.energy is None else f"\nenergy {one.energy:.2f}"
    numbers, word = (one.cosines, "cosine ") if one.shares is None else (one.shares, "")
    return name + energy + "".join(f"\n{word}{x} {y:.3f}" for x, y in zip(found.names, numbers, strict=True))


def _show(found: "Recall", stored: "Mapping[str, Tensor]") -> None:
    from hybridattn.view.ink import ink, side_by_side

    colour = has_colours()
    width = Console().width if sys.stdout.isatty() else PLAIN_WIDTH
    first = [(ink(one.numpy(), colour=colour), f"stored: {name}") for name, one in stored.items()]
    then = [(ink(one.state.numpy(), colour=colour), _caption(found, one)) for one in _shown(found)]
    print_out(side_by_side(first, width=width), "", side_by_side(then, width=width), "")
    print_out(Text(f"Recalled: {found.winner} ({found.reason})" if found.winner else f"No winner: {found.reason}"))


def _figure(found: "Recall", stored: "Mapping[str, Tensor]") -> "Axes":
    from hybridattn.view.plots import plot_pictures

    pictures = [*stored.values(), *(one.state for one in _shown(found))]
    captions = [f"stored:\n{name}" for name in stored] + [_caption(found, one) for one in _shown(found)]
    ax = plot_pictures([one.tolist() for one in pictures], captions)
    ax.set_title(f"recalled: {found.winner}" if found.winner else f"no winner: {found.reason}", fontsize="medium")
    return ax
