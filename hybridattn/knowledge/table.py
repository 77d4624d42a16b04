"""Facts as columns: what was observed, which statement it supports, and what the symbols are called."""

from collections.abc import Iterable, Iterator, MutableSequence, Sequence
from functools import cached_property, reduce

import torch
from torch import Tensor

from hybridattn.errors import SlotError
from hybridattn.knowledge.kept.columns import Columns
from hybridattn.knowledge.kept.on_demand import OnDemand
from hybridattn.knowledge.sources.rows import Row, atom, statement
from hybridattn.reasoning import Fact, Judgement, Term, Truth, parse_term
from hybridattn.reasoning.truth import revision

__all__ = ["FactTable"]


class FactTable:
    """Observations merged into facts: rows that state the same add their evidence, each an observation of its own.

    A fact is numbered by its place (0, 1, ...) here, and named by the id of its first observation outside.
    """

    def __init__(self) -> None:
        self.symbols: dict[str, int] = {}
        self.terms: MutableSequence[Term] = []
        self.cues: dict[str, int] = {}
        self.codes: MutableSequence[tuple[int, int, int]] = []
        self.relations: list[str] = []
        self.truths: MutableSequence[Truth] = []
        self.observed: MutableSequence[tuple[int, ...]] = []
        self.observations = 0
        self._cue_terms: list[tuple[str, Term]] = []
        self._coded = torch.empty(0, 3, dtype=torch.int64)
        for copula in ("-->", "<->"):
            self._cue(copula)

    @classmethod
    def of(cls, columns: Columns) -> "FactTable":
        """Put a table together from its columns: what they hold is made into terms and truths when it is asked for."""
        table, facts = cls(), range(len(columns.codes))
        for name in columns.cues:
            table._cue(name)
        table.symbols = {name: number for number, name in enumerate(columns.symbols)}
        table.terms = OnDemand(columns.symbols, _term)
        table.relations = columns.relations
        table.codes = OnDemand(facts, lambda fact: tuple(columns.codes[fact].tolist()))
        table.truths = OnDemand(facts, lambda fact: _revised(columns.truths_of(fact)))
        table.observed = OnDemand(facts, columns.observed_of)
        table.observations = columns.observations
        table._coded = columns.codes
        return table

    def coded(self) -> Tensor:
        """Give the codes of all facts: (facts, 3) int64."""
        fresh = torch.tensor(self.codes[len(self._coded) :], dtype=torch.int64).reshape(-1, 3)
        return torch.cat([self._coded, fresh])

    def __len__(self) -> int:
        """Count the facts."""
        return len(self.codes)

    def add(self, rows: Iterable[Row]) -> None:
        """Take rows in; each is one observation, numbered on from those before."""
        places, by_id = self._places, self._by_id
        for row in rows:
            source, target = self._symbol(row.source), self._symbol(row.target)
            cue = self._cue(row.cue)
            code = self._stated(source, cue, target)
            place = places.get(code)
            if place is None:
                places[code] = by_id[self.observations] = len(self.codes)
                self.codes.append((source, cue, target))
                self.relations.append(row.relation)
                self.truths.append(row.truth)
                self.observed.append((self.observations,))
            else:
                self.truths[place] = revision(self.truths[place], row.truth)
                self.observed[place] += (self.observations,)
            self.observations += 1

    @cached_property
    def _places(self) -> dict[tuple[int, int, int], int]:
        """The place of each fact, by what it states."""
        return {self._stated(*code): place for place, code in enumerate(self.coded().tolist())}

    @cached_property
    def _by_id(self) -> dict[int, int]:
        """The place of each fact, by its first observation."""
        return {some[0]: place for place, some in enumerate(self.observed)}

    def _stated(self, source: int, cue: int, target: int) -> tuple[int, int, int]:
        """Give one code for both ways to say a similarity."""
        turned = source > target and cue == self.cues["<->"]
        return (target, cue, source) if turned else (source, cue, target)

    def _cue(self, name: str) -> int:
        number = self.cues.setdefault(name, len(self._cue_terms))
        if number == len(self._cue_terms):
            self._cue_terms.append((name, atom(name) if name in ("-->", "<->") else parse_term(name)))
        return number

    def _symbol(self, term: Term) -> int:
        number = self.symbols.setdefault(str(term), len(self.terms))
        if number == len(self.terms):
            self.terms.append(term)
        return number

    def fact(self, place: int) -> Fact:
        """Give the fact at a place, its confidence capped: evidence adds up uncapped in here."""
        source, cue, target = self.codes[place]
        term = statement(self.terms[source], *self.relation(cue), self.terms[target])
        judgement = Judgement(term, self.truths[place].capped(), frozenset(self.observed[place]))
        return Fact(self.observed[place][0], self.terms[source], self.relations[place], self.terms[target], judgement)

    def relation(self, cue: int) -> tuple[str, Term]:
        """Give the symbol and the term of a relation."""
        return self._cue_terms[cue]

    def __iter__(self) -> Iterator[Fact]:
        """Iterate over the facts in the order in which they were first observed."""
        return map(self.fact, range(len(self)))

    def by_id(self, number: int) -> Fact:
        """Give the fact with this id; raises SlotError if there is none."""
        if number not in self._by_id:
            raise SlotError(
                f"no fact has the id {number}; ids are those of first observations, below {self.observations}"
            )
        return self.fact(self._by_id[number])


def _term(text: str) -> Term:
    """Give the term that is printed so."""
    plain = atom(text)
    return plain if str(plain) == text else parse_term(text)


def _revised(truths: Sequence[Sequence[float]]) -> Truth:
    """Add up observations in their order."""
    return reduce(revision, (Truth(*one) for one in truths))
