"""Facts in durable stores: a slot an observation, a slot a symbol, and a slot a relation."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from hybridattn.errors import ArgumentError, MemoryFileError, ShapeError
from hybridattn.knowledge.encoder import Encoder, SymbolCodes
from hybridattn.knowledge.kept.columns import Columns, read_columns
from hybridattn.knowledge.sources.rows import Row
from hybridattn.memory import MemoryStore, StoreReader
from hybridattn.memory.durable.writing.making import made_beside

__all__ = ["KeptFacts", "OpenedFacts", "is_kept", "keep_facts", "open_facts"]

FORMAT, VERSION = "hybridattn.facts", 1
ABOUT = "facts"
"""The name under which the store of observations keeps what the stores are."""
PARTS = ("facts", "symbols", "cues")
COPULAS = ("-->", "<->")
"""The relations that are always there, first."""


@dataclass(frozen=True)
class KeptFacts:
    """What was put into a store of facts, and what it holds now."""

    added: int
    """Observations."""
    observations: int
    symbols: int

    def to_json(self) -> dict[str, int]:
        """Give plain data."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


class OpenedFacts(NamedTuple):
    """What a store of facts holds, ready to be asked."""

    columns: Columns
    entities: Tensor
    """(symbols, dim): the vector of each symbol, mapped where that can be."""
    encoder: Encoder
    words: str | None
    """The built-in knowledge base whose words mean these symbols."""


def is_kept(path: str | Path) -> bool:
    """Tell whether there is a store of facts at a path."""
    return all(os.path.isfile(Path(path) / part / "store.sqlite") for part in PARTS)


def keep_facts(
    path: str | Path, rows: Iterable[Row], *, encoder: Encoder | None = None, words: str | None = None
) -> KeptFacts:
    """Add rows to the store of facts at a path, each an observation of its own: all of them, or none.

    Where nothing is there, or an empty folder, a store is made.

    Args:
        path: the folder.
        rows: what was observed.
        encoder: turns symbols into vectors; None is that of the store, `SymbolCodes()` for a new one.
        words: for a new store, the built-in knowledge base whose words mean its symbols.

    Raises:
        MemoryFileError: the folder is something else, has a writer (StoreBusyError), is damaged or cannot be written.
        ShapeError: the encoder has another width than the store.
    """
    path, rows = Path(path), list(rows)
    if not is_kept(path):
        _make(path, SymbolCodes() if encoder is None else encoder, words)
    with _opened(path, MemoryStore) as (facts, symbols, cues):
        encoder = _encoder(path, encoder, facts, symbols)
        terms = {str(term): None for row in rows for term in (row.source, row.target)}
        names = _numbered(symbols, terms, encoder)
        relations = _numbered(cues, {row.cue: None for row in rows}, SymbolCodes(cues.key_dim))
        codes = [(names[str(row.source)], relations[row.cue], names[str(row.target)]) for row in rows]
        truths = [(row.truth.frequency, row.truth.confidence) for row in rows]
        evidence = [(row.truth.w_plus, row.truth.w) for row in rows]
        facts.write(
            torch.tensor(codes, dtype=torch.float64).reshape(-1, 3),
            torch.tensor(truths, dtype=torch.float64).reshape(-1, 2),
            evidence=torch.tensor(evidence, dtype=torch.float64).reshape(-1, 2),
            labels=[row.relation for row in rows],
        )
        return KeptFacts(len(rows), len(facts), len(symbols))


def open_facts(path: str | Path, *, encoder: Encoder | None = None) -> OpenedFacts:
    """Open the store of facts at a path, as it is at this moment; nothing of it stays open.

    Raises MemoryFileError where there is none or it is damaged; ArgumentError where it was made with an encoder of its
    own, and none is given; ShapeError where that has another width.
    """
    with _opened(Path(path), StoreReader) as (facts, symbols, cues):
        encoder = _encoder(Path(path), encoder, facts, symbols)
        parts = [block.keys for block in symbols.segments(rows=max(1, symbols.next_id))]
        entities = parts[0] if len(parts) == 1 else torch.cat([torch.empty(0, symbols.key_dim), *parts])
        return OpenedFacts(read_columns(facts, symbols, cues), entities, encoder, _about(facts)["words"])


def _make(path: Path, encoder: Encoder, words: str | None) -> None:
    """Make three empty stores in a folder: all of them or none."""
    codes = "SymbolCodes" if isinstance(encoder, SymbolCodes) else None
    cue_codes = SymbolCodes()
    with made_beside(path) as draft:
        MemoryStore(draft / "symbols", encoder.dim, beta=100.0).close()
        with MemoryStore(draft / "cues", cue_codes.dim, beta=100.0) as cues:
            cues.write(cue_codes.encode(COPULAS), labels=COPULAS)
        with MemoryStore(draft / "facts", 3, 2, dtype=torch.float64) as facts:
            about = {"format": FORMAT, "version": VERSION, "codes": codes, "words": words}
            facts.keep(ABOUT, {}, about=about)


@contextmanager
def _opened(path: Path, kind: type[StoreReader]) -> Iterator[tuple[Any, Any, Any]]:
    """Open the three stores: observations first, whose symbols are all there then."""
    if not is_kept(path):
        raise MemoryFileError(f"{path} is no store of facts: it has no {' and '.join(PARTS)}")
    with kind(path / "facts") as facts, kind(path / "symbols") as symbols, kind(path / "cues") as cues:
        about = _about(facts)
        if about.get("version") != VERSION:
            raise MemoryFileError(f"{path} has the version {about.get('version')!r} of {FORMAT}, not {VERSION}")
        if (facts.key_dim, facts.value_dim, facts.dtype) != (3, 2, torch.float64):
            raise MemoryFileError(f"{path} is damaged: {facts} holds no facts")
        yield facts, symbols, cues


def _about(facts: StoreReader) -> Mapping[str, Any]:
    about = facts.kept(ABOUT).about if ABOUT in facts.kept_names else {}
    if about.get("format") != FORMAT:
        raise MemoryFileError(f"{facts.path} is no store of facts")
    return {"words": None, "codes": None, **about}


def _encoder(path: Path, encoder: Encoder | None, facts: StoreReader, symbols: StoreReader) -> Encoder:
    """Give the encoder that goes with the vectors of a store."""
    if encoder is None:
        if _about(facts)["codes"] != "SymbolCodes":
            raise ArgumentError(f"{path} was made with an encoder of its own: encoder must be that one; got None")
        return SymbolCodes(symbols.key_dim)
    if encoder.dim != symbols.key_dim:
        raise ShapeError(f"encoder must have dim={symbols.key_dim} as {path} has; got {encoder.dim}")
    return encoder


def _numbered(store: MemoryStore, names: Mapping[str, None], encoder: Encoder) -> dict[str, int]:
    """Give the slot of each name, after writing those that have none."""
    known = {name: number for number, name in zip(store.ids.tolist(), store.labels_of(store.ids), strict=True) if name}
    if fresh := [name for name in names if name not in known]:
        vectors = torch.nn.functional.normalize(encoder.encode(fresh).float().cpu(), dim=-1)
        known |= dict(zip(fresh, store.write(vectors, labels=fresh).tolist(), strict=True))
    return known
