"""Path rules as Narsese: hand-made, read back, and refused."""

import pytest
import torch

from hybridattn.errors import ArgumentError, NarseseError, UnknownTermError
from hybridattn.knowledge.links import LinkPredictor, Mining, PathRule, TripleGraph
from hybridattn.knowledge.links.text import path_rule_text, read_path_rules

GRAPH = TripleGraph.of([("a", "mother", "b"), ("a", "parent", "b"), ("a", "sibling", "b")])
MOTHER, PARENT, SIBLING = 0, 1, 2
INVERSE = 3
RULES = {
    PathRule(PARENT, (MOTHER,), 3, 4): "<<(*, $1, $2) --> mother> ==> <(*, $1, $2) --> parent>>. %0.75;0.80%",
    PathRule(
        SIBLING, (SIBLING + INVERSE,), 9, 9
    ): "<<(*, $2, $1) --> sibling> ==> <(*, $1, $2) --> sibling>>. %1.00;0.90%",
    PathRule(SIBLING, (PARENT + INVERSE, PARENT), 1, 4): (
        "<(&&, <(*, $2, $1) --> parent>, <(*, $2, $3) --> parent>) ==> <(*, $1, $3) --> sibling>>. %0.25;0.80%"
    ),
}


@pytest.mark.parametrize(("rule", "text"), RULES.items())
def test_by_hand(rule, text):
    assert path_rule_text([rule], GRAPH) == [text]
    [again] = read_path_rules(["", f"{text}"], GRAPH)
    assert (again.relation, again.body) == (rule.relation, rule.body)
    assert (again.w_plus, again.w) == pytest.approx((rule.w_plus, rule.w))


def test_the_surest_come_first():
    assert path_rule_text(RULES, GRAPH) == [list(RULES.values())[place] for place in (1, 0, 2)]


def test_what_was_mined_reads_back():
    married = [(a, "married", b) for a, b in ("ab", "ba", "cd", "dc", "ef", "fe")]
    graph = TripleGraph.of([*married, ("a", "knows", "b"), ("c", "knows", "d"), ("e", "knows", "g")])
    predictor = LinkPredictor.learn(graph, generator=torch.Generator().manual_seed(0), mining=Mining(least=1))
    text = path_rule_text(predictor.paths, graph)
    assert "<<(*, $2, $1) --> married> ==> <(*, $1, $2) --> married>>. %1.00;0.857142857%" in text
    assert "<<(*, $1, $2) --> knows> ==> <(*, $1, $2) --> married>>. %0.666666667;0.75%" in text
    assert sorted(path_rule_text(read_path_rules(text, graph), graph)) == sorted(text)


def test_inheritance_reads_back():
    graph = TripleGraph.of([("ape", "is_a", "animal"), ("ape", "similar_to", "man")])
    rules = [PathRule(0, (1, 0), 3, 4), PathRule(1, (3,), 3, 4)]
    assert [(rule.relation, rule.body) for rule in read_path_rules(path_rule_text(rules, graph), graph)] == [
        (0, (1, 0)),
        (1, (3,)),
    ]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("<a --> b>.", "rules.nal:1: expected a rule along a path of 1 to 3 steps"),
        ("<<(*, $1, $2) --> parent> ==> <(*, $1, $2) --> parent>>?", "rules.nal:1: expected a rule along a path"),
        ("<<(*, $1, $2) --> parent> ==> <(*, $1, $3) --> parent>>.", r"expected conditions that lead from \$1 to \$3"),
        ("<<(*, $1, $1) --> parent> ==> <(*, $1, $1) --> parent>>.", "expected conditions that lead"),
        (
            "<(&&, <(*, $1, $2) --> parent>, <(*, $2, $1) --> parent>, <(*, $1, $3) --> sibling>) "
            "==> <(*, $1, $3) --> parent>>.",
            "expected conditions that lead",
        ),
        ("<<(*, a, $2) --> parent> ==> <(*, a, $2) --> parent>>.", "expected a rule along a path"),
    ],
)
def test_what_is_no_path_rule(line, why):
    with pytest.raises(ArgumentError, match=why):
        read_path_rules([line], GRAPH, source="rules.nal")


def test_unknown_relations_and_no_sentence():
    with pytest.raises(UnknownTermError, match="aunt"):
        read_path_rules(["<<(*, $1, $2) --> aunt> ==> <(*, $1, $2) --> parent>>."], GRAPH)
    with pytest.raises(NarseseError):
        read_path_rules(["<<"], GRAPH)
