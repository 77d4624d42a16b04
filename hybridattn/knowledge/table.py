"""Facts as columns: what was observed, which statement it supports, and what the symbols are called."""

from collections.abc import Iterable, Iterator

from hybridattn.errors import SlotError
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
        self.terms: list[Term] = []
        self.cues: dict[str, int] = {}
        self.codes: list[tuple[int, int, int]] = []
        self.relations: list[str] = []
        self.truths: list[Truth] = []
        self.observed: list[tuple[int, ...]] = []
        self.observations = 0
        self._cue_terms: list[tuple[str, Term]] = []
        self._places: dict[tuple[int, int, int], int] = {}
        self._by_id: dict[int, int] = {}
        for copula in ("-->", "<->"):
            self._cue(copula)

    def __len__(self) -> int:
        """Count the facts."""
        return len(self.codes)

    def add(self, rows: Iterable[Row]) -> None:
        """Take rows in; each is one observation, numbered on from those before."""
        for row in rows:
            source, target = self._symbol(row.source), self._symbol(row.target)
            cue = self._cue(row.cue)
            code = (source, cue, target)
            if row.cue == "<->":
                code = (min(source, target), cue, max(source, target))
            place = self._places.get(code)
            if place is None:
                self._places[code] = self._by_id[self.observations] = len(self.codes)
                self.codes.append((source, cue, target))
                self.relations.append(row.relation)
                self.truths.append(row.truth)
                self.observed.append((self.observations,))
            else:
                self.truths[place] = revision(self.truths[place], row.truth)
                self.observed[place] += (self.observations,)
            self.observations += 1

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
