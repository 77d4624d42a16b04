"""The differentiable twin of the rule memory: a composition tensor of logits, trained through the soft chart."""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from hybridattn.errors import ArgumentError
from hybridattn.knowledge.rules.evidence import RuleEvidence, RuleSource
from hybridattn.knowledge.rules.memory import Example, checked_relations, tensors_of, weighed
from hybridattn.knowledge.rules.soft import expected_counts, soft_chart

__all__ = ["SoftRules"]


class SoftRules(nn.Module):
    """P(r3 | r1, r2) = softmax of logits (R, R, R), which composes paths by the soft chart and learns by gradient.

    It is usable where a `RuleMemory` is, and made from one by `of`: `support` holds how often each pair was used (what
    `fit` expects of its examples), so that `evidence` has a frequency and a confidence for every rule.

    Args:
        relations: the names of the R relations.
        beta: inverse temperature of the attention over split points (see `soft_chart`).
        generator: draws logits of standard deviation .01; None is zeros.

    >>> rules = SoftRules(["parent", "grandparent"])
    >>> losses = rules.fit([(("parent", "parent"), "grandparent")] * 9)
    >>> rules(torch.tensor([[0, 0]])).argmax(-1)
    tensor([1])
    """

    support: Tensor
    """(R, R) float64: w of each pair."""
    inverse: Tensor
    """(R, R) float64: w+ of what each relation is the other way round; only `of` gives it."""
    turned: Tensor
    """(R,) float64: w of the same."""

    def __init__(
        self, relations: Iterable[str], *, beta: float = 0.0, generator: torch.Generator | None = None
    ) -> None:
        super().__init__()
        self.relations = checked_relations(relations)
        if not beta >= 0:
            raise ArgumentError(f"beta must be at least 0; got {beta}")
        self.beta, size = float(beta), len(self.relations)
        noise = torch.zeros(size, size, size, dtype=torch.float64)
        if generator is not None:
            noise = 0.01 * torch.randn(noise.shape, dtype=noise.dtype, generator=generator)
        self.logits = nn.Parameter(noise)
        for name, shape in (("support", (size, size)), ("inverse", (size, size)), ("turned", (size,))):
            self.register_buffer(name, torch.zeros(shape, dtype=torch.float64))

    @classmethod
    def of(cls, rules: RuleSource, *, beta: float = 0.0) -> "SoftRules":
        """Start from what other rules say: the logits are the logarithms of their probabilities."""
        made = cls(rules.relations, beta=beta)
        _, pairs, inverse, turned = rules.evidence()
        with torch.no_grad():
            made.logits.copy_(rules.probabilities().log())
            for mine, theirs in ((made.support, pairs), (made.inverse, inverse), (made.turned, turned)):
                mine.copy_(theirs)
        return made

    def arguments(self) -> dict[str, Any]:
        """Give the constructor's arguments of untrained rules of this form."""
        return {"relations": list(self.relations), "beta": self.beta}

    def probabilities(self) -> Tensor:
        """Give P(r3 | r1, r2), (R, R, R); gradients pass."""
        return self.logits.softmax(-1)

    def evidence(self) -> RuleEvidence:
        """Give w+ = P w with the support as w."""
        composed = self.probabilities().detach() * self.support.unsqueeze(-1)
        return RuleEvidence(composed, self.support, self.inverse, self.turned)

    def forward(self, paths: Tensor) -> Tensor:
        """Compose paths (b, k) int64 of relations, or (b, k, R) of distributions over them: (b, R), which sums to 1."""
        soft = paths if paths.is_floating_point() else nn.functional.one_hot(paths, len(self.relations))
        return soft_chart(soft.to(self.logits), self.probabilities(), beta=self.beta)

    def fit(self, examples: Sequence[Example], *, steps: int = 200, rate: float = 0.1) -> list[float]:
        """Minimise the mean negative log likelihood of examples by Adam: the loss before each step, in nats.

        Then the support becomes what the examples are expected to have used of each pair (see `expected_counts`).
        Nothing is drawn: the same examples give the same rules. Ctrl-C keeps what the steps before have learnt.

        Raises ArgumentError where there is no example, one is shorter than two relations, or a bound is not positive.
        """
        if steps < 1 or not rate > 0 or not examples:
            raise ArgumentError(f"fit needs examples, steps and a rate above 0; got {len(examples)}, {steps}, {rate}")
        groups = [tensors_of(some) for some in weighed(self.relations, examples).values()]
        seen = sum(float(weights.sum()) for *_, weights in groups)
        optimizer = torch.optim.Adam([self.logits], lr=rate)
        losses = []
        for _ in range(steps):
            optimizer.zero_grad()
            loss = sum((self._loss(*group) for group in groups), torch.zeros(())) / seen
            loss.backward()  # type: ignore[no-untyped-call]
            losses.append(float(loss.detach()))
            optimizer.step()
        with torch.no_grad():
            used = [expected_counts(*group, self.probabilities()).sum(-1) for group in groups]
            self.support.copy_(torch.stack(used).sum(0))
        return losses

    def _loss(self, paths: Tensor, values: Tensor, weights: Tensor) -> Tensor:
        likely = self.forward(paths).gather(1, values.unsqueeze(1)).squeeze(1)
        return -(weights * likely.clamp_min(torch.finfo(likely.dtype).tiny).log()).sum()
