"""Proofs as graphs and back, through files too; what a proof needs against deriving again without it; formulas."""

import io
import itertools
import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from fractions import Fraction

import networkx as nx
import pytest
import sympy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridattn.errors import ArgumentError, DerivationError
from hybridattn.reasoning import (
    Atom,
    Derivation,
    Judgement,
    Term,
    Truth,
    inheritance,
    parse_sentence,
    parse_term,
    truth,
)
from hybridattn.reasoning import replay as replay_derivation
from hybridattn.reasoning.graph import Graph, from_derivation
from hybridattn.reasoning.inspection import (
    as_derivation,
    derivation_from_graph,
    derivation_to_graph,
    dominators,
    evaluate,
    exact,
    explain,
    from_graph,
    minimal_fact_sets,
    to_graph,
    turns,
)
from hybridattn.reasoning.nal import Conclusion, Conclusions, derive, ona_rules, proof, read_rules, replayed

from .proofs import chain, diamond, fact, matched, random_proof

DEDUCTION = read_rules(["1  deduction  <$M --> $P>.  <$S --> $M>.  |-  <$S --> $P>."])
KNOWN = (
    "<robin --> (&, bird, singer)>. %0.9;0.8%",
    "<robin <-> swan>. %0.8;0.9%",
    "<swan --> swimmer>. %0.7;0.9%",
    "<<$x --> bird> ==> <$x --> [winged]>>. %0.95;0.9%",
    "(&&, <#x --> bird>, <#x --> swimmer>). %0.9;0.6%",
    "<(*, robin, worm) --> food>. %0.7;0.9%",
    "<swan --> (-, swimmer, bird)>. %0.6;0.8%",
    "(--, <penguin --> flyer>). %0.9;0.9%",
    "<penguin --> bird>. %0.9;0.9%",
    "<bird --> flyer>. %0.85;0.9%",
)
QUESTIONS = ("<bird --> robin>?", "<{?x} --> food>?", "<swan --> (&, swimmer, singer)>?")


def known(lines: Sequence[str]) -> list[Judgement]:
    found = [parse_sentence(line) for line in lines]
    return [Judgement(one.term, one.truth or Truth(1.0, 0.9), frozenset([n])) for n, one in enumerate(found, 1)]


@pytest.fixture(scope="module")
def found() -> Conclusions:
    whole = derive(known(KNOWN), map(parse_sentence, QUESTIONS), levels=2, limit=50_000)
    assert whole.cut == ""
    return whole


def samples(found: Conclusions) -> list[Conclusion]:
    """For each line of the table that was used, the conclusion with the longest way to it."""
    by_line = {one.rule.line: one for one in sorted(found, key=lambda one: one.level) if one.rule is not None}
    return list(by_line.values())


def through_graphml(graph: Graph) -> Graph:
    file = io.BytesIO()
    nx.write_graphml(graph, file)
    file.seek(0)
    return nx.read_graphml(file)


def through_json(graph: Graph) -> Graph:
    return nx.node_link_graph(json.loads(json.dumps(nx.node_link_data(graph, edges="edges"))), edges="edges")


def shuffled(graph: Graph) -> Graph:
    turned: Graph = nx.MultiDiGraph()
    turned.add_nodes_from(reversed(list(graph.nodes(data=True))))
    turned.add_edges_from(reversed(list(graph.edges(data=True))))
    return turned


WAYS = [lambda graph: graph, through_graphml, through_json, shuffled]


# -- graphs of the engine


@pytest.mark.parametrize("way", WAYS)
def test_every_proof_comes_back_and_replays(found: Conclusions, way: Callable[[Graph], Graph]) -> None:
    picked = samples(found)
    assert {one.rule.level for one in picked if one.rule} == {1, 2, 3, 4, 5, 6}
    for one in picked:
        steps = proof(one)
        again = from_graph(way(to_graph(steps)))
        assert [str(step) for step in again] == [str(step) for step in steps]
        assert [step.rule for step in again] == [step.rule for step in steps]
        assert [(step.level, step.stamp, step.term) for step in again] == [
            (step.level, step.stamp, step.term) for step in steps
        ]
        judgement = replayed(again)
        assert (judgement.term, judgement.stamp) == (one.term, one.stamp)
        assert judgement.truth.confidence == pytest.approx(one.judgement.truth.confidence, abs=1e-9)


