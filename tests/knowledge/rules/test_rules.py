"""Rules counted, completed, forgotten, printed, trained: against hand counts and against a family tree."""

import copy
import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from kinship import RELATIONS, walks

from hybridattn.errors import ArgumentError, NarseseError, ShapeError
from hybridattn.knowledge import Composer, RuleMemory, SoftRules, Story, implication, read_rules, rule_text, soft_chart
from hybridattn.knowledge.rules.chart import chart
from hybridattn.knowledge.rules.evidence import rule_table
from hybridattn.knowledge.rules.soft import expected_counts
from hybridattn.reasoning import parse_sentence

AB = ["a", "b", "c"]


def names(facts):
    return [relation for _, relation, _ in facts]


@pytest.fixture(scope="module")
def world():
    return [(names(facts), last) for facts, last in walks((2, 3), 600, 1)]


def test_each_example_counts_for_its_conclusion_and_against_the_others():
    rules = RuleMemory(AB)
    rules.learn([(("a", "b"), "c")] * 3 + [(("a", "b"), "a")])
    assert rules.truth("a", "b", "c") == (0.75, 0.8)
    assert rules.truth("a", "b", "a") == (0.25, 0.8)
    assert rules.truth("a", "b", "b") == (0.0, 0.8)
    assert rules.truth("b", "a", "c") == (0.5, 0.0)


@given(st.lists(st.tuples(*[st.sampled_from(AB)] * 3), max_size=12))
def test_examples_in_any_batches_count_the_same(triples):
    examples = [((one, two), three) for one, two, three in triples]
    together, apart = RuleMemory(AB), RuleMemory(AB)
    together.learn(examples)
    for example in examples:
        apart.learn([example])
    for mine, theirs in zip(together.evidence(), apart.evidence(), strict=True):
        torch.testing.assert_close(mine, theirs)


@given(st.lists(st.tuples(*[st.sampled_from(AB)] * 3), min_size=1, max_size=6), st.floats(0.3, 1))
def test_what_is_forgotten_is_a_geometric_series(triples, decay):
    rules = RuleMemory(AB, decay=decay)
    rules.learn([((one, two), three) for one, two, three in triples[:3]])
    rules.learn([((one, two), three) for one, two, three in triples[3:]])
    left = [decay ** (len(triples) - 1 - place) for place in range(len(triples))]
    assert float(rules.evidence().pairs.sum()) == pytest.approx(sum(left))
    assert float(rules.evidence().composed.sum()) == pytest.approx(sum(left))


def test_a_longer_example_completes_what_one_bracketing_leaves_open():
    """(a b) c by hand: P(b | a, b) = (9 + 1/3)/10; every other probability is 1/3 at first."""
    rules = RuleMemory(AB)
    rules.learn([(("a", "b"), "b")] * 9)
    rules.learn([(("a", "b", "c"), "a")], rounds=1)
    left = {"a": 1 / 30, "b": 28 / 30, "c": 1 / 30}
    likely = {m: p / 3 for m, p in left.items()}  # a b -> m, then m c -> a
    other = {m: 1 / 3 * (left["a"] if m == "b" else 1 / 3) for m in AB}  # b c -> m, then a m -> a
    total = sum(likely.values()) + sum(other.values())
    counts = rules.evidence().composed
    assert float(counts[1, 2, 0]) == pytest.approx((likely["b"] + other["a"]) / total)
    assert float(counts[0, 1, 1]) == pytest.approx(9 + likely["b"] / total)
    assert float(counts.sum()) == pytest.approx(9 + 2)


@settings(max_examples=20)
@given(st.integers(2, 5), st.integers(0, 10_000))
def test_expected_counts_are_those_of_all_bracketings_listed(length, seed):
    generator = torch.Generator().manual_seed(seed)
    rules = torch.rand(3, 3, 3, dtype=torch.float64, generator=generator)
    rules = rules / rules.sum(-1, keepdim=True)
    path = torch.randint(3, (length,), generator=generator).tolist()

    def trees(start, end):
        """Every bracketing with every inner relation: (weight, root, rules used)."""
        if end - start == 1:
            return [(1.0, path[start], ())]
        return [
            (w1 * w2 * float(rules[r1, r2, r3]) / (end - start - 1), r3, (*u1, *u2, (r1, r2, r3)))
            for middle in range(start + 1, end)
            for (w1, r1, u1), (w2, r2, u2) in itertools.product(trees(start, middle), trees(middle, end))
            for r3 in range(3)
        ]

    found = trees(0, length)
    roots = [sum(weight for weight, root, _ in found if root == r) for r in range(3)]
    leaves = torch.nn.functional.one_hot(torch.tensor([path]), 3).double()
    torch.testing.assert_close(soft_chart(leaves, rules)[0], torch.tensor(roots, dtype=torch.float64))
    wanted = torch.zeros(3, 3, 3, dtype=torch.float64)
    for weight, root, used in found:
        for rule in used if root == 1 else ():
            wanted[rule] += 2 * weight / roots[1]
    got = expected_counts(torch.tensor([path]), torch.tensor([1]), torch.tensor([2.0]).double(), rules)
    torch.testing.assert_close(got, wanted)


