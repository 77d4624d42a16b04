"""Terms: equal by value, printed so that they read back, never too deep to walk."""

import copy
import pickle
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridattn.errors import ArgumentError
from hybridattn.reasoning import (
    Atom,
    Compound,
    Statement,
    Term,
    Variable,
    inheritance,
    parse_term,
    product,
    substitute,
    variables,
)
from hybridattn.reasoning.term import CONNECTORS, COPULAS, MAX_DEPTH, PLACEHOLDER

NASTY = [
    "", "_", ".", ".a", "a.", "a.b", "1.0", "1.", "+5", "+", "^go", "^", "^1", "a-->b", "a-b", "a--b", "-a", "a-", "--",
    "'hood.n.01", "24/7.n.01", "Achilles'_heel.n.01", 'say "hi"', "back\\slash", "\\", "\\n", "line\nbreak", "\r", "\t",
    " ", "a b", "$x", "#x", "?x", "#", "M1[-1.0,0.0]", "a[b c]", "a[", "[a]", "{a}", "<a", "a>", "%1%", "$1$", ":|:",
    "\x00", "\x85", "\u2028", "\u200b", "\ud800", "\U0001f600", "東京", "naïve", "हिन्दी", "ภาษาไทย", "Übermensch", "²",
    "a,b", "*", "&&", "SELF", "//", "١", "e\u0301", "dt=1", "{--", "\u0301x", "·", "\U000e0001", "\\u0041",
]  # fmt: skip
names = st.sampled_from(NASTY) | st.text(max_size=6) | st.text("ab_.-1^+[]\"\\' \n", max_size=6)
atoms = st.builds(Atom, names)
variable_terms = st.builds(Variable, st.sampled_from("$#?"), st.from_regex(r"\w{1,3}", fullmatch=True))


def compounds(parts: st.SearchStrategy[Term]) -> st.SearchStrategy[Term]:
    free = st.sampled_from(sorted(CONNECTORS - set("+=/\\") - {"--"}))
    few = st.lists(parts, min_size=1, max_size=3).map(tuple)
    other = parts.filter(lambda term: term != PLACEHOLDER)
    places = st.tuples(other, st.lists(other, max_size=2), st.lists(other, max_size=2))
    images = places.map(lambda p: (p[0], *p[1], PLACEHOLDER, *p[2]))
    return (
        st.builds(Statement, st.sampled_from(sorted(COPULAS)), parts, parts)
        | st.builds(Compound, free, few)
        | st.builds(Compound, st.sampled_from(["--", "+", "="]), st.tuples(parts))
        | st.builds(Compound, st.sampled_from("/\\"), images)
    )


terms = st.recursive(atoms | variable_terms, compounds, max_leaves=8)


def deep(levels: int) -> Term:
    term: Term = Atom("a")
    for level in range(levels - 1):
        term = inheritance(term, Variable("$", "x")) if level % 2 else product(term, Atom("b"))
    return term


@pytest.mark.parametrize("name", NASTY)
def test_any_name_reads_back(name: str) -> None:
    assert parse_term(str(Atom(name))) == Atom(name)
    inside = Compound("/", (Atom("r"), PLACEHOLDER, inheritance(Atom(name), Compound("[", (Atom(name), Atom(name))))))
    assert parse_term(str(inside)) == inside


@given(terms)
def test_what_is_printed_reads_back_on_one_line(term: Term) -> None:
    assert len(str(term).splitlines()) == 1
    assert str(term).isprintable()
    assert parse_term(str(term)) == term


@given(terms, terms)
def test_equal_terms_print_and_hash_alike(one: Term, other: Term) -> None:
    assert (one == other) == (str(one) == str(other))
    again = parse_term(str(one))
    assert hash(again) == hash(one)
    assert len({one, again}) == 1


@pytest.mark.parametrize(
    ("term", "text"),
    [
        (Atom("cheetah.n.01"), "cheetah.n.01"),
        (Atom("'hood.n.01"), '"\'hood.n.01"'),
        (Atom("24/7.n.01"), '"24/7.n.01"'),
        (Atom('a"\\\n'), r'"a\"\\\n"'),
        (Atom("\x00\U000e0001"), r'"\u0000\U000e0001"'),
        (Atom("naïve"), "naïve"),
        (inheritance(Atom("cheetah.n.01"), Atom("animal.n.01")), "<cheetah.n.01 --> animal.n.01>"),
        (
            inheritance(product(Atom("car.n.01"), Variable("?", "x")), Atom("has_part")),
            "<(*, car.n.01, ?x) --> has_part>",
        ),
        (Compound("{", (Atom("b"), Atom("a"))), "{b, a}"),
        (Compound("[", (Atom("red"),)), "[red]"),
        (Compound("--", (Atom("a"),)), "(--, a)"),
        (Compound("/", (Atom("open"), PLACEHOLDER, Atom("lock"))), "(/, open, _, lock)"),
        (Compound("+", (Atom("size"),)), "(+ size)"),
    ],
)
def test_the_canonical_text(term: Term, text: str) -> None:
    assert str(term) == text


