"""What a soft reading answers: the relation, its proof, and all that was attended to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from torch import Tensor

from hybridattn.knowledge.rules import Composer, RuleAnswer, Story
from hybridattn.knowledge.rules.report import marked
from hybridattn.knowledge.rules.story import Paths
from hybridattn.knowledge.vectors.facts import StoryFacts
from hybridattn.knowledge.vectors.walking import Way
from hybridattn.reasoning.graph import Graph, Stored, from_trace
from hybridattn.trace import Hop, Trace

__all__ = ["SoftAnswer", "answered"]

LEAST = 1e-6  # the probability under which a relation is not named


@dataclass(frozen=True)
class SoftAnswer(RuleAnswer):
    """An answer by vectors: the proof is along the path that had most to do with it."""

    shares: tuple[tuple[str, float], ...] = ()
    """The relations of some probability, the most probable first."""
    trace: Trace | None = None
    """Every link that was followed; its slots are the ids of facts of the story."""

    def drawn(self) -> Graph:
        """Draw the trace: people are nodes, facts of the story are edges, those of the proof marked."""
        if self.trace is None:
            return super().drawn()
        facts = {fact.id: fact for fact in self.story.facts}
        graph = from_trace(self.trace, lambda slot: Stored(facts[slot]), question=str(self.story.source))
        return marked(graph, self)


Weighed = tuple[Sequence[Way], Tensor]
"""The paths of a story, and (p, R) what each adds to the probability of each relation."""


def answered(
    stories: Sequence[Story],
    facts: StoryFacts,
    traces: Sequence[Trace],
    weighed: Sequence[Weighed],
    composer: Composer,
    *,
    ordered: bool,
) -> Iterator[SoftAnswer]:
    """Choose the answer of each story, and prove it."""
    chosen = [_chosen(ways, shares) for ways, shares in weighed]
    wanted = [(way.links, relation) for way, relation in chosen if way is not None]
    proofs = iter(composer.proven([links for links, _ in wanted], [composer.relations[one] for _, one in wanted]))
    for story, trace, (way, best), (_, shares) in zip(stories, traces, chosen, weighed, strict=True):
        proof = None if way is None else next(proofs)
        own = Trace(tuple(_renamed(facts, hop) for hop in trace.hops), trace.cut)
        named, cut = _named(composer.relations, shares), bool(trace.cut[0])
        if proof is None:
            paths = Paths(() if way is None else (way.links,), cut)
            why = composer.why_not(story, paths, ordered=ordered)
            yield SoftAnswer(story, None, None, (), why, cut, named, own)
        else:
            relation = composer.relations[best]
            yield SoftAnswer(story, proof, relation, ((relation, proof.conclusion.truth),), "", cut, named, own)


def _chosen(ways: Sequence[Way], shares: Tensor) -> tuple[Way | None, int]:
    if not ways or not bool((shares > 0).any()):
        return None, -1
    best = int(shares.sum(0).argmax())
    return ways[int(shares[:, best].argmax())], best


def _renamed(facts: StoryFacts, hop: Hop) -> Hop:
    """Name slots by the facts of the story, and not by their places in the memory of the batch."""
    return Hop(hop.level, tuple(link._replace(slot=facts.slots[link.slot].link.fact.id) for link in hop.links))


def _named(relations: Sequence[str], shares: Tensor) -> tuple[tuple[str, float], ...]:
    total = dict(zip(relations, shares.sum(0).tolist(), strict=True))
    return tuple(sorted(((name, share) for name, share in total.items() if share > LEAST), key=lambda one: -one[1]))
