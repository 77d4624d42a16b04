"""Sentences for other systems read back as the same, or are refused with the reason; no bytes upset the parser."""

import random
from collections.abc import Callable, Iterator

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hybridattn.errors import ArgumentError, NarseseError
from hybridattn.reasoning import (
    Atom,
    Compound,
    Judgement,
    Sentence,
    Statement,
    Term,
    Truth,
    Variable,
    parse_sentence,
    parse_term,
)
from hybridattn.reasoning.dialects import ona, opennars, pynars
from hybridattn.reasoning.nal import canonical
from hybridattn.reasoning.term import MAX_DEPTH, PLACEHOLDER

PLAIN = st.sampled_from(["a", "b", "c", "bird", "x_1", "кот", "cheetah.n.01", "with-wings"]).map(Atom)
ODD = st.sampled_from(["24/7", "two words", "a,b", "<", "(*)", "%1%", "-5", "?"]).map(Atom)
ESCAPED = st.text(st.characters(codec="utf-8"), max_size=6).map(Atom)
VARIABLES = st.builds(Variable, st.sampled_from("$#?"), st.sampled_from(["who", "y", "12", "é"]))
UNIT = st.decimals(0, 1, places=9).map(float)
TRUTHS = st.builds(Truth, UNIT, st.decimals("0.01", "0.99", places=9).map(float))
MARKS = st.sampled_from(".?!")


def _images(parts: st.SearchStrategy[Term], most: int) -> st.SearchStrategy[Term]:
    def image(connector: str, relation: Term, others: list[Term], place: int) -> Term:
        places = [part for part in others if part != PLACEHOLDER]
        return Compound(connector, (relation, *places[:place], PLACEHOLDER, *places[place:]))

    others = st.lists(parts, min_size=1, max_size=most)
    return st.builds(image, st.sampled_from("/\\"), parts, others, st.integers(0, most))


def _terms(names: st.SearchStrategy[Term], most: int) -> st.SearchStrategy[Term]:
    """Make terms of NAL-1 to NAL-6, with products of at most `most` parts."""

    def compounds(parts: st.SearchStrategy[Term]) -> st.SearchStrategy[Term]:
        two = st.tuples(parts, parts)
        return st.one_of(
            st.builds(Statement, st.sampled_from(["-->", "<->", "==>", "<=>"]), parts, parts),
            st.builds(
                Compound, st.sampled_from(["&", "|", "&&", "||", "{", "["]), st.lists(parts, min_size=1).map(tuple)
            ),
            st.builds(Compound, st.just("*"), st.lists(parts, min_size=1, max_size=most).map(tuple)),
            st.builds(Compound, st.sampled_from("-~"), two),
            parts.map(lambda part: Compound("--", (part,))),
            _images(parts, most - 1),
        )

    return st.recursive(st.one_of(names, VARIABLES), compounds, max_leaves=8).filter(_allowed)


def _allowed(term: Term) -> bool:
    try:
        return not isinstance(canonical(term), Variable)
    except ArgumentError:
        return False


def _check_round_trip(text: str, sentence: Sentence) -> None:
    read = parse_sentence(text)
    assert canonical(read.term) == canonical(sentence.term)
    assert read.punctuation == sentence.punctuation
    assert (read.truth is None) == (sentence.truth is None)
    if read.truth is not None:
        assert read.truth.frequency == pytest.approx(sentence.truth.frequency, abs=1e-9)
        assert read.truth.confidence == pytest.approx(sentence.truth.confidence, abs=1e-9)


@given(_terms(st.one_of(PLAIN, ODD, ESCAPED), 4), MARKS, TRUTHS)
def test_opennars_reads_back(term, mark, truth):
    sentence = Sentence(term, mark, None if mark == "?" else truth)
    _check_round_trip(opennars(sentence), sentence)


def _tried(sentence: Sentence) -> tuple[str, str]:
    try:
        return ona(sentence), ""
    except ArgumentError as error:
        return "", str(error)


@given(_terms(PLAIN, 2), MARKS, TRUTHS)
def test_ona_reads_back(term, mark, truth):
    sentence = Sentence(term, mark, None if mark == "?" else truth)
    text, why = _tried(sentence)
    assert bool(text) or "levels" in why
    assume(text)
    assert not set(text) & set('"%,')
    _check_round_trip(text, sentence)


@given(_terms(st.one_of(PLAIN, ODD), 4), MARKS, TRUTHS)
def test_pynars_reads_back(term, mark, truth):
    sentence = Sentence(term, mark, None if mark == "?" else truth)
    _check_round_trip(pynars(sentence), sentence)


