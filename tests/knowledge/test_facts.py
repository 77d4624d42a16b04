"""Answers against brute force: every simple path, truth by formulas of the tests, surest first, revision, choice."""

import functools
import itertools
import json
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridattn import FactMemory, replay
from hybridattn.errors import ArgumentError, NotFiniteError, ShapeError, UnknownTermError

from .oracle import (
    alike,
    both,
    check_answer,
    edges_of,
    merged,
    random_rows,
    simple_paths,
    strict,
    strong,
    together,
    verdict,
)

SEEDS = st.integers(0, 10**9)


def truth_of(answer):
    return answer.truth.frequency, answer.truth.confidence


def checked(answers):
    """Hold what is true of all answers, and give for each term its truth and the ids of the cited facts."""
    report = strict(json.dumps(answers.to_json(), allow_nan=False))
    for answer, plain in zip(answers, report["answers"], strict=True):
        check_answer(plain)
        assert replay(answer.derivation) == answer.derivation.conclusion
    order = [(-answer.expectation, -answer.truth.confidence) for answer in answers]
    assert order == sorted(order)
    assert len({str(answer.term) for answer in answers}) == len(answers)
    return {str(answer.term): (truth_of(answer), {fact.id for fact in answer.facts}) for answer in answers}


def agree(found, expected):
    assert found.keys() == expected.keys()
    for term, (truth, cited) in expected.items():
        assert found[term][0] == pytest.approx(truth, abs=1e-9), term
        assert found[term][1] == cited, term


def expected_answers(rows, pairs, form, compose, *, symmetric=False):
    edges = edges_of(merged(rows, symmetric=symmetric), symmetric=symmetric)
    results = {(a, b): verdict(simple_paths(edges, a, b, compose)) for a, b in pairs}
    return {form.format(a, b): result for (a, b), result in results.items() if result is not None}


def names_of(rows):
    return sorted({row[0] for row in rows} | {row[2] for row in rows})


@settings(max_examples=40)
@given(SEEDS)
def test_inheritance_against_brute_force(seed):
    rows = random_rows(seed, "is_a")
    memory, names = FactMemory.from_triples(rows), names_of(rows)
    expect = functools.partial(expected_answers, rows, form="<{} --> {}>", compose=strong)
    first, *others = names
    agree(checked(memory.ask(f"<{first} --> ?x>?")), expect([(first, other) for other in others]))
    agree(checked(memory.ask(f"<?x --> {first}>?")), expect([(other, first) for other in others]))
    for other in others[:2]:
        agree(checked(memory.ask(f"<{first} --> {other}>?")), expect([(first, other)]))


@settings(max_examples=40)
@given(SEEDS)
def test_similarity_against_brute_force(seed):
    rows = random_rows(seed, "similar_to")
    memory, names = FactMemory.from_triples(rows), names_of(rows)
    expect = functools.partial(expected_answers, rows, form="<{} <-> {}>", compose=alike, symmetric=True)
    first, *others = names
    agree(checked(memory.ask(f"<{first} <-> ?x>?")), expect([(first, other) for other in others]))
    agree(checked(memory.ask(f"<?x <-> {first}>?")), expect([(other, first) for other in others]))
    agree(checked(memory.ask(f"<{others[0]} <-> {first}>?")), expect([(others[0], first)]))


@settings(max_examples=25)
@given(SEEDS)
def test_relations_lead_one_hop(seed):
    rows = random_rows(seed, "r")
    extra = [(b, "s", a, 1.0, 0.5) for a, _, b, *_ in rows[:2]] + [(a, "is_a", b, 1.0, 0.95) for a, _, b, *_ in rows]
    memory, first = FactMemory.from_triples(rows + extra), rows[0][0]
    facts = merged(rows)
    agree(
        checked(memory.ask(f"<(*, {first}, ?x) --> r>?")),
        {f"<(*, {first}, {b}) --> r>": (t, {n[0]}) for a, b, n, t in facts if a == first},
    )
    agree(
        checked(memory.ask(f"<(*, ?x, {first}) --> r>?")),
        {f"<(*, {a}, {first}) --> r>": (t, {n[0]}) for a, b, n, t in facts if b == first},
    )


