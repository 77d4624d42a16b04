"""Narsese, and the lines that `reason --json` wrote: the proof of an answer, or of the surest conclusion."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hybridattn.cli.logic.proof import report
from hybridattn.errors import ArgumentError, HybridAttnError
from hybridattn.reasoning.narsese import parse_sentence

if TYPE_CHECKING:
    from hybridattn.reasoning.nal import Conclusion, InferenceRule
    from hybridattn.reasoning.term import Term

__all__ = ["from_lines", "from_narsese"]

Line = Mapping[str, Any]


def from_narsese(file: Path, *, ask: str | None) -> dict[str, Any]:
    """Derive from a .nal file as `reason` does without options, and report as its page does."""
    from hybridattn.cli.logic.command import inputs
    from hybridattn.reasoning.nal import derive

    judgements, questions = inputs(str(file), [] if ask is None else [ask])
    return report(derive(judgements, questions[-1:] if ask is not None else questions, limit=10_000))


def from_lines(lines: Sequence[tuple[int, Any]], file: Path, *, ask: str | None) -> dict[str, Any]:
    """Build the sentences again that the lines say, and report on them; each line comes after its premises."""
    told = Told()
    for number, line in lines:
        try:
            told.add(line)
        except (HybridAttnError, KeyError, TypeError, ValueError, IndexError) as error:
            why = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
            raise ArgumentError(f"{file}:{number}: expected a line that `reason --json` wrote; {why}") from None
    if ask is not None:
        told.questions = [parse_sentence(ask if ask.rstrip().endswith("?") else f"{ask}?").term]
    try:
        return report(told)  # type: ignore[arg-type]
    except HybridAttnError as error:
        raise ArgumentError(f"{file}: {error}") from None


class Told:
    """What was derived, as the lines tell it: enough of `Conclusions` for a report."""

    cut = ""

    def __init__(self) -> None:
        """Start without a sentence."""
        from hybridattn.reasoning.nal import ona_rules, rule_table

        self.questions: list[Term] = []
        self._held: list[Conclusion] = []
        self._by_term: dict[Term, list[Conclusion]] = {}
        self._rules: dict[str, list[InferenceRule]] = {}
        for rule in rule_table() + ona_rules():
            self._rules.setdefault(rule.name, []).append(rule)

    def __iter__(self) -> "Iterator[Conclusion]":
        """Go through all judgements."""
        return (one for one in self._held if one.truth is not None)

    @property
    def answers(self) -> "dict[Term, Conclusion | None]":
        """The best answer to each question that was given."""
        from hybridattn.reasoning.nal.engine.answers import best_answer
        from hybridattn.reasoning.nal.forms.canonical import as_written

        return {term: best_answer(as_written(term), self._by_term) for term in self.questions}

    def add(self, line: Any) -> None:
        """Build one sentence from what came before it."""
        from hybridattn.reasoning.nal import Conclusion
        from hybridattn.reasoning.nal.forms.canonical import meaning

        if not isinstance(line, dict):
            raise ValueError("it is no object")
        term, place = _term(line["narsese"]), len(self._held)
        premises = tuple(self._premise(name) for name in _list(line, "premises"))
        punctuation = line["punctuation"]
        if punctuation not in (".", "?"):
            raise ValueError(f"punctuation must be . or ?; got {punctuation!r}")
        truth = _truth(line) if punctuation == "." else None
        rule = self._rule(line["rule"], premises, term)
        stamp = frozenset(map(_whole, _list(line, "stamp")))
        one = Conclusion(term, punctuation, truth, stamp, rule, premises, _whole(line["level"]), number=place)
        self._held.append(one)
        if truth is not None:
            self._by_term.setdefault(meaning(term), []).append(one)
        elif rule is None:
            self.questions.append(term)

    def _premise(self, name: Any) -> "Conclusion":
        from hybridattn.reasoning.nal import Conclusion

        kind, _, rest = str(name).partition(":")
        if kind == "term":
            return Conclusion(_term(rest), "", None, frozenset())
        if kind != "line" or not rest.isdecimal() or int(rest) >= len(self._held):
            raise ValueError(f"a premise must be line:K of a line before, or term:T; got {name!r}")
        return self._held[int(rest)]

    def _rule(self, name: Any, premises: "Sequence[Conclusion]", term: "Term") -> "InferenceRule | None":
        """Find the line of the rule table: of several of one name that which concludes the term."""
        from hybridattn.reasoning.nal.engine.inference import conclusions_of
        from hybridattn.reasoning.term import Term

        if name == "input":
            return None
        rules = [rule for rule in self._rules.get(str(name), ()) if len(rule.premises) == len(premises)]
        if not rules:
            raise ValueError(f"no rule {str(name)[:60]!r} takes {len(premises)} premises")
        terms = [premise.term for premise in premises]
        made = [rule for rule in rules if not isinstance(rule.conclusion, Term)]
        fits = (rule for rule in made if any(found == term for found, _ in conclusions_of(rule, terms)))
        return next(fits, rules[0]) if made and len(made) > 1 else rules[0]


def _term(text: Any) -> "Term":
    if not isinstance(text, str):
        raise ValueError(f"a term must be a text; got {text!r}")
    return parse_sentence(f"{text}.").term


def _truth(line: Line) -> Any:
    from hybridattn.reasoning.truth import Truth

    f, c = line["frequency"], line["confidence"]
    if not all(isinstance(value, int | float) and 0 <= value <= 1 for value in (f, c)) or c == 1:
        raise ValueError(f"frequency must lie in [0, 1] and confidence in [0, 1); got {f!r} and {c!r}")
    return Truth(f, c)


def _list(line: Line, name: str) -> list[Any]:
    value = line[name]
    if not isinstance(value, list):
        raise ValueError(f"{name} must be a list; got {value!r}")
    return value


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"expected an integer; got {value!r}")
    return value
