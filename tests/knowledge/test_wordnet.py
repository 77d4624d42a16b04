"""The built-in knowledge base, against a second reading of its file and searches in plain Python."""

import itertools
import json
import math
import random
from collections import deque

import pytest
import torch

from hybridattn import FactMemory, replay
from hybridattn.errors import AmbiguousTermError, UnknownTermError

from .oracle import Given, check_answer, edges_of, simple_paths, strict, strong, verdict

CHAIN = ["big_cat", "feline", "carnivore", "placental", "mammal", "vertebrate", "chordate", "animal"]
ABOVE = ["organism.n.01", "living_thing.n.01", "whole.n.02", "object.n.01", "physical_entity.n.01", "entity.n.01"]
ANCESTORS = [f"{name}.n.01" for name in CHAIN] + ABOVE


@pytest.fixture(scope="module")
def parents(wordnet_lines):
    """Give for each synset the steps up, as (parent, row number)."""
    up = {}
    for number, (source, relation, target) in enumerate(wordnet_lines):
        if relation in ("is_a", "instance_of"):
            up.setdefault(source, []).append((target, number))
    return up


def ancestors(parents, start):
    """Breadth first: for each ancestor the number of hops."""
    hops, waiting = {start: 0}, deque([start])
    while waiting:
        here = waiting.popleft()
        for there, _ in parents.get(here, ()):
            if there not in hops:
                hops[there] = hops[here] + 1
                waiting.append(there)
    del hops[start]
    return hops


def test_the_sizes(wordnet, wordnet_lines):
    assert len(wordnet) == len(wordnet_lines) == 106_614
    assert wordnet.relations == {
        "is_a": 75_850,
        "has_member": 12_293,
        "has_part": 9_097,
        "instance_of": 8_577,
        "has_substance": 797,
    }
    assert wordnet.describe()["symbols"] == len({name for a, _, b in wordnet_lines for name in (a, b)}) == 82_115


def test_every_row_is_a_fact_of_that_number(wordnet, wordnet_lines):
    for fact, (number, row) in zip(wordnet, enumerate(wordnet_lines), strict=True):
        assert (fact.id, fact.source.name, fact.relation, fact.target.name) == (number, *row)  # type: ignore[attr-defined]


def test_cheetah_is_an_animal(wordnet, wordnet_lines):
    answers = wordnet.ask("<cheetah.n.01 --> animal.n.01>?")
    (answer,) = answers
    assert answer.truth.frequency == 1
    assert answer.truth.confidence == pytest.approx(0.9**8, abs=1e-12)
    names = ["cheetah.n.01", *ANCESTORS[:8]]
    rows = [wordnet_lines.index((a, "is_a", b)) for a, b in itertools.pairwise(names)]
    assert [fact.id for fact in answer.facts] == rows
    assert answer.derivation.conclusion.stamp == set(rows)
    report = strict(json.dumps(answers.to_json(), allow_nan=False))
    check_answer(report["answers"][0])
    steps = report["answers"][0]["derivation"]
    assert [step["rule"] for step in steps] == 7 * ["deduction"]
    assert [step["conclusion"] for step in steps] == [f"<cheetah.n.01 --> {name}>" for name in ANCESTORS[1:8]]
    assert [step["confidence"] for step in steps] == pytest.approx([0.9**n for n in range(2, 9)])
    assert (answers.cut, answers.verdict) == ("", "")


def test_the_ancestors_of_the_cheetah(wordnet):
    answers = wordnet.ask("<cheetah.n.01 --> ?x>?", top=20)
    assert [str(answer.end) for answer in answers] == ANCESTORS
    assert [answer.hops for answer in answers] == list(range(1, 15))
    assert [answer.truth.confidence for answer in answers] == pytest.approx([0.9**n for n in range(1, 15)])
    assert {answer.truth.frequency for answer in answers} == {1}


def test_the_poodle_is_an_animal_by_choice(wordnet):
    answers = wordnet.ask("<poodle.n.01 --> animal.n.01>?")
    (answer,) = answers
    assert answer.truth.confidence == pytest.approx(0.729, abs=1e-12)
    assert [fact.target.name for fact in answer.facts] == ["dog.n.01", "domestic_animal.n.01", "animal.n.01"]
    assert "revision" not in {step.rule for step in answer.derivation.steps}
    (other,) = answers.to_json()["answers"][0]["alternatives"]
    assert len(other["facts"]) == 8
    assert other["confidence"] == pytest.approx(0.9**8)
    assert other["facts"][0] == answer.facts[0].id
    drawn = {data["fact"] for *_, data in answers.graph.edges(data=True)}
    assert drawn >= set(other["facts"]) | {fact.id for fact in answer.facts}


def test_parts_of_the_car(wordnet, wordnet_lines):
    answers = wordnet.ask("<(*, car.n.01, ?x) --> has_part>?")
    expected = {target for source, relation, target in wordnet_lines if (source, relation) == ("car.n.01", "has_part")}
    assert {str(answer.end) for answer in answers} == expected
    assert {answer.truth.confidence for answer in answers} == {0.9}
    back = wordnet.ask("<(*, ?x, air_bag.n.01) --> has_part>?")
    assert [str(answer.term) for answer in back] == ["<(*, car.n.01, air_bag.n.01) --> has_part>"]


def test_kinds_of_poodle(wordnet, wordnet_lines):
    answers = wordnet.ask("<?x --> poodle.n.01>?")
    expected = {
        f"<{a} --> poodle.n.01>" for a, relation, b in wordnet_lines if (relation, b) == ("is_a", "poodle.n.01")
    }
    assert len(expected) == 4
    assert {str(answer.term) for answer in answers} == expected


