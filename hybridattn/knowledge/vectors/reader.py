"""Reading chains with vectors: a controller walks the facts, and the relations that it meets compose as embeddings."""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from hybridattn.attention import Entmax, Separation
from hybridattn.controller import QueryLink
from hybridattn.knowledge.encoder import SymbolCodes
from hybridattn.knowledge.rules import Composer, Story, rule_facts
from hybridattn.knowledge.rules.soft import of_parts
from hybridattn.knowledge.vectors.answer import SoftAnswer, answered
from hybridattn.knowledge.vectors.facts import StoryFacts, told
from hybridattn.knowledge.vectors.rules import EmbeddedRules
from hybridattn.knowledge.vectors.walking import Way, soft_walk, walk_paths, ways_of
from hybridattn.reasoning import Fact

__all__ = ["ChainReader"]

BATCH = 64  # stories in one memory
HOPS = 32  # facts on a path, at most
CODE = 128  # width of the codes of people: the cosine of two of them is .09, give or take
BETA = 8.0  # first inverse temperature of the reads of facts
ENTMAX = Entmax(1.5)


class ChainReader(nn.Module):
    """A multilevel attention that answers stories, trained by gradient from answers alone.

    Level one holds the facts of the stories: a hop reads, by entmax, the facts that leave from where the query is, and
    where they lead becomes the next query. Level two holds the embeddings of relations: what was said along the walk
    composes over all bracketings (see `EmbeddedRules`). In training walks are mixtures (`soft_walk`), so that beta, the
    link, the embeddings and their bilinear form all learn; in answering they are followed link by link (`Beam`), and
    each answer has its trace, the path that had most to do with it, and a proof along that path by the rules that the
    embeddings amount to.

    Args:
        relations: the names of the relations.
        generator: draws the first weights.
        dim: width of the embeddings.
        link: from where the query is and what was read to the next query, `Replace()` if None; `Gated(code)` learns to
            move on, and `code` is the width that it works on.
        separation: of the reads of facts.
        code: width of the codes of people, which are not learnt: every story has other people.
    """

    def __init__(
        self,
        relations: Iterable[str],
        *,
        generator: torch.Generator,
        dim: int = 32,
        link: QueryLink | None = None,
        separation: Separation = ENTMAX,
        code: int = CODE,
    ) -> None:
        super().__init__()
        self.rules = EmbeddedRules(relations, generator=generator, dim=dim)
        self.link, self.separation, self.codes = link, separation, SymbolCodes(code)
        self.beta = nn.Parameter(torch.tensor(BETA))

    def arguments(self) -> dict[str, Any]:
        """Give the constructor's arguments, but for the generator."""
        own = {"link": self.link, "separation": self.separation, "code": self.codes.dim}
        return {"relations": list(self.rules.relations), "dim": self.rules.embeddings.shape[1], **own}

    def forward(self, stories: Sequence[Story], *, ordered: bool = False) -> Tensor:
        """Give the probability of each relation as the answer of each story, (b, R), for training.

        What is missing to 1 is no answer. The walks have as many hops as the story of most facts has facts, at most 32;
        split points are as sure as their parts (see `of_parts`).
        """
        facts = self._facts(stories, ordered=ordered)
        walk = soft_walk(facts, hops=_hops(facts), link=self.link)
        compositions = self.rules.probabilities()
        hops = range(1, walk.length.shape[1] + 1)
        found = [self.rules(walk.said[:, :hop], compositions, sureness=of_parts) for hop in hops]
        return (torch.stack(found, 1) * walk.length.unsqueeze(2)).sum(1)

    @torch.no_grad()
    def answer(self, stories: Sequence[Story], *, ordered: bool = False) -> list[SoftAnswer]:
        """Answer stories, in order, each with its trace and its proof.

        A path has the attention that it had in the walk as its weight. The answer is the relation with the greatest
        weighted mean of its probabilities, and the proof is along the path that adds most to it; a relation that no
        rule with evidence proves along that path is no answer.

        Args:
            stories: what is told and what is asked.
            ordered: take the facts as a walk, in the order in which they were told, and not as a graph.
        """
        composer, compositions = Composer(self.rules), self.rules.followed()
        answers: list[SoftAnswer] = []
        for start in range(0, len(stories), BATCH):
            part = stories[start : start + BATCH]
            facts = self._facts(part, ordered=ordered)
            traces = walk_paths(facts, hops=_hops(facts), link=self.link)
            ways = [list(ways_of(facts, row, trace)) for row, trace in enumerate(traces)]
            weighed = self._weighed(facts, ways, compositions)
            answers += answered(part, facts, traces, list(zip(ways, weighed, strict=True)), composer, ordered=ordered)
        return answers

    @property
    def premises(self) -> tuple[Fact, ...]:
        """The rules that proofs may cite."""
        return tuple(rule_facts(self.rules).values())

    def _facts(self, stories: Sequence[Story], *, ordered: bool) -> StoryFacts:
        return StoryFacts(
            [told(story, ordered=ordered) for story in stories],
            self.codes,
            self.rules.relations,
            self.rules.embeddings,
            separation=self.separation,
            beta=self.beta,
        )

    def _weighed(self, facts: StoryFacts, ways: Sequence[Sequence[Way]], compositions: Tensor) -> list[Tensor]:
        """Give for each story (p, R): for each path the probabilities of relations times its share of the attention."""
        all_ways = [(row, place, way) for row, some in enumerate(ways) for place, way in enumerate(some)]
        found = [torch.zeros(len(some), len(self.rules.relations)) for some in ways]
        for length in {len(way.slots) for *_, way in all_ways}:
            same = [one for one in all_ways if len(one[2].slots) == length]
            for start in range(0, len(same), BATCH):
                some = same[start : start + BATCH]
                values = facts.memory.values_of(torch.tensor([way.slots for *_, way in some]))
                composed = self.rules(values[..., facts.width :], compositions)
                for (row, place, way), shares in zip(some, composed, strict=True):
                    found[row][place] = shares * way.budget
        totals = [sum(way.budget for way in some) for some in ways]
        return [one / total if total else one for one, total in zip(found, totals, strict=True)]


def _hops(facts: StoryFacts) -> int:
    return min(HOPS, max((len(one.links) for one in facts.stories), default=0)) or 1
