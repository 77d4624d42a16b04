"""Forms of a relation in a derivation: one judgement, revised, answered and contradicted as one, counted once."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridattn.reasoning import Judgement, Truth, parse_sentence, parse_term
from hybridattn.reasoning.inspection import contradictions, minimal_fact_sets
from hybridattn.reasoning.nal import canonical, derive, proof, replayed, rule_table

FORMS = ["<(*, a, b) --> r>", "<a --> (/, r, _, b)>", "<b --> (/, r, a, _)>"]
BACK = ["<r --> (*, a, b)>", "<(\\, r, _, b) --> a>", "<(\\, r, a, _) --> b>"]
CONDITIONAL = [
    "<(&&, <(*, a, b) --> r>, <(*, d, e) --> s>) ==> q>",
    "<(&&, <a --> (/, r, _, b)>, <(*, d, e) --> s>) ==> q>",
    "<(&&, <b --> (/, r, a, _)>, <e --> (/, s, d, _)>) ==> q>",
]
CLASSES = [FORMS, BACK, CONDITIONAL]
ONE, OTHER = Truth(0.9, 0.8), Truth(0.3, 0.6)


def judged(text: str, truth: Truth, *stamp: int) -> Judgement:
    return Judgement(parse_term(text), truth, frozenset(stamp))


PAIRS = [pair for forms in CLASSES for pair in itertools.product(forms, forms)]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_two_forms_are_revised_at_once_and_once(one: str, other: str) -> None:
    found = derive([judged(one, ONE, 1), judged(other, OTHER, 2)], levels=1)
    about = found.about(parse_term(FORMS[0] if one in FORMS else one))
    assert [one.stamp for one in about] == [{1, 2}, {1}, {2}]
    revised = about[0].judgement.truth  # w = 4 + 3/2, w+ = 3.6 + .45
    assert (revised.frequency, revised.confidence) == pytest.approx((4.05 / 5.5, 5.5 / 6.5))
    assert replayed(proof(about[0])).stamp == {1, 2}
    assert {str(canonical(judgement.term)) for judgement in about} == {str(canonical(parse_term(one)))}


@pytest.mark.parametrize("forms", CLASSES)
def test_the_form_of_an_input_changes_nothing(forms: list[str]) -> None:
    def said(one: str, other: str) -> set[tuple[float, float, frozenset[int]]]:
        about = derive([judged(one, ONE, 1), judged(other, OTHER, 2)], levels=2).about(parse_term(one))
        truths = [(judgement.judgement.truth, judgement.stamp) for judgement in about]
        return {(round(truth.frequency, 8), round(truth.confidence, 8), stamp) for truth, stamp in truths}

    first = said(forms[0], forms[0])
    assert len(first) >= 3
    assert first <= said(forms[1], forms[2])
    assert first <= said(forms[2], forms[0])


@given(st.lists(st.tuples(st.sampled_from(FORMS), st.sampled_from([ONE, OTHER])), min_size=2, max_size=3))
@settings(deadline=None, max_examples=8)
def test_evidence_is_never_counted_twice(inputs: list[tuple[str, Truth]]) -> None:
    relational = [rule for rule in rule_table() if rule.name == "revision" or rule.is_form]
    found = derive([judged(text, truth, n) for n, (text, truth) in enumerate(inputs, 1)], rules=relational)
    assert found.cut == ""
    stamps = [one.stamp for one in found.about(parse_term(FORMS[0]))]
    assert len(stamps) == len(set(stamps)) == 2 ** len(inputs) - 1
    for one in found:
        assert one.judgement.truth.w == pytest.approx(sum(inputs[n - 1][1].w for n in one.stamp))
    best = found.best(parse_term(FORMS[2]))
    assert best is not None
    assert best.judgement.truth.w == pytest.approx(sum(truth.w for _, truth in inputs))


@pytest.mark.parametrize(("said", "asked"), PAIRS)
def test_a_question_is_answered_in_whichever_form(said: str, asked: str) -> None:
    found = derive([judged(said, ONE, 1)], [parse_term(asked)], levels=1)
    [answer] = found.answers.values()
    assert answer is not None
    assert answer.truth == ONE
    assert canonical(answer.term) == canonical(parse_term(asked))
    if said not in CONDITIONAL:
        assert answer.term == parse_term(asked)


@pytest.mark.parametrize("said", FORMS)
@pytest.mark.parametrize("asked", ["<(*, ?x, b) --> r>", "<?x --> (/, r, _, b)>", "<b --> (/, r, ?x, _)>"])
def test_an_open_question_too(said: str, asked: str) -> None:
    found = derive([judged(said, ONE, 1)], [parse_term(asked)], levels=1)
    [answer] = found.answers.values()
    assert answer is not None
    assert str(answer.term) == asked.replace("?x", "a")


def test_forms_are_listed_and_counted_as_one() -> None:
    found = derive([judged(FORMS[1], ONE, 1)], rules=[rule for rule in rule_table() if rule.is_form], levels=1)
    assert {str(one.term) for one in found} >= {str(parse_term(form)) for form in FORMS}
    assert {one.rule.name for one in found if one.rule} == {"kept"}
    assert found.derived == 0
    told = found.more([judged(FORMS[2], ONE, 1)])
    assert told.derived == 0
    assert next(one for one in told if str(one.term) == FORMS[2]).rule is None


def test_derived_forms_count_once() -> None:
    found = derive([parse_sentence("<c --> a>."), parse_sentence("<(*, a, b) --> r>.")], levels=2, nal=4)
    meanings = {(canonical(one.term), one.stamp, one.truth, one.analytic) for one in found if one.rule}
    given = {(canonical(one.term), one.stamp, one.truth, one.analytic) for one in found if one.rule is None}
    assert found.derived == len(meanings - given)
    assert found.derived < sum(one.rule is not None for one in found)


def test_the_limit_of_forms_is_kept_and_reported() -> None:
    product = f"<(*, {', '.join(f'w{n}' for n in range(20))}) --> r>"
    found = derive([judged(product, ONE, 1)], levels=1, limit=7)
    assert found.cut == "the limit of 7 other forms is reached: there may be more"
    assert len(found) == 8
    assert derive([judged(product, ONE, 1)], levels=1, limit=20).cut == ""


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_forms_contradict_once(one: str, other: str) -> None:
    inputs = [judged(one, Truth(1.0, 0.9), 1), judged(other, Truth(0.0, 0.9), 2)]
    found = derive(inputs, levels=1)
    sides = [
        (c.supporting.stamp, c.opposing.stamp) for c in contradictions(found) if c.term == canonical(inputs[0].term)
    ]
    assert sides == [({1}, {2})]


def test_fact_sets_see_one_statement_in_its_forms() -> None:
    found = derive([judged(FORMS[0], ONE, 1), judged(FORMS[1], OTHER, 2)], levels=2)
    about = [one for one in found if canonical(one.term) == canonical(parse_term(FORMS[2]))]
    assert {str(one.term) for one in about} == {str(parse_term(form)) for form in FORMS}
    assert [len(way) for way in minimal_fact_sets(about).sets] == [1, 1]


def test_a_statement_about_itself_in_another_form_is_not_concluded() -> None:
    lines = ["<<(*, $x, lock) --> open> ==> <$x --> key>>.", "<<$x --> key> ==> <lock --> (/, open, $x, _)>>."]
    found = derive([parse_sentence(line) for line in lines], levels=2)
    told = [one for one in found if str(canonical(one.term)).count("open") == 2]
    assert [str(one) for one in told if "==>" in str(one.term) and "key" not in str(one.term)] == []


@pytest.mark.parametrize("levels", [1, 2])
@pytest.mark.parametrize("wanted", FORMS)
def test_a_conclusion_of_the_last_level_is_listed_in_all_forms(levels: int, wanted: str) -> None:
    lines = (
        ["<c --> (/, r, _, b)>.", "<a --> c>."]
        if levels == 1
        else ["<c --> d>.", "<d --> (/, r, _, b)>.", "<a --> c>."]
    )
    found = derive([parse_sentence(line) for line in lines], levels=levels)
    listed = [one for one in found if one.term == parse_term(wanted) and len(one.stamp) == len(lines)]
    assert {one.level for one in listed} == {levels}
    assert all(replayed(proof(one)).stamp == one.stamp for one in listed)
    alone = {(canonical(one.term), one.stamp, one.truth, one.analytic) for one in found if one.rule}
    given = {(canonical(one.term), one.stamp, one.truth, one.analytic) for one in found if one.rule is None}
    assert found.derived == len(alone - given)


def test_forms_of_the_last_level_come_after_a_limit_too() -> None:
    lines = ["<c --> (/, r, _, b)>.", "<a --> c>."]
    whole = derive([parse_sentence(line) for line in lines], levels=1)
    cut = derive([parse_sentence(line) for line in lines], levels=1, limit=1)
    assert cut.cut
    cut.more(limit=1000)
    assert cut.cut == ""
    assert {(str(one), one.level) for one in cut} == {(str(one), one.level) for one in whole}
