"""The rule table: each row by hand, with the premise order of nars.md; what does not fit is refused."""

import itertools
import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridattn.errors import DerivationError
from hybridattn.reasoning import Judgement, Statement, Term, Truth, apply_rule, parse_sentence, parse_term
from hybridattn.reasoning.rules import RULES, TRUTH, rules

GOLDEN = Path(__file__).parents[1] / "golden/nal"
CASES: list[dict[str, Any]] = json.loads((GOLDEN / "cases.json").read_text())
FIRST, SECOND = Truth(0.9, 0.8), Truth(0.7, 0.6)  # the truths of the premises of every hand case


class Case(NamedTuple):
    """A row of the table as nars.md has it, premises that fit it, and what follows."""

    row: str
    first: str
    second: str
    conclusion: str
    frequency: float
    confidence: float

    @property
    def rule(self) -> str:
        return self.row.split()[0]


# f1 = .9, c1 = .8, f2 = .7, c2 = .6, so f1 f2 = .63, c1 c2 = .48, or(f1, f2) = .97, w1 = 4, w2 = 1.5.
REVISION = (4 * 0.9 + 1.5 * 0.7) / 5.5, 5.5 / 6.5
DEDUCTION = 0.63, 0.48 * 0.63
ANALOGY = 0.63, 0.48 * 0.7
RESEMBLANCE = 0.63, 0.48 * 0.97
INTERSECTION = 0.63, 0.48
HAND = [
    Case("revision $S $S $S", "<bird --> swimmer>", "<bird --> swimmer>", "<bird --> swimmer>", *REVISION),
    Case("revision $S $S $S", "<(*, a, b) --> r>", "<(*, a, b) --> r>", "<(*, a, b) --> r>", *REVISION),
    Case("revision $S $S $S", "<gull <-> swan>", "<gull <-> swan>", "<gull <-> swan>", *REVISION),
    Case(
        "deduction <$M --> $P> <$S --> $M> <$S --> $P>",
        *("<bird --> animal>", "<robin --> bird>", "<robin --> animal>"),
        *DEDUCTION,
    ),
    Case(
        "analogy <$M --> $P> <$S <-> $M> <$S --> $P>",
        *("<gull --> swimmer>", "<swan <-> gull>", "<swan --> swimmer>"),
        *ANALOGY,
    ),
    Case(
        "analogy <$S --> $M> <$M <-> $P> <$S --> $P>",
        *("<gull --> swimmer>", "<swimmer <-> floater>", "<gull --> floater>"),
        *ANALOGY,
    ),
    Case(
        "analogy <(*, $M, $P) --> $R> <$S <-> $M> <(*, $S, $P) --> $R>",
        *("<(*, car, wheel) --> has>", "<auto <-> car>", "<(*, auto, wheel) --> has>"),
        *ANALOGY,
    ),
    Case(
        "analogy <(*, $S, $M) --> $R> <$M <-> $P> <(*, $S, $P) --> $R>",
        *("<(*, car, wheel) --> has>", "<wheel <-> ring>", "<(*, car, ring) --> has>"),
        *ANALOGY,
    ),
    Case(
        "resemblance <$M <-> $P> <$S <-> $M> <$S <-> $P>",
        *("<swan <-> goose>", "<gull <-> swan>", "<gull <-> goose>"),
        *RESEMBLANCE,
    ),
    Case(
        "intersection",
        *("<(*, car, wheel) --> has>", "<(*, wheel, rubber) --> of>"),
        "(&&, <(*, car, #1) --> has>, <(*, #1, rubber) --> of>)",
        *INTERSECTION,
    ),
    Case(
        "intersection",
        *("<robin --> bird>", "<(*, bird, wing) --> has>", "(&&, <robin --> #1>, <(*, #1, wing) --> has>)"),
        *INTERSECTION,
    ),
    Case(
        "intersection",
        *("(&&, <(*, a, #1) --> r>, <(*, #1, c) --> s>)", "<(*, c, d) --> t>"),
        "(&&, <(*, a, #1) --> r>, <(*, #1, #2) --> s>, <(*, #2, d) --> t>)",
        *INTERSECTION,
    ),
    Case(
        "intersection",
        *("<a <-> b>", "<b --> c>", "(&&, <a <-> #1>, <#1 --> c>)"),
        *INTERSECTION,
    ),
    Case(
        "analogy (&&)",  # the last part of a witnessed path, read as the row that it fits
        *("(&&, <(*, a, #1) --> r>, <(*, #1, c) --> s>)", "<c <-> d>"),
        "(&&, <(*, a, #1) --> r>, <(*, #1, d) --> s>)",
        *ANALOGY,
    ),
]


