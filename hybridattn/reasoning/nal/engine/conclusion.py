"""What a derivation holds: every sentence with the rule and the premises that led to it first."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from hybridattn.display import Displayed
from hybridattn.errors import DerivationError
from hybridattn.reasoning.judgement import Judgement
from hybridattn.reasoning.nal.engine.inference import Sentential, applied
from hybridattn.reasoning.nal.table.reading import InferenceRule
from hybridattn.reasoning.term import Term
from hybridattn.reasoning.truth import Truth

__all__ = ["Conclusion", "proof", "replayed"]

SAME = 1e-9  # truth values that differ by less are equal


@dataclass(slots=True, eq=False)
class Conclusion(Displayed):
    """A judgement (`.`), a question (`?`) or a compound that occurs (no punctuation), and where it comes from.

    `rule` is None for an input. `level` counts the inferences on the shortest way from the inputs; another form of a
    conclusion on the last level is on that level too. `str` gives Narsese.
    """

    term: Term
    punctuation: str
    truth: Truth | None
    stamp: frozenset[int]
    rule: InferenceRule | None = None
    premises: tuple["Conclusion", ...] = ()
    level: int = 0
    priority: float = 1.0
    number: int = field(default=0, repr=False)

    @property
    def judgement(self) -> Judgement:
        """The judgement alone: term, truth, stamp."""
        assert self.truth is not None, "a question has no truth"
        return Judgement(self.term, self.truth, self.stamp)

    @property
    def analytic(self) -> bool:
        """Whether it is true by definition as far as its premise is: no observation, so nothing is induced from it."""
        here = self
        while here.rule is not None and here.rule.name == "kept":
            here = here.premises[0]
        return here.rule is not None and here.rule.analytic

    @property
    def is_form(self) -> bool:
        """Whether it says the same as its premise in another form."""
        return self.rule is not None and self.rule.is_form

    @property
    def view(self) -> Sentential:
        """What a rule sees of it."""
        return Sentential(self.term, self.punctuation, self.truth, self.analytic)

    @property
    def overlaps(self) -> bool:
        """Whether the last inference counted an observation twice, as its rule allows."""
        stamps = [premise.stamp for premise in self.premises if premise.truth is not None]
        return len(stamps) == 2 and not stamps[0].isdisjoint(stamps[1])

    def __str__(self) -> str:
        return f"{self.term}{self.punctuation}{'' if self.truth is None else f' {self.truth}'}"


def proof(conclusion: Conclusion) -> tuple[Conclusion, ...]:
    """Give the chain of inferences down to the inputs: each sentence after its premises, `conclusion` last."""
    done: dict[int, Conclusion] = {}
    waiting = [(conclusion, False)]
    while waiting:
        here, ready = waiting.pop()
        if id(here) in done:
            continue
        if ready:
            done[id(here)] = here
        else:
            waiting.append((here, True))
            waiting += [(premise, False) for premise in reversed(here.premises)]
    return tuple(done.values())


def replayed(steps: Iterable[Conclusion], *, strict: bool = False) -> Judgement:
    """Apply the table again to the inputs of a proof alone, step by step, and return the judgement it ends with.

    Args:
        steps: a proof (see `proof`).
        strict: refuse steps whose premises share evidence, also where their rule allows that.

    Raises:
        DerivationError: a premise is missing, evidence is counted twice, or a rule concludes something else.
    """
    known: dict[int, Sentential] = {}
    stamps: dict[int, frozenset[int]] = {}
    last = None
    for place, step in enumerate(steps):
        if step.rule is None:
            known[id(step)], stamps[id(step)] = step.view, step.stamp
        else:
            known[id(step)], stamps[id(step)] = _again(place, step, known, stamps, strict)
        last = step
    if last is None or known[id(last)].truth is None:
        raise DerivationError("a proof must end with a judgement")
    again = known[id(last)]
    assert again.truth is not None
    return Judgement(again.term, again.truth, stamps[id(last)])


def _again(
    place: int, step: Conclusion, known: dict[int, Sentential], stamps: dict[int, frozenset[int]], strict: bool
) -> tuple[Sentential, frozenset[int]]:
    rule = step.rule
    assert rule is not None
    if any(id(premise) not in known for premise in step.premises):
        raise DerivationError(f"step {place} ({rule.name}) has a premise that nothing before it gives")
    bases = [stamps[id(premise)] for premise in step.premises if premise.truth is not None]
    if len(bases) == 2 and bases[0] & bases[1] and (strict or "overlap" not in rule.flags):
        shared = sorted(bases[0] & bases[1])
        raise DerivationError(f"step {place} ({rule.name}) counts {shared} twice: its premises both rest on them")
    for term, truth in applied(rule, [known[id(premise)] for premise in step.premises]):
        if term == step.term and _equal(truth, step.truth):
            analytic = rule.analytic or (rule.name == "kept" and known[id(step.premises[0])].analytic)
            return Sentential(term, step.punctuation, truth, analytic), frozenset().union(*bases)
    raise DerivationError(f"step {place} ({rule.name}) does not conclude {step}")


def _equal(one: Truth | None, other: Truth | None) -> bool:
    if one is None or other is None:
        return one is other
    return bool(abs(one.frequency - other.frequency) < SAME and abs(one.confidence - other.confidence) < SAME)
