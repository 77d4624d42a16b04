"""An answer to a story as `ask` tells its own: statement, proof, and the graph of who leads to whom."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hybridattn.knowledge.answers import Answer, Answers
from hybridattn.knowledge.rules.story import Story
from hybridattn.reasoning.graph import Graph, Stored, from_trace, mark
from hybridattn.trace import Hop, Link, Trace

if TYPE_CHECKING:
    from hybridattn.knowledge.rules.answer import RuleAnswer

__all__ = ["as_answers", "marked", "story_graph"]


def as_answers(answer: "RuleAnswer") -> Answers:
    """Give the answer as the answers to a question of `ask`: none where there is no evidence."""
    story, proof = answer.story, answer.derivation
    question = f"<(*, {story.source}, {story.target}) --> ?relation>"
    found = []
    if proof is not None:
        hops = sum(fact.id >= 0 for fact in proof.facts)
        found.append(Answer(proof.conclusion.term, proof, story.target, hops, lambda: None))
    cut = "hops" if answer.cut else ""
    hops_made = tuple(hop for hop, _ in _hops(story))
    return Answers(question, found, found=len(found), cut=cut, trace=Trace(hops_made, (cut,)), draw=answer.drawn)


def story_graph(answer: "RuleAnswer") -> Graph:
    """Draw the facts of the story hop by hop from its source, those of the proof marked (see `graph.from_trace`)."""
    hops = list(_hops(answer.story))
    stored = dict(pair for _, some in hops for pair in some.items())
    trace = Trace(tuple(hop for hop, _ in hops), ("",))
    return marked(from_trace(trace, lambda slot: stored[slot], question=str(answer.story.source)), answer)


def marked(graph: Graph, answer: "RuleAnswer") -> Graph:
    """Mark the facts that the proof cites, and the source and target of the story by their roles, where they are."""
    if answer.derivation is not None:
        mark(graph, answer.derivation)
    for term, role in ((answer.story.source, "source"), (answer.story.target, "answer")):
        if str(term) in graph:
            graph.nodes[str(term)]["role"] = role
    return graph


def _hops(story: Story) -> Iterator[tuple[Hop, dict[int, Stored]]]:
    """Follow all facts from the source, each once; one that leads there is followed the other way."""
    here, met, left = [story.source], {story.source}, list(story.facts)
    while here:
        links, stored, following = [], {}, []
        touching = [fact for fact in left if fact.source in here or fact.target in here]
        for fact in touching:
            inverse = fact.source not in here
            near, far = (fact.target, fact.source) if inverse else (fact.source, fact.target)
            share = 1 / sum(near in (other.source, other.target) for other in touching)
            links.append(Link(0, -1, fact.id, share, 1.0))
            stored[fact.id] = Stored(fact, inverse)
            following += [far] if far not in met else []
            met.add(far)
        left = [fact for fact in left if fact not in touching]
        here = following
        if links:
            yield Hop(0, tuple(links)), stored
