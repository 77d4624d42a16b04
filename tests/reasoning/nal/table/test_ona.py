"""What ONA adds, line by line by hand; components of relations agree with what images give; planted faults are seen."""

from collections.abc import Sequence
from itertools import permutations

import pytest

from hybridattn.errors import ArgumentError
from hybridattn.reasoning import Judgement, parse_sentence, parse_term
from hybridattn.reasoning.nal import InferenceRule, canonical, derive, ona_rules, read_rules, rule_table
from hybridattn.reasoning.nal.engine.inference import applied

from .test_rows import near, premises_of

COMPONENTS = [
    ("<(*, a, b) --> r>. <d --> a>.", "<(*, d, b) --> r>", "ded"),
    ("<(*, b, a) --> r>. <d --> a>.", "<(*, b, d) --> r>", "ded"),
    ("<(*, a, b) --> r>. <a --> d>.", "<(*, d, b) --> r>", "ind"),
    ("<(*, b, a) --> r>. <a --> d>.", "<(*, b, d) --> r>", "ind"),
    ("<(*, a, b) --> r>. <d <-> a>.", "<(*, d, b) --> r>", "ana"),
    ("<(*, b, a) --> r>. <d <-> a>.", "<(*, b, d) --> r>", "ana"),
    ("<(*, a, b) --> r>. <(*, d, b) --> r>.", "<d --> a>", "abd"),
    ("<(*, b, a) --> r>. <(*, b, d) --> r>.", "<d --> a>", "abd"),
    ("<(*, a, b) --> r>. <(*, d, b) --> r>.", "<a <-> d>", "com"),
    ("<(*, b, a) --> r>. <(*, b, d) --> r>.", "<a <-> d>", "com"),
    ("<r --> (*, a, b)>. <d --> a>.", "<r --> (*, d, b)>", "ind"),
    ("<r --> (*, b, a)>. <d --> a>.", "<r --> (*, b, d)>", "ind"),
    ("<a --> d>. <r --> (*, a, b)>.", "<r --> (*, d, b)>", "ded"),
    ("<a --> d>. <r --> (*, b, a)>.", "<r --> (*, b, d)>", "ded"),
    ("<r --> (*, a, b)>. <d <-> a>.", "<r --> (*, d, b)>", "ana"),
    ("<r --> (*, b, a)>. <d <-> a>.", "<r --> (*, b, d)>", "ana"),
    ("<r --> (*, d, b)>. <r --> (*, a, b)>.", "<a --> d>", "ind"),
    ("<r --> (*, b, d)>. <r --> (*, b, a)>.", "<a --> d>", "ind"),
    ("<r --> (*, d, b)>. <r --> (*, a, b)>.", "<a <-> d>", "com"),
    ("<r --> (*, b, d)>. <r --> (*, b, a)>.", "<a <-> d>", "com"),
]
TALL = ["<{tom} --> [tall]>. %0.9;0.8%", "<{ann} --> [tall]>. %0.3;0.6%", "<{bob} --> [tall]>. %0.3;0.5%"]
FAULTS = [
    ("deduction  <(*, $A, $B) --> $R>.", "induction  <(*, $A, $B) --> $R>."),
    ("induction  <(*, $A, $B) --> $R>.  <$A --> $C>.", "deduction  <(*, $A, $B) --> $R>.  <$A --> $C>."),
    ("<(*, $C, $B) --> $R>.  |-  <$C --> $A>", "<(*, $C, $B) --> $R>.  |-  <$A --> $C>"),
    ("<(*, $B, $A) --> $R>.  <$C <-> $A>.  |-  <(*, $B, $C)", "<(*, $B, $A) --> $R>.  <$C <-> $A>.  |-  <(*, $C, $B)"),
    ("comparison  <$R --> (*, $C, $B)>.", "resemblance  <$R --> (*, $C, $B)>."),
    ("frequency_greater  <{$A}", "frequency_equal  <{$A}"),
    ("<(*, {$A}, {$B}) --> (+ $P)>", "<(*, {$B}, {$A}) --> (+ $P)>"),
    ("<(*, {$A}, {$B}) --> (= $P)>.  apart", "<(*, {$A}, {$B}) --> (= $P)>."),
    ("<(*, $M, $B) --> (+ $P)>.  <(*, $A, $M) --> (+ $P)>.", "<(*, $B, $M) --> (+ $P)>.  <(*, $A, $M) --> (+ $P)>."),
    ("kept  <(*, $A, $B) --> (= $P)>.", "negation  <(*, $A, $B) --> (= $P)>."),
]  # fmt: skip


