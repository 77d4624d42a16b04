"""A trace of a batch falls apart into one trace a question, and nothing is lost or crossed over."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridattn.trace import Hop, Link, Trace


def link(question: int, parent: int, slot: int) -> Link:
    return Link(question, parent, slot, share=0.5, similarity=1.0)


TWO_QUESTIONS = Trace(
    hops=(
        Hop(0, (link(1, -1, 10), link(0, -1, 11), link(1, -1, 12))),
        Hop(2, (link(0, 1, 20), link(1, 2, 21), link(1, 0, 22))),
        Hop(0, (link(1, 1, 30), link(1, 2, 31), link(1, -1, 32))),
    ),
    cut=("", "beam"),
)


@st.composite
def traces(draw: st.DrawFn) -> Trace:
    """Draw batches whose links follow the links of the hop before; every slot id is used once."""
    batch = draw(st.integers(0, 4))
    hops: list[Hop] = []
    before: list[tuple[int, int]] = [(-1, question) for question in range(batch)]
    slot = 0
    for level in draw(st.lists(st.integers(0, 2), max_size=4)):
        places = draw(st.lists(st.sampled_from(before), max_size=6)) if before else []
        links = [link(question, parent, slot + i) for i, (parent, question) in enumerate(places)]
        slot += len(links)
        hops.append(Hop(level, tuple(links)))
        before = [(i, found.question) for i, found in enumerate(links)]
    return Trace(tuple(hops), tuple(draw(st.sampled_from(["", "beam", "hops"])) for _ in range(batch)))


def paths(trace: Trace) -> Iterator[tuple[int, str, tuple[tuple[int, int], ...]]]:
    """Write every link out as its question, the question's cut, and the (level, slot) of all links that led to it."""
    before: list[tuple[tuple[int, int], ...]] = []
    for hop in trace.hops:
        now = [(*(before[each.parent] if each.parent >= 0 else ()), (hop.level, each.slot)) for each in hop.links]
        yield from ((each.question, trace.cut[each.question], path) for each, path in zip(hop.links, now, strict=True))
        before = now


def test_split_by_hand() -> None:
    assert TWO_QUESTIONS.split() == (
        Trace((Hop(0, (link(0, -1, 11),)), Hop(2, (link(0, 0, 20),))), ("",)),
        Trace(
            (
                Hop(0, (link(0, -1, 10), link(0, -1, 12))),
                Hop(2, (link(0, 1, 21), link(0, 0, 22))),
                Hop(0, (link(0, 0, 30), link(0, 1, 31), link(0, -1, 32))),
            ),
            ("beam",),
        ),
    )


@given(traces())
def test_split_keeps_every_path(trace: Trace) -> None:
    apart = [(row, cut, path) for row, each in enumerate(trace.split()) for _, cut, path in paths(each)]
    assert sorted(apart) == sorted(paths(trace))


@given(traces())
def test_split_gives_one_trace_a_question(trace: Trace) -> None:
    apart = trace.split()
    assert [each.cut for each in apart] == [(cut,) for cut in trace.cut]
    assert all(found.question == 0 for each in apart for _, found in each.links())
    assert all(hop.links for each in apart for hop in each.hops)
    assert all(each.split() == (each,) for each in apart)


def test_split_of_nothing() -> None:
    assert Trace((), ()).split() == ()
    assert Trace((), ("hops", "")).split() == (Trace((), ("hops",)), Trace((), ("",)))


def test_links_count_the_hops_from_one() -> None:
    assert [(number, found.slot) for number, found in TWO_QUESTIONS.links()] == [
        (1, 10),
        (1, 11),
        (1, 12),
        (2, 20),
        (2, 21),
        (2, 22),
        (3, 30),
        (3, 31),
        (3, 32),
    ]


def test_a_trace_is_a_value() -> None:
    assert hash(TWO_QUESTIONS) == hash(Trace(TWO_QUESTIONS.hops, TWO_QUESTIONS.cut))
    with pytest.raises(AttributeError):
        TWO_QUESTIONS.cut = ()  # type: ignore[misc]