# What OpenNARS writes, and what ONA and PyNARS write for it.
SPELLINGS = [
    ("<bird --> animal>. %0.80;0.90%", "<bird --> animal>. {0.80 0.90}", "<bird --> animal>. %0.80;0.90%"),
    ("<(*, cat, fish) --> eat>?", "<(cat * fish) --> eat>?", "<(*, cat, fish) --> eat>?"),
    ("<fish --> (/, eat, cat, _)>?", "<fish --> (eat /2 cat)>?", "<fish --> (/, eat, cat, _)>?"),
    ("<cat --> (/, eat, _, fish)>?", "<cat --> (eat /1 fish)>?", "<cat --> (/, eat, _, fish)>?"),
    ("<(\\, eat, cat, _) --> fish>?", "<(eat \\2 cat) --> fish>?", "<(\\, eat, cat, _) --> fish>?"),
    ("<{Mars, Venus} --> [red]>?", "<{Mars Venus} --> [red]>?", "<{Mars, Venus} --> [red]>?"),
    ("<{a, b, c} --> d>?", "<({a b} | {c}) --> d>?", "<{a, b, c} --> d>?"),
    ("<d --> [a, b, c]>?", "<d --> ([a b] & [c])>?", "<d --> [a, b, c]>?"),
    ("(--, <a --> b>)?", "(! <a --> b>)?", "(--, <a --> b>)?"),
    ("(&&, a, b, c, d)?", "(((a && b) && c) && d)?", "(&&, a, b, c, d)?"),
    ("<<$who --> a> ==> <$who --> b>>?", "<<$1 --> a> ==> <$1 --> b>>?", "<<$who --> a> ==> <$who --> b>>?"),
    ("<(*, #x, ?y) --> a>?", "<(#1 * ?1) --> a>?", "<(*, #x, ?y) --> a>?"),
    ("<(-, a, b) --> c>! :|: %1.00;0.90%", "<(a - b) --> c>! :|: {1.00 0.90}", "<(-, a, b) --> c>! :|: %1.00;0.90%"),
    ("<a.b --> c-d>?", "<a.b --> c-d>?", '<"a.b" --> "c-d">?'),
]


@pytest.mark.parametrize(("ours", "applied", "python"), SPELLINGS)
def test_spellings(ours, applied, python):
    sentence = parse_sentence(ours)
    assert (opennars(sentence), ona(sentence), pynars(sentence)) == (ours, applied, python)


def test_a_judgement_and_a_sentence_without_truth():
    judgement = Judgement(parse_term("<a --> b>"), Truth(1, 0.5), frozenset({1}))
    assert [write(judgement) for write in (opennars, ona, pynars)] == [
        "<a --> b>. %1.00;0.50%",
        "<a --> b>. {1.00 0.50}",
        "<a --> b>. %1.00;0.50%",
    ]
    assert ona(parse_sentence("<a --> b>.")) == "<a --> b>. {1.00 0.90}"


def test_budgets():
    sentence = parse_sentence("$0.5;0.4$ <a --> b>?")
    assert (ona(sentence), pynars(sentence)) == ("<a --> b>?", "$0.50;0.40$ <a --> b>?")


MANY = " ".join(f"$x{number}" for number in range(10))
REFUSED = [
    (ona, '<"two words" --> a>.', "ONA has no quotes"),
    (ona, f"<{'a' * 32} --> b>.", "ONA cuts names at 31 bytes"),
    (ona, f"<{'я' * 16} --> b>.", "ONA cuts names at 31 bytes"),
    (ona, "<(*, a, b, c) --> d>.", "ONA holds (*, ...) of two parts, not 3"),
    (ona, "<a --> (/, b, c, _, d)>.", "ONA holds images of two places, not 3"),
    (ona, "<a --> (/, b, _)>.", "ONA holds images of two places, not 1"),
    (ona, f"<<a --> {{{MANY}}}> ==> b>.", "ONA holds at most 9 variables of a kind"),
    (ona, "(&&, a, b, c, d, e, f, g).", "binary terms of at most 6 levels, not 7"),
    (ona, "<a =|> b>.", "ONA does not know =|>"),
    (ona, "(&|, a, b).", "ONA does not know the connector &|"),
    (ona, "<a --> b>@", "ONA knows no quests"),
    (ona, "<a --> b>. :!5:", "ONA knows the tenses"),
    (ona, "<M1[-1.0,0.0] --> b>.", "ONA has no quotes"),
    (pynars, r'<"a\"b" --> c>.', "PyNARS has no escapes"),
    (pynars, r'<"a\nb" --> c>.', "PyNARS has no escapes"),
    (pynars, r'<"a\\b" --> c>.', "PyNARS has no escapes"),
    (pynars, '<"" --> c>.', "PyNARS has no escapes"),
    (pynars, "<a --> ^go-on>.", "PyNARS reads an operator of letters"),
    (pynars, "<a |-> b>.", "PyNARS does not know |->"),
    (pynars, "(+ a).", "PyNARS does not know +"),
    (pynars, "<a --> b>. %1;0%", "PyNARS reads no confidence of 0"),
    (pynars, "$0.5;1$ <a --> b>.", "PyNARS reads a durability between 0 and 1"),
]


