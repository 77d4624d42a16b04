"""Answers of stories: proofs that replay, and that the engine draws too; all that can be missing."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kinship import RELATIONS, walks

from hybridattn.errors import ArgumentError
from hybridattn.knowledge import Composer, RuleMemory, Story, read_rules, replays
from hybridattn.knowledge.rules.story import paths_of
from hybridattn.reasoning import Judgement, Truth, derive, parse_term, replay

RULES = [
    "<(&&, <(*, $1, #2) --> daughter>, <(*, #2, $3) --> brother>) ==> <(*, $1, $3) --> son>>. %0.9;0.9%",
    "<(&&, <(*, $1, #2) --> son>, <(*, #2, $3) --> son>) ==> <(*, $1, $3) --> grandson>>. %1.0;0.8%",
    "<<(*, $1, $2) --> husband> ==> <(*, $2, $1) --> wife>>. %1.0;0.9%",
    "<(&&, <(*, $1, #2) --> wife>, <(*, #2, $3) --> son>) ==> <(*, $1, $3) --> son>>. %1.0;0.9%",
]
FACTS = [("Ann", "daughter", "Bea"), ("Bea", "brother", "Cid"), ("Cid", "son", "Dan")]


@pytest.fixture(scope="module")
def composer():
    return Composer(read_rules(RULES))


def one(composer, facts, source, target, **more):
    [answer] = composer.answer([Story.of(facts, source, target)], **more)
    return answer


def test_the_truth_by_hand(composer):
    answer = one(composer, FACTS, "Ann", "Dan")
    son = (0.9 * 0.9 * 0.9) * 0.9 * 0.9  # c = c1 c2 f of {rule, daughter}, then of {that, brother}; f = .9 throughout
    assert answer.relation == "grandson"
    assert answer.truth.frequency == pytest.approx(0.9)
    assert answer.truth.confidence == pytest.approx((0.8 * son * 0.9) * 0.9 * 0.9)


def test_the_engine_draws_the_same_conclusion(composer):
    """The exhaustive engine, from the cited facts and rules alone, with its own unification."""
    answer = one(composer, FACTS[:2], "Ann", "Cid")
    found = derive([fact.judgement for fact in shifted(answer.derivation.facts)], levels=2).best(
        parse_term("<(*, Ann, Cid) --> son>")
    )
    assert found.truth.frequency == pytest.approx(answer.truth.frequency)
    assert found.truth.confidence == pytest.approx(answer.truth.confidence)


def shifted(facts):
    """The engine counts observations from 0."""

    class Stated:
        def __init__(self, judgement):
            self.judgement = judgement

    low = min(min(fact.judgement.stamp) for fact in facts)
    return [
        Stated(Judgement(fact.judgement.term, fact.judgement.truth, frozenset(n - low for n in fact.judgement.stamp)))
        for fact in facts
    ]


def test_leaves_are_facts_of_the_story_and_rules(composer):
    answer = one(composer, [*FACTS, ("Ann", "husband", "Eve")], "Ann", "Dan")
    assert answer.cited == {0, 1, 2}
    assert {fact for fact in answer.derivation.facts if fact.id < 0} <= set(composer.rules.values())
    assert replays(answer, composer.rules.values())
    assert not replays(answer, [])
    last = replay(answer.derivation)
    assert (last.term, last.truth) == (answer.derivation.conclusion.term, answer.truth)
    assert answer.graph.nodes["fact:0"]["label"] == "<(*, Ann, Bea) --> daughter>"
    data = answer.to_json()
    assert data["facts"] == [f"<(*, {a}, {b}) --> {r}>. %1.00;0.90%" for a, r, b in FACTS]
    assert len(data["rules"]) == 2
    assert len(data["steps"]) == 4


def test_a_fact_is_followed_back_where_a_rule_says_so(composer):
    answer = one(composer, [("Bob", "husband", "Ann"), ("Bob", "son", "Dan")], "Ann", "Dan")
    assert answer.relation == "son"
    # wife by deduction: .9 .9; then {rule, wife}: .9 c; then the son: .9 c.
    assert answer.truth.confidence == pytest.approx(0.9**2 * 0.9 * 0.9)
    assert replays(answer, composer.rules.values())
    assert one(composer, [("Bea", "son", "Ann"), ("Bea", "son", "Dan")], "Ann", "Dan").relation is None


def test_paths_of_separate_evidence_are_revised(composer):
    single = one(composer, [("a", "son", "b")], "a", "b")
    double = one(composer, [("a", "son", "b"), ("a", "son", "b")], "a", "b")
    assert single.truth == Truth(1.0, 0.9)
    assert double.truth.confidence == pytest.approx(18 / 19)
    assert [step.rule for step in double.derivation.steps] == ["revision"]
    assert replays(double, composer.rules.values())


def test_paths_that_share_a_rule_are_chosen_from(composer):
    facts = [("a", "daughter", "b"), ("b", "brother", "d"), ("a", "daughter", "c"), ("c", "brother", "d")]
    both, alone = one(composer, facts, "a", "d"), one(composer, facts[:2], "a", "d")
    assert both.truth == alone.truth
    assert both.cited == {0, 1}


def test_of_contradictory_facts_the_surer_wins(composer):
    weak, strong = (
        Story.of([("a", r, "b")], "a", "b", truth=Truth(1.0, c)).facts for r, c in (("son", 0.5), ("wife", 0.8))
    )
    story = Story.of([], "a", "b").with_facts([weak[0], strong[0]])
    [answer] = composer.answer([story])
    assert answer.relation == "wife"
    assert [name for name, _ in answer.candidates] == ["wife", "son"]


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ([], "the story has no facts"),
        ([("Ann", "cousin", "Bea"), ("Bea", "son", "Dan")], "no rule knows the relation cousin"),
        ([("Ann", "son", "Bea")], "no path leads from Ann to Dan"),
        ([("Ann", "son", "Bea"), ("Cid", "son", "Dan")], "no path leads from Ann to Dan"),
        ([("Ann", "brother", "Bea"), ("Bea", "brother", "Dan")], "no rules compose the facts from Ann to Dan"),
    ],
)
def test_there_may_be_no_evidence(composer, facts, why):
    answer = one(composer, facts, "Ann", "Dan")
    assert (answer.relation, answer.derivation, answer.truth, answer.graph) == (None, None, None, None)
    assert (answer.reason, str(answer)) == (why, f"no evidence: {why}")
    assert answer.to_json()["relation"] is None


def test_cycles_end(composer):
    facts = [("Ann", "son", "Bob"), ("Bob", "son", "Ann"), ("Bob", "son", "Dan"), ("Dan", "son", "Dan")]
    assert one(composer, facts, "Ann", "Dan").relation == "grandson"
    assert one(composer, facts, "Ann", "Eve").relation is None


def test_a_walk_is_taken_in_the_order_it_was_told(composer):
    assert one(composer, FACTS, "Ann", "Dan", ordered=True).relation == "grandson"
    assert one(composer, [*FACTS, ("Eve", "son", "Bob")], "Ann", "Dan", ordered=True).relation == "grandson"
    lost = one(composer, FACTS[::-1], "Ann", "Dan", ordered=True)
    assert lost.reason == "the facts are no walk from Ann to Dan"


@given(st.integers(0, 1000))
def test_the_order_of_facts_and_the_batch_do_not_matter(seed):
    shuffled = random.Random(seed).sample(FACTS, len(FACTS))
    composer = Composer(read_rules(RULES))
    stories = [Story.of(shuffled, "Ann", "Dan"), Story.of(FACTS[:2], "Ann", "Cid"), Story.of([], "a", "b")]
    together = composer.answer(stories)
    alone = [answer for story in stories for answer in composer.answer([story])]
    assert together == alone
    assert together[0].relation == "grandson"


def test_a_search_that_was_cut_says_so():
    facts = [(f"n{i}", "r", f"n{j}") for i in range(9) for j in range(9) if i != j]
    found = paths_of(Story.of(facts, "n0", "n8"), most=5)
    assert (len(found.found), found.cut) == (5, True)
    assert not paths_of(Story.of(facts[:1], "n0", "n1")).cut


def test_every_proof_of_a_family_replays():
    rules = RuleMemory(RELATIONS)
    rules.learn([([r for _, r, _ in facts], last) for facts, last in walks((2, 3), 600, 1)])
    composer = Composer(rules)
    asked = walks((6,), 30, 9)
    answers = composer.answer([Story.of(facts, facts[0][0], facts[-1][2]) for facts, _ in asked])
    assert all(replays(answer, composer.rules.values()) for answer in answers)
    assert all(answer.cited == set(range(6)) for answer in answers)


def test_a_fact_has_three_names():
    with pytest.raises(ArgumentError, match="a fact must be three names"):
        Story.of([("a", "", "b")], "a", "b")
