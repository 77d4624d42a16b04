"""The columns of a table of facts, as a durable store holds them."""

from typing import NamedTuple

import torch
from torch import Tensor

from hybridattn.errors import MemoryFileError
from hybridattn.memory import StoreReader

__all__ = ["Columns", "read_columns"]


class Columns(NamedTuple):
    """Symbols, relations, and the observations of facts, which are grouped by what they state."""

    symbols: list[str]
    cues: list[str]
    codes: Tensor
    """(facts, 3) int64: source, cue and target of each, in the order in which they were first observed."""
    relations: list[str]
    """The name by which each fact was given first."""
    truths: Tensor
    """(m, 2) float64: frequency and confidence of the observations of the first fact, the second, ..."""
    observed: Tensor
    """(m,) int64: the ids of these observations."""
    starts: Tensor
    """(facts + 1,) int64: where the observations of each fact begin, and the last ones end."""
    observations: int
    """How many there were, with those that were erased."""

    def truths_of(self, fact: int) -> list[list[float]]:
        """Give the (frequency, confidence) of the observations of a fact."""
        found: list[list[float]] = self.truths[self._those(fact)].tolist()
        return found

    def observed_of(self, fact: int) -> tuple[int, ...]:
        """Give the ids of the observations of a fact."""
        return tuple(self.observed[self._those(fact)].tolist())

    def _those(self, fact: int) -> slice:
        return slice(int(self.starts[fact]), int(self.starts[fact + 1]))


def read_columns(facts: StoreReader, symbols: StoreReader, cues: StoreReader) -> Columns:
    """Read the columns; raises MemoryFileError where an observation is of no symbol or relation."""
    names, relations = _labels(symbols), _labels(cues)
    blocks = list(facts.segments())
    ids = torch.cat([torch.empty(0, dtype=torch.int64), *(block.ids for block in blocks)])
    codes = torch.cat([torch.empty(0, 3, dtype=torch.float64), *(block.keys for block in blocks)]).long()
    truths = torch.cat(
        [torch.empty(0, 2, dtype=torch.float64), *(block.values for block in blocks if block.values is not None)]
    )
    most = torch.tensor([len(names), len(relations), len(names)])
    if bool(((codes < 0) | (codes >= most)).any()):
        raise MemoryFileError(f"{facts.path} is damaged: it names symbols that {symbols.path} lacks")
    fact = _grouped(_ordered(codes, relations), len(names), len(relations))
    first, by_fact = _first(fact), fact.argsort(stable=True)
    given = facts.labels_of(ids[first])
    return Columns(
        symbols=names,
        cues=relations,
        codes=codes[first],
        relations=[label or "" for label in given],
        truths=truths[by_fact],
        observed=ids[by_fact],
        starts=torch.cat((torch.zeros(1, dtype=torch.int64), torch.bincount(fact, minlength=len(first)).cumsum(0))),
        observations=facts.next_id,
    )


def _labels(store: StoreReader) -> list[str]:
    """Give the names of slots 0, 1, ...; none of them may be missing, or twice."""
    labels = store.labels_of(store.ids)
    names = [label for label in labels if label]
    if len(store) != store.next_id or len(set(names)) != len(labels):
        raise MemoryFileError(f"{store.path} is damaged: its slots are not symbols with a name each")
    return names


def _ordered(codes: Tensor, relations: list[str]) -> Tensor:
    """Put the lower symbol of a similarity first, so that both ways to say it are one."""
    turned = (codes[:, 1] == relations.index("<->")) & (codes[:, 0] > codes[:, 2])
    return torch.where(turned[:, None], codes.flip(-1), codes)


def _grouped(codes: Tensor, symbols: int, cues: int) -> Tensor:
    """Number what is stated, in the order in which it was first: (m,) from 0 on."""
    source, cue, target = codes.unbind(-1)
    _, same = torch.unique((source * cues + cue) * symbols + target, return_inverse=True)
    first = _first(same)
    rank = torch.empty_like(first)
    rank[first.argsort()] = torch.arange(len(first))
    return rank[same]


def _first(group: Tensor) -> Tensor:
    """Give the first place of each group."""
    count = int(group.max()) + 1 if len(group) else 0
    places = torch.arange(len(group))
    return torch.full((count,), len(group)).scatter_reduce(0, group, places, "amin")