@pytest.mark.parametrize(("write", "text", "message"), REFUSED)
def test_refused(write, text, message):
    with pytest.raises(ArgumentError) as refused:
        write(parse_sentence(text))
    assert message in str(refused.value)


@pytest.mark.parametrize("write", [ona, pynars])
def test_no_sentence(write):
    with pytest.raises(ArgumentError, match="sentence must be a Sentence or a Judgement; got 'a'"):
        write("a")


PIECES = [
    *("<", ">", "(", ")", "{", "}", "[", "]", ",", ".", "?", "!", "@", "%", ";", "$", "#", '"', "\\", " ", "\n", "\0"),
    *(
        "-->",
        "<->",
        "==>",
        "<=>",
        "=/>",
        "{--",
        "--]",
        "*",
        "&",
        "&&",
        "||",
        "-",
        "~",
        "--",
        "/",
        "_",
        "/1",
        "^go",
        "+5",
    ),
    *(
        "a",
        "bird",
        "$x",
        "#y",
        "?z",
        "%1.0;0.9%",
        "{1 1}",
        "$0.5$",
        ":|:",
        ":!3:",
        "1",
        "0.9",
        "кот",
        "\ufeff",
        "\u2028",
    ),
]
WHOLE = [sentence for row in SPELLINGS for sentence in row]
BOMBS = [
    "<",
    "(",
    "{",
    "[",
    "(--,",
    "(&&,",
    "<a-->",
    "(*,a,",
    "(a*",
    "((",
    '"',
    "$",
    "(/,",
    "<a --> {",
    "a ",
    "a.",
    "%",
    "\\",
]


def fuzz(count: int, seed: int) -> Iterator[bytes]:
    """Make byte strings: noise, pieces of Narsese at random, sentences with changed bytes, and depth bombs."""
    chance = random.Random(seed)
    for number in range(count):
        if number % 4 == 0:
            yield chance.randbytes(chance.randrange(40))
        elif number % 4 == 1:
            yield "".join(chance.choices(PIECES, k=chance.randrange(1, 16))).encode()
        elif number % 4 == 2:
            data = bytearray(chance.choice(WHOLE).encode())
            for _ in range(chance.randrange(1, 4)):
                data[chance.randrange(len(data))] = chance.randrange(256)
            yield bytes(data)
        else:
            yield _bomb(chance)


def _bomb(chance: random.Random) -> bytes:
    opening = chance.choice(BOMBS)
    # Most are short, or the long ones would take all the time.
    times = chance.choice([10, 20, 40, MAX_DEPTH, MAX_DEPTH + 1] + ([20_000] if chance.random() < 0.01 else []))
    closing = {"<": "-->b>", "(": ")", "{": "}", "[": "]"}.get(opening[:1], "")
    return (opening * times + "a" + closing * chance.choice([0, times])).encode()


def outcome(read: Callable[[str], object], text: str) -> object:
    try:
        return read(text)
    except NarseseError as error:
        return error


def check_fuzz(count: int, seed: int) -> None:
    refused = 0
    for data in fuzz(count, seed):
        text = data.decode("utf-8", errors="surrogateescape")
        for read, kind in ((parse_term, Term), (parse_sentence, Sentence)):
            found = outcome(read, text)
            assert isinstance(found, kind | NarseseError), data
            if isinstance(found, NarseseError):
                assert 1 <= found.column <= len(text) + 1, data
                refused += 1
    assert count / 50 < refused < 2 * count * 0.98, "the cases should be of both kinds"


def test_any_bytes_end_in_a_term_or_a_column():
    check_fuzz(2_000, seed=1)


@pytest.mark.slow
def test_any_bytes_end_in_a_term_or_a_column_long():
    check_fuzz(100_000, seed=2)


def nested(levels: int) -> str:
    return "(--," * (levels - 1) + "a" + ")" * (levels - 1)


def test_as_deep_as_terms_may_be_and_one_deeper():
    assert parse_term(nested(MAX_DEPTH)).depth == MAX_DEPTH
    with pytest.raises(NarseseError, match="a term must nest at most 128 levels deep; got 129"):
        parse_term(nested(MAX_DEPTH + 1))
    with pytest.raises(NarseseError):
        parse_term(nested(20_000))
