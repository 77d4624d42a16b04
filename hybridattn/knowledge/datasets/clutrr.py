"""CLUTRR (Sinha et al. 2019): stories about families, as the authors' CSV or as one JSON object a line."""

import ast
import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hybridattn.errors import ArgumentError, FactsError
from hybridattn.knowledge.rules import Story
from hybridattn.knowledge.sources.files import read_lines

__all__ = ["GoldStep", "KinStory", "read_clutrr"]

Triple = tuple[str, str, str]

GoldStep = tuple[Triple, frozenset[Triple]]
"""A conclusion and the two statements that it follows from, each (source, relation, target)."""

COLUMNS = {"edges": "story_edges", "types": "edge_types", "query": "query_edge", "target": "target"}
"""The columns of the CSV that a story needs, by their keys in JSON."""

OTHERS = {"id": "id", "task": "task_name", "genders": "genders", "proof": "proof_state"}
"""Those that may be missing."""


@dataclass(frozen=True)
class KinStory:
    """A row: the story with its answer, and what the data set says of the proof."""

    story: Story
    id: str
    task: str
    unlabelled: int
    """Edges without a relation (the distractors of the robust sets): they say nothing, and are no facts."""
    gold: tuple[GoldStep, ...]
    """The steps of `proof_state`; empty where there is none, as in JSON."""


def read_clutrr(path: str | Path) -> list[KinStory]:
    """Read all rows of a `.csv` or `.jsonl` file (also with `.xz` or `.gz` behind it).

    The relation of edge (a, b) says what b is to a: the fact <(*, a, b) --> relation>. People have the names in the
    column `genders` (or the number of their node, where that is missing or a name comes twice); genders are not used.

    Raises:
        FactsError: the file or a row cannot be read: names the file, the row (counted from 1, without the header), what
            was wanted and what came. Nothing is returned then.
    """
    path = Path(path)
    ending = next((one.lower() for one in reversed(path.suffixes) if one.lower() not in (".xz", ".gz")), "")
    if ending not in READERS:
        raise FactsError(f"{path}: expected a .csv or .jsonl file of CLUTRR; got {ending or 'no ending'!r}")
    if path.is_dir() or not path.exists():
        raise FactsError(f"{path} {'is a directory' if path.is_dir() else 'does not exist'}; expected a file of CLUTRR")
    stories = []
    for number, fields in enumerate(READERS[ending](read_lines(path), str(path)), 1):
        where = f"{path}, row {number}"
        try:
            stories.append(_story(fields, where))
        except ArgumentError as error:
            raise FactsError(f"{where}: {error}") from None
    if not stories:
        raise FactsError(f"{path} holds no stories; expected at least one row")
    return stories


def _csv(lines: Iterable[str], origin: str) -> Iterator[Mapping[str, Any]]:
    limit = csv.field_size_limit(2**24)
    reader = csv.DictReader(lines, strict=True)
    try:
        columns = list(reader.fieldnames or ())
        if missing := [name for name in COLUMNS.values() if name not in columns]:
            wanted = ", ".join(COLUMNS.values())
            raise FactsError(f"{origin}: expected the columns {wanted}; {', '.join(missing)} missing")
        for number, row in enumerate(reader, 1):
            where = f"{origin}, row {number}"
            if None in row or None in row.values():
                raise FactsError(f"{where}: expected {len(columns)} columns; got {'more' if None in row else 'fewer'}")
            parts = {key: _literal(name, row[name], where) for key, name in COLUMNS.items() if key != "target"}
            more = {key: row.get(name, "") for key, name in OTHERS.items()}
            yield {**parts, **more, "target": row["target"]}
    except csv.Error as error:
        raise FactsError(f"{origin}, line {reader.line_num}: {error}") from None
    finally:
        csv.field_size_limit(limit)


def _literal(name: str, text: str, where: str) -> Any:
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        raise FactsError(f"{where}: {name} must be a Python literal; got {text[:40]!r}") from None


def _jsonl(lines: Iterable[str], origin: str) -> Iterator[Mapping[str, Any]]:
    number = 0
    for line in lines:
        if not line.strip():
            continue
        number += 1
        try:
            fields = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise FactsError(f"{origin}, row {number}: expected a JSON object; {error}") from None
        missing = [key for key in COLUMNS if not isinstance(fields, dict) or key not in fields]
        if missing:
            raise FactsError(f"{origin}, row {number}: expected the keys {', '.join(COLUMNS)}; {missing[0]} missing")
        yield fields


READERS = {".csv": _csv, ".jsonl": _jsonl}


def _story(fields: Mapping[str, Any], where: str) -> KinStory:
    edges = [_pair("edge", edge) for edge in _listed("edges", fields["edges"])]
    types = [_name("a type of edges", one) for one in _listed("types", fields["types"])]
    query, target = _pair("query", fields["query"]), _name("target", fields["target"])
    if len(types) > len(edges):
        raise ArgumentError(f"expected at most one relation an edge; got {len(types)} for {len(edges)}")
    names = _people(str(fields.get("genders") or ""), 1 + max([*query, *(node for edge in edges for node in edge)]))
    triples = [(names[a], relation, names[b]) for (a, b), relation in zip(edges, types, strict=False)]
    story = Story.of(triples, names[query[0]], names[query[1]], relation=target, where=where)
    gold = tuple(_gold(fields.get("proof") or "", where))
    return KinStory(story, str(fields.get("id", "")), str(fields.get("task", "")), len(edges) - len(types), gold)


def _listed(name: str, value: Any) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise ArgumentError(f"{name} must be a list; got {value!r:.40}")
    return list(value)


def _pair(name: str, value: Any) -> tuple[int, int]:
    pair = _listed(name, value)
    if len(pair) != 2 or not all(type(node) is int and 0 <= node < 10_000 for node in pair):
        raise ArgumentError(f"{name} must be two numbers of nodes; got {value!r:.40}")
    return pair[0], pair[1]


def _name(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ArgumentError(f"{name} must be a name; got {value!r:.40}")
    return value.strip()


def _people(genders: str, nodes: int) -> list[str]:
    named = [part.partition(":")[0].strip() for part in genders.split(",")]
    return [
        named[node] if node < len(named) and named[node] and named.count(named[node]) == 1 else str(node)
        for node in range(nodes)
    ]


def _gold(text: str, where: str) -> Iterator[GoldStep]:
    for step in _literal("proof_state", text, where) if text.strip() else ():
        try:
            [(conclusion, premises)] = step.items()
            yield _triple(conclusion), frozenset(map(_triple, premises))
        except (AttributeError, ValueError, TypeError):
            raise ArgumentError(f"a step of proof_state must be {{triple: [triples]}}; got {step!r:.40}") from None


def _triple(value: Any) -> Triple:
    source, relation, target = map(str, value)
    return source, relation, target