def concludes(row: tuple[str, str, str], rules: Sequence[InferenceRule], levels: int = 1) -> bool:
    premises = premises_of(row)
    judgements = [Judgement(p.term, p.truth, frozenset([n])) for n, p in enumerate(premises) if p.truth is not None]
    return any(
        near(one.truth, row[2]) for one in derive(judgements, rules=rules, levels=levels).about(parse_term(row[1]))
    )


def compared(rules: Sequence[InferenceRule]) -> dict[str, tuple[float, float]]:
    found = derive([parse_sentence(line) for line in TALL], rules=rules, levels=2)
    return {
        f"{one.term} {sorted(one.stamp)}": (one.judgement.truth.frequency, round(one.judgement.truth.confidence, 9))
        for one in found
        if one.rule and one.term == canonical(one.term)
    }


# Tom is taller than both others, who are equally tall: c = c1 c2.
COMPARED = {
    "<(*, {tom}, {ann}) --> (+ tall)> [1, 2]": (1.0, 0.48),
    "<(*, {tom}, {bob}) --> (+ tall)> [1, 3]": (1.0, 0.4),
    "<(*, {ann}, {bob}) --> (= tall)> [2, 3]": (1.0, 0.3),
    "<(*, {bob}, {ann}) --> (= tall)> [2, 3]": (1.0, 0.3),
}


@pytest.mark.parametrize("row", COMPONENTS, ids=[" |- ".join(row[:2]) for row in COMPONENTS])
def test_a_component_is_exchanged_in_one_step(row: tuple[str, str, str]) -> None:
    assert concludes(row, ona_rules())


@pytest.mark.parametrize("row", COMPONENTS[::3], ids=[" |- ".join(row[:2]) for row in COMPONENTS[::3]])
def test_images_give_the_same_in_two(row: tuple[str, str, str]) -> None:
    relational = [rule for rule in rule_table() if rule.is_form or rule.level <= 2]
    assert concludes(row, relational, levels=2)


def test_comparatives_by_hand() -> None:
    assert compared(ona_rules()) == COMPARED


def test_equality_and_order_go_on() -> None:
    lines = [
        "<(*, a, b) --> (+ p)>. %0.9;0.8%",
        "<(*, b, d) --> (+ p)>. %0.8;0.5%",
        "<(*, x, y) --> (= p)>.",
        "<(*, y, z) --> (= p)>.",
    ]
    found = derive([parse_sentence(line) for line in lines], rules=ona_rules(), levels=1)
    [further] = found.about(parse_term("<(*, a, d) --> (+ p)>"))
    assert (further.judgement.truth.frequency, further.judgement.truth.confidence) == pytest.approx((0.72, 0.4 * 0.72))
    [equal] = found.about(parse_term("<(*, x, z) --> (= p)>"))
    assert equal.judgement.truth.confidence == pytest.approx(0.81)


def test_every_line_is_in_a_row() -> None:
    rows = {
        rule.line
        for row in COMPONENTS
        for rule in ona_rules()
        for premises in permutations(premises_of(row))
        if len(rule.premises) == 2
        for term, truth in applied(rule, premises)
        if term == canonical(parse_term(row[1])) and near(truth, row[2])
    }
    left = [rule.line for rule in ona_rules() if rule.line not in rows]
    assert all("(+ $P)" in line or "(= $P)" in line for line in left)
    assert len(left) == 5


def all_hold(rules: Sequence[InferenceRule]) -> bool:
    lines = ["<(*, a, b) --> (+ p)>.", "<(*, b, d) --> (+ p)>."]
    further = derive([parse_sentence(line) for line in lines], rules=rules, levels=1)
    same = derive([parse_sentence("<{a} --> [p]>."), parse_sentence("<{a} --> [p]>.")], rules=rules, levels=1)
    sure = len(further.about(parse_term("<(*, a, d) --> (+ p)>"))) == 1 and same.derived == 0
    return sure and compared(rules) == COMPARED and all(concludes(row, rules) for row in COMPONENTS)


@pytest.mark.parametrize("fault", FAULTS, ids=[old for old, _ in FAULTS])
def test_a_planted_fault_is_caught(fault: tuple[str, str]) -> None:
    lines = [rule.line for rule in ona_rules()]
    planted = [line.replace(*fault) for line in lines]
    assert sum(one != other for one, other in zip(lines, planted, strict=True)) == 1
    assert not all_hold(read_rules(planted))


def test_without_a_fault_all_hold() -> None:
    assert all_hold(ona_rules())


def test_comparatives_are_refused_where_no_rule_knows_them() -> None:
    said = parse_sentence("<(*, a, b) --> (+ p)>.")
    with pytest.raises(ArgumentError, match=r"\+ is not part of NAL-1 to NAL-6"):
        derive([said])
    assert len(derive([said], rules=ona_rules())) == 1
