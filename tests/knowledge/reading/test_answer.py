"""Answers, their graphs, what they cite, and answers computed again from a graph."""

from dataclasses import replace

import pytest
import torch
from toys_of_reading import Toy, alone, one_fact

from hybridattn.errors import ArgumentError
from hybridattn.knowledge.reading import (
    ReaderParts,
    ReadingAnswer,
    StoryReader,
    StoryTensors,
    Vocabulary,
    layer_wise,
    read_stories,
    replays_reading,
)
from hybridattn.knowledge.reading.sharing import carried
from hybridattn.trace import Hop, Link, Trace

TOYS = [Toy((), "Where is Ann?", "hall"), *one_fact(300, 0)]
READER = StoryReader(
    Vocabulary.of(TOYS), generator=torch.Generator().manual_seed(5), parts=ReaderParts(dim=8, scale=0.8)
)
ANSWERS = read_stories(READER, TOYS)


def answer(*hops):
    """An answer whose hops have these shares, by place in the story."""
    links = [tuple(Link(0, -1, slot, share, 0.0) for slot, share in hop.items()) for hop in hops]
    trace = Trace(tuple(Hop(number, hop) for number, hop in enumerate(links)), ("",))
    return ReadingAnswer(Toy(("Ann sat.", "Bob ran.", "Ann sat."), "Who?", "Ann"), "Ann", 0.9, trace)


def test_the_graph_says_which_sentences_were_read_in_which_hop_with_which_share():
    graph = answer({0: 0.75, 2: 0.25}, {1: 0.4, 2: 0.6}).graph
    edges = {(a, b): (data["hop"], data["share"], data.get("cited", False)) for a, b, data in graph.edges(data=True)}
    assert edges == {
        ("Who?", "1: Ann sat."): (1, 0.75, True),
        ("Who?", "3: Ann sat."): (1, 0.25, False),
        ("Who? after hop 1", "2: Bob ran."): (2, 0.4, False),
        ("Who? after hop 1", "3: Ann sat."): (2, 0.6, True),
    }
    assert graph.nodes["1: Ann sat."]["kind"] == "pattern"


@pytest.mark.parametrize(
    ("hops", "support"),
    [
        (({0: 0.75, 2: 0.25}, {1: 0.4, 2: 0.6}), (0, 2)),
        (({2: 0.5, 1: 0.5},), (1, 2)),
        (({0: 0.49, 1: 0.3, 2: 0.21},), ()),
        (({1: 1.0}, {1: 1.0}), (1,)),
    ],
)
def test_a_hop_rests_on_what_has_half_of_its_attention(hops, support):
    assert answer(*hops).support == support


def test_answers_are_those_of_the_reader():
    batch = StoryTensors(TOYS, READER.vocabulary).batch(torch.tensor([3]))
    reading = READER(batch, trace=True)
    found = ANSWERS[3]
    assert found.answer == READER.vocabulary.labels[int(reading.logits[0].argmax())]
    assert found.probability == pytest.approx(reading.logits[0].softmax(-1).max().item())
    told = len(TOYS[3].sentences)
    assert [(hop, told - 1 - link.slot, link.share) for hop, link in found.trace.links()] == [
        (hop, link.slot, pytest.approx(link.share, abs=1e-6)) for hop, link in reading.trace.links()
    ]


def test_every_hop_reads_the_whole_story():
    for one in ANSWERS[1:]:
        for number in range(1, 4):
            shares = {link.slot: link.share for hop, link in one.trace.links() if hop == number}
            assert sorted(shares) == list(range(len(one.asked.sentences)))
            assert sum(shares.values()) == pytest.approx(1, abs=1e-5)


def test_no_sentence_is_no_evidence():
    assert (ANSWERS[0].answer, ANSWERS[0].probability, ANSWERS[0].support) == (None, 0.0, ())
    assert len(ANSWERS[0].graph) == 0
    [none] = read_stories(READER, [TOYS[1]], kept=[[]])
    assert none.answer is None


def test_what_may_not_be_read_leaves_a_gap():
    toy = Toy(("Ann went to the hall.", "Bob went to the cave.", "Cid went to the yard."), "Where is Ann?", "hall")
    [found] = read_stories(READER, [toy], kept=[[0, 2]])
    assert {link.slot for _, link in found.trace.links()} == {0, 2}
    [whole] = read_stories(READER, [toy])
    first = {link.slot: link.share for hop, link in whole.trace.links() if hop == 1}
    kept = {link.slot: link.share for hop, link in found.trace.links() if hop == 1}
    assert kept[0] / kept[2] == pytest.approx(first[0] / first[2], rel=1e-4)
    assert alone(READER, toy)[1][0][2].item() == pytest.approx(first[0], abs=1e-5)


def test_only_the_latest_are_read_where_there_are_more():
    toy = Toy(tuple(f"{who} went to the hall." for who in ("Ann", "Bob", "Cid")), "Where is Ann?", "hall")
    [found] = read_stories(READER, [toy], recent=2)
    assert {link.slot for _, link in found.trace.links()} == {1, 2}
    [kept] = read_stories(READER, [toy], recent=2, kept=[[0, 1]])
    assert {link.slot for _, link in kept.trace.links()} == {1}
    assert replays_reading(READER, [found, kept]) == [True, True]


def test_kept_is_one_a_question():
    with pytest.raises(ArgumentError, match="kept must be one for each question, 2; got 1"):
        read_stories(READER, TOYS[:2], kept=[[0]])


def test_many_questions_are_answered_as_one():
    assert len(ANSWERS) == 301
    for one in (1, 256, 257, 300):
        [alone] = read_stories(READER, [TOYS[one]])
        assert alone.answer == ANSWERS[one].answer
        assert alone.probability == pytest.approx(ANSWERS[one].probability, abs=1e-5)


@pytest.mark.parametrize("parts", [{}, {"sharing": layer_wise, "link": carried}])
def test_a_graph_gives_its_answer_again(parts):
    reader = StoryReader(
        READER.vocabulary, generator=torch.Generator().manual_seed(1), parts=ReaderParts(dim=8, **parts)
    )
    assert replays_reading(reader, read_stories(reader, TOYS)) == [True] * len(TOYS)


def test_a_graph_that_was_changed_does_not_give_the_answer():
    one = next(found for found in ANSWERS if len(found.asked.sentences) > 3)
    hop = one.trace.hops[0]
    first, second, *rest = hop.links
    swapped = (first._replace(share=second.share), second._replace(share=first.share), *rest)
    changed = replace(one, trace=Trace((Hop(hop.level, swapped), *one.trace.hops[1:]), ("",)))
    assert replays_reading(READER, [one, changed]) == [True, False]
    assert replays_reading(READER, [replace(one, answer="other")]) == [False]
    assert replays_reading(READER, [replace(ANSWERS[0], answer="hall")]) == [False]
    assert replays_reading(READER, []) == []