@settings(max_examples=25)
@given(SEEDS)
def test_a_path_against_brute_force(seed):
    one, two = random_rows(seed, "r"), random_rows(seed + 1, "s")
    memory = FactMemory.from_triples(one + two)
    first = one[0][0]
    by_r, by_s = edges_of(merged(one)), edges_of(merged(two))
    offset = len(one)
    expected: dict = {}
    for middle, r in by_r.get(first, ()):
        for last, s in by_s.get(middle, ()):
            ids = (r.observations[0], offset + s.observations[0])
            seen = frozenset(r.observations) | {offset + n for n in s.observations}
            expected.setdefault(last, []).append((both(r.truth, s.truth), ids, seen))
    answers = memory.ask(f"<{first} --> ?x>?", path=["r", "s"])
    found = {str(answer.end): (truth_of(answer), {fact.id for fact in answer.facts}) for answer in answers}
    checked(answers)
    for last, paths in expected.items():
        total, used, cited = None, set(), set()
        for truth, ids, seen in sorted(paths, key=lambda path: (-path[0][1], -path[0][0], path[1])):
            if used.isdisjoint(seen) and truth[1] > 0:
                total = truth if total is None else together(total, truth)
                used |= seen
                cited |= set(ids)
        assert found[last][0] == pytest.approx((total[0], min(total[1], 0.99)), abs=1e-9)
        assert found[last][1] == cited
    assert found.keys() == expected.keys()


@settings(max_examples=30)
@given(SEEDS)
def test_the_cited_facts_alone_give_the_same_answer(seed):
    rows = random_rows(seed, "is_a")
    memory = FactMemory.from_triples(rows)
    for answer in memory.ask(f"<{rows[0][0]} --> ?x>?"):
        observed = [number for fact in answer.facts for number in sorted(fact.judgement.stamp)]
        (again,) = FactMemory.from_triples([rows[number] for number in sorted(observed)]).ask(f"{answer.term}?")
        assert truth_of(again) == pytest.approx(truth_of(answer), abs=1e-12)
        assert replay(answer.derivation, memory) == answer.derivation.conclusion


@settings(max_examples=20)
@given(SEEDS)
def test_a_batch_answers_as_one_by_one(seed):
    rows = random_rows(seed, "is_a") + random_rows(seed + 1, "r") + random_rows(seed + 2, "similar_to")
    memory = FactMemory.from_triples(rows)
    a, b = rows[0][0], rows[0][2]
    questions = [f"<{a} --> ?x>?", f"<?x --> {b}>?", f"<{a} --> {b}>?", f"<?x <-> {b}>?", f"<(*, {a}, ?x) --> r>?"]
    questions += [f"<{rows[-1][0]} <-> ?x>?"]
    for text, answers in zip(questions, memory.ask_batch(questions), strict=True):
        alone = memory.ask(text)
        assert answers.to_json() == alone.to_json()
        assert answers.trace == alone.trace


# -- by hand


def test_two_paths_that_share_nothing_are_revised():
    rows = [("a", "is_a", "b"), ("b", "is_a", "d"), ("a", "is_a", "c"), ("c", "is_a", "d", 0.5, 0.8)]
    (answer,) = FactMemory.from_triples(rows).ask("<a --> d>?")
    # .81 is w = .81/.19; the other path has f = .5, c = .9 * .8 * .5 = .36, w = .36/.64
    one, other = 0.81 / 0.19, 0.36 / 0.64
    assert truth_of(answer) == pytest.approx(((one + other / 2) / (one + other), (one + other) / (one + other + 1)))
    assert [step.rule for step in answer.derivation.steps] == ["deduction", "deduction", "revision"]
    assert answer.alternative is None
    assert answer.derivation.conclusion.stamp == frozenset(range(4))


def test_paths_that_share_a_fact_are_not_revised():
    rows = [("a", "is_a", "b"), ("b", "is_a", "d"), ("b", "is_a", "c"), ("c", "is_a", "d")]
    answers = FactMemory.from_triples(rows).ask("<a --> d>?")
    (answer,) = answers
    assert truth_of(answer) == pytest.approx((1, 0.81))
    assert [fact.id for fact in answer.facts] == [0, 1]
    assert [fact.id for fact in answer.alternative.facts] == [0, 2, 3]
    assert answer.alternative.conclusion.truth.confidence == pytest.approx(0.729)
    (other,) = answers.to_json()["answers"][0]["alternatives"]
    assert (other["facts"], other["confidence"]) == ([0, 2, 3], pytest.approx(0.729))
    assert "choice" in other["why"]
    edges = answers.graph.edges(data=True)
    assert {(data["fact"], data.get("cited", False)) for *_, data in edges} == {
        (0, True),
        (1, True),
        (2, False),
        (3, False),
    }


