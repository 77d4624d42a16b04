"""Fact files: TSV, CSV, JSONL and Narsese, as they are or compressed by xz or gzip."""

import csv
import gzip
import json
import lzma
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from hybridattn.errors import ArgumentError, FactsError
from hybridattn.knowledge.sources.rows import FIELDS, WANTED, Row, from_fields, from_sentence
from hybridattn.reasoning import read_sentences

__all__ = ["FORMATS", "read_lines", "read_rows"]

OPENERS: Mapping[str, Callable[..., Any]] = {".xz": lzma.open, ".gz": gzip.open}


def read_rows(path: str | Path) -> list[Row]:
    """Read all rows of a fact file; its format is the ending, before `.xz` or `.gz` if there is one.

    Raises:
        FactsError: the file is missing, a directory, empty, cut off, binary, of an unknown format, or has a bad row:
        names
            the file, the line, what was wanted and what came. Nothing is returned then.
    """
    path = Path(path)
    suffixes = [suffix.lower() for suffix in path.suffixes]
    ending = next((suffix for suffix in reversed(suffixes) if suffix not in OPENERS), "")
    try:
        is_dir, exists = path.is_dir(), path.exists()
    except (OSError, ValueError) as error:
        raise FactsError(f"{str(path)[:60]!r} names no file: {error}"[:200]) from None
    if is_dir:
        wanted = f"expected a file of facts ({', '.join(FORMATS)}[.xz|.gz]), or a folder that `facts import` made"
        raise FactsError(f"{path} is a directory; {wanted}")
    if not exists:
        raise FactsError(f"{path} does not exist; expected a file of facts or the name of a built-in one (wordnet)")
    if ending not in FORMATS:
        raise FactsError(
            f"{path}: unknown format {ending or 'without ending'!r}; expected {', '.join(FORMATS)}[.xz|.gz]"
        )
    rows = list(FORMATS[ending](read_lines(path), str(path)))
    if not rows:
        raise FactsError(f"{path} holds no facts; expected at least one row ({WANTED})")
    return rows


def read_lines(path: Path) -> Iterator[str]:
    """Yield the lines of a text file, opened by its last ending; raises FactsError where it is no text, or cut off."""
    opener = OPENERS.get(path.suffix.lower(), open)
    number = 0
    try:
        with opener(path, "rt", encoding="utf-8-sig", newline="\n") as file:
            for number, line in enumerate(file, 1):
                if "\0" in line:
                    raise FactsError(f"{path}, line {number}: expected text; got a binary file")
                yield line
    except UnicodeDecodeError:
        raise FactsError(f"{path}, line {number + 1}: expected UTF-8 text; got other bytes") from None
    except (EOFError, lzma.LZMAError, zlib.error, gzip.BadGzipFile) as error:
        raise FactsError(f"{path}, line {number + 1}: the compressed file is damaged or cut off ({error})") from None
    except OSError as error:
        raise FactsError(f"{path} cannot be read: {error.strerror or error}") from None


def _tsv(lines: Iterable[str], origin: str) -> Iterator[Row]:
    return _table(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE), origin)


def _csv(lines: Iterable[str], origin: str) -> Iterator[Row]:
    return _table(csv.reader(lines, strict=True), origin)


def _table(reader: Any, origin: str) -> Iterator[Row]:
    order: list[int] | None = None
    first = True
    try:
        for fields in reader:
            if not any(field.strip() for field in fields):
                continue
            names = [field.strip().lower() for field in fields] if first else []
            if {"source", "relation", "target"} <= set(names):
                order = _header(names, f"{origin}, line {reader.line_num}")
            else:
                yield _row(partial(_picked, order=order), fields, origin, reader.line_num)
            first = False
    except csv.Error as error:
        raise FactsError(f"{origin}, line {reader.line_num}: {error}") from None


def _header(names: list[str], where: str) -> list[int]:
    if unknown := [name for name in names if name not in FIELDS]:
        raise FactsError(f"{where}: expected a header of {WANTED}; got {', '.join(unknown)}")
    if len(set(names)) < len(names):
        raise FactsError(f"{where}: expected each column once; got {', '.join(names)}")
    return [names.index(field) if field in names else -1 for field in FIELDS]


def _picked(fields: list[str], order: list[int] | None) -> Row:
    if order is None:
        return from_fields(fields)
    if len(fields) != (columns := sum(place >= 0 for place in order)):
        raise ArgumentError(f"expected {columns} fields, as the header has; got {len(fields)}")
    return from_fields([fields[place] if place >= 0 else None for place in order])


def _row(make: Callable[[Any], Row], what: Any, origin: str, line: int) -> Row:
    try:
        return make(what)
    except ArgumentError as error:
        raise FactsError(f"{origin}, line {line}: {error}") from None


def _jsonl(lines: Iterable[str], origin: str) -> Iterator[Row]:
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _row(_from_json, line, origin, number)


def _from_json(line: str) -> Row:
    try:
        item = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ArgumentError(f"expected a JSON object; {error}") from None
    if not isinstance(item, dict):
        raise ArgumentError(f"expected a JSON object with {WANTED}; got {type(item).__name__}")
    if unknown := [key for key in item if key not in FIELDS]:
        raise ArgumentError(f"expected the keys {WANTED}; got {unknown[0]!r}")
    return from_fields([item.get(field) for field in FIELDS])


def _nal(lines: Iterable[str], origin: str) -> Iterator[Row]:
    for number, sentence in read_sentences(lines, source=origin):
        yield _row(from_sentence, sentence, origin, number)


FORMATS: Mapping[str, Callable[[Iterable[str], str], Iterator[Row]]] = {
    ".tsv": _tsv,
    ".csv": _csv,
    ".jsonl": _jsonl,
    ".nal": _nal,
}
"""The reader of each format."""
