"""Knowledge graphs as they are published: a folder with train, valid or dev, and test, a triple a line."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from hybridattn.errors import FactsError
from hybridattn.knowledge.sources.files import read_lines

__all__ = ["TripleSplits", "Triples", "read_splits", "read_triples"]

Triples: TypeAlias = tuple[tuple[str, str, str], ...]

ENDINGS = (".txt", ".tsv")
WANTED = "head, relation, tail, separated by tabs"


@dataclass(frozen=True)
class TripleSplits:
    """The triples of a data set; `valid` is empty where there is no such file."""

    train: Triples
    valid: Triples
    test: Triples


def read_splits(folder: str | Path) -> TripleSplits:
    """Read `train`, `valid` or `dev`, and `test`, each as .txt or .tsv.

    Raises:
        FactsError: a file is missing, there twice, empty, or has a row that is no triple.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FactsError(
            f"{folder} is no folder; expected one with train, valid or dev, and test ({' or '.join(ENDINGS)})"
        )
    train, test = (_only(folder, name) for name in ("train", "test"))
    valid = _found(folder, "valid", "dev")
    return TripleSplits(read_triples(train), read_triples(valid) if valid else (), read_triples(test))


def read_triples(path: str | Path) -> Triples:
    """Read a file of triples: head, relation, tail, separated by tabs; blank lines are left out.

    Raises:
        FactsError: the file cannot be read, holds no triple, or a row is none: names the file and the line.
    """
    rows = tuple(_rows(Path(path)))
    if not rows:
        raise FactsError(f"{path} holds no triples; expected at least one row ({WANTED})")
    return rows


def _rows(path: Path) -> Iterator[tuple[str, str, str]]:
    for number, line in enumerate(read_lines(path), 1):
        if not line.strip():
            continue
        fields = [field.strip() for field in line.rstrip("\r\n").split("\t")]
        if len(fields) != 3 or not all(fields):
            raise FactsError(
                f"{path}, line {number}: expected {WANTED}; got {len(fields)} columns: {line.strip()[:60]!r}"
            )
        yield fields[0], fields[1], fields[2]


def _only(folder: Path, name: str) -> Path:
    path = _found(folder, name)
    if path is None:
        raise FactsError(f"{folder} has no {' or '.join(name + ending for ending in ENDINGS)}")
    return path


def _found(folder: Path, *names: str) -> Path | None:
    paths = [folder / (name + ending) for name in names for ending in ENDINGS if (folder / (name + ending)).exists()]
    if len(paths) > 1:
        raise FactsError(f"{folder} has {' and '.join(path.name for path in paths)}; expected one of them")
    return paths[0] if paths else None