def test_a_duplicate_row_in_a_chain():
    rows = [("a", "is_a", "b"), ("b", "is_a", "c"), ("a", "is_a", "b")]
    (answer,) = FactMemory.from_triples(rows).ask("<a --> c>?")
    assert truth_of(answer) == pytest.approx((1, 18 / 19 * 0.9))
    assert answer.derivation.conclusion.stamp == {0, 1, 2}
    assert answer.to_json()["facts"][0]["observations"] == [0, 2]


def test_deduction_is_composed_from_the_source():
    # ((.5,.9) then (1,.8)) : f .5, c .36; then (.6,.9): f .3, c = .3 * .36 * .9
    rows = [("a", "is_a", "b", 0.5, 0.9), ("b", "is_a", "c", 1, 0.8), ("c", "is_a", "d", 0.6, 0.9)]
    (answer,) = FactMemory.from_triples(rows).ask("<a --> d>?")
    assert truth_of(answer) == pytest.approx((0.3, 0.0972))
    assert answer.expectation == pytest.approx(0.0972 * (0.3 - 0.5) + 0.5)


def test_a_path_that_is_worse_halfway_may_win():
    # at c: directly (.2, .9); over b (.8, .57). After (1, .9): .9 * .9 * .2 = .162 against .57024 * .9 * .8 = .41057
    rows = [
        ("a", "is_a", "c", 0.2, 0.9),
        ("a", "is_a", "b", 0.8, 0.9),
        ("b", "is_a", "c", 1, 0.792),
        ("c", "is_a", "d"),
    ]
    (answer,) = FactMemory.from_triples(rows).ask("<a --> d>?")
    assert [fact.id for fact in answer.facts] == [1, 2, 3]
    assert truth_of(answer) == pytest.approx((0.8, 0.57024 * 0.9 * 0.8))


def test_a_fact_that_says_no_is_an_answer_and_leads_nowhere():
    memory = FactMemory.from_triples([("a", "is_a", "b", 0, 0.9), ("b", "is_a", "c")])
    (no,) = memory.ask("<a --> b>?")
    assert truth_of(no) == (0, 0.9)
    assert no.expectation == pytest.approx(0.05)
    nothing = memory.ask("<a --> c>?")
    assert (len(nothing), nothing.verdict) == (0, "no evidence")


def test_a_fact_without_confidence_is_no_evidence():
    answers = FactMemory.from_triples([("a", "is_a", "b", 1, 0)]).ask("<a --> b>?")
    assert (len(answers), answers.verdict) == (0, "no evidence")


def test_cycles_end():
    rows = [("a", "is_a", "b"), ("b", "is_a", "c"), ("c", "is_a", "a"), ("c", "is_a", "d")]
    answers = FactMemory.from_triples(rows).ask("<a --> ?x>?")
    assert [str(answer.end) for answer in answers] == ["b", "c", "d"]
    assert (answers.cut, answers.verdict) == ("", "")


def test_one_relation_is_never_answered_by_another():
    memory = FactMemory.from_triples([("a", "r", "x"), ("a", "s", "y"), ("a", "is_a", "z"), ("a", "similar_to", "w")])
    assert [str(answer.term) for answer in memory.ask("<(*, a, ?x) --> r>?")] == ["<(*, a, x) --> r>"]
    assert [str(answer.term) for answer in memory.ask("<a --> ?x>?")] == ["<a --> z>"]
    assert [str(answer.term) for answer in memory.ask("<a <-> ?x>?")] == ["<a <-> w>"]
    assert memory.ask("<a --> x>?").verdict == memory.ask("<a --> w>?").verdict == "no evidence"


def test_any_relation():
    memory = FactMemory.from_triples([("a", "r", "x", 1, 0.8), ("a", "s", "y"), ("z", "s", "a"), ("a", "is_a", "b")])
    found = checked(memory.ask("<(*, a, ?x) --> ?r>?"))
    assert found == {"<(*, a, x) --> r>": ((1, 0.8), {0}), "<(*, a, y) --> s>": ((1, 0.9), {1})}
    assert [str(answer.term) for answer in memory.ask("<(*, ?x, a) --> ?r>?")] == ["<(*, z, a) --> s>"]


