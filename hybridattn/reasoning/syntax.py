"""The grammar of Narsese at work: text to terms by an LALR parser, and what to say where the text goes wrong."""

import functools
import re
from importlib import resources
from typing import Any, NamedTuple

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from hybridattn.errors import ArgumentError, NarseseError
from hybridattn.reasoning.term import PLACEHOLDER, Atom, Compound, Statement, Term, Variable, inheritance
from hybridattn.reasoning.truth import CAP, DEFAULT, Truth

__all__ = ["MisreadError", "Task", "parse", "read_truth"]

_NUMBER = r"([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
_TRUTH = re.compile(rf"%\s*{_NUMBER}\s*(?:;\s*{_NUMBER}\s*)?%?|\{{\s*{_NUMBER}\s*[ ;]\s*{_NUMBER}\s*\}}")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))")
_MEANINGS = {"\\": "\\", '"': '"', "n": "\n", "r": "\r", "t": "\t"}
_CLOSING = {"MORETHAN": ">", "RPAR": ")", "RBRACE": "}", "RSQB": "]"}
_WANTED = {
    "ATOM": "a term",
    "COPULA": "a copula (--> <-> ==> <=>)",
    "CONNECTOR": "a connector (* && || & | - ~)",
    "PUNCT": "punctuation (. ? ! @)",
    "COMMA": "a comma",
    **{name: f"the closing bracket {bracket}" for name, bracket in _CLOSING.items()},
    "TENSE": "a tense (:|: :/: :\\:)",
    "TRUTH": "a truth value (%frequency;confidence%)",
    "$END": "the end of the text",
}


class Task(NamedTuple):
    """The parts of a sentence as written."""

    budget: tuple[float, ...] | None
    term: Term
    punctuation: str
    tense: str | None
    truth: Truth | None


class MisreadError(Exception):
    """What is wrong at which position, counted from 0, of the text that is being read."""

    def __init__(self, wanted: str, position: int) -> None:
        super().__init__(wanted)
        self.wanted, self.position = wanted, position


def _unit(name: str, number: str, position: int) -> float:
    value = float(number)
    if not 0 <= value <= 1:
        raise MisreadError(f"{name} must be in [0, 1]; got {number[:20]}", position)
    return value


def read_truth(text: str, position: int = 0) -> Truth:
    """Read `%f;c%`, `%f%` (then c is .9) or ONA's `{f c}`; a confidence above the cap is cut to it.

    Raises:
        MisreadError: the text is none of these, or a number is outside [0, 1]; `position` is where the text begins.
    """
    found = _TRUTH.fullmatch(text)
    if found is None:
        raise MisreadError("expected a truth value such as %0.9% or %0.9;0.8%", position)
    f, c = (1, 2) if found[1] else (3, 4)
    frequency = _unit("frequency", found[f], position + found.start(f))
    confidence = _unit("confidence", found[c], position + found.start(c)) if found[c] else DEFAULT.confidence
    return Truth(frequency, min(confidence, CAP))


def _read_budget(text: str, position: int) -> tuple[float, ...]:
    numbers = re.findall(r"[^$;]+", text)
    if not all(re.fullmatch(_NUMBER, number) for number in numbers):
        raise MisreadError("expected a budget such as $0.8;0.5$", position)
    names = ("priority", "durability", "quality")
    return tuple(_unit(name, number, position) for name, number in zip(names, numbers, strict=False))


def _unquoted(text: str, position: int) -> str:
    def meaning(found: re.Match[str]) -> str:
        if (digits := found[1] or found[2]) and int(digits, 16) <= 0x10FFFF:
            return chr(int(digits, 16))
        if found[3] not in _MEANINGS:
            raise MisreadError(r"expected an escape (\\ \" \n \r \t \uXXXX)", position + 1 + found.start())
        return _MEANINGS[found[3]]

    return _ESCAPE.sub(meaning, text[1:-1])


