"""Derivation as a whole: complete, deterministic, incremental, bounded, and every conclusion proved."""

import itertools
import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridattn.errors import ArgumentError, DerivationError
from hybridattn.reasoning import Atom, Judgement, Sentence, Truth, inheritance, parse_sentence, parse_term
from hybridattn.reasoning.nal import Conclusion, Conclusions, derive, proof, read_rules, replayed, rule_table
from hybridattn.reasoning.nal.engine.plan import Plan

KNOWN = [
    "<bird --> animal>.",
    "<robin --> bird>. %0.9%",
    "<robin <-> swan>. %0.8%",
    "<<$x --> bird> ==> <$x --> [winged]>>.",
    "(&&, <#x --> bird>, <#x --> swimmer>).",
    "<(*, robin, worm) --> food>. %0.7%",
]
QUESTIONS = ["<swan --> ?what>?", "<(&, bird, swimmer) --> ?what>?"]
OUTWARD = read_rules(["1  deduction  <$M --> $P>.  <$S --> $M>.  |-  <$S --> $P>.  stated"])
BACKWARD = tuple(rule for rule in rule_table() if rule.line.startswith("1  abduction"))
DEDUCTION = read_rules(["1  deduction  <$M --> $P>.  <$S --> $M>.  |-  <$S --> $P>."])


def judgements(lines: Sequence[str]) -> list[Judgement]:
    found = [parse_sentence(line) for line in lines]
    return [Judgement(one.term, one.truth or Truth(1.0, 0.9), frozenset([n])) for n, one in enumerate(found, 1)]


def said(conclusions: Iterable[Conclusion]) -> set[tuple[str, float, float, frozenset[int]]]:
    return {
        (str(one.term), round(one.judgement.truth.frequency, 8), round(one.judgement.truth.confidence, 8), one.stamp)
        for one in conclusions
    }


def everything(lines: Sequence[str] = KNOWN, levels: int = 2) -> Conclusions:
    found = derive(judgements(lines), [parse_sentence(q) for q in QUESTIONS], levels=levels, limit=50_000)
    assert found.cut == ""
    return found


@pytest.fixture(scope="module")
def whole() -> Conclusions:
    return everything()


@given(st.permutations(range(len(KNOWN))))
@settings(max_examples=8)
def test_the_order_of_the_inputs_does_not_matter(order: list[int]) -> None:
    given_first = judgements(KNOWN)
    found = derive([given_first[n] for n in order], [parse_sentence(q) for q in QUESTIONS], levels=1)
    assert said(found) == said(everything(levels=1))


@pytest.mark.parametrize("cut", [1, 3, 6])
def test_more_gives_what_deriving_at_once_gives(whole: Conclusions, cut: int) -> None:
    inputs = judgements(KNOWN)
    found = derive(inputs[:cut], [parse_sentence(QUESTIONS[0])], levels=2, limit=50_000)
    found.more(inputs[cut:]).more(questions=[parse_sentence(QUESTIONS[1])])
    assert said(found) == said(whole)
    assert found.derived == whole.derived
    assert {str(one.term): one.level for one in found.questions} == {
        str(one.term): one.level for one in whole.questions
    }


def test_more_of_nothing_derives_nothing(whole: Conclusions) -> None:
    before = whole.derived, len(whole)
    assert whole.more() is whole
    assert (whole.derived, len(whole)) == before


def test_a_conclusion_that_is_told_becomes_an_input() -> None:
    inputs = judgements(["<a --> b>.", "<b --> c>.", "<c --> d>."])
    told = Judgement(parse_term("<a --> c>"), Truth(1.0, 0.81), frozenset([1, 2]))
    late = derive(inputs, levels=1).more([told])
    at_once = derive([*inputs, told], levels=1)
    assert said(late) == said(at_once)
    assert late.derived == at_once.derived
    assert next(one for one in late.about(told.term) if one.judgement.truth.confidence == 0.81).level == 0


def test_levels_are_the_shortest_ways(whole: Conclusions) -> None:
    for one in whole:
        before = max((premise.level for premise in one.premises), default=-1)
        assert one.level == (min(1 + before, 2) if one.is_form else 1 + before)
    assert max(one.level for one in whole) == 2