@pytest.mark.parametrize("question", ["<(*, a, ?x) --> ?r>?", "<(*, a, b) --> ?r>?", "<(*, ?x, b) --> ?r>?"])
def test_any_relation_where_two_relate_the_same_pair(question):
    memory = FactMemory.from_triples([("a", "r", "b", 1, 0.8), ("a", "s", "b"), ("a", "is_a", "b", 1, 0.95)])
    found = checked(memory.ask(question))
    assert found == {"<(*, a, b) --> r>": ((1, 0.8), {0}), "<(*, a, b) --> s>": ((1, 0.9), {1})}


@pytest.mark.parametrize("relation", ["likes", "?r"])
def test_a_relation_may_lead_back_to_where_it_started(relation):
    memory = FactMemory.from_triples([("a", "likes", "a", 1, 0.8), ("a", "likes", "b"), ("b", "likes", "a")])
    me, ab, ba = (f"<(*, {pair}) --> likes>" for pair in ("a, a", "a, b", "b, a"))
    assert checked(memory.ask(f"<(*, a, ?x) --> {relation}>?")) == {ab: ((1, 0.9), {1}), me: ((1, 0.8), {0})}
    assert checked(memory.ask(f"<(*, ?x, a) --> {relation}>?")) == {ba: ((1, 0.9), {2}), me: ((1, 0.8), {0})}
    assert checked(memory.ask(f"<(*, a, a) --> {relation}>?")) == {me: ((1, 0.8), {0})}
    assert memory.ask(f"<(*, b, b) --> {relation}>?").verdict == "no evidence"


def test_a_path_leaves_its_witness_open():
    rows = [("ann", "mother", "bea", 1, 0.8), ("bea", "sister", "cid"), ("bea", "is_a", "baker")]
    (answer,) = FactMemory.from_triples(rows).ask("<ann --> ?x>?", path=["mother", "sister"])
    assert str(answer.term) == "(&&, <(*, ann, #1) --> mother>, <(*, #1, cid) --> sister>)"
    assert (truth_of(answer), str(answer.end)) == (pytest.approx((1, 0.72)), "cid")
    (back,) = FactMemory.from_triples(rows).ask("<?x --> baker>?", path=["mother", "isa"])
    assert str(back.term) == "(&&, <(*, ann, #1) --> mother>, <#1 --> baker>)"
    assert truth_of(back) == pytest.approx((1, 0.72))


def test_two_witnesses_are_revised():
    rows = [("a", "r", "b"), ("b", "s", "d"), ("a", "r", "c"), ("c", "s", "d")]
    (answer,) = FactMemory.from_triples(rows).ask("<a --> d>?", path=["r", "s"])
    w = 2 * 0.81 / 0.19
    assert truth_of(answer) == pytest.approx((1, w / (w + 1)))


# -- limits

CHAIN = [(f"t{number}", "is_a", f"t{number + 1}") for number in range(40)]


def test_a_hop_limit_says_that_it_cut():
    memory = FactMemory.from_triples(CHAIN)
    answers = memory.ask("<t0 --> ?x>?", hops=3)
    assert [str(answer.end) for answer in answers] == ["t1", "t2", "t3"]
    assert (answers.cut, answers.verdict) == ("hops", "the search was cut (hops): 3 found so far")
    far = memory.ask("<t0 --> t5>?", hops=4)
    assert (len(far), far.cut, far.verdict) == (0, "hops", "the search was cut (hops): no answer so far")
    assert len(memory.ask("<t0 --> t5>?", hops=5)) == 1
    end = memory.ask("<t37 --> ?x>?", hops=3)
    assert (len(end), end.cut) == (3, "")


def test_by_default_32_hops():
    answers = FactMemory.from_triples(CHAIN).ask("<t0 --> ?x>?")
    assert (len(answers), answers.cut) == (32, "hops")
    assert len(FactMemory.from_triples(CHAIN).ask("<t0 --> ?x>?", hops=40)) == 40


def test_no_answer_rests_on_more_hops_than_allowed():
    rows = [("a", "is_a", "b"), ("b", "is_a", "c"), ("a", "is_a", "c", 0.9, 0.5), ("c", "is_a", "d")]
    (answer,) = FactMemory.from_triples(rows).ask("<a --> d>?", hops=2)
    assert [fact.id for fact in answer.facts] == [2, 3]