@v_args(inline=True)
class _Builder(Transformer[Token, Any]):
    """Builds terms while the parser reads, so that no tree is walked afterwards; a method a rule of the grammar."""

    def task(self, budget: Token | None, term: Term, mark: Token, tense: Token | None, truth: Token | None) -> Task:
        return Task(
            _read_budget(budget, budget.start_pos or 0) if budget else None,
            term,
            str(mark),
            str(tense) if tense else None,
            read_truth(truth, truth.start_pos or 0) if truth else None,
        )

    def atom(self, name: Token) -> Term:
        return Atom(str(name))

    def quoted(self, name: Token) -> Term:
        return Atom(_unquoted(name, name.start_pos or 0))

    def variable(self, name: Token) -> Term:
        return Variable(name[0], name[1:])  # type: ignore[arg-type]

    def statement(self, subject: Term, copula: Token, predicate: Term) -> Term:
        if copula in ("{--", "{-]"):
            subject = Compound("{", (subject,))
        if copula in ("--]", "{-]"):
            predicate = Compound("[", (predicate,))
        return Statement("-->" if copula in ("{--", "--]", "{-]") else str(copula), subject, predicate)

    def extensional_set(self, *parts: Term) -> Term:
        return Compound("{", parts)

    def intensional_set(self, *parts: Term) -> Term:
        return Compound("[", parts)

    def compound(self, connector: Token, *parts: Term) -> Term:
        return Compound(str(connector), parts)

    def negation(self, _: Token, part: Term) -> Term:
        return Compound("--", (part,))

    def exclamation(self, part: Term) -> Term:
        return Compound("--", (part,))

    def operation(self, operator: Token, *parts: Term) -> Term:
        return inheritance(Compound("*", parts or (Compound("{", (Atom("SELF"),)),)), Atom(str(operator)))

    def tuple_product(self, *parts: Term) -> Term:
        return Compound("*", parts)

    def infix(self, *mixed: Any) -> Term:
        connectors: tuple[Token, ...] = mixed[1::2]
        for connector in connectors:
            if connector != connectors[0]:
                wanted = f"expected the connector {connectors[0]} once more (use brackets to mix connectors)"
                raise MisreadError(wanted, connector.start_pos or 0)
        return Compound(str(connectors[0]), mixed[::2])

    def ona_image(self, relation: Term, place: Token, other: Term) -> Term:
        places = (PLACEHOLDER, other) if place[1] == "1" else (other, PLACEHOLDER)
        return Compound(place[0], (relation, *places))


@functools.cache
def _parser() -> Lark:
    grammar = resources.files("hybridattn.reasoning").joinpath("narsese.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", lexer="contextual", start=["task", "term"], transformer=_Builder())


def parse(text: str, start: str) -> Any:
    """Read `text` as a "task" or a "term".

    Raises:
        NarseseError: with what was wanted, and where.
    """
    try:
        return _parser().parse(text, start=start)
    except MisreadError as mistake:
        raise NarseseError(mistake.wanted, text, mistake.position + 1) from None
    except (UnexpectedInput, ArgumentError):
        raise _explained(text, start) from None


def _explained(text: str, start: str) -> NarseseError:
    """Read once more, token by token, to the first mistake."""
    state: Any = _parser().parse_interactive(text, start=start)
    end = len(text.rstrip())
    last = Token("$END", "", start_pos=end)
    try:
        for token in state.iter_parse():
            last = token
        state.feed_eof(last)
    except ArgumentError as error:
        return NarseseError(str(error), text, (last.start_pos or 0) + 1)
    except UnexpectedCharacters as error:
        position = error.pos_in_stream or 0
    except UnexpectedToken as error:
        position = end if error.token.type == "$END" else error.token.start_pos or 0
    accepted = state.accepts() or {"$END"}  # nothing is left to read once the term is whole
    if last.type == "COPULA" and accepted <= {"PUNCT", "$END"}:
        return NarseseError("expected < > around the statement", text, position + 1)
    if text[position : position + 1] == '"' and "QUOTED" in accepted:
        return NarseseError('expected a closing " for the quote that opens', text, position + 1)
    return NarseseError(f"expected {_wish(accepted, at_end=position == end)}", text, position + 1)


def _wish(accepted: set[str], *, at_end: bool) -> str:
    closing = [name for name in _CLOSING if name in accepted]
    names = closing if at_end and closing else [name for name in _WANTED if name in accepted]
    *others, last = [_WANTED[name] for name in names]
    return f"{', '.join(others)} or {last}" if others else last
