"""A reader trained by gradient: walks, answers, traces and proofs, on families of an oracle and by hand."""

import pytest
import torch
from kinship import walks

from hybridattn.attention import Entmax
from hybridattn.controller import Gated
from hybridattn.errors import ArgumentError
from hybridattn.knowledge import Story, faithfulness, train_runs
from hybridattn.knowledge.encoder import SymbolCodes
from hybridattn.knowledge.vectors import ChainReader, chain_training
from hybridattn.knowledge.vectors.facts import StoryFacts, told
from hybridattn.knowledge.vectors.walking import soft_walk, walk_paths, ways_of
from hybridattn.running import seeded

SAID = ("parent", "sibling")


def facts_of(stories, *, ordered=False):
    tells = [told(story, ordered=ordered) for story in stories]
    beta = torch.nn.Parameter(torch.tensor(8.0))
    return StoryFacts(tells, SymbolCodes(128), SAID, torch.eye(2), separation=Entmax(1.5), beta=beta)


CHAIN = Story.of([("a", "parent", "b"), ("b", "sibling", "c")], "a", "c")
FORK = Story.of(
    [("a", "parent", "b"), ("a", "sibling", "d"), ("b", "sibling", "c"), ("c", "parent", "a"), ("x", "parent", "y")],
    "a",
    "c",
)


def test_a_soft_walk_reads_the_relations_and_where_it_arrives():
    walk = soft_walk(facts_of([CHAIN, Story.of([("a", "sibling", "b")], "a", "b")]), hops=2)
    torch.testing.assert_close(walk.said[0], torch.eye(2), atol=1e-5, rtol=0)
    torch.testing.assert_close(walk.length[0], torch.tensor([0.0, 1.0]), atol=0.25, rtol=0)
    torch.testing.assert_close(walk.length[1], torch.tensor([1.0, 0.0]), atol=1e-5, rtol=0)


def test_a_fork_shares_the_attention_and_stories_do_not_touch():
    walk = soft_walk(facts_of([FORK, CHAIN]), hops=1)
    torch.testing.assert_close(walk.said[0, 0], torch.tensor([0.5, 0.5]), atol=1e-5, rtol=0)
    torch.testing.assert_close(walk.said[1, 0], torch.tensor([1.0, 0.0]), atol=1e-5, rtol=0)


def test_paths_with_a_cycle_and_a_distractor():
    facts = facts_of([CHAIN, FORK])
    traces = walk_paths(facts, hops=5)
    [way] = ways_of(facts, 1, traces[1])
    assert [link.fact.id for link in way.links] == [0, 2]
    assert way.budget == pytest.approx(0.5, abs=1e-5)
    assert len(traces[1].hops) == 2  # what leaves the target is not walked
    assert {link.slot for hop in traces[1].hops for link in hop.links} <= set(range(2, 7))


def test_the_attention_of_a_path_is_the_product_of_its_shares():
    triples = [("a", "parent", "b"), ("a", "parent", "x"), ("b", "sibling", "c"), ("b", "sibling", "y")]
    facts = facts_of([Story.of([*triples, ("b", "sibling", "z")], "a", "c")])
    [way] = ways_of(facts, 0, walk_paths(facts, hops=3)[0])
    assert way.budget == pytest.approx(1 / 6, abs=1e-5)


def test_a_walk_comes_by_a_person_twice_only_in_order():
    story = Story.of([("a", "parent", "b"), ("b", "parent", "a"), ("a", "sibling", "c")], "a", "c")
    for ordered, ids in ((True, [0, 1, 2]), (False, [2])):
        facts = facts_of([story], ordered=ordered)
        [way] = ways_of(facts, 0, walk_paths(facts, hops=3)[0])
        assert [link.fact.id for link in way.links] == ids


@pytest.fixture(scope="module")
def trained():
    stories = [Story.of(facts, facts[0][0], facts[-1][2], relation=last) for facts, last in walks((2, 3), 1500, 1)]
    training = chain_training(stories, epochs=4)
    [run] = train_runs(training, [0])
    reader = training.build(0).module
    run.into(reader)
    return reader, run


def stories_of(length, count, seed):
    return [
        Story.of(facts[::-1], facts[0][0], facts[-1][2], relation=last) for facts, last in walks((length,), count, seed)
    ]