def test_kinds_of_terms_differ() -> None:
    assert (
        len({Atom("x"), Variable("$", "x"), Variable("#", "x"), product(Atom("x")), Compound("{", (Atom("x"),))}) == 5
    )
    assert Atom("a") != "a"
    assert product(Atom("a"), Atom("b")) != product(Atom("b"), Atom("a"))


def test_terms_with_the_same_hash_by_chance_differ() -> None:
    one, other = inheritance(Atom("a"), Atom("b")), inheritance(Atom("a"), Atom("c"))
    object.__setattr__(other, "_hash", hash(one))
    assert one != other


def test_terms_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Atom("a").name = "b"  # type: ignore[misc]
    with pytest.raises((AttributeError, TypeError)):
        Atom("a").other = "b"  # type: ignore[attr-defined]


def test_the_deepest_term_can_be_used_everywhere() -> None:
    """From 300 frames down, so that a caller with a stack of its own is served too."""

    def below(frames: int) -> None:
        if frames:
            return below(frames - 1)
        term, again = deep(MAX_DEPTH), deep(MAX_DEPTH)
        assert term.depth == MAX_DEPTH
        assert term == again
        assert hash(term) == hash(again)
        assert term != substitute(term, {Variable("$", "x"): Atom("c")})
        assert parse_term(str(term)) == term
        assert variables(term) == (Variable("$", "x"),)
        assert copy.deepcopy(term) is term
        return None

    below(300)
    assert pickle.loads(pickle.dumps(deep(MAX_DEPTH))) == deep(MAX_DEPTH)


def test_a_deeper_term_is_refused() -> None:
    with pytest.raises(ArgumentError, match="a term must nest at most 128 levels deep; got 129"):
        deep(MAX_DEPTH + 1)
    with pytest.raises(ArgumentError, match="levels deep"):
        substitute(deep(MAX_DEPTH), {Variable("$", "x"): deep(MAX_DEPTH)})


def test_a_pickled_term_is_found_in_another_process() -> None:
    """Hashes of texts differ from process to process, so a remembered hash must not travel."""
    term = inheritance(product(Atom("a"), Variable("?", "x")), Atom("r"))
    code = (
        "import pickle, sys\n"
        "from hybridattn.reasoning import parse_term\n"
        "term = pickle.loads(sys.stdin.buffer.read())\n"
        "print(term in {parse_term('<(*, a, ?x) --> r>')})"
    )
    done = subprocess.run([sys.executable, "-c", code], input=pickle.dumps(term), capture_output=True, check=True)
    assert done.stdout.split() == [b"True"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Atom(7), "the name of an atom must be a text; got 7"),
        (lambda: Variable("!", "x"), "the kind of a variable must be $, # or ?; got '!'"),
        (lambda: Variable("?", "a b"), "the name of a variable must be letters, digits or _; got 'a b'"),
        (lambda: Variable("?", ""), "the name of a variable must be letters, digits or _; got ''"),
        (lambda: Statement("->", Atom("a"), Atom("b")), "got '->'"),
        (lambda: inheritance("a", Atom("b")), "the parts of a term must be terms; got 'a'"),
        (lambda: Compound("^", (Atom("a"),)), "got '^'"),
        (lambda: product(), "must be a tuple of at least one term; got ()"),
        (lambda: Compound("*", [Atom("a")]), "must be a tuple of at least one term"),
        (lambda: Compound("--", (Atom("a"), Atom("b"))), "(-- ...) must have one part; got 2"),
        (lambda: Compound("/", (Atom("r"), Atom("a"))), "exactly one place _ after its relation; got (a)"),
        (lambda: Compound("\\", (Atom("r"), PLACEHOLDER, PLACEHOLDER)), "exactly one place _"),
    ],
)
def test_what_is_no_term_is_refused(make: object, message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        make()  # type: ignore[operator]
    assert message in str(caught.value)


def test_substitute_replaces_all_at_once_and_keeps_the_rest() -> None:
    x, y = Variable("$", "x"), Variable("#", "y")
    kept = product(Atom("a"), Atom("b"))
    term = Compound("&&", (inheritance(x, kept), inheritance(y, x)))
    swapped = substitute(term, {x: y, y: x})
    assert str(swapped) == "(&&, <#y --> (*, a, b)>, <$x --> #y>)"
    assert swapped.parts[0].predicate is kept  # type: ignore[attr-defined]
    assert substitute(term, {Variable("?", "x"): kept}) is term


@given(terms)
def test_substituting_the_variables_away_leaves_none(term: Term) -> None:
    ground = substitute(term, dict.fromkeys(variables(term), Atom("a")))
    assert variables(ground) == ()
    assert (ground == term) == (variables(term) == ())


def test_variables_come_in_order_and_once() -> None:
    term = parse_term("<(*, ?b, $a, <#c --> ?b>) --> ?d>")
    assert [str(variable) for variable in variables(term)] == ["?b", "$a", "#c", "?d"]
