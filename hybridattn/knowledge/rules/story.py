"""Stories: the facts of a few people or things, and which two of them a question is about."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from hybridattn.errors import ArgumentError
from hybridattn.reasoning import Atom, Fact, Judgement, Term, Truth, inheritance, product
from hybridattn.reasoning.truth import DEFAULT

__all__ = ["Link", "Paths", "Story", "paths_of", "walk_of"]

Triple = tuple[str, str, str]

PATHS, LOOKS = 64, 20_000
"""Paths that are followed, and partial paths that are looked at, at most."""


@dataclass(frozen=True)
class Story:
    """Facts, in the order in which they were told, and the question: how is `target` related to `source`?"""

    facts: tuple[Fact, ...]
    source: Term
    target: Term
    relation: str | None = None
    """The answer, where it is known: <(*, source, target) --> relation>."""
    where: str = ""
    """The file and the row, for messages."""

    @classmethod
    def of(
        cls,
        triples: Iterable[Triple],
        source: str,
        target: str,
        *,
        relation: str | None = None,
        truth: Truth = DEFAULT,
        where: str = "",
    ) -> "Story":
        """Make a story from triples (source, relation, target): the ids of its facts are 0, 1, ...

        >>> story = Story.of([("Ann", "daughter", "Bea"), ("Bea", "sister", "Cid")], "Ann", "Cid")
        >>> print(story.facts[0])
        <(*, Ann, Bea) --> daughter>. %1.00;0.90%
        """
        facts = tuple(_fact(number, triple, truth) for number, triple in enumerate(triples))
        return cls(facts, Atom(source), Atom(target), relation, where)

    def with_facts(self, facts: Iterable[Fact]) -> "Story":
        """Ask the same of other facts."""
        return replace(self, facts=tuple(facts))


def _fact(number: int, triple: Triple, truth: Truth) -> Fact:
    if len(triple) != 3 or not all(isinstance(part, str) and part for part in triple):
        raise ArgumentError(f"a fact must be three names: source, relation, target; got {triple!r}")
    source, relation, target = Atom(triple[0]), triple[1], Atom(triple[2])
    statement = inheritance(product(source, target), Atom(relation))
    return Fact(number, source, relation, target, Judgement(statement, truth, frozenset({number})))


class Link(NamedTuple):
    """A fact on a path, followed from its source to its target, or if inverse the other way."""

    fact: Fact
    inverse: bool = False

    @property
    def ends(self) -> tuple[Term, Term]:
        """Where it leads from and to."""
        one, other = self.fact.source, self.fact.target
        return (other, one) if self.inverse else (one, other)


class Paths(NamedTuple):
    """The paths of a story, shortest first, and whether there may be more."""

    found: tuple[tuple[Link, ...], ...]
    cut: bool = False


def walk_of(story: Story) -> Paths:
    """Give the walk that the facts are in the order in which they were told, from the source to the target.

    What is told after the walk is left out; a walk may come by a person twice. Of the walks that begin the story and
    end at the target it is the longest.
    """
    here, length = story.source, 0
    for number, fact in enumerate(story.facts, 1):
        if fact.source != here:
            break
        here = fact.target
        if here == story.target:
            length = number
    return Paths((tuple(Link(fact) for fact in story.facts[:length]),) if length else ())


def paths_of(story: Story, *, turned: Sequence[str] = (), most: int = PATHS) -> Paths:
    """Find the paths from the source to the target that come by nobody twice, whatever the order of the facts.

    Args:
        story: the facts.
        turned: relations whose facts may be followed the other way too.
        most: how many paths are found at most; `LOOKS` partial paths are looked at. Either is reported as `cut`.
    """
    leaving: dict[Term, list[Link]] = {}
    for link in _links(story, turned):
        leaving.setdefault(link.ends[0], []).append(link)
    found: list[tuple[Link, ...]] = []
    waiting: list[tuple[tuple[Link, ...], frozenset[Term]]] = [((), frozenset({story.source}))]
    for looked, (path, met) in enumerate(waiting):
        here = path[-1].ends[1] if path else story.source
        for link in leaving.get(here, ()):
            head = link.ends[1]
            if head == story.target:
                found.append((*path, link))
            elif head not in met:
                waiting.append(((*path, link), met | {head}))
            if len(found) > most:
                return Paths(tuple(found[:most]), cut=True)
        if looked >= LOOKS:
            return Paths(tuple(found), cut=True)
    return Paths(tuple(found))


def _links(story: Story, turned: Sequence[str]) -> Iterator[Link]:
    for fact in story.facts:
        yield Link(fact)
        if fact.relation in turned:
            yield Link(fact, inverse=True)
