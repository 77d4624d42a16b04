"""Small graphs, and the slow and obvious way to fire a rule."""

from collections.abc import Iterator

from hypothesis import strategies as st

from hybridattn.knowledge.links import TripleGraph
from hybridattn.knowledge.links.walks import Body

Edge = tuple[int, int, int]

TRIPLES = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from("rst"), st.sampled_from("abcdef")), min_size=1, max_size=14
)


def edges(graph: TripleGraph) -> set[Edge]:
    m = len(graph.relations)
    forward = {(int(h), int(r), int(t)) for h, r, t in graph.triples}
    return forward | {(t, r + m, h) for h, r, t in forward}


def paths(graph: TripleGraph, start: int, body: Body) -> Iterator[tuple[int, ...]]:
    """Yield each path whose entities differ, but that it may end where it began, by another triple."""
    every = edges(graph)

    def onward(path: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        if len(path) > len(body):
            yield path
            return
        for tail, relation, head in sorted(every):
            last = len(path) == len(body)
            same = len(body) == 2 and relation == graph.inverse(body[0])
            returns = head == start and last and len(body) > 1 and not same
            if tail == path[-1] and relation == body[len(path) - 1] and (head not in path or returns):
                yield from onward((*path, head))

    yield from onward((start,))


def bodies(graph: TripleGraph, length: int) -> Iterator[Body]:
    if length == 0:
        yield ()
        return
    for body in bodies(graph, length - 1):
        for relation in range(graph.directed):
            yield (*body, relation)
