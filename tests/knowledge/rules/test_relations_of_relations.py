"""Relations of relations: implied, turned, symmetric, identity; counted, followed, printed and read back."""

import pytest

from hybridattn.errors import ArgumentError
from hybridattn.knowledge import Composer, RuleMemory, Story, faithfulness, read_rules, rule_text
from hybridattn.running import seeded

NAMES = ("mother", "parent", "same", "sibling", "grandparent")
MOTHER = "<<(*, $1, $3) --> mother> ==> <(*, $1, $3) --> parent>>."


def taught():
    rules = RuleMemory(NAMES)
    rules.learn_implications([("mother", "parent")] * 3 + [("mother", "sibling")])
    rules.learn_inverses([("sibling", "sibling")] * 4)
    rules.learn(
        [(("same", "mother"), "mother")] * 3 + [(("same", "sibling"), "sibling"), (("same", "mother"), "parent")]
    )
    return rules


def test_counts_by_hand():
    rules = taught()
    assert rules.implied_truth("mother", "parent") == (3 / 4, 4 / 5)
    assert rules.implied_truth("mother", "sibling") == (1 / 4, 4 / 5)
    assert rules.implied_truth("parent", "mother") == (0.5, 0.0)
    assert rules.turned_truth("sibling", "sibling") == (1.0, 4 / 5)
    assert rules.turned_truth("mother", "parent") == (0.5, 0.0)
    assert rules.identity_truth("same") == (4 / 5, 5 / 6)
    assert rules.identity_truth("mother") == (0.5, 0.0)


def test_they_are_forgotten_with_the_rest():
    rules = taught()
    rules.forget(0.5)
    assert rules.implied_truth("mother", "parent") == (3 / 4, 2 / 3)


def test_printed_as_narsese_and_read_back():
    rules = taught()
    text = rule_text(rules)
    assert f"{MOTHER} %0.75;0.80%" in text
    assert "<<(*, $1, $3) --> sibling> ==> <(*, $3, $1) --> sibling>>. %1.00;0.80%" in text
    again = read_rules(text)
    assert sorted(rule_text(again)) == sorted(text)
    assert again.implied_truth("mother", "parent") == pytest.approx((3 / 4, 4 / 5))
    assert again.turned_truth("sibling", "sibling") == pytest.approx((1.0, 4 / 5))


def test_a_relation_may_imply_several_for_sure_and_one_rule_comes_once():
    lines = [f"{MOTHER} %1.0;0.9%", MOTHER.replace("parent", "sibling") + " %1.0;0.8%"]
    rules = read_rules(lines)
    assert rules.implied_truth("mother", "parent") == pytest.approx((1.0, 0.9))
    assert rules.implied_truth("mother", "sibling") == pytest.approx((1.0, 0.9))
    with pytest.raises(ArgumentError, match="expected each rule once"):
        read_rules([MOTHER, MOTHER])


def test_a_fact_says_what_it_implies_and_the_proof_cites_why():
    rules = taught()
    rules.learn([(("parent", "parent"), "grandparent")] * 9)
    composer = Composer(rules)
    story = Story.of([("a", "mother", "b"), ("b", "parent", "c"), ("x", "same", "y")], "a", "c")
    [answer] = composer.answer([story])
    assert answer.relation == "grandparent"
    # {mother -> parent: .75 .8, mother: 1 .9}: f .75, c .75 .8 .9; then the rule 1 .9, and parent 1 .9
    assert answer.truth.frequency == pytest.approx(0.75)
    assert answer.truth.confidence == pytest.approx(0.75 * 0.75 * 0.8 * 0.9 * 0.9 * 0.75 * 0.9)
    assert MOTHER[:-1] in [str(fact.judgement.term) for fact in answer.derivation.facts]
    measured = faithfulness(composer, [answer], generator=seeded(0))
    assert (measured.replay, measured.sufficiency, measured.random_deletion) == (1.0, 1.0, 0.0)


def test_what_is_not_implied_is_not_said():
    rules = taught()
    rules.learn([(("parent", "parent"), "grandparent")] * 9)
    [answer] = Composer(rules).answer([Story.of([("a", "parent", "b")], "a", "b")])
    assert [name for name, _ in answer.candidates] == ["parent"]


@pytest.mark.parametrize(("pairs"), [[("mother", "uncle")], [("uncle", "mother")]])
def test_unknown_relations_count_nothing(pairs):
    rules = RuleMemory(NAMES)
    with pytest.raises(ArgumentError, match="relation must be one of mother"):
        rules.learn_implications([("mother", "parent"), *pairs])
    assert rules.implied_truth("mother", "parent") == (0.5, 0.0)


def test_more_positive_evidence_than_evidence():
    with pytest.raises(ArgumentError, match="mother -> parent: expected 0 <= w"):
        RuleMemory(NAMES).add_implied("mother", "parent", positive=2.0, total=1.0)
