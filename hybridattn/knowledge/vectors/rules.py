"""Relations as vectors: two compose by a learned bilinear form, and what comes is read back as a relation."""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from hybridattn.attention import read
from hybridattn.errors import ArgumentError
from hybridattn.knowledge.rules.evidence import LEAST, RuleEvidence
from hybridattn.knowledge.rules.memory import Example, checked_relations, tensors_of, weighed
from hybridattn.knowledge.rules.soft import Sureness, expected_counts, of_conclusion, soft_chart

__all__ = ["EmbeddedRules"]

START = 0.01  # standard deviation of the first bilinear form: no pair composes to anything yet
NOTHING = 0.8  # the score of "no relation"; at first an embedding scores 1 with itself and 0 with others
SHARP = 8.0  # the first inverse temperature of the reads
SURE = 4.0  # of the attention over split points


class EmbeddedRules(nn.Module):
    """Learned embeddings of relations, and what two of them compose to: attention over the embeddings themselves.

    Relations e_1 and e_2 compose to c_k = sum_ij T_kij e_1i e_2j, and a vector c is read as
    P(r) = exp(b e_r . c) / (exp(.8 b) + sum_s exp(b e_s . c)): the shares of a softmax read over the embeddings and one
    slot more, "no relation". Embeddings start orthonormal and T near 0, so that a pair of which nothing was learnt
    composes to nothing. After every composition the vector is clean again: that is what lets long paths compose as
    well as short ones. The composition tensor is P(r3 | r1, r2), whose rows sum to less than 1, and it is usable
    wherever rules are: in the soft chart, in a `Composer`, as Narsese.

    Args:
        relations: the names of the R relations.
        dim: width of the embeddings; with dim >= R they start orthonormal.
        generator: draws the first embeddings and the first T.
        sure: inverse temperature of the attention over split points (see `soft_chart`).

    Raises:
        ArgumentError: no relation or one twice, dim below 1, or sure negative.
    """

    support: Tensor
    """(R, R) float64: w of each pair, as far as `count` was told."""

    def __init__(
        self, relations: Iterable[str], *, generator: torch.Generator, dim: int = 32, sure: float = SURE
    ) -> None:
        super().__init__()
        self.relations = checked_relations(relations)
        if dim < 1 or not sure >= 0:
            raise ArgumentError(f"dim must be at least 1 and sure at least 0; got {dim} and {sure}")
        size, self.sure = len(self.relations), float(sure)
        drawn = torch.linalg.qr(torch.randn(max(dim, size), dim, generator=generator)).Q  # columns of length 1
        start = drawn.T[:size] if dim >= size else nn.functional.normalize(drawn[:size], dim=-1)
        self.embeddings = nn.Parameter(start.clone())
        self.bilinear = nn.Parameter(START * torch.randn(dim, dim, dim, generator=generator))
        self.sharpness = nn.Parameter(torch.tensor(SHARP).log())
        self.register_buffer("support", torch.zeros(size, size, dtype=torch.float64))

    def arguments(self) -> dict[str, Any]:
        """Give the constructor's arguments, but for the generator."""
        return {"relations": list(self.relations), "dim": self.embeddings.shape[1], "sure": self.sure}

    def shares(self, vectors: Tensor) -> Tensor:
        """Read vectors (..., dim) as relations: (..., R), the share of each; what is missing to 1 is "no relation"."""
        flat = vectors.reshape(-1, vectors.shape[-1])
        size, dim = self.embeddings.shape
        one, zero = flat.new_ones(1, 1), flat.new_zeros(1, 1)
        keys = torch.cat((nn.functional.pad(self.embeddings, (0, 1)), nn.functional.pad(NOTHING * one, (dim, 0))))
        values = torch.cat((torch.eye(size, dtype=flat.dtype, device=flat.device), zero.expand(1, size)))
        query = torch.cat((flat, one.expand(len(flat), 1)), -1)
        found = read(query, keys, values, beta=self.sharpness.exp().reshape(1, 1))
        return found.value.reshape(*vectors.shape[:-1], size)

    def probabilities(self) -> Tensor:
        """Give P(r3 | r1, r2), (R, R, R), which sums to at most 1 over r3; gradients pass."""
        first = torch.einsum("kij,ri->rkj", self.bilinear, self.embeddings)
        return self.shares(torch.einsum("rkj,sj->rsk", first, self.embeddings))

    def followed(self) -> Tensor:
        """Give the probabilities of pairs with some evidence, (R, R, R), and 0 for others: what answers follow.

        Embeddings that are alike compose alike, and so may a pair that nobody has seen: no proof could cite that.
        """
        return self.probabilities() * (self.support > LEAST).unsqueeze(-1)

    def evidence(self) -> RuleEvidence:
        """Give w+ = P w with the support as w; nothing of inverses, which answers do not teach."""
        composed = self.probabilities().detach().double() * self.support.unsqueeze(-1)
        size = len(self.relations)
        return RuleEvidence(composed, self.support, self.support.new_zeros(size, size), self.support.new_zeros(size))

    def forward(
        self, vectors: Tensor, compositions: Tensor | None = None, *, sureness: Sureness = of_conclusion
    ) -> Tensor:
        """Compose paths of vectors (b, k, dim) over all bracketings: (b, R), which sums to at most 1.

        `compositions` are the `probabilities`, where they are at hand; `sureness` is as for `soft_chart`.
        """
        rules = self.probabilities() if compositions is None else compositions
        return soft_chart(self.shares(vectors), rules, beta=self.sure, sureness=sureness)

    @torch.no_grad()
    def count(self, examples: Sequence[Example]) -> None:
        """Take as support how often examples are expected to have used each pair (see `expected_counts`).

        Raises ArgumentError where a relation is unknown or a path shorter than two, and then counts nothing.
        """
        rules = self.probabilities().double()
        groups = [tensors_of(some) for some in weighed(self.relations, examples).values()]
        used = [expected_counts(*group, rules).sum(-1) for group in groups]
        self.support.copy_(sum(used, torch.zeros_like(self.support)))
