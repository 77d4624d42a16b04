"""A study is a list of cells, each measured on its own; running it fills in what is missing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Generic, TypeVar

from hybridattn.errors import ArgumentError
from hybridattn.experiments.running.cells import Cell
from hybridattn.experiments.running.ledger import Ledger

__all__ = ["Study", "run_study"]

Row = TypeVar("Row")


@dataclass(frozen=True)
class Study(Generic[Row]):
    """What is measured, cell by cell; a cell's rows depend on the settings and the cell alone."""

    name: str
    settings: Mapping[str, Any]
    """Plain data that decides every number."""
    cells: Sequence[Cell]
    measure: Callable[[Cell], Sequence[Row]]
    row: Callable[..., Row]
    """The frozen dataclass of a row, made from its fields."""

    def __post_init__(self) -> None:
        """Raise ArgumentError where there is nothing to measure, or a cell stands there twice."""
        if not self.cells:
            raise ArgumentError(f"{self.name} needs at least one memory, size, level and seed; got none of one of them")
        if len(set(self.cells)) < len(self.cells):
            twice = next(cell for cell in self.cells if list(self.cells).count(cell) > 1)
            raise ArgumentError(f"{self.name}: every memory, size, level and seed may be named once; twice: {twice}")


def run_study(
    study: Study[Row], *, ledger: Ledger | None = None, done: Callable[[int, int], None] | None = None
) -> list[Row]:
    """Measure every cell of a study that the ledger does not have yet: all rows, in the order of the cells.

    A finished cell is in the ledger before the next one starts. `done` is told (finished, all) after each.
    """
    known = {} if ledger is None else ledger.open(study.name, study.settings)
    rows: list[Row] = []
    for number, cell in enumerate(study.cells, start=1):
        if cell not in known:
            found = study.measure(cell)
            if ledger is not None:
                ledger.append(cell, [asdict(row) for row in found])  # type: ignore[call-overload]
        else:
            found = [study.row(**fields) for fields in known[cell]]
        rows.extend(found)
        if done is not None:
            done(number, len(study.cells))
    return rows