def test_a_beam_cut_is_never_no_evidence():
    rows = [("a", "is_a", f"m{number:02}") for number in range(9)] + [("m08", "is_a", "goal")]
    memory = FactMemory.from_triples(rows)
    narrow = memory.ask("<a --> goal>?", beam=2)
    assert (len(narrow), narrow.cut, narrow.verdict) == (0, "beam", "the search was cut (beam): no answer so far")
    wide = memory.ask("<a --> goal>?", beam=9)
    assert (len(wide), wide.cut) == (1, "")
    few = memory.ask("<a --> ?x>?", beam=2)
    assert (len(few), few.cut) == (2, "beam")


def test_top_says_how_many_were_found():
    memory = FactMemory.from_triples(CHAIN[:5])
    answers = memory.ask("<t0 --> ?x>?", top=2)
    assert ([str(answer.end) for answer in answers], answers.found, answers.cut) == (["t1", "t2"], 5, "")
    assert answers.to_json()["found"] == 5


@pytest.mark.parametrize("limit", ["hops", "beam", "top"])
@pytest.mark.parametrize("number", [0, -1])
def test_limits_are_at_least_1(limit, number):
    memory = FactMemory.from_triples(CHAIN[:3])
    with pytest.raises(ArgumentError, match=f"{limit} must be at least 1; got {number}"):
        memory.ask("<t0 --> t1>?", **{limit: number})


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"min_match": 1.5}, "min_match is a cosine and must be in .-1, 1.; got 1.5"),
        ({"min_match": math.nan}, "min_match is a cosine"),
        ({"match_evidence": 0}, "match_evidence must be positive and finite; got 0"),
        ({"match_evidence": math.inf}, "match_evidence must be positive and finite; got inf"),
        ({"path": []}, "path must name at least one relation"),
        ({"path": ["is_a", "is_a"], "hops": 1}, "a path of 2 relations needs as many hops; got hops=1"),
    ],
)
def test_other_options(options, wanted):
    with pytest.raises(ArgumentError, match=wanted):
        FactMemory.from_triples(CHAIN[:3]).ask("<t0 --> t1>?", **options)


def test_unknown_terms_and_relations():
    memory = FactMemory.from_triples([("poodle", "is_a", "dog"), ("dog", "has_part", "paw")])
    with pytest.raises(UnknownTermError, match=r"no fact has the term 'podle'; nearest: poodle"):
        memory.ask("<podle --> dog>?")
    with pytest.raises(UnknownTermError, match=r"no fact has the term 'dogg'; nearest: dog"):
        memory.ask("<poodle --> dogg>?")
    with pytest.raises(UnknownTermError, match=r"no fact has the relation 'has_parts'; nearest: has_part"):
        memory.ask("<(*, dog, ?x) --> has_parts>?")
    with pytest.raises(UnknownTermError, match=r"no fact has the relation 'nope'"):
        memory.ask("<poodle --> ?x>?", path=["is_a", "nope"])
    with pytest.raises(UnknownTermError, match=r"no fact has the term 'a'$"):
        FactMemory().ask("<a --> b>?")


def test_one_bad_question_spoils_the_batch():
    memory = FactMemory.from_triples(CHAIN[:3])
    with pytest.raises(UnknownTermError):
        memory.ask_batch(["<t0 --> ?x>?", "<x9 --> ?x>?"])
    assert memory.ask_batch([]) == []


# -- what is like what


class Toys:
    """One direction a name, but "kitty" is like "cat" (cosine .9) and "beast" like "animal" (.8)."""

    dim = 16

    def encode(self, symbols):
        names = ["cat", "feline", "animal", "dog", "pet", "kitten", "tom"]
        rows = torch.zeros(len(symbols), self.dim)
        for row, symbol in zip(rows, symbols, strict=True):
            like = {"kitty": ("cat", 0.9), "beast": ("animal", 0.8), "hound": ("dog", 0.3)}.get(symbol)
            if like is None:
                row[names.index(symbol) if symbol in names else 14] = 1
            else:
                row[names.index(like[0])], row[15] = like[1], math.sqrt(1 - like[1] ** 2)
        return rows


ZOO = [("cat", "is_a", "feline"), ("feline", "is_a", "animal"), ("cat", "chases", "tom"), ("pet", "similar_to", "cat")]


@pytest.fixture(scope="module")
def zoo():
    return FactMemory.from_triples(ZOO, encoder=Toys())


def near(pair):
    return pytest.approx(pair, abs=1e-6)


