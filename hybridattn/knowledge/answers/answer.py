"""Answers: each a statement with its truth and its derivation; together with the graph of what was attended to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, overload

import networkx as nx

from hybridattn.display import Displayed
from hybridattn.reasoning import Derivation, Fact, Judgement, Term, Truth
from hybridattn.reasoning.fact import plain_name
from hybridattn.reasoning.graph import Graph
from hybridattn.reasoning.truth import expectation
from hybridattn.trace import Trace

__all__ = ["Answer", "Answers"]


@dataclass(frozen=True)
class Answer(Displayed):
    """A statement that answers a question, how true it is, and why."""

    term: Term
    """The question with its variable filled in."""
    derivation: Derivation
    """The proof: cited facts, soft matches, steps. `hybridattn.replay` checks it."""
    end: Term
    """The term at which the walk arrived."""
    hops: int
    """The hop at which it arrived there first."""
    find_alternative: Callable[[], Derivation | None] = field(repr=False, compare=False)

    @property
    def truth(self) -> Truth:
        """Frequency and confidence, the latter at most .99."""
        return self.derivation.conclusion.truth.capped()

    @property
    def expectation(self) -> float:
        """Expected frequency of the next observations, c (f - 1/2) + 1/2."""
        return float(expectation(self.truth))

    @property
    def facts(self) -> tuple[Fact, ...]:
        """The cited facts, in the order in which the proof uses them."""
        return self.derivation.facts

    @cached_property
    def alternative(self) -> Derivation | None:
        """The surest path that was not counted, because it shares evidence with one that was (choice)."""
        return self.find_alternative()

    def __str__(self) -> str:
        """Print the answer as a Narsese judgement."""
        return f"{self.term}. {self.truth}"

    def to_json(self) -> dict[str, Any]:
        """Give the answer as plain data, as `hybridattn ask --json` prints it."""
        other = self.alternative
        return {
            "term": str(self.term),
            **_truth(self.truth),
            "expectation": self.expectation,
            "derivation": [
                {"rule": step.rule, "premises": list(step.premises), **_judgement(step.conclusion, "conclusion")}
                for step in self.derivation.steps
            ],
            "facts": [_fact(fact) for fact in self.facts],
            "matches": [_match(place, match) for place, match in enumerate(self.derivation.matches)],
            "alternatives": [] if other is None else [_alternative(other, self.derivation)],
        }


class Answers(Displayed, Sequence[Answer]):
    """The answers to one question, surest first; false if there are none.

    Attributes:
        question: the question in Narsese.
        found: how many answers there are, of which `top` were given.
        cut: why the search ended early ("beam", "hops"), or the empty text: only then "no answer" means no evidence.
        trace: every link that was followed.
        graph: the hop graph, drawn when it is first asked for; facts that the first answer cites are marked.
    """

    def __init__(
        self,
        question: str,
        answers: Sequence[Answer],
        *,
        found: int,
        cut: str,
        trace: Trace,
        draw: Callable[[], Graph],
    ) -> None:
        """Hold answers, best first."""
        self.question, self.found, self.cut, self.trace = question, found, cut, trace
        self._answers, self._draw = tuple(answers), draw

    @overload
    def __getitem__(self, index: int) -> Answer: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Answer, ...]: ...
    def __getitem__(self, index: int | slice) -> Answer | tuple[Answer, ...]:
        """Give one answer, or several as a tuple."""
        return self._answers[index]

    def __len__(self) -> int:
        """Count the answers."""
        return len(self._answers)

    @cached_property
    def graph(self) -> Graph:
        """The hop graph: terms are nodes, facts are edges (`hybridattn.reasoning.graph.from_trace`)."""
        return self._draw()

    def __str__(self) -> str:
        """Print a Narsese judgement a line, or say that there is no evidence."""
        return "\n".join(map(str, self)) or self.verdict

    @property
    def verdict(self) -> str:
        """Say in words how the search ended where there is no answer, or where it was cut."""
        if self.cut:
            found = f"{self.found} found so far" if self else "no answer so far"
            return f"the search was cut ({self.cut}): {found}"
        return "" if self else "no evidence"

    def to_json(self) -> dict[str, Any]:
        """Give everything as plain data: what `hybridattn ask --json` prints, and what `hybridattn.view.page` draws."""
        return {
            "question": self.question,
            "cut": self.cut,
            "found": self.found,
            "answers": [answer.to_json() for answer in self],
            "graph": nx.node_link_data(self.graph, edges="edges"),
        }

    def __repr__(self) -> str:
        """Show the question and the best answer."""
        best = str(self[0]) if self else self.verdict
        return f"<Answers to {self.question} ({len(self)}): {best}>"


def _truth(truth: Truth) -> dict[str, float]:
    return {"frequency": float(truth.frequency), "confidence": float(truth.confidence)}


def _judgement(judgement: Judgement, name: str) -> dict[str, Any]:
    return {name: str(judgement.term), **_truth(judgement.truth), "stamp": sorted(judgement.stamp)}


def _fact(fact: Fact) -> dict[str, Any]:
    return {
        "id": fact.id,
        "source": plain_name(fact.source),
        "relation": fact.relation,
        "target": plain_name(fact.target),
        **_truth(fact.judgement.truth.capped()),
        "observations": sorted(fact.judgement.stamp),
    }


def _match(place: int, match: Judgement) -> dict[str, Any]:
    query, key = match.term.subject, match.term.predicate  # type: ignore[attr-defined]
    return {"id": place, "query": str(query), "key": str(key), **_truth(match.truth), "stamp": sorted(match.stamp)}


def _alternative(other: Derivation, counted: Derivation) -> dict[str, Any]:
    shared = sorted(other.conclusion.stamp & counted.conclusion.stamp)
    return {
        **_judgement(other.conclusion, "term"),
        "facts": [fact.id for fact in other.facts],
        "why": f"choice: it rests on {_observations(shared)} too, so it adds no evidence of its own",
    }


def _observations(shared: Sequence[int]) -> str:
    return f"observation{'' if len(shared) == 1 else 's'} {', '.join(map(str, shared))}"
