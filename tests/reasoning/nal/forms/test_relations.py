"""A product and its images: one class of terms, whichever form it is written in, at any depth and arity."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hybridattn.errors import ArgumentError
from hybridattn.reasoning import Atom, Compound, Statement, Term, Variable, parse_term
from hybridattn.reasoning.nal import canonical
from hybridattn.reasoning.nal.forms.canonical import as_written, meaning
from hybridattn.reasoning.nal.forms.relations import forms, restated
from hybridattn.reasoning.term import PLACEHOLDER

ATOMS = st.sampled_from("abcdefgh").map(Atom)
LEAVES = st.one_of(ATOMS, st.builds(Variable, st.just("#"), st.sampled_from("xy")))
PARTS = st.recursive(
    LEAVES,
    lambda parts: st.lists(parts, min_size=1, max_size=3).map(lambda some: Compound("*", tuple(some))),
    max_leaves=4,
)


def _image(slash: str, relation: Term, places: list[Term], at: int) -> Compound:
    return Compound(slash, (relation, *places[:at], PLACEHOLDER, *places[at:]))


IMAGES = st.builds(
    lambda slash, relation, places, at: _image(slash, relation, places, at % (len(places) + 1)),
    st.sampled_from(["/", "\\"]),
    PARTS,
    st.lists(PARTS, max_size=3),
    st.integers(0, 3),
)
SIDES = st.one_of(PARTS, IMAGES)
RELATIONS = st.builds(Statement, st.just("-->"), SIDES, SIDES)

CLASSES = [
    ("<(*, acid, base) --> reaction>", "<acid --> (/, reaction, _, base)>", "<base --> (/, reaction, acid, _)>"),
    ("<r --> (*, a, b)>", "<(\\, r, _, b) --> a>", "<(\\, r, a, _) --> b>"),
    ("<(*, a, b, c) --> r>", "<a --> (/, r, _, b, c)>", "<b --> (/, r, a, _, c)>", "<c --> (/, r, a, b, _)>"),
    ("<(*, a) --> r>", "<a --> (/, r, _)>"),
    ("<(*, (*, a, b), c) --> r>", "<(*, a, b) --> (/, r, _, c)>", "<a --> (/, (/, r, _, c), _, b)>"),
    ("<(*, (\\, r, _, b), c) --> s>", "<(\\, r, _, b) --> (/, s, _, c)>", "<r --> (*, (/, s, _, c), b)>"),
    ("<<(*, a, b) --> r> ==> q>", "<<a --> (/, r, _, b)> ==> q>"),
    ("<q <=> <(*, a, b) --> r>>", "<<b --> (/, r, a, _)> <=> q>"),
    ("(&&, q, <(*, a, b) --> r>)", "(&&, <b --> (/, r, a, _)>, q)", "(&&, q, <(*, a, b) --> r>, <a --> (/, r, _, b)>)"),
    ("<<(*, $x, a) --> r> ==> <(*, $x, b) --> s>>", "<<$y --> (/, r, _, a)> ==> <b --> (/, s, $y, _)>>"),
    ("(--, <(*, a, b) --> r>)", "(--, <a --> (/, r, _, b)>)"),
    ("<(*, <(*, a, b) --> r>, c) --> s>", "<<b --> (/, r, a, _)> --> (/, s, _, c)>"),
    ("<(*, ?x, b) --> r>", "<?x --> (/, r, _, b)>"),
]  # fmt: skip
APART = [
    ("<(*, a, b) --> r>", "<(*, b, a) --> r>"),
    ("<(*, a, b) --> r>", "<r --> (*, a, b)>"),
    ("<a --> (/, r, _, b)>", "<a --> (/, r, b, _)>"),
    ("<a --> (/, r, _, b)>", "<(/, r, _, b) --> a>"),
    ("<a <-> (/, r, _, b)>", "<(*, a, b) <-> r>"),
    ("<<(*, $x, $y) --> r> ==> <(*, $x, $y) --> s>>", "<<(*, $x, $y) --> r> ==> <(*, $y, $x) --> s>>"),
]  # fmt: skip


@pytest.mark.parametrize("members", CLASSES)
def test_all_members_have_the_first_as_canonical_form(members: tuple[str, ...]) -> None:
    first = as_written(parse_term(members[0]))
    assert {canonical(parse_term(member)) for member in members} == {first}


@pytest.mark.parametrize(("one", "other"), APART)
def test_what_is_not_the_same(one: str, other: str) -> None:
    assert canonical(parse_term(one)) != canonical(parse_term(other))


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("<a --> (/, a, _, b)>", "<a --> (/, a, _, b)>"),  # its product <(*, a, b) --> a> is not allowed
        ("<b --> (/, a, a, _)>", "<a --> (/, a, _, b)>"),
        ("<<(*, a, b) --> r> ==> <a --> (/, r, _, b)>>", "<<(*, a, b) --> r> ==> <a --> (/, r, _, b)>>"),
    ],
)
def test_where_the_product_is_not_allowed(text: str, form: str) -> None:
    assert str(canonical(parse_term(text))) == form


@given(RELATIONS)
@settings(deadline=None, max_examples=25)
def test_every_form_is_of_the_class_and_has_every_other_form(term: Statement) -> None:
    try:
        here = as_written(term)
    except ArgumentError:
        assume(False)
    allowed = forms(here)
    assert {canonical(form) for form in allowed} == {meaning(here)}
    assert {frozenset(map(as_written, forms(form))) for form in allowed[:6]} == {frozenset(map(as_written, allowed))}


@given(RELATIONS, st.data())
@settings(deadline=None, max_examples=25)
def test_a_walk_from_form_to_form_leads_back(term: Statement, data: st.DataObject) -> None:
    try:
        start = here = as_written(term)
    except ArgumentError:
        assume(False)
    for _ in range(4):
        ways = restated(here)
        if not ways:
            break
        here = data.draw(st.sampled_from(ways))
        assert parse_term(str(here)) == here
    assert canonical(here) == canonical(start)
    assert here == start or as_written(start) in map(as_written, forms(here))


@given(RELATIONS, st.data())
@settings(deadline=None, max_examples=25)
def test_inside_a_condition(term: Statement, data: st.DataObject) -> None:
    try:
        here = as_written(term)
    except ArgumentError:
        assume(False)
    form = data.draw(st.sampled_from(forms(here)))
    for text in ("<(&&, {0}, q) ==> p>", "<q ==> {0}>", "<{0} <=> q>", "(&&, q, {0})", "(||, q, (--, {0}))"):
        try:
            whole = parse_term(text.format(here))
            assert canonical(whole) == canonical(parse_term(text.format(form)))
            assert canonical(canonical(whole)) == canonical(whole)
        except ArgumentError:
            assume(False)


def test_a_long_product_is_quick() -> None:
    words = [f"w{place}" for place in range(2000)]
    image = f"<w7 --> (/, r, {', '.join('_' if word == 'w7' else word for word in words)})>"
    assert str(canonical(parse_term(image))) == f"<(*, {', '.join(words)}) --> r>"