def judged(text: str, truth: Truth, *stamp: int) -> Judgement:
    return Judgement(parse_term(text), truth, frozenset(stamp))


def turned(text: str) -> str:
    """Write a similarity the other way round."""
    term = parse_term(text)
    assert isinstance(term, Statement)
    assert term.copula == "<->"
    return str(Statement("<->", term.predicate, term.subject))


def same(one: Term, other: Term) -> bool:
    """Tell whether two terms are equal when a similarity may be written either way round."""
    if isinstance(one, Statement) and isinstance(other, Statement) and one.copula == other.copula == "<->":
        return {one.subject, one.predicate} == {other.subject, other.predicate}
    return one == other


def test_the_table_parses() -> None:
    table = rules()
    assert len(table) == len(RULES.strip().splitlines()) == 7
    for rule, line in zip(table, RULES.strip().splitlines(), strict=True):
        assert " ".join(map(str, rule)) == " ".join(line.split())


@pytest.mark.parametrize("case", HAND, ids=str)
def test_a_row_concludes_what_the_hand_calculation_says(case: Case) -> None:
    conclusion = apply_rule(case.rule, judged(case.first, FIRST, 1, 5), judged(case.second, SECOND, 2))
    assert conclusion.term == parse_term(case.conclusion)
    assert conclusion.truth.frequency == pytest.approx(case.frequency, abs=1e-12)
    assert conclusion.truth.confidence == pytest.approx(case.confidence, abs=1e-12)
    assert conclusion.stamp == {1, 2, 5}


@pytest.mark.parametrize("case", [case for case in HAND if "<->" in case.second], ids=str)
def test_the_second_premise_may_be_a_similarity_written_either_way_round(case: Case) -> None:
    conclusion = apply_rule(case.rule, judged(case.first, FIRST, 1), judged(turned(case.second), SECOND, 2))
    assert same(conclusion.term, parse_term(case.conclusion))
    assert conclusion.truth.confidence == pytest.approx(case.confidence, abs=1e-12)


@pytest.mark.parametrize("case", [case for case in HAND if case.first in ("<swan <-> goose>", "<gull <-> swan>")])
def test_the_first_premise_may_be_a_similarity_written_either_way_round(case: Case) -> None:
    conclusion = apply_rule(case.rule, judged(turned(case.first), FIRST, 1), judged(case.second, SECOND, 2))
    assert same(conclusion.term, parse_term(case.conclusion))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("<b <-> a>", "<(*, b, c) --> has>"),  # a <-> b, stored the other way round
        ("<b <-> a>", "<c <-> b>"),
        ("<a --> b>", "<c <-> b>"),
    ],
)
def test_intersection_reads_a_similarity_in_either_direction(first: str, second: str) -> None:
    """The shared term b is left open, whichever way round the similarity was stored."""
    conclusion = apply_rule("intersection", judged(first, FIRST, 1), judged(second, SECOND, 2))
    told = str(conclusion.term)
    assert "b" not in told.replace("#1", "")
    assert told.count("#1") == 2
    assert (conclusion.truth.frequency, conclusion.truth.confidence) == pytest.approx(INTERSECTION)


@pytest.mark.parametrize(
    ("rule", "first", "second"),
    [
        ("revision", "<a --> b>", "<b --> a>"),
        ("revision", "<a <-> b>", "<a --> b>"),
        ("deduction", "<robin --> bird>", "<bird --> animal>"),  # in the wrong order
        ("deduction", "<bird --> animal>", "<robin <-> bird>"),
        ("deduction", "<bird --> animal>", "<robin --> fish>"),
        ("deduction", "bird", "<robin --> bird>"),
        ("deduction", "<bird ==> animal>", "<robin ==> bird>"),
        ("analogy", "<swan <-> gull>", "<gull --> swimmer>"),  # in the wrong order
        ("analogy", "<gull --> swimmer>", "<swan <-> goose>"),
        ("analogy", "<(*, a, b, c) --> r>", "<a <-> d>"),
        ("analogy", "(||, <a --> b>, <c --> d>)", "<d <-> e>"),
        ("resemblance", "<a <-> b>", "<c <-> d>"),
        ("resemblance", "<a <-> b>", "<b --> c>"),
    ],
)
def test_premises_that_do_not_fit_are_refused(rule: str, first: str, second: str) -> None:
    message = f"{rule} does not fit the premises {parse_term(first)} and {parse_term(second)}"
    with pytest.raises(DerivationError) as caught:
        apply_rule(rule, judged(first, FIRST, 1), judged(second, SECOND, 2))
    assert str(caught.value) == message


