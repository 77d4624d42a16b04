"""Questions: which are understood, and what is said of the others."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hybridattn import FactMemory
from hybridattn.errors import ArgumentError, HybridAttnError, NarseseError
from hybridattn.knowledge.answers.question import read_question


@pytest.mark.parametrize(
    ("text", "path", "transitive", "inverse"),
    [
        ("<a --> b>?", ("-->",), True, False),
        ("<a --> ?x>?", ("-->",), True, False),
        ("<?x --> b>?", ("-->",), True, True),
        ("<a <-> ?which>?", ("<->",), True, False),
        ("<(*, a, ?x) --> has_part>?", ("has_part",), False, False),
        ("<(*, ?x, b) --> has_part>?", ("has_part",), False, True),
        ("<(*, a, ?x) --> ?r>?", (None,), False, False),
        ("<(*, a, a) --> likes>?", ("likes",), False, False),
        ('<(*, a, b) --> "part of">?', ('"part of"',), False, False),
        ("<(*, a, ?x) --> is_a>?", ("-->",), True, False),
        ("(a --> b)?", ("-->",), True, False),
    ],
)
def test_a_question(text, path, transitive, inverse):
    question = read_question(text)
    assert (question.path, question.transitive, question.inverse) == (path, transitive, inverse)
    assert read_question(str(question)) == question


def test_a_path_instead_of_the_relation():
    question = read_question("<a --> ?x>?", ("isa", "part of", "<->"))
    assert (question.path, question.transitive) == (("-->", '"part of"', "<->"), False)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("<a --> b>.", "a question must end in ?; got <a --> b>."),
        ("<a --> b>!", "a question must end in ?; got <a --> b>!"),
        ("a?", "expected <S --> P>?, <S <-> P>? or <(*, S, P) --> R>?"),
        ("<a ==> b>?", "expected <S --> P>?, <S <-> P>? or <(*, S, P) --> R>?"),
        ("(&&, <a --> b>, <b --> c>)?", "expected <S --> P>?"),
        ("<a --> #x>?", "what is asked for must be a query variable like ?x; got #x"),
        ("<$x --> b>?", "what is asked for must be a query variable like ?x; got $x"),
        ("<?x --> ?y>?", "a question must name its source or its target"),
        ("<?x --> ?x>?", "a question must name its source or its target"),
        ("<(*, ?x, ?y) --> r>?", "a question must name its source or its target"),
        ("<a --> a>?", "source and target must differ"),
        ("<(*, a, a) --> is_a>?", "source and target must differ"),
        ("<(*, ?x, a, b) --> c>?", "?x must stand for a whole term"),
        ("<a --> [?x]>?", "?x must stand for a whole term"),
    ],
)
def test_a_question_that_facts_cannot_answer(text, wanted):
    with pytest.raises(ArgumentError) as caught:
        read_question(text)
    assert wanted in str(caught.value)


def test_an_empty_path():
    with pytest.raises(ArgumentError, match="path must name at least one relation; got none"):
        read_question("<a --> b>?", ())


@pytest.mark.parametrize(
    ("text", "column", "wanted"),
    [
        ("<a --> b>", 10, "expected"),
        ("<a -> b>?", 4, "copula"),
        ("<a --> >?", 8, "expected a term"),
        ("", 1, "expected"),
        ("<a --> b>? <c --> d>?", 12, "expected"),
    ],
)
def test_a_caret_shows_the_mistake(text, column, wanted):
    with pytest.raises(NarseseError) as caught:
        read_question(text)
    assert wanted in str(caught.value)
    assert caught.value.column == column
    *_, shown, caret = str(caught.value).split("\n")
    assert shown == f"  {text}"
    assert caret == " " * (column + 1) + "^"


@pytest.mark.parametrize(
    "text",
    [
        "<a --> " + "(*, a, " * 500 + "b" + ")" * 500 + ">?",
        "<" * 20_000,
        "<a --> " + "(" * 20_000,
        "<a --> " + "{" * 300 + "b" + "}" * 300 + ">?",
    ],
)
def test_deep_nesting(text):
    with pytest.raises(NarseseError):
        read_question(text)


@pytest.fixture(scope="module")
def memory():
    return FactMemory.from_triples([("a", "is_a", "b"), ("b", "r", "c"), ("c", "<->", "a"), ("24/7", "s t", "a")])


TEXTS = st.lists(
    st.sampled_from(
        ["<", ">", "(", ")", "*", ",", " ", " --> ", " <-> ", "?", "?x", "a", "b", "c", "r", ".", "!", "#y"]
    )
    | st.sampled_from(
        ['"24/7"', '"s t"', "{", "}", "[", "]", "$z", "%1;.9%", "&", "--", '"', "\\", "\0", "é", "^op", "_"]
    )
    | st.text(max_size=4),
    max_size=14,
).map("".join)
NEAR = st.tuples(
    st.sampled_from(["a", "b", "?x", "24/7", '"24/7"', "(*, a, ?x)", "(*, b, c)", "(*, ?x, c)", "[a]", "#x"]),
    st.sampled_from(["-->", "<->", "==>", "--]", "{--"]),
    st.sampled_from(["a", "c", "?x", "r", "?r", '"s t"', "is_a", "similar_to", "(a * ?x)"]),
    st.sampled_from(["?", "? ", ".", "", "@", "? :|:", "? %1;.9%"]),
).map(lambda parts: f"<{parts[0]} {parts[1]} {parts[2]}>{parts[3]}")


@settings(max_examples=250)
@given(st.one_of(TEXTS, NEAR))
@example("<(*, a, ?x) --> ?r>?")
@example("\ud800")
@example('<"\\ud800" --> a>?')
@example("<a --> \0>?")
@example("<(*, a, ?x) --> similar_to>?")
def test_whatever_is_asked_there_is_an_answer_or_an_error_of_ours(memory, text):
    try:
        answers = memory.ask(text)
    except HybridAttnError as error:
        answers, said = (), str(error)
    else:
        said = "\n".join(map(str, answers)) or answers.verdict
        assert str(read_question(answers.question)) == answers.question
    assert said
