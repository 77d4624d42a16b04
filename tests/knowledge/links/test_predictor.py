"""Answers to questions: what fires, in which order, and with a proof that replays."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from knowledge.links.small import TRIPLES, edges, paths

from hybridattn import ArgumentError, DerivationError, UnknownTermError, parse_term, replay
from hybridattn.knowledge.links import ConstantRule, LinkAnswer, LinkPredictor, Maximum, Mining, PathRule, TripleGraph
from hybridattn.knowledge.links.rules import Rule, rule_fact
from hybridattn.reasoning import Judgement, Truth, apply_rule

FAMILY = [(a, "parent", b) for a, b in ("ab", "bc", "cd", "de", "ef")]
FAMILY += [(a, "grandparent", b) for a, b in ("ac", "bd", "ce")]


def learned(triples: list[tuple[str, str, str]], **mining: float) -> LinkPredictor:
    return LinkPredictor.learn(
        TripleGraph.of(triples), generator=torch.Generator().manual_seed(0), mining=Mining(**mining)
    )


@given(TRIPLES)
@settings(max_examples=25)
def test_rules_fire_where_the_slow_search_says(triples: list[tuple[str, str, str]]) -> None:
    predictor = learned(triples, least=1, weakest=1e-9)
    graph = predictor.graph
    every = edges(graph)
    for relation in range(graph.directed):
        found = predictor._fired(relation, np.arange(graph.size))
        rows = set(zip(*(column.tolist() for column in found[:2]), found.rule.tolist(), strict=True))
        assert len(rows) == len(found.rule)
        wanted = set()
        for number in range(predictor.rules):
            rule = predictor.rule(number)
            forward, backward = rule.relation == relation, graph.inverse(rule.relation) == relation
            for x in range(graph.size):
                if isinstance(rule, PathRule):
                    ends = {path[-1] for path in paths(graph, x, rule.body)}
                else:
                    holds = any(t == x and r == rule.property and rule.value in (None, h) for t, r, h in every)
                    ends = {rule.constant} if holds else set()
                wanted |= {(x, y, number) for y in ends if forward} | {(y, x, number) for y in ends if backward}
        assert rows == wanted


@given(TRIPLES)
@settings(max_examples=5)
def test_every_answer_has_a_proof_from_stored_facts(triples: list[tuple[str, str, str]]) -> None:
    predictor = learned(triples, least=1)
    stored = {f"<(*, {h}, {t}) --> {r}>" for h, r, t in triples}
    for name in predictor.graph.relations:
        for entity in predictor.graph.entities[:2]:
            for answers, wanted in (
                (predictor.tails(entity, name, top=3), "<(*, {0}, {1}) --> {2}>"),
                (predictor.heads(name, entity, top=3), "<(*, {1}, {0}) --> {2}>"),
            ):
                assert [a.score for a in answers] == sorted((a.score for a in answers), reverse=True)
                for answer in answers:
                    assert str(answer.term) == wanted.format(entity, answer.entity, name)
                    assert replay(answer.derivation) == answer.judgement
                    facts = [fact for fact in answer.derivation.facts if fact.relation != "==>"]
                    assert facts
                    assert {str(fact.judgement.term) for fact in facts} <= stored


def test_a_grandparent_is_found_and_its_proof_can_be_read() -> None:
    (best,) = learned(FAMILY).tails("d", "grandparent", top=1)
    assert best.entity == "f"
    assert best.paths[0] == ("d", "e", "f")
    assert [str(fact.judgement.term) for fact in best.derivation.facts[1:]] == [
        "<(*, d, e) --> parent>",
        "<(*, e, f) --> parent>",
    ]
    # the rule has w+ = 3 of w = 4, so f = 3/4 and c = 4/5; two deductions from facts with f = 1 and c = 9/10
    assert best.truth.frequency == pytest.approx(0.75)
    assert best.truth.confidence == pytest.approx(0.8 * 0.9 * 0.75 * 0.9 * 0.75)
    assert best.to_json()["paths"][0] == ["d", "e", "f"]
    assert best.graph.nodes["step:0"]["label"] == "<<(*, e, $3) --> parent> ==> <(*, d, $3) --> grandparent>>"


def test_the_head_is_asked_for_too() -> None:
    assert learned(FAMILY).heads("grandparent", "f", top=1)[0].entity == "d"


def test_a_constant_answers() -> None:
    """Who lives in rome speaks italian: 3 of 3, each without its own triple."""
    people = [(name, "lives", "rome") for name in "abcd"] + [(name, "speaks", "italian") for name in "abc"]
    predictor = learned(people)
    best = predictor.tails("d", "speaks", top=1)[0]
    assert best.entity == "italian"
    graph = predictor.graph
    speaks, lives = graph.relation("speaks"), graph.relation("lives")
    wanted = ConstantRule(speaks, graph.entity("italian"), lives, graph.entity("rome"), 3.0, 4.0)
    assert wanted in [predictor.rule(number) for number in range(predictor.rules)]
    assert "<<(*, $1, rome) --> lives> ==> <(*, $1, italian) --> speaks>>. %0.75;0.80%" in map(str, best.rules)


def test_no_rule_no_answer() -> None:
    assert learned([("a", "r", "b")]).tails("a", "r") == ()


def test_bad_questions() -> None:
    predictor = learned(FAMILY)
    with pytest.raises(UnknownTermError, match="no fact has the entity 'x'"):
        predictor.tails("x", "parent")
    with pytest.raises(UnknownTermError, match="no fact has the relation 'grandparents'; nearest: grandparent"):
        predictor.heads("grandparents", "a")
    with pytest.raises(ArgumentError, match="top must be at least 1; got 0"):
        predictor.tails("a", "parent", top=0)


@pytest.mark.parametrize(("triples", "message"), [([], "at least one triple"), ([("a", "b")], "must be three names")])
def test_bad_triples(triples: list[tuple[str, str, str]], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        TripleGraph.of(triples)


def judged(text: str, number: int) -> Judgement:
    return Judgement(parse_term(text), Truth(1.0, 0.9), frozenset({number}))


def test_detachment_fills_the_first_condition() -> None:
    rule = judged("<(&&, <$1 --> $2>, <(*, $2, $3) --> r>) ==> <(*, $1, $3) --> r>>", 1)
    half = apply_rule("deduction", rule, judged("<a --> b>", 2))
    assert half.term == parse_term("<<(*, b, $3) --> r> ==> <(*, a, $3) --> r>>")
    whole = apply_rule("deduction", half, judged("<(*, b, c) --> r>", 3))
    assert whole.term == parse_term("<(*, a, c) --> r>")
    assert whole.stamp == {1, 2, 3}
    with pytest.raises(DerivationError, match="deduction does not fit"):
        apply_rule("deduction", half, judged("<(*, d, c) --> r>", 4))


def test_another_aggregation_asks_the_same_rules() -> None:
    triples = [(a, "parent", b) for a, b in ("ab", "bc", "cd", "de", "ef", "ax", "xc")]
    triples += [(a, "grandparent", b) for a, b in ("ac", "bd", "ce")]
    predictor = learned(triples, least=1)
    other = predictor.with_aggregation(Maximum())
    assert (other.aggregation, other.graph, other.paths) == (Maximum(), predictor.graph, predictor.paths)
    assert (other.constants, other.mining, other.rules) == (predictor.constants, predictor.mining, predictor.rules)
    assert predictor.aggregation != other.aggregation
    best = other.tails("d", "grandparent", top=1)[0]
    strongest = max(rule.w_plus / (rule.w + other.mining.doubt) for rule in fired_rules(other, best))
    assert best.score == pytest.approx(strongest)
    assert predictor.tails("d", "grandparent", top=1)[0].score > -np.log1p(-strongest) - 1e-9


def fired_rules(predictor: LinkPredictor, answer: LinkAnswer) -> list[Rule]:
    texts = {
        str(rule_fact(rule, 0, predictor.graph.entities, predictor.graph.relations).judgement.term): rule
        for rule in map(predictor.rule, range(predictor.rules))
    }
    return [texts[str(rule.judgement.term)] for rule in answer.rules]