def test_every_conclusion_replays_from_the_inputs(whole: Conclusions) -> None:
    for one in whole:
        steps = whole.proof(one)
        assert steps[-1] is one
        assert all(step.rule is not None or step.level == 0 for step in steps)
        again = replayed(steps)
        assert (again.term, again.stamp) == (one.term, one.stamp)
        assert again.truth.confidence == pytest.approx(one.judgement.truth.confidence, abs=1e-9)


def test_a_proof_that_was_tampered_with_is_refused() -> None:
    found = derive(judgements(["<a --> b>.", "<b --> c>.", "<c --> d>."]), rules=DEDUCTION)
    steps = proof(found.best(parse_term("<a --> d>")) or pytest.fail("not derived"))
    assert [step.level for step in steps].count(0) == 3
    with pytest.raises(DerivationError, match=r"step 0 \(deduction\) has a premise that nothing before it gives"):
        replayed(steps[-1:])
    surer = replace(steps[-1], truth=Truth(1.0, 0.9))
    with pytest.raises(DerivationError, match=r"\(deduction\) does not conclude <a --> d>. %1.00;0.90%"):
        replayed([*steps[:-1], surer])
    with pytest.raises(DerivationError, match="a proof must end with a judgement"):
        replayed([])
    twice = [step for step in steps if step.rule is None]
    for step in twice:
        step.stamp = frozenset([1])
    with pytest.raises(DerivationError, match=r"counts \[1\] twice"):
        replayed(steps)


def test_overlap_is_marked_and_strict_forbids_it() -> None:
    lines = ["<0 --> num>.", "<<$1 --> num> ==> <(*, $1) --> num>>."]
    goal = parse_term("<(*, (*, 0)) --> num>")
    found = derive(judgements(lines), levels=2)
    best = found.best(goal)
    assert best is not None
    assert best.overlaps
    assert best.stamp == frozenset([1, 2])
    replayed(proof(best))
    with pytest.raises(DerivationError, match=r"counts \[2\] twice"):
        replayed(proof(best), strict=True)
    assert derive(judgements(lines), levels=2, strict=True).best(goal) is None


def test_nothing_overlaps_under_strict() -> None:
    found = derive(judgements(KNOWN), levels=2, limit=50_000, strict=True)
    assert found.derived > 100
    assert not any(one.overlaps for one in found)


def chain(length: int, *, mixed: bool = False) -> list[Judgement]:
    f = [Fraction(9 - n % 3, 10) if mixed else Fraction(1) for n in range(length)]
    return [
        Judgement(inheritance(Atom(f"n{n}"), Atom(f"n{n + 1}")), Truth(f[n], Fraction(9, 10)), frozenset([n + 1]))
        for n in range(length)
    ]


@pytest.mark.parametrize("hops", [3, 6, 10, 20])
@pytest.mark.parametrize("mixed", [False, True])
def test_a_chain_is_exact(hops: int, mixed: bool) -> None:
    links = chain(hops, mixed=mixed)
    f, c = Fraction(1), Fraction(9, 10)
    for n, link in enumerate(links):
        f, c = f * link.truth.frequency, (c * Fraction(9, 10) * f * link.truth.frequency if n else Fraction(9, 10))
    random.Random(hops).shuffle(links)
    found = derive(links, rules=OUTWARD, floor=0)
    assert found.cut == ""
    assert found.derived == hops * (hops - 1) // 2
    best = found.best(inheritance(Atom("n0"), Atom(f"n{hops}")))
    assert best is not None
    assert best.truth == Truth(f, c)
    assert replayed(proof(best)).truth == best.truth


@pytest.mark.parametrize("hops", [3, 6, 10, 20])
def test_however_deductions_are_grouped_a_sure_chain_is_one_conclusion(hops: int) -> None:
    found = derive(chain(hops), rules=DEDUCTION)
    assert found.derived == hops * (hops - 1) // 2
    assert [one.truth for one in found.about(inheritance(Atom("n0"), Atom(f"n{hops}")))] == [
        Truth(Fraction(1), Fraction(9, 10) ** hops)
    ]


def test_deduction_is_not_associative() -> None:
    found = derive(chain(3, mixed=True), rules=DEDUCTION)
    (one, other) = found.about(inheritance(Atom("n0"), Atom("n3")))
    assert one.judgement.truth.frequency == other.judgement.truth.frequency == Fraction(9 * 8 * 7, 1000)
    assert {one.judgement.truth.confidence, other.judgement.truth.confidence} == {
        Fraction(9, 10) ** 3 * Fraction(72, 100) * Fraction(504, 1000),
        Fraction(9, 10) ** 3 * Fraction(56, 100) * Fraction(504, 1000),
    }