def test_an_unknown_source_that_is_like_a_known_one(zoo):
    answers = zoo.ask("<kitty --> animal>?")
    (answer,) = answers
    # analogy of <cat --> feline> (1, .9) and <kitty <-> cat> (.9, .9): (.9, .729); deduction with (1, .9)
    assert truth_of(answer) == near((0.9, 0.729 * 0.9 * 0.9))
    assert str(answer.term) == "<kitty --> animal>"
    assert [step.rule for step in answer.derivation.steps] == ["analogy", "deduction"]
    plain = answers.to_json()["answers"][0]
    check_answer(plain)
    (match,) = plain["matches"]
    assert (match["id"], match["query"], match["key"], match["frequency"], match["confidence"]) == (
        0,
        "kitty",
        "cat",
        near(0.9),
        near(0.9),
    )
    edge = next(data for *_, data in answers.graph.edges(data=True) if data["kind"] == "match")
    assert edge["similarity"] == near(0.9)
    assert answers.graph.nodes["kitty"]["kind"] == "query"
    assert answers.graph.nodes["kitty"]["role"] == "source"


def test_an_unknown_goal_that_is_like_a_known_one(zoo):
    (answer,) = zoo.ask("<cat --> beast>?")
    # deduction (1, .81), then analogy with <animal <-> beast> (.8, .9)
    assert truth_of(answer) == near((0.8, 0.81 * 0.9 * 0.8))
    assert [step.rule for step in answer.derivation.steps] == ["deduction", "analogy"]
    check_answer(answer.to_json())


def test_both_ends_unknown(zoo):
    (answer,) = zoo.ask("<kitty --> beast>?")
    # (.9, .729), (.9, .59049), analogy with (.8, .9)
    assert truth_of(answer) == near((0.72, 0.59049 * 0.9 * 0.8))
    check_answer(answer.to_json())


def test_an_unknown_end_of_an_open_question(zoo):
    assert {str(answer.term): truth_of(answer) for answer in zoo.ask("<?x --> beast>?")} == {
        "<feline --> beast>": near((0.8, 0.9 * 0.9 * 0.8)),
        "<cat --> beast>": near((0.8, 0.81 * 0.9 * 0.8)),
    }


def test_a_relation_and_a_similarity_of_something_unknown(zoo):
    (answer,) = zoo.ask("<(*, kitty, ?x) --> chases>?")
    assert (str(answer.term), truth_of(answer)) == ("<(*, kitty, tom) --> chases>", near((0.9, 0.729)))
    (answer,) = zoo.ask("<kitty <-> pet>?")
    # resemblance: f .9, c = .9 * .9 * (1 + .9 - .9)
    assert truth_of(answer) == near((0.9, 0.81))
    check_answer(answer.to_json())


def test_the_evidence_of_a_match_is_the_caller_s(zoo):
    (answer,) = zoo.ask("<kitty --> feline>?", match_evidence=1)
    assert truth_of(answer) == near((0.9, 0.9 * 0.5 * 0.9))


def test_min_match(zoo):
    with pytest.raises(UnknownTermError, match="'kitty'"):
        zoo.ask("<kitty --> animal>?", min_match=0.95)
    with pytest.raises(UnknownTermError, match="'hound'"):
        zoo.ask("<hound --> animal>?")


def noisy(vector, cosine, seed):
    noise = torch.randn(vector.shape, generator=torch.Generator().manual_seed(seed))
    noise -= (noise @ vector) * vector
    return cosine * vector + math.sqrt(1 - cosine**2) * noise / noise.norm()


@pytest.mark.parametrize("seed", range(3))
def test_a_noisy_query_walks_the_right_chain(seed):
    memory = FactMemory.from_triples(CHAIN[:3])
    vector = 7 * noisy(memory.encoder.encode(["t0"])[0], 0.8, seed)
    answers = memory.ask("<heard --> ?x>?", vectors={"heard": vector})
    # analogy: c = .9 * .9 * .8; each deduction then times .9 * .8
    expected = [(f"<heard --> t{hop}>", near((0.8, 0.648 * 0.72 ** (hop - 1)))) for hop in (1, 2, 3)]
    assert [(str(answer.term), truth_of(answer)) for answer in answers] == expected
    for answer in answers.to_json()["answers"]:
        check_answer(answer)