def test_intersection_without_a_shared_term_is_refused() -> None:
    with pytest.raises(DerivationError) as caught:
        apply_rule("intersection", judged("<a --> b>", FIRST, 1), judged("<c --> d>", SECOND, 2))
    assert str(caught.value) == "intersection needs a shared term: <a --> b> leads to b, but <c --> d> starts at c"
    with pytest.raises(DerivationError, match=r"expected a statement that leads from a term to a term; got bird"):
        apply_rule("intersection", judged("bird", FIRST, 1), judged("<bird --> d>", SECOND, 2))


def test_an_unknown_rule_is_refused_and_the_known_are_listed() -> None:
    with pytest.raises(DerivationError) as caught:
        apply_rule("magic", judged("<a --> b>", FIRST, 1), judged("<c --> a>", SECOND, 2))
    known = "revision, deduction, analogy, resemblance, intersection"
    assert str(caught.value) == f"rule must be one of {known}; got 'magic'"


@pytest.mark.parametrize("case", HAND, ids=str)
def test_shared_evidence_is_refused_by_every_rule(case: Case) -> None:
    with pytest.raises(DerivationError) as caught:
        apply_rule(case.rule, judged(case.first, FIRST, 9, 1, 4), judged(case.second, SECOND, 4, 2, 1))
    assert str(caught.value) == f"premises of {case.rule} must rest on separate evidence; both rest on [1, 4]"


@pytest.mark.parametrize(
    ("rule", "first", "second"),
    [
        ("deduction", "<a --> b>", "<b --> a>"),
        ("analogy", "<a --> b>", "<b <-> a>"),
        ("resemblance", "<a <-> b>", "<b <-> a>"),
    ],
)
def test_no_rule_concludes_that_a_term_is_itself(rule: str, first: str, second: str) -> None:
    """nars.md, section 2, validity of a term: statements with S = P are rejected."""
    with pytest.raises(DerivationError):
        apply_rule(rule, judged(first, FIRST, 1), judged(second, SECOND, 2))


@pytest.mark.parametrize(
    ("first", "second", "conclusion"),
    [
        # the relation has the name of one of its ends: the match speaks of the end
        ("<(*, sky, color) --> color>", "<color <-> hue>", "<(*, sky, hue) --> color>"),
        ("<(*, color, sky) --> color>", "<hue <-> color>", "<(*, hue, sky) --> color>"),
        # both ends are equal: the direction of the similarity tells which is meant
        ("<(*, a, a) --> r>", "<a <-> c>", "<(*, a, c) --> r>"),
        ("<(*, a, a) --> r>", "<c <-> a>", "<(*, c, a) --> r>"),
    ],
)
def test_analogy_replaces_the_end_of_a_pair_that_was_matched(first: str, second: str, conclusion: str) -> None:
    drawn = apply_rule("analogy", judged(first, FIRST, 1), judged(second, SECOND, 2))
    assert drawn.term == parse_term(conclusion)


fractions = st.floats(0, 1)
confidences = st.floats(0, 1, exclude_max=True, allow_subnormal=False)


@given(st.sampled_from(HAND), fractions, confidences, fractions, confidences)
def test_only_revision_gains_confidence(case: Case, f1: float, c1: float, f2: float, c2: float) -> None:
    first, second = Truth(f1, min(c1, 0.999)), Truth(f2, min(c2, 0.999))
    drawn = apply_rule(case.rule, judged(case.first, first, 1), judged(case.second, second, 2)).truth
    both = (first.confidence, second.confidence)
    if case.rule == "revision":
        assert drawn.confidence >= max(both) - 1e-12
        assert min(f1, f2) - 1e-12 <= drawn.frequency <= max(f1, f2) + 1e-12 or both == (0, 0)
    else:
        assert drawn.confidence <= min(both) + 1e-12
        assert drawn.frequency == pytest.approx(f1 * f2)


