"""Narsese for other systems: sentences as OpenNARS, OpenNARS for Applications (ONA) and PyNARS read them.

Nothing is lost silently: what a system cannot hold is refused with the reason, and what is written reads back with our
own parser to a term of the same canonical form.
"""

import re
from functools import reduce

from hybridattn.errors import ArgumentError
from hybridattn.reasoning.judgement import Judgement
from hybridattn.reasoning.narsese import Sentence
from hybridattn.reasoning.term import (
    NAME,
    PLACEHOLDER,
    Atom,
    Compound,
    Statement,
    Term,
    Variable,
    substitute,
    variables,
)
from hybridattn.reasoning.truth import DEFAULT, Truth, decimal

__all__ = ["ona", "opennars", "pynars"]

ONA_NAME_BYTES = 31
"""The longest atom of ONA."""
ONA_DEPTH = 6
"""The levels of a term of ONA: a binary tree of 64 places."""
ONA_VARIABLES = 9
"""The variables of one kind: $1 to $9, #1 to #9, ?1 to ?9."""

_ONA_COPULAS = frozenset({"-->", "<->", "==>", "<=>", "=/>", "|->"})
_ONA_TENSES = frozenset({":|:", ":/:", ":\\:"})
_ONA_NAME = re.compile(rf"\^?{NAME}|\+[0-9]+")
_ONA_CONNECTORS = frozenset({"&", "|", "&&", "||", "&/", "*", "-", "~"})
_ASSOCIATIVE = frozenset({"&", "|", "&&", "||", "&/"})
_JOINS = {"{": "|", "[": "&"}  # {a b c} is {a b} | {c}, and [a b c] is [a b] & [c]

_PYNARS_NAME = re.compile(r"\^?\w+|\+[0-9]+")
_PYNARS_FOREIGN = frozenset({"|->", "#", "+", "="})
_PYNARS_JUNCTIONS = frozenset({"&", "|", "&&", "||", "&/", "&|"})


def opennars(sentence: Sentence | Judgement) -> str:
    """Write a sentence for OpenNARS 3: prefix compounds with commas, as `str` does.

    >>> from hybridattn.reasoning import parse_sentence
    >>> opennars(parse_sentence("<(cat * fish) --> eat>. {1.0 0.8}"))
    '<(*, cat, fish) --> eat>. %1.00;0.80%'
    """
    return str(sentence)


def ona(sentence: Sentence | Judgement) -> str:
    """Write a sentence for ONA: infix binary compounds, `{f c}`, images `/1 /2`, `(! a)`, variables 1 to 9.

    Associative compounds of three or more parts are nested from the left, sets of three or more are written as unions
    or intersections of smaller sets. ONA knows no budget: it is left out.

    >>> from hybridattn.reasoning import parse_sentence
    >>> ona(parse_sentence("<(&&, <$who --> kind>, <$who --> wise>, a) ==> (--, <$who --> bad>)>. %0.9%"))
    '<((<$1 --> kind> && <$1 --> wise>) && a) ==> (! <$1 --> bad>)>. {0.90 0.90}'

    Raises:
        ArgumentError: ONA cannot hold the sentence: names that it would misread or cut, products or images of more
            than two places, more than 9 variables of a kind, terms that nest too deep, temporal copulas, quests.
    """
    punctuation, tense, truth, _ = _parts(sentence)
    if punctuation == "@":
        raise ArgumentError(f"ONA knows no quests; got {sentence}")
    if tense is not None and tense not in _ONA_TENSES:
        raise ArgumentError(f"ONA knows the tenses {' '.join(sorted(_ONA_TENSES))}; got {sentence}")
    term = _binary(_numbered(sentence.term))
    if term.depth > ONA_DEPTH:
        raise ArgumentError(f"ONA holds binary terms of at most {ONA_DEPTH} levels, not {term.depth}; got {sentence}")
    value = "" if truth is None else f"{{{decimal(truth.frequency)} {decimal(truth.capped().confidence)}}}"
    return _joined(f"{_ona(term)}{punctuation}", tense, value)


def pynars(sentence: Sentence | Judgement) -> str:
    """Write a sentence for PyNARS: as for OpenNARS, but with quotes around all names that are not plain words.

    >>> from hybridattn.reasoning import parse_sentence
    >>> pynars(parse_sentence("<cheetah.n.01 --> animal>. %1;0.8%"))
    '<"cheetah.n.01" --> animal>. %1.00;0.80%'

    Raises:
        ArgumentError: PyNARS cannot read the sentence: names with quotes, backslashes or control characters, copulas
            and connectors of ONA, a confidence of 0, a durability of 0 or 1.
    """
    punctuation, tense, truth, budget = _parts(sentence)
    if truth is not None and decimal(truth.confidence) == "0.00":
        raise ArgumentError(f"PyNARS reads no confidence of 0; got {sentence}")
    if budget and len(budget) > 1 and decimal(budget[1]) in ("0.00", "1.00"):
        raise ArgumentError(f"PyNARS reads a durability between 0 and 1 only; got {sentence}")
    before = f"${';'.join(map(decimal, budget))}$ " if budget else ""
    return before + _joined(f"{_pynars(sentence.term)}{punctuation}", tense, "" if truth is None else str(truth))