def test_longer_chains_than_any_it_was_trained_on(trained):
    reader, run = trained
    assert run.figures["held_accuracy"] > 0.95
    stories = stories_of(6, 40, 2)
    answers = reader.answer(stories)
    assert sum(answer.relation == answer.story.relation for answer in answers) >= 38
    measured = faithfulness(reader, answers, generator=torch.Generator().manual_seed(0))
    assert measured.answered == sum(answer.derivation is not None for answer in answers)
    assert (measured.replay, measured.sufficiency, measured.comprehensiveness) == (1.0, 1.0, 1.0)


def test_an_answer_keeps_its_graphs_whose_leaves_are_facts_of_the_story(trained):
    reader, _ = trained
    [story] = stories_of(4, 1, 3)
    [answer] = reader.answer([story.with_facts([*story.facts, *Story.of([("x", "son", "y")], "x", "y").facts[:0]])])
    assert answer.cited == {fact.id for fact in story.facts}
    graph = answer.graph
    facts = {node for node, data in graph.nodes(data=True) if data["kind"] == "fact" and graph.in_degree(node) == 0}
    assert {f"fact:{fact.id}" for fact in story.facts} <= facts
    assert all(int(node.removeprefix("fact:")) < 0 for node in facts - {f"fact:{fact.id}" for fact in story.facts})
    hops = answer.drawn()
    assert {data["fact"] for *_, data in hops.edges(data=True)} == answer.cited
    assert all(data["cited"] for *_, data in hops.edges(data=True))
    assert [len(hop.links) for hop in answer.trace.hops] == [1] * 4
    assert answer.shares[0][0] == answer.relation
    assert answer.shares[0][1] > 0.5


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ([], "the story has no facts"),
        ([("a", "son", "b"), ("c", "son", "d")], "no path leads from a to d"),
        ([("a", "son", "b"), ("b", "cousin", "d")], "no rule knows the relation cousin"),
        ([("a", "husband", "b"), ("b", "husband", "d")], "no rules compose the facts from a to d"),
    ],
)
def test_no_evidence(trained, facts, why):
    [answer] = trained[0].answer([Story.of(facts, "a", "d")])
    assert (answer.relation, answer.derivation, answer.reason) == (None, None, why)


def test_contradictory_facts_share_the_attention(trained):
    story = Story.of([("a", "son", "b"), ("a", "daughter", "b"), ("b", "brother", "c")], "a", "c")
    [answer] = trained[0].answer([story])
    assert answer.relation == "son"
    assert len(answer.cited) == 2
    assert answer.trace.hops[0].links[0].share == pytest.approx(0.5, abs=1e-5)


def test_batches_answer_as_single_stories_do(trained):
    stories = [*stories_of(3, 70, 5), *stories_of(5, 3, 6)]
    together = trained[0].answer(stories)
    for place in (0, 69, 72):
        [alone] = trained[0].answer([stories[place]])
        assert (alone.relation, alone.cited) == (together[place].relation, together[place].cited)
        assert alone.trace.hops[0].links[0].slot == together[place].trace.hops[0].links[0].slot


def test_the_same_seed_gives_the_same_reader():
    stories = stories_of(2, 30, 1)
    one, other = (chain_training(stories, epochs=1).build(seed).module for seed in (0, 0))
    assert (one(stories) == other(stories)).all()
    assert one(stories).shape == (30, len(one.rules.relations))


def test_training_is_described_by_what_it_learns_from():
    stories = stories_of(2, 30, 1)
    one, other = chain_training(stories), chain_training(stories[1:])
    assert one.described() != other.described()
    assert one.described() == chain_training(stories).described()
    with pytest.raises(ArgumentError, match="at least two with facts and an answer; got 1"):
        chain_training(stories[:1])


def test_a_gate_learns_to_move_on():
    """With the gate half open a walk stays half where it was; the loss of the answers alone opens it."""
    stories = stories_of(2, 60, 1)
    names = sorted({fact.relation for story in stories for fact in story.facts} | {s.relation for s in stories})
    generator = seeded(0, "gate")
    reader = ChainReader(names, generator=generator, link=Gated(64, generator=generator), code=64)
    wanted = torch.tensor([names.index(story.relation) for story in stories])
    optimizer = torch.optim.Adam(reader.parameters(), lr=0.02)
    losses = []
    for _ in range(30):
        optimizer.zero_grad()
        loss = -reader(stories).gather(1, wanted[:, None]).clamp_min(1e-9).log().mean()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.3 * losses[0]
    assert reader.link.bias.mean() > 0
