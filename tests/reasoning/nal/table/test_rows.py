"""Every row of the tables in nars.md by hand, with truths computed here; planted faults turn some row red."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import permutations
from typing import TypeAlias

import pytest

from hybridattn.reasoning import Judgement, Truth, parse_term
from hybridattn.reasoning.nal import InferenceRule, canonical, derive, read_rules, rule_table
from hybridattn.reasoning.nal.engine.inference import Sentential, applied
from hybridattn.reasoning.nal.forms.canonical import as_written

Pair: TypeAlias = tuple[Fraction, Fraction]
F1, C1, F2, C2 = (
    Fraction(9, 10),
    Fraction(8, 10),
    Fraction(3, 10),
    Fraction(6, 10),
)  # f1 >= 1/2 > f2, as a difference needs
CC, OR, R = C1 * C2, 1 - (1 - F1) * (1 - F2), Fraction(9, 10)


def c(w: Fraction) -> Fraction:
    return w / (w + 1)


# The column of nars.md section 1, premises in the order of section 2.
TRUTH: dict[str, Pair] = {
    "ded": (F1 * F2, CC * F1 * F2),
    "ana": (F1 * F2, CC * F2),
    "ana21": (F1 * F2, CC * F1),
    "res": (F1 * F2, CC * OR),
    "exe": (Fraction(1), c(F1 * F2 * CC)),
    "abd": (F2, c(F1 * CC)),
    "ind": (F1, c(F2 * CC)),
    "com": (F1 * F2 / OR, c(OR * CC)),
    "int": (F1 * F2, CC),
    "uni": (OR, CC),
    "dif": (F1 * (1 - F2), CC),
    "rev": ((F1 * 4 + F2 * Fraction(3, 2)) / Fraction(11, 2), c(Fraction(11, 2))),
    "conj": (1 - (1 - F1) * F2, (1 - F1) * F2 * CC),
    "disj": (F1 * (1 - F2), F1 * (1 - F2) * CC),
    "disj21": (F2 * (1 - F1), F2 * (1 - F1) * CC),
    "conjneg": (1 - (1 - F1) * (1 - F2), (1 - F1) * (1 - F2) * CC),
    "anon": (F1 * F2, C2 * c(C1) * F1),
    "kept": (F1, C1),
    "neg": (1 - F1, C1),
    "conv": (Fraction(1), c(F1 * C1)),
    "contra": (Fraction(0), c((1 - F1) * C1)),
    "ded1": (F1, F1 * C1 * R),
    "not ded1": (1 - F1, F1 * C1 * R),
    "ded1 r=1": (F1, F1 * C1),
    "abd1 r=1": (F1, c(C1)),
    "ind x.9": (F1, c(F2 * CC) * R),
}

# Premises (`.` judgement, `?` question, none: a compound that occurs), the conclusion, its truth.
ROWS = [
    ("<s --> p>. <s --> p>.", "<s --> p>", "rev"),
    ("<m --> p>. <s --> m>.", "<s --> p>", "ded"),
    ("<m --> p>. <s --> m>.", "<p --> s>", "exe"),
    ("<p --> m>. <s --> m>.", "<s --> p>", "abd"),
    ("<p --> m>. <s --> m>.", "<p --> s>", "ind"),
    ("<p --> m>. <s --> m>.", "<s <-> p>", "com"),
    ("<m --> p>. <m --> s>.", "<s --> p>", "ind"),
    ("<m --> p>. <m --> s>.", "<p --> s>", "abd"),
    ("<m --> p>. <m --> s>.", "<s <-> p>", "com"),
    ("<s --> p>. <p --> s>?", "<p --> s>", "conv"),
    ("<s --> m>. <m <-> p>.", "<s --> p>", "ana"),
    ("<m --> s>. <m <-> p>.", "<p --> s>", "ana"),
    ("<s <-> m>. <m <-> p>.", "<s <-> p>", "res"),
    ("<s --> p>. <p --> s>.", "<s <-> p>", "int"),
    ("<s <-> p>. <p --> s>.", "<s --> p>", "conj"),
    ("<s <-> p>. <s --> p>?", "<s --> p>", "ded1 r=1"),
    ("<s --> p>. <s <-> p>?", "<s <-> p>", "abd1 r=1"),
    ("<s --> {p}>.", "<s <-> {p}>", "kept"),
    ("<s <-> {p}>.", "<s --> {p}>", "kept"),
    ("<[s] --> p>.", "<[s] <-> p>", "kept"),
    ("<[s] <-> p>.", "<[s] --> p>", "kept"),
    ("<{a} <-> {b}>.", "<a <-> b>", "kept"),
    ("<[a] <-> [b]>.", "<a <-> b>", "kept"),
    ("<m --> a>. <m --> b>.", "<m --> (&, a, b)>", "int"),
    ("<m --> a>. <m --> b>.", "<m --> (|, a, b)>", "uni"),
    ("<m --> a>. <m --> b>.", "<m --> (-, a, b)>", "dif"),
    ("<a --> m>. <b --> m>.", "<(|, a, b) --> m>", "int"),
    ("<a --> m>. <b --> m>.", "<(&, a, b) --> m>", "uni"),
    ("<a --> m>. <b --> m>.", "<(~, a, b) --> m>", "dif"),
    ("<m --> (&, a, b)>. <m --> a>.", "<m --> b>", "conj"),
    ("<m --> (&, a, b, c)>. <m --> (&, a, b)>.", "<m --> c>", "conj"),
    ("<(|, a, b) --> m>. <a --> m>.", "<b --> m>", "conj"),
    ("<m --> (|, a, b, c)>. <m --> a>.", "<m --> (|, b, c)>", "disj"),
    ("<(&, a, b) --> m>. <a --> m>.", "<b --> m>", "disj"),
    ("<m --> [a, b]>. <m --> [a]>.", "<m --> [b]>", "conj"),
    ("<{a, b} --> m>. <{a} --> m>.", "<{b} --> m>", "conj"),
    ("<m --> {a, b, c}>. <m --> {a, c}>.", "<m --> {b}>", "disj"),
    ("<[a, b] --> m>. <[a] --> m>.", "<[b] --> m>", "disj"),
    ("<m --> (-, a, b)>. <m --> a>.", "<m --> b>", "disj21"),
    ("<(~, a, b) --> m>. <a --> m>.", "<b --> m>", "disj21"),
    ("<m --> (-, a, b)>. <m --> b>.", "<m --> a>", "conjneg"),
    ("<(~, a, b) --> m>. <b --> m>.", "<a --> m>", "conjneg"),
    ("<m --> (&, a, b)>.", "<m --> b>", "ded1"),
    ("<(|, a, b) --> m>.", "<a --> m>", "ded1"),
    ("<m --> [a, b]>.", "<m --> [b]>", "ded1"),
    ("<{a, b} --> m>.", "<{a} --> m>", "ded1"),
    ("<m --> (-, a, b)>.", "<m --> a>", "ded1"),
    ("<(~, a, b) --> m>.", "<a --> m>", "ded1"),
    ("<m --> (-, a, b)>.", "<m --> b>", "not ded1"),
    ("<(~, a, b) --> m>.", "<b --> m>", "not ded1"),
    ("<s --> p>. (&, s, t)", "<(&, s, t) --> p>", "ded1"),
    ("<s --> p>. (-, s, t)", "<(-, s, t) --> p>", "ded1"),
    ("<s --> p>. (|, p, t)", "<s --> (|, p, t)>", "ded1"),
    ("<s --> p>. (~, p, t)", "<s --> (~, p, t)>", "ded1"),
    ("<s --> p>. (~, t, s)", "<(~, t, s) --> p>", "not ded1"),
    ("<s --> p>. (-, t, p)", "<s --> (-, t, p)>", "not ded1"),
    ("<s --> p>. (*, s, t)", "<(*, s, t) --> (*, p, t)>", "ded1"),
    ("<s --> p>. (*, p, t)", "<(*, s, t) --> (*, p, t)>", "ded1"),
    ("<s --> p>. (-, t, s)", "<(-, t, p) --> (-, t, s)>", "ded1"),
    ("<s --> p>. (/, s, _, t)", "<(/, s, _, t) --> (/, p, _, t)>", "ded1"),
    ("<s --> p>. (/, r, _, s)", "<(/, r, _, p) --> (/, r, _, s)>", "ded1"),
    ("<s --> p>. (\\, r, p, _)", "<(\\, r, p, _) --> (\\, r, s, _)>", "ded1"),
    ("<s <-> p>. {s}", "<{s} <-> {p}>", "ded1"),
    ("<(*, a, b) --> r>.", "<a --> (/, r, _, b)>", "kept"),
    ("<(*, a, b, d) --> r>.", "<b --> (/, r, a, _, d)>", "kept"),
    ("<a --> (/, r, _, b)>.", "<(*, a, b) --> r>", "kept"),
    ("<b --> (/, r, a, _)>.", "<a --> (/, r, _, b)>", "kept"),
    ("<r --> (*, a, b)>.", "<(\\, r, _, b) --> a>", "kept"),
    ("<(\\, r, a, _) --> b>.", "<r --> (*, a, b)>", "kept"),
    ("<<(*, a, b) --> r> ==> q>.", "<<a --> (/, r, _, b)> ==> q>", "kept"),
    ("<(&&, q, <(*, a, b) --> r>) ==> s>.", "<(&&, q, <b --> (/, r, a, _)>) ==> s>", "kept"),
    ("(&&, q, <(*, a, b) --> r>).", "(&&, q, <b --> (/, r, a, _)>)", "kept"),
    ("<(*, a, b) --> (*, d, e)>.", "<b --> e>", "kept"),
    ("<{a} --> {b}>.", "<a --> b>", "kept"),
    ("<m ==> p>. <s ==> m>.", "<s ==> p>", "ded"),
    ("<m ==> p>. <s ==> m>.", "<p ==> s>", "exe"),
    ("<p ==> m>. <s ==> m>.", "<s ==> p>", "abd"),
    ("<p ==> m>. <s ==> m>.", "<p ==> s>", "ind"),
    ("<p ==> m>. <s ==> m>.", "<s <=> p>", "com"),
    ("<m ==> p>. <m ==> s>.", "<s ==> p>", "ind"),
    ("<m ==> p>. <m ==> s>.", "<s <=> p>", "com"),
    ("<s ==> p>. <p ==> s>?", "<p ==> s>", "conv"),
    ("<s ==> m>. <m <=> p>.", "<s ==> p>", "ana"),
    ("<m ==> s>. <m <=> p>.", "<p ==> s>", "ana"),
    ("<s <=> m>. <m <=> p>.", "<s <=> p>", "res"),
    ("<s ==> p>. <p ==> s>.", "<s <=> p>", "int"),
    ("<s <=> p>. <p ==> s>.", "<s ==> p>", "conj"),
    ("<s <=> p>. <s ==> p>?", "<s ==> p>", "ded1 r=1"),
    ("<s ==> p>. <s <=> p>?", "<s <=> p>", "abd1 r=1"),
    ("<a ==> m>. <b ==> m>.", "<(&&, a, b) ==> m>", "uni"),
    ("<a ==> m>. <b ==> m>.", "<(||, a, b) ==> m>", "int"),
    ("<m ==> a>. <m ==> b>.", "<m ==> (&&, a, b)>", "int"),
    ("<m ==> a>. <m ==> b>.", "<m ==> (||, a, b)>", "uni"),
    ("<s ==> p>. s.", "p", "ded"),
    ("<s ==> p>. p.", "s", "abd"),
    ("<s <=> p>. s.", "p", "ana21"),
    ("<(&&, s, d, e) ==> p>. s.", "<(&&, d, e) ==> p>", "ded"),
    ("<(&&, m, d) ==> p>. <s ==> m>.", "<(&&, s, d) ==> p>", "ded"),
    ("<(&&, m, d) ==> p>. <m ==> s>.", "<(&&, s, d) ==> p>", "ind"),
    ("<(&&, d, x) ==> p>. <(&&, d, y) ==> p>.", "<x ==> y>", "ind"),
    ("<d ==> p>. <(&&, d, y) ==> p>.", "y", "ind"),
    ("<(&&, s, d) <=> p>. s.", "<d <=> p>", "ana21"),
    ("<(&&, s, d) <=> p>. s.", "<d <=> p>", "com"),
    ("(&&, a, b). a.", "b", "conj"),
    ("(||, a, b). a.", "b", "disj"),
    ("<m ==> (&&, a, b)>. <m ==> a>.", "<m ==> b>", "conj"),
    ("<m ==> (||, a, b)>. <m ==> a>.", "<m ==> b>", "disj"),
    ("<(&&, a, b) ==> m>. <a ==> m>.", "<b ==> m>", "disj"),
    ("<(||, a, b) ==> m>. <a ==> m>.", "<b ==> m>", "conj"),
    ("(&&, a, b).", "b", "ded1"),
    ("a. (||, a, b)?", "(||, a, b)", "ded1"),
    ("(--, a).", "a", "neg"),
    ("a. (--, a)", "(--, a)", "neg"),
    ("<s ==> p>.", "<(--, p) ==> (--, s)>", "contra"),
    ("<m --> b>. <m --> a>.", "<<$x --> a> ==> <$x --> b>>", "ind"),
    ("<b --> m>. <a --> m>.", "<<a --> $x> ==> <b --> $x>>", "ind"),
    ("<m --> b>. <m --> a>.", "<<$x --> a> <=> <$x --> b>>", "com"),
    ("<b --> m>. <a --> m>.", "<<a --> $x> <=> <b --> $x>>", "com"),
    ("<m --> b>. <m --> a>.", "(&&, <#x --> a>, <#x --> b>)", "int"),
    ("<b --> m>. <a --> m>.", "(&&, <a --> #x>, <b --> #x>)", "int"),
    ("<t --> (/, r, _, u)>. <t --> (/, r, u, _)>.", "<<$x --> (/, r, $y, _)> ==> <$x --> (/, r, _, $y)>>", "ind x.9"),
    ("<m --> s>. <<m --> p> ==> q>.", "(&&, <#x --> s>, <<#x --> p> ==> q>)", "int"),
    ("<m --> s>. (&&, <m --> p>, q).", "(&&, <#x --> s>, <#x --> p>, q)", "int"),
    ("<m --> s>. <<m --> p> ==> q>.", "<(&&, <$x --> s>, <$x --> p>) ==> q>", "ind"),
    ("<<m --> a> ==> b>. <m --> d>.", "<(&&, <#x --> a>, <#x --> d>) ==> b>", "abd"),
    ("<<m --> a> ==> <m --> b>>. <m --> d>.", "<(&&, <$x --> a>, <$x --> d>) ==> <$x --> b>>", "abd"),
    ("(&&, <#x --> a>, <#x --> b>). <m --> a>.", "<m --> b>", "anon"),
]
FAULTS: list[tuple[str, str]] = [
    ("deduction  <$M --> $P>.  <$S --> $M>.", "intersection  <$M --> $P>.  <$S --> $M>."),
    ("abduction  <$P --> $M>.  <$S --> $M>.", "abduction  <$S --> $M>.  <$P --> $M>."),
    ("induction  <$M --> $P>.  <$M --> $S>.", "induction  <$M --> $S>.  <$M --> $P>."),
    ("analogy  <$M --> $P>.  <$S <-> $M>.", "analogy  <$S <-> $M>.  <$M --> $P>."),
    ("union  <$M --> $A>.  <$M --> $B>.  |-  <$M --> (|,", "union  <$M --> $A>.  <$M --> $B>.  |-  <$M --> (&,"),
    ("reduce_disjunction  (||,", "reduce_conjunction  (||,"),
    ("not:analytic_deduction  <$M --> (-, $A, $B)>.", "analytic_deduction  <$M --> (-, $A, $B)>."),
    ("analytic_deduction(1)  <$S <-> $P>.", "analytic_deduction  <$S <-> $P>."),
    ("<(--, $P) ==> (--, $S)>", "<(--, $S) ==> (--, $P)>"),
    ("difference  <$A --> $M>.  <$B --> $M>.", "difference  <$B --> $M>.  <$A --> $M>."),
    ("<$M ==> $S>.  |-  <(&&, $S, #C) ==> $P>.", "<$M ==> $S>.  |-  <(&&, $M, #C) ==> $P>."),
    ("abduction  <$S ==> $P>.  $P.", "deduction  <$S ==> $P>.  $P."),
    ("@condition_generalised", "@condition_added"),
]  # fmt: skip
"""What to plant: a part of a line, and what it becomes."""


def premises_of(row: tuple[str, str, str]) -> list[Sentential]:
    """Read the premises of a row; the first judgement has f1 and c1, the second f2 and c2."""
    found: list[Sentential] = []
    truths = [Truth(float(F1), float(C1)), Truth(float(F2), float(C2))]
    for text in _split(row[0]):
        mark = text[-1] if text[-1] in ".?" else ""
        term = as_written(parse_term(text.removesuffix(mark)))
        found.append(Sentential(term, mark, truths.pop(0) if mark == "." else None))
    return found


def _split(text: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for place, letter in enumerate(text):
        arrow = text[place - 2 : place + 1] in ("-->", "==>", "<=>", "<->") or text[place : place + 3] in ("<=>", "<->")
        depth += (letter in "<({[" and not arrow) - (letter in ">)}]" and not arrow)
        if letter == " " and not depth:
            parts.append(text[start:place])
            start = place + 1
    return [*parts, text[start:]]


def near(truth: Truth | None, expected: str) -> bool:
    f, confidence = TRUTH[expected]
    return truth is not None and abs(truth.frequency - f) < 1e-9 and abs(truth.confidence - confidence) < 1e-9


def derives(row: tuple[str, str, str], rules: Sequence[InferenceRule]) -> bool:
    premises = premises_of(row)
    judgements = [Judgement(p.term, p.truth, frozenset([n])) for n, p in enumerate(premises) if p.truth is not None]
    questions = [p.term if p.punctuation else parse_term(f"<{p.term} --> other>") for p in premises if p.truth is None]
    found = derive(judgements, questions, rules=rules, levels=1)
    return any(near(one.truth, row[2]) for one in found.about(parse_term(row[1])))


@pytest.mark.parametrize("row", ROWS, ids=[" |- ".join(row[:2]) for row in ROWS])
def test_the_row_holds(row: tuple[str, str, str]) -> None:
    assert derives(row, rule_table())


@pytest.mark.parametrize("fault", FAULTS, ids=[old for old, _ in FAULTS])
def test_a_planted_fault_is_caught(fault: tuple[str, str]) -> None:
    lines = [rule.line for rule in rule_table()]
    planted = [line.replace(*fault) for line in lines]
    assert sum(one != other for one, other in zip(lines, planted, strict=True)) == 1
    rules = read_rules(planted)
    assert not all(derives(row, rules) for row in ROWS)


def producers(row: tuple[str, str, str]) -> set[str]:
    wanted = canonical(parse_term(row[1]))
    return {
        rule.line
        for rule in rule_table()
        for premises in permutations(premises_of(row))
        if tuple(p.punctuation for p in premises) == tuple(p.punctuation for p in rule.premises)
        for term, truth in applied(rule, premises)
        if canonical(term) == wanted and near(truth, row[2])
    }


def test_every_rule_is_in_a_row() -> None:
    covered = set().union(*map(producers, ROWS))
    assert [rule.line for rule in rule_table() if rule.line not in covered] == []


def test_every_truth_is_in_a_row() -> None:
    check: Callable[[str], bool] = {row[2] for row in ROWS}.__contains__
    assert [name for name in TRUTH if not check(name)] == []
