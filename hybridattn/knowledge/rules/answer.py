"""What a story answers: a relation with its truth and its proof, or why there is none."""

from dataclasses import dataclass
from typing import Any

from hybridattn.display import Displayed
from hybridattn.knowledge.rules.report import as_answers, story_graph
from hybridattn.knowledge.rules.story import Story
from hybridattn.reasoning import Derivation, Truth
from hybridattn.reasoning.graph import Graph, from_derivation

__all__ = ["RuleAnswer"]


@dataclass(frozen=True)
class RuleAnswer(Displayed):
    """How the target of a story is related to its source."""

    story: Story
    derivation: Derivation | None
    """The proof: its facts are facts of the story (ids from 0) and rules (negative ids)."""
    relation: str | None
    """None where there is no evidence; `reason` says why."""
    candidates: tuple[tuple[str, Truth], ...] = ()
    """Every relation that something speaks for, best first."""
    reason: str = ""
    cut: bool = False
    """Whether there may be paths that were not followed."""

    @property
    def truth(self) -> Truth | None:
        """How true the answer is; None where there is none."""
        return None if self.derivation is None else self.derivation.conclusion.truth

    @property
    def cited(self) -> frozenset[int]:
        """The ids of the facts of the story that the proof cites."""
        facts = () if self.derivation is None else self.derivation.facts
        return frozenset(fact.id for fact in facts if fact.id >= 0)

    @property
    def graph(self) -> "Graph | None":
        """The proof as a graph of statements and steps (see `graph.from_derivation`)."""
        return None if self.derivation is None else from_derivation(self.derivation)

    def drawn(self) -> Graph:
        """Draw what was attended to: people are nodes, facts of the story are edges, those of the proof marked."""
        return story_graph(self)

    def report(self) -> dict[str, Any]:
        """Give the answer as `hybridattn ask --json` prints its own, and `hybridattn.view.page` draws it.

        The graph is `drawn`; the rules are among the facts that the answer rests on.
        """
        return as_answers(self).to_json()

    def to_json(self) -> dict[str, Any]:
        """Give plain data: the answer, its truth, the cited facts and rules, and the steps in Narsese."""
        proof = self.derivation
        truth = None if proof is None else proof.conclusion.truth.capped()
        return {
            "question": f"<(*, {self.story.source}, {self.story.target}) --> ?relation>?",
            "relation": self.relation,
            "f": None if truth is None else float(truth.frequency),
            "c": None if truth is None else float(truth.confidence),
            "reason": self.reason,
            "cut": self.cut,
            "facts": [] if proof is None else [str(fact) for fact in proof.facts if fact.id >= 0],
            "rules": [] if proof is None else [str(fact) for fact in proof.facts if fact.id < 0],
            "steps": [] if proof is None else [str(step.conclusion) for step in proof.steps],
            "candidates": [
                {"relation": name, "f": float(t.frequency), "c": float(t.confidence)} for name, t in self.candidates
            ],
        }

    def __str__(self) -> str:
        return f"no evidence: {self.reason}" if self.derivation is None else str(self.derivation.conclusion)
