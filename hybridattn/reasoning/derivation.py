"""A conclusion with its proof: the facts that it cites, the steps that lead to it, and the check that they do."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hybridattn.display import Displayed
from hybridattn.errors import DerivationError
from hybridattn.reasoning.fact import Fact
from hybridattn.reasoning.judgement import Judgement
from hybridattn.reasoning.rules import apply_rule
from hybridattn.reasoning.term import Statement

__all__ = ["Derivation", "Inference", "replay"]

SAME = 1e-9  # truth values that differ by less are equal


@dataclass(frozen=True, slots=True)
class Inference:
    """One step: the name of the rule, what it was applied to (`fact:ID`, `match:K` or `step:K`), what follows."""

    rule: str
    premises: tuple[str, ...]
    conclusion: Judgement


@dataclass(frozen=True, slots=True)
class Derivation(Displayed):
    """The proof of one judgement; without a step the judgement is the one cited fact itself."""

    facts: tuple[Fact, ...]
    """The cited facts, in the order in which the proof uses them."""
    matches: tuple[Judgement, ...]
    """Premises `<query <-> key>` that a soft match added; their evidence has negative numbers."""
    steps: tuple[Inference, ...]

    @property
    def conclusion(self) -> Judgement:
        """What is derived."""
        return self.steps[-1].conclusion if self.steps else self.facts[0].judgement


def replay(derivation: Derivation, facts: Iterable[Fact] | None = None) -> Judgement:
    """Draw every conclusion again, from the cited facts alone, and return the last.

    Args:
        derivation: what to check.
        facts: where to take the cited facts from, by default from the derivation itself.

    Raises:
        DerivationError: a premise is missing, a rule does not apply, or a step concludes something else.
    """
    known = _premises(derivation, derivation.facts if facts is None else tuple(facts))
    for place, step in enumerate(derivation.steps):
        missing = [premise for premise in step.premises if premise not in known]
        if missing or len(step.premises) != 2:
            raise DerivationError(
                f"step:{place} ({step.rule}) needs two known premises; got {', '.join(step.premises)}"
            )
        try:
            again = apply_rule(step.rule, *(known[premise] for premise in step.premises))
        except DerivationError as wrong:
            raise DerivationError(f"step:{place}: {wrong}") from None
        if not _equal(again, step.conclusion):
            raise DerivationError(
                f"step:{place} ({step.rule}) concludes {again}; the derivation says {step.conclusion}"
            )
        known[f"step:{place}"] = again
    last = f"step:{len(derivation.steps) - 1}" if derivation.steps else f"fact:{derivation.facts[0].id}"
    return known[last]


def _premises(derivation: Derivation, facts: Sequence[Fact]) -> dict[str, Judgement]:
    if not derivation.steps and len(derivation.facts) != 1:
        raise DerivationError(f"a derivation without a step must cite one fact; got {len(derivation.facts)}")
    stored = {fact.id: fact for fact in facts}
    for fact in derivation.facts:
        if fact.id not in stored:
            raise DerivationError(
                f"the derivation cites fact:{fact.id}, which is not among the {len(facts)} facts given"
            )
        if stored[fact.id] != fact:
            raise DerivationError(f"fact:{fact.id} is {stored[fact.id]}; the derivation cites {fact}")
    for place, match in enumerate(derivation.matches):
        if not (
            isinstance(match.term, Statement) and match.term.copula == "<->" and match.stamp and max(match.stamp) < 0
        ):
            raise DerivationError(
                f"match:{place} must be a similarity whose evidence has negative numbers; got {match}"
            )
    known = {f"fact:{fact.id}": fact.judgement for fact in derivation.facts}
    return known | {f"match:{place}": match for place, match in enumerate(derivation.matches)}


def _equal(one: Judgement, other: Judgement) -> bool:
    close = math.isclose(one.truth.frequency, other.truth.frequency, rel_tol=0, abs_tol=SAME)
    close &= math.isclose(one.truth.confidence, other.truth.confidence, rel_tol=0, abs_tol=SAME)
    return close and one.term == other.term and one.stamp == other.stamp


Premise = Fact | Judgement


class Proof:
    """Collects the steps of a derivation while it is drawn."""

    def __init__(self) -> None:
        self._facts: dict[int, Fact] = {}
        self._matches: list[Judgement] = []
        self._steps: list[Inference] = []
        self._known: dict[str, Judgement] = {}

    def cite(self, premise: Premise) -> str:
        """Name a fact (`fact:ID`) or a match (`match:K`) as a premise, once."""
        if isinstance(premise, Fact):
            self._facts[premise.id] = premise
            self._known[f"fact:{premise.id}"] = premise.judgement
            return f"fact:{premise.id}"
        if premise not in self._matches:
            self._matches.append(premise)
        name = f"match:{self._matches.index(premise)}"
        self._known[name] = premise
        return name

    def infer(self, rule: str, first: str, second: str) -> str:
        """Apply a rule to two named premises and name its conclusion (`step:K`)."""
        conclusion = apply_rule(rule, self._known[first], self._known[second])
        name = f"step:{len(self._steps)}"
        self._steps.append(Inference(rule, (first, second), conclusion))
        self._known[name] = conclusion
        return name

    def known(self, name: str) -> Judgement:
        """Give the judgement that a premise or a step is."""
        return self._known[name]

    def finish(self) -> Derivation:
        """Give the derivation of what was inferred last."""
        return Derivation(tuple(self._facts.values()), tuple(self._matches), tuple(self._steps))