def test_all_conclusions_at_once(found: Conclusions) -> None:
    graph = to_graph(found)
    again = from_graph(through_json(graph))
    assert [str(one) for one in again if one.truth] != []
    assert sorted(str(one) for one in again if one.truth) == sorted(str(one) for one in found)
    assert nx.is_directed_acyclic_graph(graph)
    assert graph.number_of_nodes() == len(again) + sum(one.rule is not None for one in again)
    for one in again[:: len(again) // 50]:
        if one.truth is not None:
            replayed(proof(one))


def test_the_attributes_are_plain(found: Conclusions) -> None:
    graph = to_graph(samples(found))
    values = [value for _, data in graph.nodes(data=True) for value in data.values()]
    values += [value for *_, data in graph.edges(data=True) for value in data.values()]
    assert {type(value) for value in values} == {str, int, float}


def test_a_graph_by_hand() -> None:
    whole = derive(known(["<b --> c>. %0.8;0.9%", "<a --> b>. %0.5;0.9%"]), rules=DEDUCTION)
    graph = to_graph(whole.proof(whole.about(parse_term("<a --> c>"))[0]))
    [rule] = [node for node, data in graph.nodes(data=True) if data["kind"] == "rule"]
    premises = {data["label"]: graph.nodes[tail]["label"] for tail, _, data in graph.in_edges(rule, data=True)}
    assert premises == {"1": "<b --> c>", "2": "<a --> b>"}
    [conclusion] = graph.successors(rule)
    said = graph.nodes[conclusion]
    assert (said["kind"], said["stamp"], said["level"], said["label"]) == ("conclusion", "1 2", 1, "<a --> c>")
    assert (said["f"], said["c"]) == (pytest.approx(0.4), pytest.approx(0.324))
    assert (said["w"], said["w_plus"]) == (pytest.approx(0.324 / 0.676), pytest.approx(0.4 * 0.324 / 0.676))
    assert graph.nodes[rule] == {"kind": "rule", "label": "deduction", "rule": DEDUCTION[0].line, "nal": 1}


def two_steps() -> Graph:
    whole = derive(known(["<b --> c>.", "<a --> b>."]), rules=DEDUCTION)
    return to_graph(whole.proof(whole.about(parse_term("<a --> c>"))[0]))


def test_a_false_graph_does_not_replay() -> None:
    graph = two_steps()
    graph.nodes["sentence:2"]["c"] = 0.9
    with pytest.raises(DerivationError, match="does not conclude"):
        replayed(from_graph(graph, rules=DEDUCTION))


@pytest.mark.parametrize(
    ("node", "what", "value", "message"),
    [
        ("rule:2", "rule", "1  magic", "rule:2 must have a line of the rule table; got '1  magic'"),
        ("sentence:0", "label", "<a --> ", "sentence:0: expected"),
        ("sentence:0", "kind", "guess", "sentence:0 must have a kind among rule, input, .*; got 'guess'"),
        ("sentence:0", "f", 1.5, r"sentence:0: frequency must be in \[0, 1\]; got 1.5"),
        ("sentence:0", "stamp", "one", "sentence:0: invalid literal"),
        ("sentence:0", "place", 7, "rule:2 has the premise sentence:0, which is not before it"),
        ("sentence:1", "place", None, "sentence:1 must have the attribute place; has kind, label"),
    ],
)
def test_a_senseless_graph_is_refused(node: str, what: str, value: object, message: str) -> None:
    graph = two_steps()
    graph.nodes[node][what] = value
    if value is None:
        del graph.nodes[node][what]
        graph.nodes[node].update(sorted(graph.nodes[node].items()))
        message = "sentence:1 must have the attribute place; has "
    with pytest.raises(DerivationError, match=message):
        from_graph(graph, rules=DEDUCTION)


def test_premises_without_order_and_two_rules_are_refused() -> None:
    graph = two_steps()
    for *_, data in graph.in_edges("rule:2", data=True):
        data["label"] = "1"
    with pytest.raises(DerivationError, match="must have the labels 1, 2"):
        from_graph(graph, rules=DEDUCTION)
    graph = two_steps()
    graph.add_edge("rule:2", "sentence:1", kind="conclusion")
    graph.add_node("rule:9", kind="rule")
    graph.add_edge("rule:9", "sentence:1", kind="conclusion")
    with pytest.raises(DerivationError, match="sentence:1 must follow from one rule; got rule:2, rule:9"):
        from_graph(graph, rules=DEDUCTION)


# -- graphs of a Derivation


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "derivation",
    [Derivation((fact(5, "a", "b", 0.7),), (), ()), matched(), diamond(f=0.5), chain([(0.9, 0.8)] * 12)]
    + [random_proof(seed) for seed in range(5)],
)
def test_a_derivation_comes_back(derivation: Derivation, way: Callable[[Graph], Graph]) -> None:
    again = derivation_from_graph(way(derivation_to_graph(derivation)))
    assert again == derivation
    assert replay_derivation(again) == replay_derivation(derivation)


