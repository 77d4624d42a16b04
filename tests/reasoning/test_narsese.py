"""Narsese in: what is read, that the fast path and the grammar agree, and what a mistake looks like."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridattn.errors import ArgumentError, NarseseError
from hybridattn.reasoning import Sentence, Truth, parse_sentence, parse_term, read_sentences, syntax, term
from hybridattn.reasoning.narsese import _by_grammar, _Plain

from .test_term import terms

CASES = json.loads((Path(__file__).parents[1] / "golden/nal/cases.json").read_text())

READS = [
    # OpenNARS
    ("<bird --> animal>", "<bird --> animal>"),
    ("<bird-->animal>", "<bird --> animal>"),
    ("<Tweety {-- bird>", "<{Tweety} --> bird>"),
    ("<raven --] black>", "<raven --> [black]>"),
    ("<Tweety {-] yellow>", "<{Tweety} --> [yellow]>"),
    ("<{a}{--b>", "<{{a}} --> b>"),
    ("<<$x-->a>==><$x-->b>>", "<<$x --> a> ==> <$x --> b>>"),
    ("<a =/> b>", "<a =/> b>"),
    ("<a =|> b>", "<a =|> b>"),
    ("<a =\\> b>", "<a =\\> b>"),
    ("<a </> b>", "<a </> b>"),
    ("<a <|> b>", "<a <|> b>"),
    ("<a <=> b>", "<a <=> b>"),
    ("(a --> b)", "<a --> b>"),
    ("{a,b}", "{a, b}"),
    ("[with-wings]", "[with-wings]"),
    ("(--,a)", "(--, a)"),
    ("(--,<a --> b>)", "(--, <a --> b>)"),
    ("(&&,a,b,c)", "(&&, a, b, c)"),
    ("(||,a,b)", "(||, a, b)"),
    ("(&/,a,+5,b)", "(&/, a, +5, b)"),
    ("(&|,a,b)", "(&|, a, b)"),
    ("(-,a,b)", "(-, a, b)"),
    ("(~, a, b)", "(~, a, b)"),
    ("(*,(*,(*,0)))", "(*, (*, (*, 0)))"),
    ("(#, a, b)", "(#, a, b)"),
    ("(/,(/,REPRESENT,_,<(*,CAT,FISH) --> FOOD>),_,eat)", "(/, (/, REPRESENT, _, <(*, CAT, FISH) --> FOOD>), _, eat)"),
    ("(\\,neutralization,acid,_)", "(\\, neutralization, acid, _)"),
    ("(/,#,_,b)", '(/, "#", _, b)'),
    ("(a, b, c)", "(*, a, b, c)"),
    ("(^go,{SELF},a)", "<(*, {SELF}, a) --> ^go>"),
    ("(^go)", "<(*, {SELF}) --> ^go>"),
    ("M1[-1.0,0.0]", "M1[-1.0,0.0]"),
    ("10_20", "10_20"),
    ("#1", "#1"),
    # ONA
    ("(a && b)", "(&&, a, b)"),
    ("(a &/ b)", "(&/, a, b)"),
    ("(a * b)", "(*, a, b)"),
    ("(a * b * c)", "(*, a, b, c)"),
    ("(a - b)", "(-, a, b)"),
    ("{a b}", "{a, b}"),
    ("[a b]", "[a, b]"),
    ("(! a)", "(--, a)"),
    ("(-- a)", "(--, a)"),
    ("(* a)", "(*, a)"),
    ("(R /1 b)", "(/, R, _, b)"),
    ("(R /2 a)", "(/, R, a, _)"),
    ("(R \\1 b)", "(\\, R, _, b)"),
    ("(R \\2 a)", "(\\, R, a, _)"),
    ("(+ size)", "(+ size)"),
    ("(= size)", "(= size)"),
    ("<a |-> b>", "<a |-> b>"),
    # quotes and Unicode
    ('"a b"', '"a b"'),
    ('"bird"', "bird"),
    (r'"\u0041\U00000042\n\t\r\\\""', r'"AB\n\t\r\\\""'),
    ("<東京 --> 都市>", "<東京 --> 都市>"),
    ("<हिन्दी --> भाषा>", "<हिन्दी --> भाषा>"),
    (" <a\n --> b> ", "<a --> b>"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "canonical"), READS)
def test_reads_the_syntax_of_the_peers(text: str, canonical: str) -> None:
    assert str(parse_term(text)) == canonical
    assert parse_term(canonical) == parse_term(text)


SENTENCES = [
    ("<a --> b>.", Sentence(parse_term("<a --> b>"), ".")),
    ("<a --> b>?", Sentence(parse_term("<a --> b>"), "?")),
    ("a@", Sentence(parse_term("a"), "@")),
    ("a! %0.9;0.8%", Sentence(parse_term("a"), "!", Truth(0.9, 0.8))),
    ("a. %0.9%", Sentence(parse_term("a"), ".", Truth(0.9, 0.9))),
    ("a.%.5;1%", Sentence(parse_term("a"), ".", Truth(0.5, 0.99))),
    ("a. %1;0.995%", Sentence(parse_term("a"), ".", Truth(1.0, 0.99))),
    ("a. % 0 ; 0.9 %", Sentence(parse_term("a"), ".", Truth(0.0, 0.9))),
    ("a. %1e-3;9e-1%", Sentence(parse_term("a"), ".", Truth(0.001, 0.9))),
    ("a. {0.3 0.8}", Sentence(parse_term("a"), ".", Truth(0.3, 0.8))),
    ("a. :|: {0.3;0.8}", Sentence(parse_term("a"), ".", Truth(0.3, 0.8), ":|:")),
    ("a. :/:", Sentence(parse_term("a"), ".", None, ":/:")),
    ("a. :\\: %1;0.9%", Sentence(parse_term("a"), ".", Truth(1.0, 0.9), ":\\:")),
    ("a. :!-5:", Sentence(parse_term("a"), ".", None, ":!-5:")),
    ("$0.8;0.5;.25$ a? :|:", Sentence(parse_term("a"), "?", None, ":|:", (0.8, 0.5, 0.25))),
    ("$0.90$ $x.", Sentence(parse_term("$x"), ".", None, None, (0.9,))),
]


@pytest.mark.parametrize(("text", "sentence"), SENTENCES)
def test_reads_sentences(text: str, sentence: Sentence) -> None:
    assert parse_sentence(text) == sentence
    assert parse_sentence(str(sentence)) == sentence


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_reads_the_golden_sessions(case: dict[str, list[str]]) -> None:
    lines = case["inputs"] + case["expected"] + case["not_expected"]
    sentences = [sentence for _, sentence in read_sentences(lines)]
    assert len(sentences) == len(lines) > 0
    squeezed = [re.sub(r"\s|%.*%|^\$.*\$", "", line) for line in lines]
    sugar = re.compile(r"\{--|--\]|\{-\]")
    for sentence, text in zip(sentences, squeezed, strict=True):
        assert sugar.search(text) or f"{sentence.term}{sentence.punctuation}".replace(" ", "") == text
        assert parse_sentence(str(sentence)) == sentence


round_truths = st.builds(Truth, st.floats(0, 1).map(lambda x: round(x, 9)), st.sampled_from([0.0, 0.43046721, 0.99]))


@given(
    terms,
    st.sampled_from(".?!@"),
    st.none() | round_truths,
    st.sampled_from([None, ":|:", ":/:", ":\\:", ":!7:"]),
    st.none() | st.lists(st.sampled_from([0.0, 0.125, 0.8, 1.0]), min_size=1, max_size=3).map(tuple),
)
def test_sentences_read_back(term: term.Term, mark: str, value: Truth, tense: str, budget: tuple[float, ...]) -> None:
    sentence = Sentence(term, mark, value, tense, budget)
    assert parse_sentence(str(sentence)) == sentence


plain_lines = st.builds(
    lambda names, gap, pair, tail: (
        f"<{gap}(*{gap},{gap}{names[0]},{names[1]}) -->{gap}{names[2]}>{gap}.{gap}{tail}"
        if pair
        else f"<{names[0]}{gap}-->{names[2]}>.{tail}"
    ),
    st.tuples(*[st.sampled_from(["a", "a.b", "n-x", "車", "1", "_", "a-.b", "a."])] * 3),
    st.sampled_from(["", " ", "\t", "\n"]),
    st.booleans(),
    st.sampled_from(["", "%1.00;0.90%", "%0.5%", "%1;1%", "%1.5%", "%1;0.9", "%", ":|:", "%;%"]),
)
slips = st.tuples(st.integers(0, 60), st.sampled_from(["", *"<>-*(),.%;_ []0a\"'?$#/{}"]))


@settings(max_examples=400)
@given(plain_lines, slips)
def test_the_fast_path_agrees_with_the_grammar(line: str, slip: tuple[int, str]) -> None:
    text = line[: slip[0]] + slip[1] + line[slip[0] :]
    fast = _Plain().read(text)
    if fast is not None:
        assert fast == _by_grammar(text)


def test_the_fast_path_takes_what_it_is_for() -> None:
    for line in ("<a --> b>. %1.00;0.90%", "<(*, a.n.01, b) --> r>.", "<(*,a,b)-->r>.%0.5%"):
        assert _Plain().read(line) == _by_grammar(line)
        assert _Plain().read(line) is not None
    assert _Plain().read("<a --> b>?") is None


def test_the_grammar_and_the_printer_agree_on_bare_names() -> None:
    terminals = {terminal.name: terminal.pattern.to_regexp() for terminal in syntax._parser().terminals}
    name = re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), term.NAME)
    assert terminals["ATOM"] == name + r"(?:\[[^\]<>" + "\n" + r"]*\])?"


MISTAKES = [
    ("<bird -> animal>", "expected a copula (--> <-> ==> <=>)", 7),
    ("", "expected a term", 1),
    ("  ", "expected a term", 1),
    ("<a --> b", "expected the closing bracket >", 9),
    ("<a --> >", "expected a term", 8),
    ("<a b>", "expected a copula (--> <-> ==> <=>)", 4),
    ("{a, b", "expected the closing bracket }", 6),
    ("(*, a", "expected the closing bracket )", 6),
    ("(a ? b)", "expected a copula (--> <-> ==> <=>), a connector (* && || & | - ~) or a comma", 4),
    ("(a && b || c)", "expected the connector && once more (use brackets to mix connectors)", 9),
    ("(/, R, a)", "an image must have exactly one place _ after its relation; got (a)", 9),
    ('<a --> "b>', 'expected a closing " for the quote that opens', 8),
    (r'<a --> "b\q">', r"expected an escape (\\ \" \n \r \t \uXXXX)", 10),
    (r'"\U00110000"', r"expected an escape (\\ \" \n \r \t \uXXXX)", 2),
    ("a-->b", "expected < > around the statement", 2),
    ("<a --> b> ==> c", "expected < > around the statement", 11),
    ("<<a --> b> ==> <c --> d> --> e>", "expected the closing bracket >", 26),
    ("<a --> b> c", "expected the end of the text", 11),
    ("<a --> \x00>", "expected a term", 8),
    ("?", "expected a term", 1),
]


@pytest.mark.parametrize(("text", "wanted", "column"), MISTAKES)
def test_a_term_that_cannot_be_read_is_pointed_at(text: str, wanted: str, column: int) -> None:
    with pytest.raises(NarseseError) as caught:
        parse_term(text)
    assert (caught.value.wanted, caught.value.column, caught.value.text) == (wanted, column, text)


@pytest.mark.parametrize(
    ("text", "wanted", "column"),
    [
        ("<a --> b>", "expected punctuation (. ? ! @)", 10),
        ("$0.5$ (*, a, b) --> r.", "expected < > around the statement", 17),
        ("<a --> b> %1;0.9%", "expected punctuation (. ? ! @)", 11),
        ("<a --> b>. %1.5%", "frequency must be in [0, 1]; got 1.5", 13),
        ("<a --> b>. %1;-0.5%", "confidence must be in [0, 1]; got -0.5", 15),
        ("a. {2 0.9}", "frequency must be in [0, 1]; got 2", 5),
        ("a. %x%", "expected a truth value such as %0.9% or %0.9;0.8%", 4),
        ("a. %1;0.9;1%", "expected a truth value such as %0.9% or %0.9;0.8%", 4),
        ("$2$ a.", "priority must be in [0, 1]; got 2", 1),
        ("$1.2.3$ a.", "expected a budget such as $0.8;0.5$", 1),
        (
            "a. b",
            "expected a tense (:|: :/: :\\:), a truth value (%frequency;confidence%) or the end of the text",
            4,
        ),
    ],
)
def test_a_sentence_that_cannot_be_read_is_pointed_at(text: str, wanted: str, column: int) -> None:
    with pytest.raises(NarseseError) as caught:
        parse_sentence(text)
    assert (caught.value.wanted, caught.value.column) == (wanted, column)


def test_the_message_shows_the_text_and_a_caret() -> None:
    with pytest.raises(NarseseError) as caught:
        parse_term("<bird -> animal>")
    assert str(caught.value) == "expected a copula (--> <-> ==> <=>) at column 7\n  <bird -> animal>\n        ^"


LONG = [
    "<a " * 5000,
    "(" * 20000,
    "<" * 20000,
    "(" * 9000 + "a" + ")" * 9000,
    "x" * 9999 + " y",
    "{" + "a " * 9000,
    "((*, " * 5000,
    "%" * 10000,
    "a. %" + "9" * 10000,
    '"' + "x" * 10000,
]


@pytest.mark.parametrize("text", LONG, ids=lambda text: text[:5])
def test_long_texts_are_shown_around_the_caret(text: str) -> None:
    with pytest.raises(NarseseError) as caught:
        parse_sentence(text)
    wanted, shown, caret = str(caught.value).split("\n")
    assert max(len(wanted), len(shown), len(caret)) < 160
    assert shown[caret.index("^") : caret.index("^") + 1] == text[caught.value.column - 1 : caught.value.column]


def test_binary_and_broken_lines_are_shown_on_one_line() -> None:
    with pytest.raises(NarseseError) as caught:
        parse_term("<漢字\n\x00 東京>")
    assert str(caught.value) == (
        "expected a copula (--> <-> ==> <=>) at column 5\n  <漢字\ufffd\ufffd 東京>\n   \u3000\u3000 ^"
    )


PIECES = [
    *"<>()[]{},.?!%*-/\\_\"' ab\n\x00é#",
    "-->",
    "<->",
    "{--",
    "--]",
    "==>",
    "&&",
    "--",
    "b.c",
    "?x",
    "$y",
    "^op",
    "+5",
]
PIECES += ['"q"', "%1;0.9%", "{1 0.9}", "$0.5$", ":|:", "/1 ", "(+ "]
fragments = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)


def refused(read: Callable[[str], object], text: str) -> NarseseError | None:
    try:
        read(text)
    except NarseseError as error:
        return error
    return None


@settings(max_examples=500)
@given(fragments | st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    for read in (parse_term, parse_sentence):
        error = refused(read, text)
        if error is None:
            assert read(str(read(text))) == read(text)
        else:
            assert 1 <= error.column <= len(text) + 1
            assert str(error).isascii() or str(error).encode()


def test_read_sentences_leaves_out_what_is_no_sentence() -> None:
    lines = [
        "\ufeff' a comment\n", "<a --> b>.\n", "\n", "   \n", "//x\n", "''outputMustContain('<a --> b>.')\n", "10\n",
        "*volume=0\n", "**\n", '  "\'hood.n.01"?  \r\n',
    ]  # fmt: skip
    assert [(number, str(sentence)) for number, sentence in read_sentences(lines)] == [
        (2, "<a --> b>."),
        (10, '"\'hood.n.01"?'),
    ]


def test_read_sentences_names_source_and_line() -> None:
    reading = read_sentences(["<a --> b>.", "", "<a -> b>."], source="facts.nal")
    assert next(reading)[0] == 1
    with pytest.raises(NarseseError) as caught:
        next(reading)
    assert str(caught.value).startswith("facts.nal:3: expected a copula (--> <-> ==> <=>) at column 4\n  <a -> b>.\n")


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(ArgumentError, match="Narsese must be a str; got bytes"):
        parse_term(b"a")  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="lines must be a series of lines; got one str"):
        read_sentences("<a --> b>.")


def test_a_large_file_is_read_in_seconds() -> None:
    """The whole of WordNet's nouns is 107,000 lines; 4 s is the promise, about 1 s the measurement."""
    lines = [f"<n{i}.n.01 --> m{i % 999}.n.01>. %1.00;0.90%\n" for i in range(53_500)]
    lines += [f"<(*, n{i}.n.01, m{i % 999}.n.01) --> has_part>.\n" for i in range(53_500)]
    start = time.process_time()
    count = sum(1 for _ in read_sentences(lines))
    assert time.process_time() - start < 4
    assert count == 107_000


def test_reading_loads_no_heavy_package() -> None:
    code = (
        "import sys, hybridattn.reasoning as r\n"
        "r.parse_term('<a --> b>')\n"
        "print(sorted({'torch', 'sympy', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