@pytest.mark.parametrize(("name", "rule"), [("nal1.0", "revision"), ("nal5.0", "revision"), ("nal2.5", "analogy")])
def test_concludes_what_opennars_concludes(name: str, rule: str) -> None:
    """Single steps of the golden sessions; truth within .01, as OpenNARS compares it."""
    case = next(case for case in CASES if case["name"] == name)
    first, second = (
        Judgement(sentence.term, sentence.truth or Truth(1, 0.9), frozenset({number}))
        for number, sentence in enumerate(map(parse_sentence, case["inputs"]))
        if sentence.punctuation == "."
    )
    drawn = apply_rule(rule, first, second)
    expected = parse_sentence(case["expected"][0])
    assert expected.truth is not None
    assert same(drawn.term, expected.term)
    assert drawn.truth.frequency == pytest.approx(expected.truth.frequency, abs=0.01)
    assert drawn.truth.confidence == pytest.approx(expected.truth.confidence, abs=0.01)


OPENNARS = {"revision": "rev", "deduction": "ded", "analogy": "ana", "resemblance": "res", "intersection": "inter"}


@pytest.mark.parametrize("rule", sorted(OPENNARS))
def test_truth_is_that_of_opennars(rule: str) -> None:
    """The sessions hold no single deduction or resemblance, so every rule is held to OpenNARS' own truth values."""
    case = next(case for case in HAND if case.rule == rule)
    rows = json.loads((GOLDEN / "truth.json").read_text())["rows"][OPENNARS[rule]]
    assert len(rows) == 400
    for f1, c1, f2, c2, f, c in rows[::7]:
        drawn = apply_rule(
            rule, judged(case.first, Truth(f1, c1), 1), judged(case.second, Truth(f2, c2), 2)
        ).truth.capped()
        assert (drawn.frequency, drawn.confidence) == pytest.approx((f, c), abs=1e-6)


def test_every_rule_and_every_row_has_a_hand_case() -> None:
    rows = {" ".join(map(str, rule)) for rule in rules()}
    covered = {case.row for case in HAND}
    assert rows == {row for row in covered if "$" in row}
    assert set(TRUTH) == {case.rule for case in HAND}
    assert len(HAND) == len(set(HAND))
    assert all(one[1:3] != other[1:3] for one, other in itertools.combinations(HAND, 2))


RULE = "<(&&, <(*, $1, #2) --> r>, <(*, #2, $3) --> s>) ==> <(*, $1, $3) --> t>>"


def test_an_implication_discharges_one_condition_after_the_other() -> None:
    """By hand: f = .9 .7 = .63, c = .8 .6 .63 (deduction); the conclusion keeps the evidence of both."""
    rule = Judgement(parse_term(RULE), FIRST, frozenset({1}))
    half = apply_rule("deduction", rule, Judgement(parse_term("<(*, a, b) --> r>"), SECOND, frozenset({2})))
    assert half.term == parse_term("<<(*, b, $3) --> s> ==> <(*, a, $3) --> t>>")
    assert (half.truth.frequency, half.truth.confidence) == pytest.approx(DEDUCTION)
    whole = apply_rule("deduction", half, Judgement(parse_term("<(*, b, c) --> s>"), SECOND, frozenset({3})))
    assert whole.term == parse_term("<(*, a, c) --> t>")
    assert whole.stamp == {1, 2, 3}
    again = apply_rule("deduction", rule, Judgement(parse_term("<(*, a, b) --> r>"), SECOND, frozenset({1, 2})))
    assert again.stamp == {1, 2}  # a rule may serve twice in one proof


@pytest.mark.parametrize("fact", ["<(*, a, b) --> t>", "<a --> b>", "<(*, a, b) <-> r>"])
def test_what_is_no_condition_discharges_nothing(fact: str) -> None:
    rule = Judgement(parse_term(RULE), FIRST, frozenset({1}))
    with pytest.raises(DerivationError, match="deduction does not fit the premises"):
        apply_rule("deduction", rule, Judgement(parse_term(fact), SECOND, frozenset({2})))
