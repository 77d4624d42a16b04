"""The rule table: `rules.nal`, one line a rule, read with the parser that users use."""

import functools
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import TypeAlias

from hybridattn.errors import ArgumentError, NarseseError
from hybridattn.reasoning import truth
from hybridattn.reasoning.nal.forms.shape import parts_of
from hybridattn.reasoning.nal.table.functions import FUNCTIONS, Function
from hybridattn.reasoning.narsese import parse_term
from hybridattn.reasoning.term import Compound, Term
from hybridattn.reasoning.truth import Truth

__all__ = ["InferenceRule", "Premise", "ona_rules", "read_rules", "rule_table"]

FLAGS = frozenset(
    {"overlap", "asks", "form", "observed", "apart", "opposed", "same", "some", "someone", "sides", "parts", "stated"}
)
ANALYTIC = frozenset({"analytic_deduction", "analytic_abduction"})
_COLUMNS = re.compile(r"\s{2,}")
_TRUTH = re.compile(r"(?:(\w+):)?(\w+)(?:\((\d+(?:\.\d+)?)\))?")


def kept(t1: Truth) -> Truth:
    """Give the truth of the premise itself: the conclusion says the same in other words."""
    return t1


def _not(t1: Truth) -> Truth:
    return truth.negation(t1)


TRUTHS: Mapping[str, Callable[..., Truth]] = MappingProxyType(
    {name: getattr(truth, name) for name in truth.__all__ if name.islower() and name not in ("c2w", "w2c")}
    | {"kept": kept, "not": _not}
)
"""The truth functions that a line can name."""


@dataclass(frozen=True, slots=True)
class Premise:
    """A pattern and what fits it: `.` a judgement, `?` a question, and nothing a compound that occurs."""

    pattern: Term
    punctuation: str

    def __str__(self) -> str:
        return f"{self.pattern}{self.punctuation}"


@dataclass(frozen=True)
class InferenceRule:
    """One line of the table.

    `conclusion` is a pattern, or the function that makes the conclusions; `truth_function` takes the truths of the
    premises that are judgements, in order. `str` gives the line.
    """

    level: int
    name: str
    truth_function: Callable[..., Truth]
    premises: tuple[Premise, ...]
    conclusion: Term | Function
    flags: frozenset[str]
    line: str
    analytic: bool = False
    """Whether the conclusion is true by definition as far as the premise is."""

    @property
    def words(self) -> frozenset[str]:
        """The connectors of its patterns."""
        patterns = [premise.pattern for premise in self.premises]
        patterns += [self.conclusion] if isinstance(self.conclusion, Term) else []
        return frozenset(part.connector for term in patterns for part in parts_of(term) if isinstance(part, Compound))

    @property
    def is_form(self) -> bool:
        """Whether the conclusion is another form of the premise."""
        return "form" in self.flags

    def __str__(self) -> str:
        return self.line


Rules: TypeAlias = tuple[InferenceRule, ...]


@cache
def rule_table() -> Rules:
    """Give the whole table of NAL-1 to NAL-6, in the order of `rules.nal`.

    >>> print(rule_table()[1])
    1  deduction  <$M --> $P>.  <$S --> $M>.  |-  <$S --> $P>.  asks
    """
    return _from_file("rules.nal")


@cache
def ona_rules() -> Rules:
    """Give what ONA adds to NAL-4: components of relations exchanged in one step, and comparatives, see `ona.nal`.

    They are no part of `rule_table()`: the first conclude what it concludes through images, the second are not in the
    book, and OpenNARS has neither. Ask for them with `derive(..., rules=rule_table() + ona_rules())`.

    >>> print(ona_rules()[0])
    4  deduction  <(*, $A, $B) --> $R>.  <$C --> $A>.  |-  <(*, $C, $B) --> $R>.
    """
    return _from_file("ona.nal")


def _from_file(name: str) -> Rules:
    text = resources.files("hybridattn.reasoning.nal.table").joinpath(name).read_text(encoding="utf-8")
    return read_rules(text.splitlines())


def read_rules(lines: Iterable[str]) -> Rules:
    """Read lines of the form `level  truth function  premises  |-  conclusion  [flags]`, see `rules.nal`.

    Blank lines and comments (`//`) are left out.

    >>> [rule] = read_rules(["1  deduction  <$M --> $P>.  <$S --> $M>.  |-  <$S --> $P>."])
    >>> rule.name, len(rule.premises)
    ('deduction', 2)

    Raises:
        ArgumentError: a line is no rule; names the line and what is wrong with it.
    """
    found = []
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.startswith("//"):
            try:
                found.append(_rule(line.strip()))
            except (ArgumentError, NarseseError) as error:
                raise ArgumentError(f"rule {number}: {error}") from None
    return tuple(found)


def _rule(line: str) -> InferenceRule:
    before, turnstile, after = line.partition("|-")
    columns, conclusions = _COLUMNS.split(before.strip()), _COLUMNS.split(after.strip())
    if not turnstile or not 3 <= len(columns) <= 4 or not 1 <= len(conclusions) <= 2:
        raise ArgumentError(f"expected level  truth  premise  [premise]  |-  conclusion  [flags]; got {line!r}")
    level, name, *premises = columns
    flags = frozenset(conclusions[1].split()) if len(conclusions) > 1 else frozenset()
    if unknown := flags - FLAGS:
        raise ArgumentError(f"flags must be among {', '.join(sorted(FLAGS))}; got {', '.join(sorted(unknown))}")
    if not re.fullmatch("[1-6]", level):
        raise ArgumentError(f"level must be 1 to 6; got {level!r}")
    patterns = tuple(map(_premise, premises))
    function, conclusion = _truth(name), _conclusion(conclusions[0])
    return InferenceRule(int(level), name, function, patterns, conclusion, flags, line, _base(name) in ANALYTIC)


def _premise(text: str) -> Premise:
    mark = text[-1] if text[-1] in ".?" else ""
    return Premise(parse_term(text.removesuffix(mark)), mark)


def _truth(text: str) -> Callable[..., Truth]:
    found = _TRUTH.fullmatch(text)
    outer, inner, reliance = found.groups() if found else (None, text, None)
    for name in filter(None, (outer, inner)):
        if name not in TRUTHS:
            raise ArgumentError(f"truth function must be one of {', '.join(sorted(TRUTHS))}; got {name!r}")
    function = TRUTHS[inner or ""]
    if reliance:
        function = functools.partial(function, reliance=float(reliance) if "." in reliance else int(reliance))
    return function if outer is None else _composed(TRUTHS[outer], function)


def _base(name: str) -> str:
    found = _TRUTH.fullmatch(name)
    return found[2] if found else name


def _composed(outer: Callable[..., Truth], inner: Callable[..., Truth]) -> Callable[..., Truth]:
    def both(*truths: Truth) -> Truth:
        return outer(inner(*truths))

    return both


def _conclusion(text: str) -> Term | Function:
    if not text.startswith("@"):
        return parse_term(text.removesuffix("."))
    if text[1:] not in FUNCTIONS:
        raise ArgumentError(f"function must be one of {', '.join(FUNCTIONS)}; got {text[1:]!r}")
    return FUNCTIONS[text[1:]]
