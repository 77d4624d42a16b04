"""Canonical forms: by hand, and as properties over generated terms."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridattn.errors import ArgumentError
from hybridattn.reasoning import Compound, Statement, Term, Variable, parse_term, substitute, variables
from hybridattn.reasoning.nal import canonical, fault
from hybridattn.reasoning.nal.forms.shape import COMMUTATIVE, SYMMETRIC

from .terms import TERMS, form

SAME = [
    ("(&&, b, a, b)", "(&&, a, b)"),
    ("(&&, a, (&&, b, c))", "(&&, a, b, c)"),
    ("(||, (||, c, a), b)", "(||, a, b, c)"),
    ("(&, a, (&, b, c))", "(&, c, b, a)"),
    ("<b <-> a>", "<a <-> b>"),
    ("<b <=> a>", "<a <=> b>"),
    ("{b, a, b}", "{a, b}"),
    ("(--, (--, a))", "a"),
    ("(&&, a, a)", "a"),
    ("(&, [a], [b])", "[a, b]"),
    ("(|, {a}, {b})", "{a, b}"),
    ("(&, {a, b}, {b, c})", "{b}"),
    ("(|, [a, b], [b, c])", "[b]"),
    ("(-, {a, b}, {b, c})", "{a}"),
    ("(~, [a, b], [b])", "[a]"),
    ("(|, {a}, x, {b})", "(|, {a, b}, x)"),
    ("<s ==> <p ==> q>>", "<(&&, s, p) ==> q>"),
    ("<a ==> <b ==> <c ==> d>>>", "<(&&, a, b, c) ==> d>"),
    ("<a {-- b>", "<{a} --> b>"),
    ("<<$x --> a> ==> <$x --> b>>", "<<$1 --> a> ==> <$1 --> b>>"),
    ("(&&, <#p --> a>, <#q --> #p>)", "(&&, <#x --> #y>, <#y --> a>)"),
    ("<(&&, <$a --> x>, <$b --> x>, <$b --> $a>) ==> r>", "<(&&, <$u --> x>, <$v --> x>, <$u --> $v>) ==> r>"),
]
DIFFERENT = [
    ("(*, a, b)", "(*, b, a)"),
    ("<a --> b>", "<b --> a>"),
    ("(-, a, b)", "(-, b, a)"),
    ("{a}", "a"),
    ("<<$x --> a> ==> <$y --> b>>", "<<$x --> a> ==> <$x --> b>>"),
    ("<<$x --> a> ==> b>", "<<#x --> a> ==> b>"),
]
ILL = [
    ("<a --> a>", "subject and predicate must differ"),
    ("<a --> (&, a, b)>", "neither side of a statement may be a part of the other"),
    ("<(*, a, b) --> a>", "neither side of a statement may be a part of the other"),
    ("<<a --> b> ==> <b --> a>>", "a statement must not relate a statement and its reverse"),
    ("<<a ==> b> ==> c>", "==> must not have ==> or <=> as a side"),
    ("<a ==> <b <=> c>>", "==> must not have ==> or <=> as a side"),
    ("<<a ==> b> <=> c>", "<=> must not have ==> or <=> as a side"),
    ("<$x ==> a>", "a side of ==> must not be a bare independent variable"),
    ("<$x --> a>", "an independent variable must stand inside ==> or <=>: $1"),
    ("(&, {a}, {b})", "the sets in (&, ...) have nothing in common"),
    ("(-, {a}, {a, b})", "the difference of sets (-, ...) is empty"),
    ("(-, a, a)", "the parts of (-, ...) must differ"),
    ("(-, a, b, c)", "(-, ...) must have two parts"),
    ("$x", "a sentence must not be a bare variable"),
    ("(&&, q, <a --> a>)", "subject and predicate must differ"),
]


def shuffled(term: Term, rng: random.Random) -> Term:
    """Write the same in another way: components in another order, one of them twice."""
    if isinstance(term, Statement):
        sides = [shuffled(term.subject, rng), shuffled(term.predicate, rng)]
        if term.copula in SYMMETRIC:
            rng.shuffle(sides)
        return Statement(term.copula, *sides)
    if isinstance(term, Compound):
        parts = [shuffled(part, rng) for part in term.parts]
        if term.connector in COMMUTATIVE:
            parts.append(rng.choice(parts))
            rng.shuffle(parts)
        return Compound(term.connector, tuple(parts))
    return term


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same(one: str, other: str) -> None:
    assert canonical(parse_term(one)) == canonical(parse_term(other))


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_not_the_same(one: str, other: str) -> None:
    assert canonical(parse_term(one)) != canonical(parse_term(other))


@pytest.mark.parametrize(("text", "why"), ILL)
def test_what_is_not_allowed_says_why(text: str, why: str) -> None:
    assert fault(parse_term(text)) == why


@pytest.mark.parametrize("text", [one for pair in SAME for one in pair if one[0] == "<"])
def test_what_is_allowed(text: str) -> None:
    assert fault(parse_term(text)) == ""


def test_the_message_names_the_term() -> None:
    with pytest.raises(ArgumentError, match=r"^subject and predicate must differ; got <a --> \(--, \(--, a\)\)>$"):
        canonical(parse_term("<a --> (--, (--, a))>"))


@given(TERMS)
def test_a_canonical_form_stays(term: Term) -> None:
    once = form(term)
    assert once is None or canonical(once) == once


@given(TERMS)
def test_a_canonical_form_reads_back(term: Term) -> None:
    once = form(term)
    assert once is None or canonical(parse_term(str(once))) == once


@given(TERMS, st.randoms(use_true_random=False))
def test_order_and_repetition_do_not_matter(term: Term, rng: random.Random) -> None:
    assert form(shuffled(term, rng)) == form(term)


@given(TERMS, st.permutations(["u", "v", "w"]))
def test_names_of_variables_do_not_matter(term: Term, names: list[str]) -> None:
    new = {old: Variable(old.kind, names["xyz".index(old.name)]) for old in variables(term)}
    assert form(substitute(term, new)) == form(term)


def test_many_symmetric_variables_are_quick_and_one_form() -> None:
    names = [f"#v{place}" for place in range(12)]
    forms = set()
    for seed in range(3):
        random.Random(seed).shuffle(names)
        forms.add(canonical(parse_term(f"(&&, {', '.join(f'<{name} --> a>' for name in names)})")))
    assert len(forms) == 1
