"""An answer to a question for a link, with its rules and its proof."""

from dataclasses import dataclass
from typing import Any

from hybridattn.display import Displayed
from hybridattn.reasoning import Derivation, Fact, Judgement, Term, Truth
from hybridattn.reasoning.graph import Graph, from_derivation

__all__ = ["LinkAnswer"]


@dataclass(frozen=True)
class LinkAnswer(Displayed):
    """An entity that completes a triple, how good it is among the others, how true it is, and why."""

    entity: str
    score: float
    """What the answer was ranked by (see `Aggregation`); the truth is that of the proof alone."""
    derivation: Derivation
    """The proof: rules and facts that are cited, steps. `hybridattn.replay` checks it."""
    rules: tuple[Fact, ...]
    """The strongest rule of each family that fires, strongest first; the proof cites those whose facts are separate."""
    paths: tuple[tuple[str, ...], ...]
    """The entities along the path by which each rule fires, the question's first; two for a rule with constants."""

    @property
    def judgement(self) -> Judgement:
        """What is concluded."""
        return self.derivation.conclusion

    @property
    def term(self) -> Term:
        """The statement of the completed triple."""
        return self.judgement.term

    @property
    def truth(self) -> Truth:
        """Frequency and confidence, the latter at most .99."""
        return self.judgement.truth.capped()

    @property
    def graph(self) -> Graph:
        """The proof as a graph of statements and steps."""
        return from_derivation(self.derivation)

    def __str__(self) -> str:
        """Print the answer as a Narsese judgement."""
        return f"{self.term}. {self.truth}"

    def to_json(self) -> dict[str, Any]:
        """Give the answer as plain data."""
        return {
            "entity": self.entity,
            "term": str(self.term),
            "score": self.score,
            "f": float(self.truth.frequency),
            "c": float(self.truth.confidence),
            "rules": [str(rule) for rule in self.rules],
            "paths": [list(path) for path in self.paths],
            "facts": [str(fact) for fact in self.derivation.facts],
            "derivation": [
                {"rule": step.rule, "premises": list(step.premises), "conclusion": str(step.conclusion)}
                for step in self.derivation.steps
            ],
        }