def test_sure_split_points_are_attended_to():
    rules = torch.full((3, 3, 3), 1 / 3, dtype=torch.float64)
    rules[0, 1] = rules[2, 2] = torch.tensor([0.0, 0.0, 1.0])  # (a b) c is sure: c c -> c; a (b c) is not
    leaves = torch.eye(3, dtype=torch.float64)[None]
    even, sure = (float(soft_chart(leaves, rules, beta=beta)[0, 2]) for beta in (0.0, 20.0))
    assert even == pytest.approx((1 + 1 / 3 * (1 / 3 + 1 + 1 / 3)) / 2)
    assert sure > 0.99


@settings(max_examples=25)
@given(st.integers(1, 5), st.integers(0, 10_000))
def test_the_chart_is_the_surest_of_all_ways(length, seed):
    """With f = 1 everywhere c is a product, so that the surest way can be found by listing them all."""
    generator = torch.Generator().manual_seed(seed)
    pairs = torch.rand(3, 3, generator=generator).double()
    ends = torch.randint(3, (3, 3), generator=generator)
    rules = RuleMemory(AB)
    for one, two in itertools.product(range(3), repeat=2):
        rules.add(
            [AB[one], AB[two]], {AB[ends[one, two]]: 9 * float(pairs[one, two])}, total=9 * float(pairs[one, two])
        )
    path = torch.randint(3, (length,), generator=generator).tolist()
    sure = pairs * 9 / (pairs * 9 + 1) * (pairs * 9 > 0.5)

    def ways(start, end):
        if end - start == 1:
            return [(0.9, path[start])]
        return [
            (float(sure[r1, r2]) * c1 * c2, int(ends[r1, r2]))
            for middle in range(start + 1, end)
            for (c1, r1), (c2, r2) in itertools.product(ways(start, middle), ways(middle, end))
        ]

    best = [max((c for c, root in ways(0, length) if root == r), default=0.0) for r in range(3)]
    leaves = torch.nn.functional.one_hot(torch.tensor([path]), 3).double()
    made = chart(leaves, 0.9 * leaves, rule_table(rules))
    torch.testing.assert_close(made.confidence[0], torch.tensor(best, dtype=torch.float64))


def test_a_family_is_learnt_from_two_and_three_hops(world):
    rules = RuleMemory(RELATIONS)
    rules.learn(world)
    for length in (4, 6):
        asked = walks((length,), 60, 100 + length)
        stories = [Story.of(facts, facts[0][0], facts[-1][2]) for facts, _ in asked]
        found = [answer.relation for answer in Composer(rules).answer(stories)]
        assert found == [last for _, last in asked]


def test_left_to_right_alone_would_not_do(world):
    """The chart is needed: some stories have no answer when they are composed from the left."""
    rules = RuleMemory(RELATIONS)
    rules.learn([example for example in world if len(example[0]) == 2])
    composed = rules.evidence().composed
    asked = walks((5,), 60, 7)
    stories = [Story.of(facts, facts[0][0], facts[-1][2]) for facts, _ in asked]
    by_chart = sum(
        answer.relation == last for answer, (_, last) in zip(Composer(rules).answer(stories), asked, strict=True)
    )
    by_left = 0
    for facts, last in asked:
        here, *rest = (RELATIONS.index(name) for name in names(facts))
        for step in rest:
            here = int(composed[here, step].argmax()) if composed[here, step].sum() else -1
            if here < 0:
                break
        by_left += here >= 0 and RELATIONS[here] == last
    assert by_chart > by_left


def test_the_twin_learns_the_same_family(world):
    twin = SoftRules(RELATIONS, generator=torch.Generator().manual_seed(0))
    losses = twin.fit(world, steps=60, rate=0.3)
    assert losses[-1] < 0.1 * losses[0]
    asked = walks((4,), 60, 104)
    stories = [Story.of(facts, facts[0][0], facts[-1][2]) for facts, _ in asked]
    found = [answer.relation for answer in Composer(twin).answer(stories)]
    assert sum(one == last for one, (_, last) in zip(found, asked, strict=True)) >= 57
    soft = twin(torch.tensor([[RELATIONS.index(name) for name in names(facts)] for facts, _ in asked]))
    torch.testing.assert_close(soft.sum(-1), torch.ones(60, dtype=torch.float64))
    assert sum(RELATIONS[best] == last for best, (_, last) in zip(soft.argmax(-1).tolist(), asked, strict=True)) >= 57


