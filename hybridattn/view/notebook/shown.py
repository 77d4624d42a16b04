"""What is shown of a thing: its text, and the report that pictures and pages are made of."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol, runtime_checkable

from hybridattn.errors import ArgumentError
from hybridattn.reasoning import Derivation
from hybridattn.reasoning.inspection import as_derivation
from hybridattn.reasoning.nal import Conclusion, Conclusions, proof
from hybridattn.trace import Trace
from hybridattn.view.notebook.reports import of_derivation, of_trace
from hybridattn.view.notebook.trees import answer_tree, derivation_tree, trace_tree

__all__ = ["Shown", "shown"]

Report = Mapping[str, Any]
NOTHING: Report = {"question": "", "cut": "", "answers": [], "graph": {"nodes": [], "edges": []}}


class Shown(NamedTuple):
    """A text, and a report as `ask --json` prints it."""

    text: str
    report: Report


@runtime_checkable
class Reported(Protocol):
    """All answers to a question, with the graph of the search."""

    question: str

    def to_json(self) -> dict[str, Any]:
        """Give the report."""


@runtime_checkable
class Proved(Protocol):
    """One answer with its proof."""

    derivation: Derivation | None


def shown(thing: object) -> Shown:
    """Find out what a thing is, and how it is shown."""
    match thing:
        case Trace():
            return Shown(trace_tree(thing), of_trace(thing))
        case Derivation():
            return _proof(thing, str(thing.conclusion))
        case Conclusions():
            return _conclusions(thing)
        case Conclusion() if thing.truth is not None:
            return _proof(as_derivation(proof(thing))[0], str(thing))
        case Conclusion():
            return Shown(str(thing), NOTHING)
        case Reported():
            report = thing.to_json()
            return Shown(answer_tree(report), report)
        case Proved():
            return Shown(str(thing), NOTHING) if thing.derivation is None else _proof(thing.derivation, str(thing))
    raise ArgumentError(f"a trace, a derivation or an answer can be displayed; got {type(thing).__name__}")


def _proof(derivation: Derivation, said: str) -> Shown:
    return Shown(derivation_tree(derivation, said), of_derivation(derivation))


def _conclusions(found: Conclusions) -> Shown:
    """Show the first question that has an answer, or else the surest and shortest conclusion."""
    said = f"{sum(one.rule is None for one in found):,} judgements given, {found.derived:,} derived."
    said += f" The derivation was cut: {found.cut}" if found.cut else ""
    answers = [answer for answer in found.answers.values() if answer is not None]
    derived = [one for one in found if one.rule is not None and not one.is_form]
    best = answers[0] if answers else min(derived, key=_rank, default=None)
    if best is None:
        return Shown(said, NOTHING)
    text, report = shown(best)
    return Shown(f"{text}\n{said}", report)


def _rank(one: Conclusion) -> tuple[float, int, str]:
    return -float(one.judgement.truth.confidence), len(str(one.term)), str(one.term)
