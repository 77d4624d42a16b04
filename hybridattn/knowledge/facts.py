"""A memory of facts that can be asked: the answer, its truth, its derivation and its graph."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import networkx as nx
from torch import Tensor

from hybridattn.knowledge.answers import Answers, Search, ask, recall
from hybridattn.knowledge.encoder import Encoder
from hybridattn.knowledge.kept.facts import is_kept, open_facts
from hybridattn.knowledge.lexicon import Lexicon
from hybridattn.knowledge.sources import (
    Row,
    from_frame,
    from_graph,
    from_triples,
    read_rows,
    wordnet_rows,
    wordnet_words,
)
from hybridattn.knowledge.store import FactStore
from hybridattn.knowledge.table import FactTable
from hybridattn.reasoning import Fact

__all__ = ["BUILT_IN", "FactMemory"]

BUILT_IN: Mapping[str, tuple[Callable[[], list[Row]], Callable[[], Mapping[str, Sequence[str]]]]] = {
    "wordnet": (wordnet_rows, wordnet_words)
}
"""The knowledge bases that come with the package: their rows, and the words for their symbols."""


class FactMemory(FactStore):
    """Facts (source, relation, target) in an associative memory: key [source; relation], value target, and the inverse.

    Slot 2i holds fact i as [source; relation] -> target, slot 2i + 1 as [target; inverse relation] -> source; both
    stand for the same observations. Rows that state the same are one fact whose evidence adds up.

    Args:
        rows: what was observed (see `from_triples`, `load` and the other constructors).
        encoder: turns symbols into vectors; by default hash codes, which know equal from different and nothing else.
        beta: inverse temperature of a read.
        lexicon: the symbols that each word may mean.

    >>> memory = FactMemory.from_triples([("robin", "is_a", "bird"), ("bird", "is_a", "animal")])
    >>> print(memory.ask("<robin --> animal>?"))
    <robin --> animal>. %1.00;0.81%
    """

    @classmethod
    def load(cls, name: str | Path, **options: Any) -> "FactMemory":
        """Open a built-in knowledge base (`wordnet`), a folder (`open`), or a file.

        A file is .tsv, .csv, .jsonl or .nal, each also with .xz or .gz. A built-in name wins over a file of that name;
        write `./wordnet` for the file.

        Raises:
            FactsError: the file cannot be read, or a row is bad; names the file, the line, what was wanted and what
            came.
        """
        if name in BUILT_IN:
            rows, words = BUILT_IN[str(name)]
            return cls(rows(), lexicon=Lexicon(words), **options)
        return cls.open(name, **options) if is_kept(name) else cls(read_rows(name), **options)

    @classmethod
    def open(cls, path: str | Path, *, encoder: Encoder | None = None, **options: Any) -> "FactMemory":
        """Open the facts that `keep_facts` has put into a folder, as they are at this moment.

        Ids of observations, truths and vectors are those of the folder; what is added is in this memory alone.

        Raises:
            MemoryFileError: there is no store of facts, or it is damaged.
            ArgumentError, ShapeError: it was made with an encoder of its own, and this is none, or of another width.
        """
        found = open_facts(path, encoder=encoder)
        words = BUILT_IN.get(found.words or "")
        memory = cls(encoder=found.encoder, lexicon=None if words is None else Lexicon(words[1]), **options)
        memory.table = FactTable.of(found.columns)
        memory._entities = found.entities
        return memory

    @classmethod
    def from_triples(cls, triples: Iterable[Sequence[Any]], **options: Any) -> "FactMemory":
        """Hold sequences (source, relation, target[, frequency, confidence]); raises FactsError for a bad one."""
        return cls(from_triples(triples), **options)

    @classmethod
    def from_graph(cls, graph: "nx.Graph[Any]", **options: Any) -> "FactMemory":
        """Hold the edges of a networkx graph, with `relation` or `label`, `frequency` or `f`, `confidence` or `c`."""
        return cls(from_graph(graph), **options)

    @classmethod
    def from_frame(cls, frame: Any, **options: Any) -> "FactMemory":
        """Hold the rows of a pandas frame with the columns source, relation, target[, frequency, confidence]."""
        return cls(from_frame(frame), **options)

    def add(self, triples: Iterable[Sequence[Any]]) -> None:
        """Observe more: all of the triples, or, if one is bad, none (FactsError)."""
        self.table.add(from_triples(triples))
        self._memory = None

    def __len__(self) -> int:
        """Count the facts."""
        return len(self.table)

    def __iter__(self) -> Iterator[Fact]:
        """Iterate over the facts in the order in which they were first observed."""
        return iter(self.table)

    def __repr__(self) -> str:
        """Show the sizes."""
        return f"FactMemory(facts={len(self)}, symbols={len(self.table.terms)}, relations={len(self.relations)})"

    def fact(self, number: int) -> Fact:
        """Give the fact whose first observation has this id; raises SlotError if there is none."""
        return self.table.by_id(number)

    @property
    def relations(self) -> Mapping[str, int]:
        """How many facts were given by each relation name, most first."""
        return dict(Counter(self.table.relations).most_common())

    @property
    def words(self) -> int:
        """How many words have a symbol."""
        return len(self.lexicon.senses)

    def describe(self) -> dict[str, Any]:
        """Give the sizes, the relations with their numbers of facts, and a few facts, as plain data."""
        few = [self.table.fact(place) for place in range(min(3, len(self)))]
        return {
            "facts": len(self),
            "observations": self.table.observations,
            "symbols": len(self.table.terms),
            "words": self.words,
            "relations": dict(self.relations),
            "examples": [str(fact) for fact in few],
        }

    def to_narsese(self) -> Iterator[str]:
        """Give each fact as a Narsese judgement; `load` reads them back as the same statements and truths."""
        return map(str, self)

    def ask(
        self,
        question: str,
        *,
        path: Sequence[str] | None = None,
        vectors: Mapping[str, Tensor] | None = None,
        top: int | None = None,
        **search: Any,
    ) -> Answers:
        """Answer `<S --> P>?`, `<S <-> P>?` or `<(*, S, P) --> R>?`, where a variable like `?x` may stand for S or P.

        Hops follow `-->` and `<->` for as long as they lead to something new, any other relation once, and a `path` of
        relations in its order. Truth comes from the facts (deduction along a path; revision of whole paths that share
        no observation, otherwise choice) and from how well a query matched: a soft match adds the premise `<query <->
        key>`.

        Args:
            question: a Narsese question.
            path: names of relations to follow instead of the question's own.
            vectors: (dim,) vectors to ask with, by the name that stands for them in the question.
            top: how many answers to give, by default all.
            search: `hops` (32), `beam` (64), `min_match` (.5) and `match_evidence` (9), see `Search`.

        Raises:
            NarseseError: the question is no Narsese.
            UnknownTermError: no fact mentions a term; lists the nearest names.
            AmbiguousTermError: a word has several senses; lists them.
            ArgumentError: the question or an option cannot be used.
        """
        return self.ask_batch([question], path=path, vectors=vectors, top=top, **search)[0]

    def ask_batch(
        self,
        questions: Sequence[str],
        *,
        path: Sequence[str] | None = None,
        vectors: Mapping[str, Tensor] | None = None,
        top: int | None = None,
        **search: Any,
    ) -> list[Answers]:
        """Answer many questions at once; each gets what `ask` would give it alone."""
        named = {} if vectors is None else vectors
        return ask(self, questions, Search(path=None if path is None else tuple(path), top=top, **search), named)

    def recall(
        self, *, source: str | None = None, relation: str | None = None, target: str | None = None, top: int = 64
    ) -> list[Fact]:
        """Read the memory once with what is known of a fact, and give at most `top` facts that fit it exactly.

        Raises:
            UnknownTermError: a part is in no fact.
        """
        return recall(self, source=source, relation=relation, target=target, top=top)
