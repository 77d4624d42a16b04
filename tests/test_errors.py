"""Every error is one family, keeps its built-in kind, and says what its message promises."""

import inspect
import pickle

import pytest

from hybridattn import errors
from hybridattn.errors import AmbiguousTermError, HybridAttnError, NarseseError, UnknownTermError

KINDS = {
    "AmbiguousTermError": LookupError,
    "ArgumentError": ValueError,
    "CompileError": RuntimeError,
    "ConvergenceError": ArithmeticError,
    "DerivationError": ValueError,
    "FactsError": ValueError,
    "HybridAttnError": Exception,
    "MemoryFileError": ValueError,
    "NarseseError": ValueError,
    "NotFiniteError": ValueError,
    "RankError": RuntimeError,
    "ShapeError": ValueError,
    "SlotError": LookupError,
    "StoreBusyError": ValueError,
    "UnknownTermError": LookupError,
}


def test_every_error_is_listed() -> None:
    found = [name for name, value in vars(errors).items() if inspect.isclass(value) and issubclass(value, Exception)]
    assert sorted(found) == sorted(KINDS) == sorted(errors.__all__)


@pytest.mark.parametrize("name", KINDS)
def test_one_family_with_the_built_in_kind(name: str) -> None:
    error = getattr(errors, name)
    assert issubclass(error, HybridAttnError)
    assert issubclass(error, KINDS[name])


def test_no_key_error() -> None:
    """`str` of a KeyError is the repr of its message: a message with two lines would be shown on one."""
    assert not any(issubclass(getattr(errors, name), KeyError) for name in KINDS)


def test_narsese_points_at_the_column() -> None:
    error = NarseseError("expected a copula (--> <-> ==> <=>)", "<bird -> animal>", 7)
    assert str(error) == "expected a copula (--> <-> ==> <=>) at column 7\n  <bird -> animal>\n        ^"
    assert (error.wanted, error.text, error.column) == (
        "expected a copula (--> <-> ==> <=>)",
        "<bird -> animal>",
        7,
    )


@pytest.mark.parametrize("column", [1, 60, 61, 62, 300, 500, 501])
def test_narsese_shows_a_long_text_around_the_column(column: int) -> None:
    text = "".join(chr(0x4E00 + i) for i in range(500))
    _, shown, caret = str(NarseseError("wanted", text, column)).split("\n")
    assert len(shown) <= 2 + 120
    at = caret.index("^")
    assert shown[at : at + 1] == text[column - 1 : column]


def test_narsese_at_the_end_points_behind_the_text() -> None:
    _, shown, caret = str(NarseseError("expected >", "<a --> b", 9)).split("\n")
    assert (shown, caret) == ("  <a --> b", "          ^")


def test_narsese_marks_what_it_leaves_out() -> None:
    text = "a" * 100 + "!" + "b" * 100
    _, shown, caret = str(NarseseError("wanted", text, 101)).split("\n")
    assert shown == f"  ...{'a' * 60}!{'b' * 53}..."
    assert caret == f"  ...{'a' * 60}^".replace(".", " ").replace("a", " ")


def test_narsese_keeps_the_caret_under_wide_and_unprintable_characters() -> None:
    assert str(NarseseError("wanted", "鸟 x", 3)) == "wanted at column 3\n  鸟 x\n  \N{IDEOGRAPHIC SPACE} ^"
    shown = "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}[31m\N{REPLACEMENT CHARACTER}"
    assert str(NarseseError("wanted", "a\tb\x1b[31m\n", 3)) == f"wanted at column 3\n  {shown}\n    ^"


def test_unknown_term_with_and_without_neighbours() -> None:
    error = UnknownTermError("brid", ["bird", "bride"])
    assert str(error) == "no fact has the term 'brid'; nearest: bird, bride"
    assert (error.term, error.nearest) == ("brid", ("bird", "bride"))
    assert str(UnknownTermError("xyz", [])) == "no fact has the term 'xyz'"
    assert str(UnknownTermError("eats", ["eat"], what="relation")) == "no fact has the relation 'eats'; nearest: eat"


def test_unknown_term_shortens_what_is_long() -> None:
    assert str(UnknownTermError("a" * 60, [])) == f"no fact has the term '{'a' * 60}'"
    error = UnknownTermError("a" * 61, [])
    assert str(error) == f"no fact has the term '{'a' * 57}...'"
    assert error.term == "a" * 61


def test_ambiguous_term_lists_the_senses() -> None:
    error = AmbiguousTermError("bat", ["bat.n.01", "bat.n.02"])
    assert str(error) == "'bat' has 2 senses, name one: bat.n.01, bat.n.02"
    assert (error.word, error.senses) == ("bat", ("bat.n.01", "bat.n.02"))


@pytest.mark.parametrize(
    "name",
    [
        "ArgumentError",
        "CompileError",
        "ConvergenceError",
        "FactsError",
        "HybridAttnError",
        "MemoryFileError",
        "NotFiniteError",
        "ShapeError",
        "SlotError",
    ],
)
def test_a_plain_message_stays_as_it_is(name: str) -> None:
    message = "query must end in key_dim=64; got shape (2, 3)"
    assert str(getattr(errors, name)(message)) == message


@pytest.mark.parametrize(
    "error",
    [
        HybridAttnError("plain"),
        NarseseError("expected a copula", "<bird -> animal>", 7),
        UnknownTermError("chetah", ["cheetah"], what="term"),
        AmbiguousTermError("dog", ["dog.n.01", "cad.n.01"]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_crosses_processes_whole(error: HybridAttnError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))