def test_without_relations_it_still_replays() -> None:
    graph = from_derivation(diamond())
    for *_, data in graph.nodes(data=True):
        data.pop("relation", None)
    again = derivation_from_graph(graph)
    assert {one.relation for one in again.facts} == {"-->"}
    assert replay_derivation(again) == replay_derivation(diamond())
    [lone] = derivation_from_graph(from_derivation(Derivation((relation(),), (), ()))).facts
    assert lone == relation()


def relation() -> object:
    source, target = Atom("robin"), Atom("worm")
    return replace(
        fact(3, "robin", "worm"),
        relation="eats",
        judgement=Judgement(parse_term("<(*, robin, worm) --> eats>"), Truth(1.0, 0.9), frozenset({3})),
        source=source,
        target=target,
    )


# -- what a proof needs

NODES = "abcd"
LINKS = [inheritance(Atom(one), Atom(other)) for one, other in itertools.permutations(NODES, 2)]
INPUTS = st.lists(st.tuples(st.sampled_from(LINKS), st.sampled_from([0.5, 0.9, 1.0])), min_size=2, max_size=5)
GOAL = parse_term("<a --> d>")


def concluded(inputs: Iterable[Judgement]) -> Conclusions:
    whole = derive(inputs, nal=1, levels=3, floor=0, limit=100_000)
    assert whole.cut == ""
    return whole


@settings(max_examples=25, deadline=None)
@given(INPUTS)
def test_needed_is_what_cannot_be_left_out(drawn: list[tuple[Term, float]]) -> None:
    """By brute force, for every term: derive again from every subset of the inputs."""
    inputs = [Judgement(term, Truth(f, 0.9), frozenset({place})) for place, (term, f) in enumerate(drawn)]
    everything = frozenset(range(len(inputs)))
    proved = {
        frozenset(some): {one.term for one in concluded(inputs[place] for place in some)}
        for size in range(len(inputs) + 1)
        for some in itertools.combinations(everything, size)
    }
    whole = concluded(inputs)
    for term in proved[everything]:
        proving = [some for some, terms in proved.items() if term in terms]
        found = minimal_fact_sets(whole.about(term))
        assert found.cut == ""
        sets = [frozenset(min(one.stamp) for one in way) for way in found.sets]
        assert len(sets) == len(set(sets))
        assert set(sets) == {way for way in proving if not any(smaller < way for smaller in proving)}
        needed = {out for out in everything if term not in proved[everything - {out}]}
        assert {min(one.stamp) for one in dominators(whole.about(term))} == needed


def diamond_of(*lines: str) -> Conclusions:
    return derive(known(lines), rules=DEDUCTION, floor=0)


def test_two_ways_with_a_common_end() -> None:
    whole = diamond_of("<a --> b>.", "<b --> d>.", "<a --> c>.", "<c --> d>.", "<d --> e>.").about(
        parse_term("<a --> e>")
    )
    assert [str(one.term) for one in dominators(whole)] == ["<d --> e>"]
    sets = [[str(one.term) for one in way] for way in minimal_fact_sets(whole).sets]
    assert sets == [["<a --> b>", "<b --> d>", "<d --> e>"], ["<a --> c>", "<c --> d>", "<d --> e>"]]