def _parts(sentence: Sentence | Judgement) -> tuple[str, str | None, Truth | None, tuple[float, ...] | None]:
    if isinstance(sentence, Judgement):
        return ".", None, sentence.truth, None
    if not isinstance(sentence, Sentence):
        raise ArgumentError(f"sentence must be a Sentence or a Judgement; got {sentence!r}")
    truth = DEFAULT if sentence.truth is None and sentence.punctuation == "." else sentence.truth
    return sentence.punctuation, sentence.tense, truth, sentence.budget


def _joined(*parts: str | None) -> str:
    return " ".join(filter(None, parts))


def _numbered(term: Term) -> Term:
    """Name the variables of each kind 1, 2, ... in the order of their first appearance."""
    count = dict.fromkeys("$#?", 0)
    names: dict[Variable, Term] = {}
    for variable in variables(term):
        count[variable.kind] += 1
        names[variable] = Variable(variable.kind, str(count[variable.kind]))
    if max(count.values()) > ONA_VARIABLES:
        raise ArgumentError(f"ONA holds at most {ONA_VARIABLES} variables of a kind; got {term}")
    return substitute(term, names)


def _binary(term: Term) -> Term:
    """Nest what is associative, so that every compound has at most two parts; junctions of one part are that part."""
    if isinstance(term, Statement):
        return Statement(term.copula, _binary(term.subject), _binary(term.predicate))
    if not isinstance(term, Compound):
        return term
    connector, parts = term.connector, tuple([_binary(part) for part in term.parts])
    if connector in _JOINS:
        sets: list[Term] = [Compound(connector, parts[at : at + 2]) for at in range(0, len(parts), 2)]
        return reduce(lambda left, right: Compound(_JOINS[connector], (left, right)), sets)
    if connector in _ASSOCIATIVE:
        return reduce(lambda left, right: Compound(connector, (left, right)), parts)
    return Compound(connector, parts)


def _ona(term: Term) -> str:
    if isinstance(term, Statement):
        if term.copula not in _ONA_COPULAS:
            raise ArgumentError(f"ONA does not know {term.copula}; got {term}")
        return f"<{_ona(term.subject)} {term.copula} {_ona(term.predicate)}>"
    if isinstance(term, Compound):
        return _ona_compound(term)
    return _ona_name(term) if isinstance(term, Atom) else str(term)


def _ona_name(atom: Atom) -> str:
    if not _ONA_NAME.fullmatch(atom.name):
        raise ArgumentError(f"ONA has no quotes: a name must be letters, digits, _ . and - inside; got {atom}")
    if len(atom.name.encode()) > ONA_NAME_BYTES:
        raise ArgumentError(f"ONA cuts names at {ONA_NAME_BYTES} bytes; got {atom}")
    return atom.name


def _ona_compound(term: Compound) -> str:
    connector, parts = term.connector, term.parts
    if connector in ("/", "\\"):
        return _ona_image(term)
    inside = [_ona(part) for part in parts]
    if connector in _JOINS:
        return f"{connector}{' '.join(inside)}{'}' if connector == '{' else ']'}"
    if connector == "--":
        return f"(! {inside[0]})"
    if connector in ("+", "=") or (connector == "*" and len(parts) == 1):
        return f"({connector} {inside[0]})"
    if connector not in _ONA_CONNECTORS:
        raise ArgumentError(f"ONA does not know the connector {connector}; got {term}")
    if len(parts) != 2:
        raise ArgumentError(f"ONA holds ({connector}, ...) of two parts, not {len(parts)}; got {term}")
    return f"({inside[0]} {connector} {inside[1]})"


def _ona_image(term: Compound) -> str:
    relation, *places = term.parts
    if len(places) != 2:
        raise ArgumentError(f"ONA holds images of two places, not {len(places)}; got {term}")
    open_place = places.index(PLACEHOLDER)
    return f"({_ona(relation)} {term.connector}{open_place + 1} {_ona(places[1 - open_place])})"


def _pynars(term: Term) -> str:
    if isinstance(term, Statement):
        _check_pynars(term.copula, term)
        return f"<{_pynars(term.subject)} {term.copula} {_pynars(term.predicate)}>"
    if isinstance(term, Compound):
        _check_pynars(term.connector, term)
        return _pynars_compound(term.connector, [_pynars(part) for part in term.parts], term)
    return _pynars_name(term) if isinstance(term, Atom) else str(term)


def _check_pynars(word: str, term: Term) -> None:
    if word in _PYNARS_FOREIGN:
        raise ArgumentError(f"PyNARS does not know {word}; got {term}")


def _pynars_compound(connector: str, parts: list[str], term: Term) -> str:
    if connector in ("{", "["):
        return f"{connector}{', '.join(parts)}{'}' if connector == '{' else ']'}"
    if connector in ("-", "~") and len(parts) != 2:
        raise ArgumentError(f"PyNARS reads ({connector}, ...) of two parts only; got {term}")
    if connector in _PYNARS_JUNCTIONS and len(parts) == 1:
        return parts[0]
    return f"({connector}, {', '.join(parts)})"


def _pynars_name(atom: Atom) -> str:
    if _PYNARS_NAME.fullmatch(atom.name):
        return atom.name
    if not atom.name or not atom.name.isprintable() or '"' in atom.name or "\\" in atom.name:
        raise ArgumentError(f"PyNARS has no escapes in names; got {atom}")
    if atom.name[0] == "^":
        raise ArgumentError(f"PyNARS reads an operator of letters, digits and _ only; got {atom}")
    return f'"{atom.name}"'
