"""Proofs: a replay draws the same conclusion from the cited facts alone, and no field can be changed unseen."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridattn.errors import DerivationError
from hybridattn.reasoning import Derivation, Fact, Inference, Judgement, Truth, parse_term, replay
from hybridattn.reasoning.derivation import Proof

from .test_fact import fact

MATCH = Judgement(parse_term("<tweety <-> robin>"), Truth(0.8, 0.9), frozenset({-1}))
ROBIN = fact(1, "robin", "-->", "bird", (0.9, 0.8), 4)
BIRD = fact(2, "bird", "-->", "animal", (1.0, 0.9))
DIRECT = fact(3, "tweety", "-->", "animal", (0.5, 0.6))


def judged(text: str, frequency: float, confidence: float, *stamp: int) -> Judgement:
    return Judgement(parse_term(text), Truth(frequency, confidence), frozenset(stamp))


# analogy: f = .9 .8 = .72, c = .8 .9 .8 = .576; deduction: f = .72, c = .9 .576 .72 = .373248;
# revision: w = .373248/.626752 + 1.5, w+ = .72 .373248/.626752 + .75
TOTAL = 0.373248 / 0.626752 + 1.5
STEPS = (
    Inference("analogy", ("fact:1", "match:0"), judged("<tweety --> bird>", 0.72, 0.576, 1, 4, -1)),
    Inference("deduction", ("fact:2", "step:0"), judged("<tweety --> animal>", 0.72, 0.373248, 1, 2, 4, -1)),
    Inference(
        "revision",
        ("step:1", "fact:3"),
        judged(
            "<tweety --> animal>",
            *((0.72 * 0.373248 / 0.626752 + 0.75) / TOTAL, TOTAL / (TOTAL + 1)),
            *(1, 2, 3, 4, -1),
        ),
    ),
)
PROOF = Derivation((ROBIN, BIRD, DIRECT), (MATCH,), STEPS)


def test_a_valid_proof_replays_to_its_conclusion() -> None:
    again = replay(PROOF)
    said = PROOF.conclusion
    assert said == STEPS[-1].conclusion
    assert (again.term, again.stamp) == (said.term, said.stamp)
    assert again.truth.frequency == pytest.approx(said.truth.frequency, abs=1e-12)
    assert again.truth.confidence == pytest.approx(said.truth.confidence, abs=1e-12)


def test_the_facts_may_come_from_outside_in_any_order_and_number() -> None:
    others = [fact(number, "x", "-->", f"y{number}") for number in range(10, 15)]
    assert replay(PROOF, [*others, DIRECT, BIRD, ROBIN]) == replay(PROOF)
    assert replay(PROOF, iter([ROBIN, BIRD, DIRECT])) == replay(PROOF)


def test_a_fact_alone_is_its_own_proof() -> None:
    alone = Derivation((ROBIN,), (), ())
    assert alone.conclusion == ROBIN.judgement
    assert replay(alone) == ROBIN.judgement
    assert replay(alone, [BIRD, ROBIN]) == ROBIN.judgement


def step(place: int, **changes: object) -> Derivation:
    """Change fields of one step of the proof."""
    steps = list(STEPS)
    steps[place] = replace(steps[place], **changes)
    return replace(PROOF, steps=tuple(steps))


def concluding(place: int, **changes: object) -> Derivation:
    return step(place, conclusion=replace(STEPS[place].conclusion, **changes))


def citing(place: int, **changes: object) -> Derivation:
    facts = list(PROOF.facts)
    facts[place] = replace(facts[place], judgement=replace(facts[place].judgement, **changes))
    return replace(PROOF, facts=tuple(facts))


def matching(**changes: object) -> Derivation:
    return replace(PROOF, matches=(replace(MATCH, **changes),))


CHANGES: dict[str, Callable[[], Derivation]] = {
    "frequency of a step": lambda: concluding(0, truth=Truth(0.7200001, 0.576)),
    "confidence of a step": lambda: concluding(1, truth=Truth(0.72, 0.3733)),
    "truth of the conclusion": lambda: concluding(2, truth=Truth(0.9, 0.9)),
    "term of a step": lambda: concluding(0, term=parse_term("<tweety --> fish>")),
    "term of the conclusion": lambda: concluding(2, term=parse_term("<animal --> tweety>")),
    "stamp that hides an observation": lambda: concluding(1, stamp=frozenset({1, 2, -1})),
    "stamp that invents an observation": lambda: concluding(2, stamp=frozenset({1, 2, 3, 4, 5, -1})),
    "rule": lambda: step(2, rule="deduction"),
    "rule that fits as well": lambda: step(0, rule="intersection"),
    "rule that nobody knows": lambda: step(1, rule="magic"),
    "premise": lambda: step(1, premises=("fact:3", "step:0")),
    "premise that does not exist": lambda: step(1, premises=("fact:2", "step:9")),
    "premise that comes later": lambda: step(0, premises=("fact:1", "step:1")),
    "premise that is the step itself": lambda: step(0, premises=("step:0", "match:0")),
    "premise by another name": lambda: step(0, premises=("1", "match:0")),
    "order of premises": lambda: step(1, premises=("step:0", "fact:2")),
    "one premise": lambda: step(1, premises=("fact:2",)),
    "three premises": lambda: step(1, premises=("fact:2", "step:0", "fact:3")),
    "a premise twice": lambda: step(2, premises=("step:1", "step:1")),
    "order of steps": lambda: replace(PROOF, steps=(STEPS[1], STEPS[0], STEPS[2])),
    "first step left out": lambda: replace(PROOF, steps=STEPS[1:]),
    "fact left out": lambda: replace(PROOF, facts=(ROBIN, DIRECT)),
    "match left out": lambda: replace(PROOF, matches=()),
    "truth of a fact": lambda: citing(0, truth=Truth(1.0, 0.8)),
    "term of a fact": lambda: citing(1, term=parse_term("<bird --> plant>")),
    "stamp of a fact": lambda: citing(2, stamp=frozenset({2})),
    "number of a fact": lambda: replace(PROOF, facts=(replace(ROBIN, id=4), BIRD, DIRECT)),
    "truth of a match": lambda: matching(truth=Truth(1.0, 0.9)),
    "term of a match": lambda: matching(term=parse_term("<tweety <-> sparrow>")),
    "stamp of a match": lambda: matching(stamp=frozenset({-2})),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_no_field_can_be_changed_unseen(change: Callable[[], Derivation]) -> None:
    with pytest.raises(DerivationError):
        replay(change())


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_no_field_can_be_changed_unseen_by_the_store(change: Callable[[], Derivation]) -> None:
    """The facts of the store are the true ones; what the proof says that it cites is held to them."""
    with pytest.raises(DerivationError):
        replay(change(), [ROBIN, BIRD, DIRECT])


@pytest.mark.parametrize(
    "forged",
    [
        replace(ROBIN, judgement=replace(ROBIN.judgement, truth=Truth(0.1, 0.8))),
        replace(ROBIN, judgement=replace(ROBIN.judgement, stamp=frozenset({1}))),
        replace(ROBIN, source=parse_term("eagle")),
        replace(ROBIN, relation="part_of"),
        replace(ROBIN, target=parse_term("plane")),
    ],
)
def test_a_cited_fact_must_be_the_stored_one(forged: Fact) -> None:
    alone = Derivation((forged,), (), ())
    with pytest.raises(DerivationError):
        replay(alone, [ROBIN])
    with pytest.raises(DerivationError):
        replay(replace(PROOF, facts=(forged, BIRD, DIRECT)), [ROBIN, BIRD, DIRECT])


@pytest.mark.parametrize(
    "forged",
    [
        judged("<tweety --> robin>", 0.8, 0.9, -1),  # no similarity: anything could be proved by it
        judged("<tweety <-> robin>", 0.8, 0.9, 9),  # evidence that nobody observed
    ],
)
def test_a_match_is_a_similarity_whose_evidence_has_negative_numbers(forged: Judgement) -> None:
    """A proof that is consistent in itself, but rests on a premise that is no match."""
    proof = Proof()
    rule = "analogy" if " <-> " in str(forged) else "deduction"
    proof.infer(rule, proof.cite(ROBIN), proof.cite(forged))
    with pytest.raises(DerivationError):
        replay(proof.finish())


def test_what_is_wrong_is_told() -> None:
    with pytest.raises(DerivationError) as caught:
        replay(PROOF, [ROBIN, DIRECT])
    assert str(caught.value) == "the derivation cites fact:2, which is not among the 2 facts given"
    with pytest.raises(DerivationError) as caught:
        replay(step(1, premises=("fact:2", "step:9")))
    assert str(caught.value) == "step:1 (deduction) needs two known premises; got fact:2, step:9"
    with pytest.raises(DerivationError) as caught:
        replay(concluding(0, truth=Truth(0.72, 0.9)))
    assert str(caught.value) == (
        "step:0 (analogy) concludes <tweety --> bird>. %0.72;0.576%; the derivation says <tweety --> bird>. %0.72;0.90%"
    )


@pytest.mark.parametrize(
    "wrong", [step(1, rule="magic"), step(1, premises=("step:0", "fact:2")), step(2, premises=("step:1", "step:1"))]
)
def test_a_rule_that_does_not_apply_is_told_with_its_step(wrong: Derivation) -> None:
    """errors.py: a DerivationError names the step."""
    with pytest.raises(DerivationError, match=r"step:[12]"):
        replay(wrong)


def test_nothing_is_no_proof() -> None:
    with pytest.raises(DerivationError):
        replay(Derivation((), (), ()))
    with pytest.raises(DerivationError):
        replay(Derivation((), (MATCH,), ()))


def test_premises_of_a_revision_may_be_exchanged() -> None:
    """Addition of evidence has no order, so this is another proof of the same."""
    again = replay(step(2, premises=("fact:3", "step:1")))
    assert again.truth.confidence == pytest.approx(PROOF.conclusion.truth.confidence, abs=1e-12)


def test_the_builder_writes_the_proof() -> None:
    proof = Proof()
    first = proof.infer("analogy", proof.cite(ROBIN), proof.cite(MATCH))
    second = proof.infer("deduction", proof.cite(BIRD), first)
    third = proof.infer("revision", second, proof.cite(DIRECT))
    assert (first, second, third) == ("step:0", "step:1", "step:2")
    built = proof.finish()
    assert (built.facts, built.matches) == (PROOF.facts, PROOF.matches)
    assert [(one.rule, one.premises) for one in built.steps] == [(one.rule, one.premises) for one in STEPS]
    assert replay(built) == replay(PROOF) == built.conclusion


def test_the_builder_cites_a_premise_once() -> None:
    proof = Proof()
    other = replace(MATCH, stamp=frozenset({-2}))
    assert [proof.cite(one) for one in (ROBIN, MATCH, ROBIN, other, MATCH)] == [
        *("fact:1", "match:0", "fact:1", "match:1", "match:0")
    ]
    assert proof.finish() == Derivation((ROBIN,), (MATCH, other), ())


def test_the_builder_refuses_what_does_not_follow() -> None:
    proof = Proof()
    with pytest.raises(DerivationError, match="deduction does not fit"):
        proof.infer("deduction", proof.cite(ROBIN), proof.cite(BIRD))
    assert proof.finish().steps == ()


truths = st.tuples(st.floats(0, 1), st.floats(0, 0.99))


@given(st.lists(truths, min_size=2, max_size=8), st.data())
def test_any_chain_replays_and_any_small_change_is_seen(values: list[tuple[float, float]], data: st.DataObject) -> None:
    facts = [fact(n, f"t{n}", "-->", f"t{n + 1}", truth) for n, truth in enumerate(values)]
    proof = Proof()
    name = proof.cite(facts[0])
    for one in facts[1:]:
        name = proof.infer("deduction", proof.cite(one), name)
    built = proof.finish()
    assert replay(built) == replay(built, reversed(facts)) == built.conclusion
    frequency, confidence = 1.0, 1.0
    for n, (f, c) in enumerate(values):
        frequency *= f
        confidence *= c if n == 0 else c * frequency
    assert built.conclusion.truth.frequency == pytest.approx(frequency)
    assert built.conclusion.truth.confidence == pytest.approx(confidence)
    place = data.draw(st.integers(0, len(built.steps) - 1))
    said = built.steps[place].conclusion
    moved = said.truth.frequency + (1e-6 if said.truth.frequency < 0.5 else -1e-6)
    other = Truth(moved, said.truth.confidence)
    steps = list(built.steps)
    steps[place] = replace(steps[place], conclusion=replace(said, truth=other))
    with pytest.raises(DerivationError):
        replay(replace(built, steps=tuple(steps)))
