"""The commands `experiment capacity`, `noise`, `mask`, `basins`, `energy` and `sequence`."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hybridattn.cli import completion
from hybridattn.cli.experimenting.showing import (
    basin_table,
    draw_basins,
    draw_energy,
    draw_retrieval,
    draw_sequences,
    energy_table,
    retrieval_table,
    sequence_table,
)
from hybridattn.cli.trials import Results, Targets, chosen, numbers, perform, set_up, source_of

if TYPE_CHECKING:
    from hybridattn.experiments import Setup

__all__ = ["experiment_app"]

experiment_app = typer.Typer(
    help="Measure memories: each experiment gives a table, CSV, JSON and a figure with theory beside measurement.\n\n"
    "Example: hybridattn experiment capacity --memory modern_hopfield --figure capacity.png",
    no_args_is_help=True,
    rich_markup_mode=None,
)

MANY = "A memory that takes part; may be repeated. A wrong one lists all."
Memories = Annotated[
    list[str] | None, typer.Option("--memory", metavar="NAME", help=MANY, autocompletion=completion.memories)
]
Sequences = Annotated[
    list[str] | None, typer.Option("--memory", metavar="NAME", help=MANY, autocompletion=completion.sequences)
]
Beta = Annotated[
    float | None,
    typer.Option(help="Inverse temperature of memories that have one [default: its own, mostly 1]."),
]
Patterns = Annotated[
    str,
    typer.Option(
        help="signs, gaussian or sphere (random), digits (scikit-learn), a .npy, .csv, .tsv or .safetensors file, "
        "or a folder of .png files.",
        autocompletion=completion.patterns,
    ),
]
Dim = Annotated[int, typer.Option(help="Dimensions of random patterns.")]
Grid = Annotated[int, typer.Option(help="Pixels a side that pictures are brought to.")]
Seed = Annotated[int, typer.Option(help="The first seed.")]
Seeds = Annotated[int, typer.Option(help="How many seeds.")]
Steps = Annotated[int, typer.Option(help="Most updates of a query.")]
Threshold = Annotated[float, typer.Option(help="Cosine with the pattern above which it counts as retrieved.")]
Queries = Annotated[int, typer.Option(help="Most patterns that are asked for.")]
Out = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Keep finished cells here; the same command goes on from there.")
]
Csv = Annotated[str | None, typer.Option("--csv", metavar="FILE|-", help="Write a row a cell as CSV; - is stdout.")]
Json = Annotated[str | None, typer.Option("--json", metavar="FILE|-", help="Write JSON; - is stdout.")]
Figure = Annotated[Path | None, typer.Option(metavar="FILE", help="Draw a .png, .svg or .pdf.")]

DEFAULTS = ("modern_hopfield", "hopfield_hebb", "hopfield_pseudo_inverse")  # where they can store the patterns
POINTS = ("sparse_hopfield", "modern_hopfield")


@experiment_app.command()
def capacity(
    memory: Memories = None,
    sizes: Annotated[str, typer.Option(help="Numbers of stored patterns.")] = "2,4,8,16,32,64,128",
    flips: Annotated[float, typer.Option(help="Share of each query's signs that are turned.")] = 0.1,
    patterns: Patterns = "signs",
    dim: Dim = 64,
    grid: Grid = 16,
    beta: Beta = None,
    seed: Seed = 0,
    seeds: Seeds = 5,
    steps: Steps = 50,
    threshold: Threshold = 0.9,
    queries: Queries = 256,
    out: Out = None,
    csv_file: Csv = None,
    json_file: Json = None,
    figure: Figure = None,
) -> None:
    """Share retrieved against the number of stored patterns.

    Example: hybridattn experiment capacity --memory modern_hopfield --sizes 8,16,32,64 --figure capacity.png
    """
    from hybridattn.experiments import capacity_study

    targets = Targets(out, csv_file, json_file, figure)
    criterion = (steps, threshold, queries)
    setup = _setup(memory or (), beta, source=(patterns, dim, grid), seeds=(seed, seeds), criterion=criterion)
    study = capacity_study(setup, sizes=numbers("--sizes", sizes, int), level=flips)
    perform(study, targets, _retrieval(setup, "patterns", "stored patterns"))


@experiment_app.command()
def noise(
    memory: Memories = None,
    size: Annotated[int, typer.Option(help="Number of stored patterns.")] = 50,
    levels: Annotated[
        str, typer.Option(help="Standard deviations of Gaussian noise; with --flips, shares of signs.")
    ] = "",
    flips: Annotated[bool, typer.Option("--flips", help="Turn signs instead of adding noise.")] = False,
    patterns: Patterns = "signs",
    dim: Dim = 64,
    grid: Grid = 16,
    beta: Beta = None,
    seed: Seed = 0,
    seeds: Seeds = 5,
    steps: Steps = 50,
    threshold: Threshold = 0.9,
    queries: Queries = 256,
    out: Out = None,
    csv_file: Csv = None,
    json_file: Json = None,
    figure: Figure = None,
) -> None:
    """Share retrieved against noise in the query.

    Example: hybridattn experiment noise --patterns digits --size 100 --beta 8 --levels 0.2,0.4,0.8 --json -
    """
    from hybridattn.experiments import GaussianNoise, SignFlips, noise_study

    targets = Targets(out, csv_file, json_file, figure)
    criterion = (steps, threshold, queries)
    setup = _setup(memory or (), beta, source=(patterns, dim, grid), seeds=(seed, seeds), criterion=criterion)
    levels = levels or ("0,0.1,0.2,0.3,0.4,0.5" if flips else "0,0.5,1,1.5,2,2.5,3,4")
    kind = SignFlips() if flips else GaussianNoise()
    study = noise_study(setup, size=size, levels=numbers("--levels", levels, float), corruption=kind)
    label = "share of signs turned" if flips else "standard deviation of the noise"
    perform(study, targets, _retrieval(setup, kind.name, label))


@experiment_app.command()
def mask(
    memory: Memories = None,
    size: Annotated[int, typer.Option(help="Number of stored patterns.")] = 50,
    levels: Annotated[str, typer.Option(help="Shares of each query that are set to 0.")] = "0,0.2,0.4,0.6,0.8,0.9,0.95",
    patterns: Patterns = "signs",
    dim: Dim = 64,
    grid: Grid = 16,
    beta: Beta = None,
    seed: Seed = 0,
    seeds: Seeds = 5,
    steps: Steps = 50,
    threshold: Threshold = 0.9,
    queries: Queries = 256,
    out: Out = None,
    csv_file: Csv = None,
    json_file: Json = None,
    figure: Figure = None,
) -> None:
    """Share retrieved against the part of the query that is masked.

    Example: hybridattn experiment mask --patterns my-pictures/ --grid 32 --size 20 --figure mask.svg
    """
    from hybridattn.experiments import mask_study

    targets = Targets(out, csv_file, json_file, figure)
    criterion = (steps, threshold, queries)
    setup = _setup(memory or (), beta, source=(patterns, dim, grid), seeds=(seed, seeds), criterion=criterion)
    study = mask_study(setup, size=size, levels=numbers("--levels", levels, float))
    perform(study, targets, _retrieval(setup, "mask", "masked share"))


@experiment_app.command()
def basins(
    memory: Memories = None,
    size: Annotated[int, typer.Option(help="Number of stored points.")] = 5,
    starts: Annotated[int, typer.Option(help="Starts a side of the square.")] = 41,
    beta: Beta = 4.0,
    seed: Seed = 0,
    seeds: Seeds = 5,
    steps: Steps = 50,
    out: Out = None,
    csv_file: Csv = None,
    json_file: Json = None,
    figure: Figure = None,
) -> None:
    """Which start reaches which pattern, in two dimensions; the figure shows the first memory and seed.

    Example: hybridattn experiment basins --memory modern_hopfield --beta 16 --figure basins.png
    """
    from hybridattn.experiments import basin_study, contenders, summarise_basins, unit_square

    targets = Targets(out, csv_file, json_file, figure)
    setup = set_up(
        unit_square(), chosen(memory or POINTS, contenders(beta)), seed=seed, seeds=seeds, criterion=(steps, 0.9, 1)
    )
    study = basin_study(setup, size=size, grid=starts)
    perform(study, targets, Results(summarise_basins, basin_table, partial(draw_basins, setup, size, starts)))


@experiment_app.command()
def energy(
    memory: Memories = None,
    size: Annotated[int, typer.Option(help="Number of stored patterns.")] = 20,
    sigma: Annotated[float, typer.Option("--noise", help="Standard deviation of the noise in the queries.")] = 0.5,
    patterns: Patterns = "signs",
    dim: Dim = 64,
    grid: Grid = 16,
    beta: Beta = 0.05,
    seed: Seed = 0,
    seeds: Seeds = 5,
    steps: Steps = 8,
    queries: Queries = 256,
    out: Out = None,
    csv_file: Csv = None,
    json_file: Json = None,
    figure: Figure = None,
) -> None:
    """Energy of queries while they settle: mean, spread, and whether any rose.

    Example: hybridattn experiment energy --memory modern_hopfield --steps 10 --figure energy.png
    """
    from hybridattn.experiments import energy_study, summarise_energy

    targets = Targets(out, csv_file, json_file, figure)
    criterion = (steps, 0.9, queries)
    setup = _setup(memory or DEFAULTS[:1], beta, source=(patterns, dim, grid), seeds=(seed, seeds), criterion=criterion)
    study = energy_study(setup, size=size, level=sigma)
    perform(study, targets, Results(summarise_energy, energy_table, draw_energy))


@experiment_app.command()
def sequence(
    memory: Sequences = None,
    lengths: Annotated[str, typer.Option(help="Lengths of the sequences, in patterns.")] = "4,8,16,32,64,128",
    flips: Annotated[float, typer.Option(help="Share of the first pattern's signs that are turned.")] = 0.0,
    patterns: Patterns = "signs",
    dim: Dim = 64,
    grid: Grid = 16,
    beta: Beta = None,
    seed: Seed = 0,
    seeds: Seeds = 5,
    threshold: Threshold = 0.9,
    out: Out = None,
    csv_file: Csv = None,
    json_file: Json = None,
    figure: Figure = None,
) -> None:
    """Share of a sequence that is recalled from its first pattern.

    Example: hybridattn experiment sequence --memory polynomial_sequence --lengths 8,16,32,64 --figure sequence.png
    """
    from hybridattn.experiments import sequence_contenders, sequence_references, sequence_study, summarise_sequences

    targets = Targets(out, csv_file, json_file, figure)
    known = sequence_contenders(beta)
    memories = chosen(memory or list(known), known)
    source = source_of(patterns, dim, grid)
    setup = set_up(source, memories, seed=seed, seeds=seeds, criterion=(1, threshold, 1))
    study = sequence_study(setup, lengths=numbers("--lengths", lengths, int), level=flips)
    theory = partial(sequence_references, setup)
    perform(study, targets, Results(summarise_sequences, sequence_table, draw_sequences, theory))


def _setup(
    names: Sequence[str],
    beta: float | None,
    *,
    source: tuple[str, int, int],
    seeds: tuple[int, int],
    criterion: tuple[int, float, int],
) -> "Setup":
    from hybridattn.experiments import contenders

    first, count = seeds
    found, known = source_of(*source), contenders(beta)
    memories = chosen(names or [name for name in DEFAULTS if found.signs or not known[name].binary], known)
    return set_up(found, memories, seed=first, seeds=count, criterion=criterion)


def _retrieval(setup: "Setup", varied: str, label: str) -> Results:
    from hybridattn.experiments import retrieval_references, summarise_retrieval

    theory = partial(retrieval_references, setup, varied)
    return Results(summarise_retrieval, retrieval_table, partial(draw_retrieval, varied, label), theory)