def test_counted_rules_serve_as_a_twin_and_the_twin_as_rules():
    rules = RuleMemory(AB)
    rules.learn([(("a", "b"), "c")] * 4)
    rules.learn_inverses([("a", "b")] * 2)
    twin = SoftRules.of(rules)
    torch.testing.assert_close(twin.probabilities(), rules.probabilities())
    assert float(twin.evidence().composed[0, 1, 2]) == pytest.approx(4 * (4 + 1 / 3) / 5)
    assert rule_text(twin)[0].startswith("<<(*, $1, $3) --> a> ==> <(*, $3, $1) --> b>>.")
    twin(torch.tensor([[0, 1, 2]]))[0, 0].backward()
    assert float(twin.logits.grad.abs().sum()) > 0


def test_narsese_reads_back(world):
    rules = RuleMemory(RELATIONS)
    rules.learn(world[:40])
    rules.learn_inverses([("husband", "wife")] * 3 + [("brother", "sister"), ("brother", "brother")])
    text = rule_text(rules)
    again = read_rules(text)
    kept = {line.partition(". %")[0] for line in text}
    assert {line.partition(". %")[0] for line in rule_text(again)} == kept
    for line, same in zip(sorted(text), sorted(rule_text(again)), strict=True):
        one, other = (parse_sentence(each).truth for each in (line, same))
        assert one.frequency == pytest.approx(other.frequency, abs=2e-8)
        assert one.confidence == pytest.approx(other.confidence, abs=2e-8)


def test_rules_read_as_a_person_would_write_them():
    rules = RuleMemory(["daughter", "sister"])
    rules.learn([(("daughter", "sister"), "daughter")] * 9)
    [line] = rule_text(rules)
    assert (
        line
        == "<(&&, <(*, $1, #2) --> daughter>, <(*, #2, $3) --> sister>) ==> <(*, $1, $3) --> daughter>>. %1.00;0.90%"
    )
    other = line.replace("$1", "$x").replace("#2", "$y").replace("$3", "$z")
    assert rule_text(read_rules(["// learnt", other])) == [line]


@pytest.mark.parametrize(
    "line",
    [
        "<a --> b>.",
        "<(&&, <(*, $1, #2) --> r>, <(*, #2, $3) --> s>) ==> <(*, $3, $1) --> t>>.",
        "<(&&, <(*, $1, #2) --> r>, <(*, #4, $3) --> s>) ==> <(*, $1, $3) --> t>>.",
        "<<(*, $1, $2) --> r> ==> <(*, $1, $4) --> s>>.",
        "<<(*, $1, $2) --> r> ==> <(*, $1, $1) --> s>>.",
        "<<(*, $1, $1) --> r> ==> <(*, $1, $1) --> s>>.",
        "<<(*, a, $2) --> r> ==> <(*, $2, a) --> s>>.",
        "<<(*, $1, $2) --> r> ==> <(*, $2, $1) --> s>>?",
    ],
)
def test_what_is_no_rule_is_refused(line):
    with pytest.raises(ArgumentError, match=r"^rules\.nal:1: expected a rule such as"):
        read_rules([line], source="rules.nal")


def test_bad_input_says_what_was_wanted():
    rules = RuleMemory(AB)
    with pytest.raises(ArgumentError, match="relation must be one of a, b, c; got 'd'"):
        rules.learn([(("a", "b"), "c"), (("a", "d"), "c")])
    assert float(rules.evidence().pairs.sum()) == 0
    with pytest.raises(ArgumentError, match=r"at least two relations; got \['a'\]"):
        rules.learn([(("a",), "c")])
    with pytest.raises(ArgumentError, match="rounds must be at least 1; got 0"):
        rules.learn([], rounds=0)
    with pytest.raises(ArgumentError, match="'a' twice"):
        RuleMemory(["a", "a"])
    with pytest.raises(ArgumentError, match="at least one name"):
        RuleMemory([])
    with pytest.raises(ArgumentError, match=r"decay must be in \(0, 1\]; got 0"):
        RuleMemory(AB, decay=0)
    with pytest.raises(ArgumentError, match=r"sum to w = 1; got c 2"):
        rules.add(["a", "b"], {"c": 2}, total=1)
    with pytest.raises(ArgumentError, match="one or two relations; got 3"):
        implication(("a", "b", "c"), "a")
    with pytest.raises(ArgumentError, match="beta must be at least 0"):
        SoftRules(AB, beta=-1)
    with pytest.raises(ArgumentError, match="fit needs examples"):
        SoftRules(AB).fit([])
    with pytest.raises(ShapeError, match=r"leaves must have shape"):
        soft_chart(torch.ones(3, 3), torch.ones(3, 3, 3))
    with pytest.raises(NarseseError, match=r"rules\.nal:1"):
        read_rules(["<a -->"], source="rules.nal")
    with pytest.raises(ArgumentError, match="holds no rules"):
        read_rules([])


def test_state_is_kept_and_copied():
    rules = RuleMemory(AB, decay=0.5)
    rules.learn([(("a", "b"), "c")] * 3)
    again = RuleMemory(**rules.arguments())
    again.load_state_dict(rules.state_dict())
    for one in (again, copy.deepcopy(rules)):
        assert one.truth("a", "b", "c") == rules.truth("a", "b", "c")