def test_dominators_of_the_plain_graph_are_wrong() -> None:
    """A path from b -> c to the end does not pass a -> b, yet no proof does without it."""
    whole = diamond_of("<a --> b>.", "<b --> c>.")
    goal = whole.about(parse_term("<a --> c>"))
    graph = to_graph(goal)
    graph.add_edges_from(("root", node) for node in list(graph) if not graph.in_degree(node))
    [end] = [node for node, data in graph.nodes(data=True) if data.get("label") == "<a --> c>"]
    assert nx.immediate_dominators(graph, "root")[f"rule:{end[-1]}"] == "root"
    assert [str(one.term) for one in dominators(goal)] == ["<a --> b>", "<b --> c>"]


def test_revision_needs_either_premise() -> None:
    whole = derive(known(["<a --> b>.", "<a --> b>. %0.5%"]), nal=1, levels=1)
    revised = whole.best(parse_term("<a --> b>"))
    assert revised is not None
    assert revised.stamp == {1, 2}
    assert dominators([revised]) == ()
    assert [[min(one.stamp) for one in way] for way in minimal_fact_sets([revised]).sets] == [[1], [2]]


def test_the_limit_is_reported() -> None:
    lines = [line for n in range(6) for line in (f"<a --> m{n}>.", f"<m{n} --> d>.")]
    whole = diamond_of(*lines).about(GOAL)
    everything = minimal_fact_sets(whole)
    assert (len(everything.sets), everything.cut) == (6, "")
    some = minimal_fact_sets(whole, limit=4)
    assert len(some.sets) == 4
    assert set(some.sets) < set(everything.sets)
    assert some.cut == "more than 4 sets prove one sentence: other sets may be missing"


@pytest.mark.parametrize("ask", [dominators, minimal_fact_sets])
def test_judgements_of_one_term_are_wanted(ask: Callable[[Sequence[Conclusion]], object]) -> None:
    with pytest.raises(ArgumentError, match="expected judgements of one term; got none"):
        ask([])
    with pytest.raises(ArgumentError, match="expected judgements of one term; got <a --> b>"):
        ask(list(diamond_of("<a --> b>.", "<b --> c>.")))
    with pytest.raises(ArgumentError, match="limit must be at least 1; got 0"):
        minimal_fact_sets(diamond_of("<a --> b>."), limit=0)


# -- formulas, exact numbers and slopes of the engine's proofs


def test_the_formula_of_every_rule_gives_its_truth(found: Conclusions) -> None:
    """For each line of the table that concluded something: formula, Fractions and tensors against the engine."""
    picked = samples(found)
    assert len(picked) > 50
    for one in picked:
        derivation, functions = as_derivation(proof(one))
        said = one.judgement.truth
        explained = explain(derivation, functions=functions)
        at = {
            symbol: sympy.Rational(str(value))
            for number in derivation.facts
            for symbol, value in zip(
                explained.symbols[f"fact:{number.id}"],
                (number.judgement.truth.frequency, number.judgement.truth.confidence),
                strict=True,
            )
        }
        rational = list(exact(derivation, functions=functions).values())[-1]
        tensors = {
            f"fact:{number.id}": Truth(
                torch.tensor(number.judgement.truth.frequency, dtype=torch.float64),
                torch.tensor(number.judgement.truth.confidence, dtype=torch.float64),
            )
            for number in derivation.facts
        }
        batch = list(evaluate(derivation, tensors, functions=functions).values())[-1]
        for part, formula in (("frequency", explained.frequency), ("confidence", explained.confidence)):
            exactly = getattr(rational, part)
            assert isinstance(exactly, int | Fraction), one
            assert formula.subs(at) == sympy.Rational(Fraction(exactly).numerator, Fraction(exactly).denominator), one
            assert getattr(said, part) == pytest.approx(float(exactly), abs=1e-9), one
            assert float(getattr(batch, part)) == pytest.approx(float(exactly), abs=1e-9), one


def test_the_slopes_are_those_of_finite_differences(found: Conclusions) -> None:
    step = 1e-6
    checked = 0
    for one in samples(found):
        derivation, functions = as_derivation(proof(one))
        given = {f"fact:{number.id}": number.judgement.truth for number in derivation.facts}

        def answer(
            premise: str,
            part: str,
            by: float,
            *,
            derivation: Derivation = derivation,
            functions: object = functions,
            given: dict[str, Truth] = given,
        ) -> Truth:
            moved = replace(given[premise], **{part: getattr(given[premise], part) + by})
            return list(evaluate(derivation, given | {premise: moved}, functions=functions).values())[-1]

        for sensitivity in explain(derivation, functions=functions).sensitivities:
            for at, part in enumerate(("frequency", "confidence")):
                after, before = (answer(sensitivity.premise, part, by) for by in (step, -step))
                slope = (after.confidence - before.confidence) / (2 * step)
                assert sensitivity.confidence[at] == pytest.approx(slope, abs=1e-6), one
                slope = (after.frequency - before.frequency) / (2 * step)
                assert sensitivity.frequency[at] == pytest.approx(slope, abs=1e-6), one
                slope = (truth.expectation(after) - truth.expectation(before)) / (2 * step)
                assert sensitivity.expectation[at] == pytest.approx(slope, abs=1e-6), one
                checked += 1
    assert checked > 200