def test_a_cut_search_never_says_no_evidence(wordnet):
    answers = wordnet.ask("<?x --> entity.n.01>?", beam=4, top=3)
    assert len(answers) == 3
    assert answers.cut == "beam"
    assert answers.verdict == f"the search was cut (beam): {answers.found} found so far"
    nothing = wordnet.ask("<cheetah.n.01 --> entity.n.01>?", hops=5)
    assert (len(nothing), nothing.verdict) == (0, "the search was cut (hops): no answer so far")


def draw_questions(rng, parents, number):
    """Draw questions of which every other one is false."""
    names = sorted(parents)
    for place in range(number):
        source = rng.choice(names)
        above = ancestors(parents, source)
        if place % 2:
            target = rng.choice(names)
            while target in above or target == source:
                target = rng.choice(names)
        else:
            target = rng.choice(sorted(above))
        yield source, target, above


def hold(wordnet, parents, number, seed):
    asked = list(draw_questions(random.Random(seed), parents, number))
    texts = [f'<"{source}" --> "{target}">?' for source, target, _ in asked]
    several = wordnet.ask_batch(texts)
    for (source, target, above), answers in zip(asked, several, strict=True):
        if target not in above:
            assert (len(answers), answers.verdict, answers.to_json()["answers"]) == (0, "no evidence", [])
            continue
        (answer,) = answers
        facts = [
            Given(a, b, (row,), (1.0, 0.9)) for a in [source, *above] for b, row in parents.get(a, ()) if a != target
        ]
        (f, c), cited = verdict(simple_paths(edges_of(facts), source, target, strong))
        assert (answer.truth.frequency, answer.truth.confidence) == (f, pytest.approx(c, abs=1e-9))
        assert {fact.id for fact in answer.facts} == cited
        assert answer.hops == above[target]
        assert replay(answer.derivation, answer.facts) == answer.derivation.conclusion
        check_answer(answer.to_json())
    return texts, several


def test_100_random_questions_half_of_them_false(wordnet, parents):
    texts, several = hold(wordnet, parents, 100, seed=20)
    for place in range(0, 100, 9):
        assert wordnet.ask(texts[place]).to_json() == several[place].to_json()


@pytest.mark.slow
def test_1000_random_questions_half_of_them_false(wordnet, parents):
    hold(wordnet, parents, 1000, seed=21)


def test_the_cited_facts_alone_give_the_same_answer(wordnet, parents):
    for source, target, above in draw_questions(random.Random(22), parents, 30):
        if target in above:
            (answer,) = wordnet.ask(f'<"{source}" --> "{target}">?')
            rows = [(fact.source.name, fact.relation, fact.target.name) for fact in answer.facts]
            (again,) = FactMemory.from_triples(rows).ask(f'<"{source}" --> "{target}">?')
            assert again.truth.confidence == pytest.approx(answer.truth.confidence, abs=1e-12)
            assert str(again.term) == str(answer.term)


@pytest.mark.parametrize("seed", range(3))
def test_a_noisy_query_walks_the_right_chain(wordnet, seed):
    clean = wordnet.encoder.encode(["cheetah.n.01"])[0]
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(seed))
    noise -= (noise @ clean) * clean
    vector = 0.8 * clean + 0.6 * noise / noise.norm()
    answers = wordnet.ask("<heard --> ?x>?", vectors={"heard": vector})
    assert [str(answer.end) for answer in answers] == ANCESTORS
    assert [answer.truth.confidence for answer in answers] == pytest.approx(
        [0.648 * 0.72**hop for hop in range(14)], rel=1e-5
    )
    assert [answer.truth.frequency for answer in answers] == pytest.approx(14 * [0.8], rel=1e-5)
    (goal,) = wordnet.ask("<heard --> animal.n.01>?", vectors={"heard": vector})
    assert goal.truth.confidence == pytest.approx(0.648 * 0.72**7, rel=1e-5)
    check_answer(goal.to_json())
    assert replay(goal.derivation) == goal.derivation.conclusion
    assert goal.truth.confidence < 0.9**8 < math.inf


def test_words(wordnet):
    assert str(wordnet.ask("<poodle --> animal.n.01>?")[0].term) == "<poodle.n.01 --> animal.n.01>"
    assert str(wordnet.ask('<"Toy Poodle" --> dog.n.01>?')[0].term) == "<toy_poodle.n.01 --> dog.n.01>"
    with pytest.raises(AmbiguousTermError) as caught:
        wordnet.ask("<dog --> animal.n.01>?")
    assert {"dog.n.01", "frank.n.02", "cad.n.01"} < set(caught.value.senses)
    assert "7 senses" in str(caught.value)
    with pytest.raises(UnknownTermError, match=r"'cheetahh'; nearest: .*\bcheetah\b"):
        wordnet.ask("<cheetahh --> animal.n.01>?")


def test_exported_to_narsese_and_read_back(wordnet, tmp_path):
    path = tmp_path / "wordnet.nal"
    path.write_text("".join(f"{line}\n" for line in wordnet.to_narsese()), encoding="utf-8")
    again = FactMemory.load(path)
    assert len(again) == len(wordnet)
    for one, other in zip(again, wordnet, strict=True):
        assert one.judgement == other.judgement
    names = {fact.source.name for fact in again} | {fact.target.name for fact in again}
    assert {"'hood.n.01", "24/7.n.01", "Achilles'_heel.n.01"} <= names
