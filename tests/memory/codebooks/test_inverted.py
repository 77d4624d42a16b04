"""The slots that an inverted index lists are those that a loop over all slots finds."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from hybridattn.memory.codebooks.inverted import InvertedIndex

ENTITIES, CUES, ANY = 4, 3, -1
slots = st.lists(st.tuples(st.integers(0, ENTITIES - 1), st.integers(0, CUES - 1)), max_size=12)
questions = st.lists(st.tuples(st.integers(0, ENTITIES - 1), st.integers(ANY, CUES - 1)), min_size=1, max_size=6)
Pairs = list[tuple[int, int]]


def index_of(stored: Pairs) -> InvertedIndex:
    entity, cue = torch.tensor(stored, dtype=torch.int64).reshape(-1, 2).unbind(-1)
    return InvertedIndex(entity, cue, cues=CUES)


def columns(asked: Pairs) -> tuple[torch.Tensor, torch.Tensor]:
    entity, cue = torch.tensor(asked, dtype=torch.int64).reshape(-1, 2).unbind(-1)
    return entity, cue


def matching(stored: Pairs, entity: int, cue: int) -> list[int]:
    return [slot for slot, pair in enumerate(stored) if pair[0] == entity and cue in (ANY, pair[1])]


@given(slots, questions)
def test_members_are_the_matching_slots(stored: Pairs, asked: Pairs) -> None:
    index = index_of(stored)
    start, length = index.ranges(*columns(asked))
    members, begin = index.members(start, length)
    expected = [matching(stored, *pair) for pair in asked]
    assert length.tolist() == [len(found) for found in expected]
    ends = (begin + length).tolist()
    listed = [members[low:high].tolist() for low, high in zip(begin.tolist(), ends, strict=True)]
    assert [sorted(found) for found in listed] == expected
    assert len(members) == sum(map(len, expected))
    assert listed == [sorted(found) for found in listed], "slots come in slot order"


@given(slots, questions, st.integers(1, 14))
def test_first_are_the_first_members_then_nothing(stored: Pairs, asked: Pairs, top: int) -> None:
    index = index_of(stored)
    start, length = index.ranges(*columns(asked))
    first = index.first(start, length, top=top).tolist()
    for row, (entity, cue) in zip(first, asked, strict=True):
        expected = matching(stored, entity, cue)
        kept = min(top, len(expected))
        assert row[kept:] == [-1] * (top - kept)
        assert row[:kept] == expected[:kept]


def test_by_hand() -> None:
    index = index_of([(1, 2), (0, 0), (1, 0), (1, 2), (3, 1)])
    start, length = index.ranges(*columns([(1, 2), (1, ANY), (2, 0), (2, ANY), (0, 2)]))
    assert length.tolist() == [2, 3, 0, 0, 0]
    assert index.first(start, length, top=3).tolist() == [[0, 3, -1], [0, 2, 3], [-1] * 3, [-1] * 3, [-1] * 3]
    members, begin = index.members(start, length)
    assert members.tolist() == [0, 3, 0, 2, 3]
    assert begin.tolist() == [0, 2, 5, 5, 5]


def test_a_wildcard_stops_at_its_own_entity() -> None:
    index = index_of([(0, CUES - 1), (1, 0), (1, CUES - 1), (2, 0)])
    start, length = index.ranges(*columns([(1, ANY)]))
    assert index.members(start, length)[0].tolist() == [1, 2]


def test_no_slots_and_no_questions() -> None:
    start, length = index_of([]).ranges(*columns([(0, 0), (1, ANY)]))
    assert length.tolist() == [0, 0]
    assert index_of([]).first(start, length, top=2).tolist() == [[-1, -1], [-1, -1]]
    start, length = index_of([(0, 0)]).ranges(*columns([]))
    assert index_of([(0, 0)]).first(start, length, top=2).shape == (0, 2)