def test_a_chain_among_others() -> None:
    noise = [
        Judgement(inheritance(Atom(f"x{n}"), Atom(f"y{n % 50}")), Truth(1.0, 0.9), frozenset([1000 + n]))
        for n in range(500)
    ]
    found = derive([*noise, *chain(6)], rules=DEDUCTION)
    best = found.best(inheritance(Atom("n0"), Atom("n6")))
    assert best is not None
    assert best.truth == Truth(Fraction(1), Fraction(9, 10) ** 6)


def test_the_limit_is_kept_and_reported() -> None:
    found = derive(judgements(KNOWN), limit=57)
    assert found.derived == 57
    assert found.cut == "the limit of 57 derived judgements is reached: there may be more"
    more = found.more(limit=100)
    assert (more.derived, more.cut) == (100, "the limit of 100 derived judgements is reached: there may be more")


def test_going_on_after_the_limit_gives_everything(whole: Conclusions) -> None:
    found = derive(judgements(KNOWN), [parse_sentence(q) for q in QUESTIONS], levels=2, limit=10)
    while found.cut:
        found.more(limit=2 * found.derived)
    assert said(found) == said(whole)


def test_questions_are_bounded_too() -> None:
    lines = [f"<n{n} --> hub>." for n in range(8)]
    found = derive(judgements(lines), [parse_sentence("<?x --> hub>?")], rules=BACKWARD, levels=1)
    assert found.cut == ""
    assert len(found.questions) == 1 + 8 * 2  # <?x --> n>? and <n --> ?x>?
    same = [replace(judgement, stamp=frozenset([1])) for judgement in judgements(lines)]  # conclude nothing together
    cut = derive(same, [parse_sentence("<?x --> hub>?")], limit=7, rules=BACKWARD)
    assert cut.cut == "the limit of 7 derived questions is reached: there may be more"


def test_the_highest_priority_comes_first() -> None:
    lines = ["$0.2$ <a --> b>.", "$0.2$ <b --> c>.", "$0.9$ <x --> y>.", "$0.9$ <y --> z>."]
    found = derive([parse_sentence(line) for line in lines], rules=DEDUCTION, limit=1)
    assert [str(one.term) for one in found if one.rule] == ["<x --> z>"]
    found = derive(
        [parse_sentence(line.replace("0.2", "0.5").replace("0.9", "0.1")) for line in lines], rules=DEDUCTION, limit=1
    )
    assert [str(one.term) for one in found if one.rule] == ["<a --> c>"]


@pytest.mark.parametrize("place", ["_hold", "_wait", "_conclude", "_expand"])
@pytest.mark.parametrize("after", [1, 2, 5, 17])
def test_an_interrupted_derivation_goes_on(
    whole: Conclusions, monkeypatch: pytest.MonkeyPatch, after: int, place: str
) -> None:
    calls, work, run = itertools.count(1), getattr(Conclusions, place), Conclusions._run
    running: list[bool] = []

    def begun(self: Conclusions) -> None:
        running.append(True)
        run(self)

    def interrupted(self: Conclusions, *arguments: object) -> object:
        if running and next(calls) == after:
            raise KeyboardInterrupt
        return work(self, *arguments)

    monkeypatch.setattr(Conclusions, "_run", begun)
    monkeypatch.setattr(Conclusions, place, interrupted)
    found = derive(judgements(KNOWN), [parse_sentence(q) for q in QUESTIONS], levels=2, limit=50_000)
    assert found.cut.startswith("interrupted after ")
    assert said(found.more()) == said(whole)
    assert found.derived == whole.derived
    assert found.cut == ""


def test_progress_is_told() -> None:
    seen: list[int] = []
    derive(judgements(KNOWN), levels=1, progress=lambda found: seen.append(found.derived))
    assert seen == sorted(seen)
    assert len(seen) >= len(KNOWN)


def test_what_is_nearly_unknown_is_dropped() -> None:
    found = derive(chain(6, mixed=True), rules=DEDUCTION, floor=0.2)
    assert min(one.judgement.truth.confidence for one in found) >= Fraction(1, 5)
    assert found.derived < derive(chain(6, mixed=True), rules=DEDUCTION, floor=0).derived