def test_a_vector_that_is_a_symbol_s_own_is_the_symbol():
    memory = FactMemory.from_triples(CHAIN[:3])
    (answer,) = memory.ask("<me --> t2>?", vectors={"me": 3 * memory.encoder.encode(["t0"])[0]})
    assert (str(answer.term), truth_of(answer)) == ("<t0 --> t2>", pytest.approx((1, 0.81)))


@pytest.mark.parametrize(
    ("vector", "error", "wanted"),
    [
        (torch.full((256,), math.nan), NotFiniteError, "the vector of 't0' must be finite and not 0; its norm is nan"),
        (torch.full((256,), math.inf), NotFiniteError, "the vector of 't0' must be finite and not 0"),
        (torch.zeros(256), NotFiniteError, "its norm is 0.0"),
        (torch.ones(255), ShapeError, r"the vector of 't0' must have shape \(256,\); got \(255,\)"),
        (torch.ones(1, 256), ShapeError, r"got \(1, 256\)"),
    ],
)
def test_a_vector_that_cannot_be_asked_with(vector, error, wanted):
    with pytest.raises(error, match=wanted):
        FactMemory.from_triples(CHAIN[:3]).ask("<t0 --> t1>?", vectors={"t0": vector})


# -- what comes back


def test_the_json_object():
    report = FactMemory.from_triples(CHAIN[:2]).ask("<t0 --> t2>?").to_json()
    assert list(report) == ["question", "cut", "found", "answers", "graph"]
    assert report["question"] == "<t0 --> t2>?"
    (answer,) = report["answers"]
    assert set(answer) == {
        "term",
        "frequency",
        "confidence",
        "expectation",
        "derivation",
        "facts",
        "matches",
        "alternatives",
    }
    assert answer["facts"] == [
        {
            "id": number,
            "source": f"t{number}",
            "relation": "is_a",
            "target": f"t{number + 1}",
            "frequency": 1.0,
            "confidence": 0.9,
            "observations": [number],
        }
        for number in (0, 1)
    ]
    (step,) = answer["derivation"]
    assert sorted(step["premises"]) == ["fact:0", "fact:1"]
    assert step == {
        "rule": "deduction",
        "premises": step["premises"],
        "conclusion": "<t0 --> t2>",
        "frequency": 1.0,
        "confidence": pytest.approx(0.81),
        "stamp": [0, 1],
    }


def test_the_graph():
    graph = FactMemory.from_triples([*CHAIN[:2], ("t0", "is_a", "other")]).ask("<t0 --> t2>?").graph
    assert {name: data["hop"] for name, data in graph.nodes(data=True)} == {"t0": 0, "t1": 1, "other": 1, "t2": 2}
    assert graph.nodes["t0"]["role"] == "source"
    assert graph.nodes["t2"]["role"] == "answer"
    edges = {(source, target): data for source, target, data in graph.edges(data=True)}
    assert edges["t1", "t2"]["w"] == pytest.approx(9)
    assert {name: edges["t1", "t2"][name] for name in ("kind", "fact", "rule", "label", "f", "c", "hop", "cited")} == {
        "kind": "fact",
        "fact": 1,
        "rule": "deduction",
        "label": "is_a",
        "f": 1.0,
        "c": 0.9,
        "hop": 2,
        "cited": True,
    }
    assert not edges["t0", "other"].get("cited", False)
    assert edges["t0", "other"]["share"] == pytest.approx(0.5)
    for attributes in [*(data for _, data in graph.nodes(data=True)), *edges.values()]:
        assert {type(value) for value in attributes.values()} <= {str, int, float, bool}


def test_narsese_out_and_in(tmp_path):
    names = [
        "'hood.n.01",
        "24/7.n.01",
        "Achilles'_heel.n.01",
        "a b",
        'q"q',
        "back\\slash",
        "is_a",
        "-->",
        "<x>",
        "été",
        "?x",
    ]
    rows = [
        (one, relation, other) for relation in ("is_a", "has part", "<->") for one, other in itertools.pairwise(names)
    ]
    memory = FactMemory.from_triples(rows)
    path = tmp_path / "facts.nal"
    path.write_text("".join(f"{line}\n" for line in memory.to_narsese()), encoding="utf-8")
    again = FactMemory.load(path)
    assert [fact.judgement for fact in again] == [fact.judgement for fact in memory]
    assert [fact.id for fact in again] == [fact.id for fact in memory]
    assert {fact.source.name for fact in again} | {fact.target.name for fact in again} == set(names)
