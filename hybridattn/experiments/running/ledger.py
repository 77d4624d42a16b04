"""What is measured already, in a file that only grows."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hybridattn.errors import ArgumentError
from hybridattn.experiments.running.cells import Cell

__all__ = ["Ledger"]

FILE = "cells.jsonl"
FORMAT = "hybridattn-experiment-1"


@dataclass(frozen=True)
class Ledger:
    """The finished cells of one study, a line of JSON each, in `cells.jsonl` of a folder that is made where missing.

    The first line holds the settings. Every line is flushed to the disk when it is written, and a last line that was
    cut off by a crash is dropped, so what is lost is at most the cell that was being measured.
    """

    folder: Path

    @property
    def path(self) -> Path:
        """Give the file."""
        return self.folder / FILE

    def open(self, name: str, settings: Mapping[str, Any]) -> dict[Cell, list[dict[str, Any]]]:
        """Give the rows of the cells that are done; a new file gets its first line.

        Raises ArgumentError where the folder cannot be written, holds a study with other settings, or another file of
        this name.
        """
        first = {"format": FORMAT, "experiment": name, "settings": json.loads(json.dumps(settings))}
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            data = self.path.read_bytes() if self.path.exists() else b""
        except OSError as error:
            reason = error.strerror or str(error)
            raise ArgumentError(f"the ledger needs a folder to write; got {str(self.folder)!r}: {reason}") from None
        whole = data[: data.rfind(b"\n") + 1]
        lines = whole.decode("utf-8", "replace").splitlines()
        if lines:
            self._must_match(self._parsed(1, lines[0]), first)
        elif data and not _line(first).startswith(data):
            raise self._refused(1, data.decode("utf-8", "replace"))
        known = dict(self._cell(number, line) for number, line in enumerate(lines[1:], start=2))
        if len(whole) < len(data):
            os.truncate(self.path, len(whole))
        if not lines:
            self._add(_line(first))
        return known

    def append(self, cell: Cell, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add a finished cell, on the disk before this returns."""
        self._add(_line({"cell": asdict(cell), "rows": list(rows)}))

    def _add(self, line: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())

    def _parsed(self, number: int, line: str) -> dict[str, Any]:
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            entry = None
        if not isinstance(entry, dict):
            raise self._refused(number, line)
        return entry

    def _refused(self, number: int, line: str) -> ArgumentError:
        return ArgumentError(f"{self.path}:{number}: expected a line that an experiment wrote; got {line[:60]!r}")

    def _cell(self, number: int, line: str) -> tuple[Cell, list[dict[str, Any]]]:
        entry = self._parsed(number, line)
        try:
            return Cell(**entry["cell"]), entry["rows"]
        except (KeyError, TypeError):
            raise self._refused(number, line) from None

    def _must_match(self, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
        if found.get("format") != FORMAT or not isinstance(found.get("settings"), dict):
            raise self._refused(1, json.dumps(found))
        old = {"experiment": found.get("experiment"), **found["settings"]}
        new = {"experiment": wanted["experiment"], **wanted["settings"]}
        for key in [*new, *old]:
            if old.get(key) != new.get(key):
                had, asked = (json.dumps(side.get(key)) for side in (old, new))
                raise ArgumentError(
                    f"{self.folder} holds an experiment with {key} {had}; got {asked}: name another folder"
                )


def _line(entry: Mapping[str, Any]) -> bytes:
    return json.dumps(entry, allow_nan=False).encode() + b"\n"
