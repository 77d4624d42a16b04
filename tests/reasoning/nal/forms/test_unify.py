"""Unification and matching: what a substitution makes equal, in any order of components."""

import pytest
from hypothesis import given

from hybridattn.errors import ArgumentError
from hybridattn.reasoning import Term, Variable, parse_term, variables
from hybridattn.reasoning.nal import canonical, unify
from hybridattn.reasoning.nal.forms.matching import filled, matches
from hybridattn.reasoning.nal.forms.unify import apart, resolved

from .terms import TERMS, form


def found(one: str, other: str, kinds: str = "$") -> set[str]:
    left, right = canonical(parse_term(one)), apart(canonical(parse_term(other)))
    made = set()
    for bindings in unify(left, right, kinds):
        term = resolved(left, bindings)
        assert term == resolved(right, bindings)
        made.add("" if term is None else str(canonical(term)))
    return made


@pytest.mark.parametrize(
    ("one", "other", "kinds", "result"),
    [
        ("<a --> b>", "<a --> b>", "$", {"<a --> b>"}),
        ("<a --> b>", "<a --> c>", "$", set()),
        ("<<$x --> b> ==> q>", "<<a --> b> ==> q>", "$", {"<<a --> b> ==> q>"}),
        ("<#x --> b>", "<a --> b>", "$", set()),
        ("<#x --> b>", "<a --> b>", "$#", {"<a --> b>"}),
        ("<?x --> b>", "<a --> b>", "?", {"<a --> b>"}),
        ("<<$x --> $y> ==> q>", "<<a --> $z> ==> q>", "$", {"<<a --> $1> ==> q>"}),
        ("(*, ?x, ?x)", "(*, a, b)", "?", set()),
        ("(*, ?x, ?x)", "(*, a, a)", "?", {"(*, a, a)"}),
        ("(*, ?x, (*, ?x))", "(*, ?y, ?y)", "?", set()),
        ("(*, ?y, ?y)", "(*, ?x, (*, ?x))", "?", set()),
        ("<?x <-> a>", "<b <-> a>", "?", {"<a <-> b>"}),
        ("<?x --> ?y>", "<(&, a, b) --> a>", "?", None),
        ("(&&, <?x --> a>, <?y --> b>)", "(&&, <k --> b>, <m --> a>)", "?", {"(&&, <k --> b>, <m --> a>)"}),
        ("(&&, ?x, ?y)", "(&&, a, b, c)", "?", set()),
    ],
)
def test_by_hand(one: str, other: str, kinds: str, result: set[str] | None) -> None:
    if result is None:  # the other is not allowed
        with pytest.raises(ArgumentError):
            found(one, other, kinds)
    else:
        assert found(one, other, kinds) == result


@given(TERMS)
def test_a_term_fits_itself_renamed(term: Term) -> None:
    same = form(term)
    if same is not None:
        other = apart(same)
        bindings = next(unify(same, other, "$#?"))
        assert resolved(same, bindings) == resolved(other, bindings)


def test_apart_shares_no_variable() -> None:
    term = canonical(parse_term("(&&, <#x --> a>, <#y --> #x>)"))
    assert {variable.name for variable in variables(term)} == {"1", "2"}
    assert {variable.name for variable in variables(apart(term))} == {"1b", "2b"}


def test_the_rest_of_the_components() -> None:
    pattern, term = parse_term("(&&, $A, #B)"), canonical(parse_term("(&&, a, b, c)"))
    made = {(str(filled(parse_term("$A"), m)), str(filled(parse_term("(&&, #B)"), m))) for m in matches(pattern, term)}
    assert made == {("a", "(&&, b, c)"), ("b", "(&&, a, c)"), ("c", "(&&, a, b)")}


def test_a_substitution_is_not_changed() -> None:
    before: dict[Variable, Term] = {}
    assert list(unify(parse_term("?x"), parse_term("a"), "?", before)) == [{parse_term("?x"): parse_term("a")}]
    assert before == {}