def test_turns_of_the_engine(found: Conclusions) -> None:
    winged = found.best(parse_term("<penguin --> flyer>"))
    assert winged is not None
    derivation, functions = as_derivation(proof(winged))
    turning = [turn for turn in turns(derivation, functions=functions) if turn.value is not None]
    assert turning
    for turn in turning:
        given = {f"fact:{number.id}": number.judgement.truth for number in derivation.facts}
        given[turn.premise] = replace(given[turn.premise], **{turn.part: turn.value})
        end = list(evaluate(derivation, given, functions=functions).values())[-1]
        assert math.isclose(end.confidence * (end.frequency - 0.5), 0, abs_tol=1e-9)


def test_turns_by_hand() -> None:
    """From (--, S) with f = .9 the answer S has f = .1: it turns where the premise has .5, at any confidence."""
    whole = derive(known(["(--, <a --> b>). %0.9;0.9%"]), levels=1)
    best = whole.best(parse_term("<a --> b>"))
    assert best is not None
    derivation, functions = as_derivation(whole.proof(best))
    assert [(turn.part, turn.value) for turn in turns(derivation, functions=functions)] == [
        ("frequency", 0.5),
        ("confidence", None),
    ]


def test_a_variable_costs_confidence() -> None:
    """Each variable that is introduced beyond the first leaves .9 of the confidence; the name of the step says so."""
    lines = ["<a --> (/, r, _, b)>. %0.9;0.9%", "<a --> (/, s, _, b)>. %0.8;0.9%"]
    whole = derive(known(lines), levels=1)
    seen = {}
    for one in whole:
        if one.rule is not None:
            derivation, functions = as_derivation(proof(one))
            last = list(exact(derivation, functions=functions).values())[-1]
            assert isinstance(last.confidence, Fraction)
            assert float(last.confidence) == pytest.approx(one.judgement.truth.confidence, abs=1e-9)
            seen[derivation.steps[-1].rule] = last.confidence
    assert seen["intersection * 0.9"] == Fraction(9, 10) ** 3
    assert {"induction * 0.9", "comparison * 0.9"} <= set(seen)


def test_inputs_with_one_observation_keep_their_own_numbers() -> None:
    both = [replace(one, stamp=frozenset({4})) for one in known(["<a --> (&, b, c)>. %0.2;0.9%", "<a --> b>."])]
    [used] = [one for one in derive(both, levels=1) if one.overlaps]
    assert str(used.term) == "<a --> c>"
    derivation, functions = as_derivation(proof(used))
    assert [number.id for number in derivation.facts] == [4, 5]
    last = list(exact(derivation, functions=functions).values())[-1]
    assert (last.frequency, last.confidence) == (Fraction(2, 10), Fraction(8 * 81, 1000))


def test_what_is_no_proof_is_refused() -> None:
    steps = diamond_of("<a --> b>.", "<b --> c>.").about(parse_term("<a --> c>"))
    with pytest.raises(DerivationError, match="has a premise that nothing before it gives"):
        as_derivation(steps)
    with pytest.raises(DerivationError, match="a proof must end with a judgement"):
        as_derivation(())


def test_what_turns_a_comparison_is_refused() -> None:
    inputs = known(["<{a} --> [p]>. %0.9;0.9%", "<{b} --> [p]>. %0.4;0.9%"])
    found = derive(inputs, rules=ona_rules(), levels=1)
    [compared] = [one for one in found if one.rule and one.rule.name == "frequency_greater"]
    derivation, functions = as_derivation(found.proof(compared))
    with pytest.raises(DerivationError, match=r"step:0 \(frequency_greater\) jumps"):
        turns(derivation, functions=functions)