def test_answers_are_chosen() -> None:
    lines = ["<bird --> animal>.", "<robin --> bird>.", "<robin --> bird>. %0%", "<robin --> [red]>. %0.2%"]
    found = derive(
        judgements(lines), [parse_sentence("<robin --> ?x>?"), parse_sentence("<robin --> bird>?")], levels=1
    )
    answers = {str(question): str(answer) for question, answer in found.answers.items()}
    assert answers["<robin --> bird>"] == "<robin --> bird>. %0.50;0.947368421%"  # revised: w = 18
    assert answers["<robin --> ?1>"] == "<robin --> animal>. %1.00;0.81%"  # that it is a bird is in doubt, e = 1/2
    assert found.best(parse_term("<fish --> ?x>")) is None


def test_a_backward_rule_answers() -> None:
    found = derive(judgements(["<swan --> bird>. %0.9%"]), [parse_sentence("<swan --> (|, bird, swimmer)>?")])
    [answer] = found.answers.values()
    assert str(answer) == "<swan --> (|, bird, swimmer)>. %0.90;0.729%"
    assert derive(judgements(["<swan --> bird>. %0.9%"])).derived == 0


def test_nal_chooses_the_rules() -> None:
    for nal in range(1, 7):
        found = derive(judgements(KNOWN), [parse_sentence(q) for q in QUESTIONS], levels=2, nal=nal, limit=50_000)
        assert {one.rule.level for one in found if one.rule} == set(range(1, nal + 1)) - ({4} if nal < 4 else set())


def test_sentences_are_stamped_after_judgements() -> None:
    known = judgements(["<a --> b>.", "<b --> c>."])
    found = derive([*known, parse_sentence("<c --> d>.")], levels=1)
    assert found.about(parse_term("<c --> d>"))[0].stamp == frozenset([3])
    found.more([parse_sentence("<d --> e>.")])
    assert found.about(parse_term("<d --> e>"))[0].stamp == frozenset([4])


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("<a --> b>. :|:", "judgements must be without tense: NAL-7 is not derived"),
        ("<a =/> b>.", "=/> is temporal: NAL-7 is not derived"),
        ("(&/, a, b).", "&/ is temporal: NAL-7 is not derived"),
        ("<a --> b>!", "judgements must not be goals or quests: NAL-8 is not derived"),
        ("(^go, a).", r"\^go is an operation: NAL-8 is not derived"),
        ("<a --> b>?", r"judgements must be sentences that end in '\.'"),
        ("<a --> a>.", "subject and predicate must differ; got <a --> a>"),
        ("<a |-> b>.", r"\|-> is not part of NAL-1 to NAL-6"),
    ],
)
def test_what_is_not_derived_says_why(line: str, why: str) -> None:
    with pytest.raises(ArgumentError, match=why):
        derive([parse_sentence(line)])


def test_wrong_arguments() -> None:
    with pytest.raises(ArgumentError, match=r"questions must be sentences that end in '\?'; got <a --> b>\."):
        derive([], [parse_sentence("<a --> b>.")])
    with pytest.raises(ArgumentError, match=r"judgements must be sentences that end in '\.'; got 'a'"):
        derive(["a"])  # type: ignore[list-item]
    for name in ("nal", "levels", "limit"):
        with pytest.raises(ArgumentError, match=f"{name} must be at least 1; got 0"):
            derive([], **{name: 0})  # type: ignore[arg-type]


def test_no_input_no_conclusion() -> None:
    found = derive([])
    assert (len(found), found.derived, found.cut, found.answers) == (0, 0, "", {})


def test_a_thousand_sentences_explode_within_the_limit() -> None:
    sentences: list[Sentence] = [parse_sentence(f"<a{n} --> hub>.") for n in range(1000)]
    found = derive(sentences, limit=2000)
    assert found.derived == 2000
    assert found.cut


def test_rules_that_compile_conclude_what_the_slow_way_does(
    monkeypatch: pytest.MonkeyPatch, whole: Conclusions
) -> None:
    plan = Plan(rule_table())
    assert sum(ready.compiled is not None for ways in plan.ways.values() for way in ways for ready in way.rules) > 50
    monkeypatch.setattr("hybridattn.reasoning.nal.engine.plan.compiled", lambda rule: None)
    assert said(everything()) == said(whole)
