"""What a closure holds: arrays of conclusions, and for any of them a judgement or a proof when it is asked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from hybridattn.reasoning.batched.searching import Found
from hybridattn.reasoning.batched.statements import Statements
from hybridattn.reasoning.derivation import Derivation, Proof
from hybridattn.reasoning.judgement import Judgement
from hybridattn.reasoning.term import Term, inheritance
from hybridattn.reasoning.truth import Truth

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Closure", "infer_chain"]


def infer_chain(proof: Proof, statements: Statements, premises: list[int]) -> str:
    """Write the steps of one chain, from its source outward, and name the last conclusion."""
    name = ""
    for premise in premises:
        first, *more = [proof.cite(fact) for fact in statements.cited(premise)]
        for other in more:
            first = proof.infer("revision", first, other)
        name = proof.infer("deduction", first, name) if name else first
    return name


@dataclass(frozen=True, eq=False)
class Closure:
    """The conclusions of `closure`, inputs included, sorted by source and target: `len` counts them.

    All arrays are (p,), on the device of the statements. Judgements and proofs are made when they are asked for.
    """

    statements: Statements
    starts: "Tensor"
    """(q,) int64, the numbers of the nodes whose conclusions were drawn."""
    found: Found
    """All chains that were kept on the way, with their back pointers (`Chains.premise`, `Chains.before`)."""

    def __len__(self) -> int:
        return len(self.found.best)

    @cached_property
    def source(self) -> "Tensor":
        """The ids of the sources."""
        return self.statements.nodes[self._source]

    @cached_property
    def target(self) -> "Tensor":
        """The ids of the targets."""
        return self.statements.nodes[self._target]

    @cached_property
    def _source(self) -> "Tensor":
        return self.starts[self.found.chains.query[self.found.best]]

    @cached_property
    def _target(self) -> "Tensor":
        return self.found.chains.target[self.found.best]

    @cached_property
    def frequency(self) -> "Tensor":
        """Their frequencies, float64."""
        return self.found.chains.frequency[self.found.best]

    @cached_property
    def confidence(self) -> "Tensor":
        """Their confidences, float64, the highest that a chain gives."""
        return self.found.chains.confidence[self.found.best]

    @cached_property
    def hops(self) -> "Tensor":
        """How many premises each rests on, int64; 1 for an input."""
        return self.found.chains.hops[self.found.best]

    @property
    def exact(self) -> "Tensor":
        """Where `width` cannot have changed the result, bool."""
        return self.found.exact

    @cached_property
    def narrowed(self) -> "Tensor":
        """The pairs (k, 2) at which `width` left out a chain, as ids.

        What is beyond them is not `exact`, and if observations are shared a pair beyond them may be missing.
        """
        import torch

        size = len(self.statements.nodes)
        numbers = torch.stack((self.starts[self.found.narrowed // size], self.found.narrowed % size), 1)
        return self.statements.nodes[numbers]

    @property
    def cut(self) -> str:
        """Empty, or why the search ended before it had followed every chain."""
        return self.found.cut

    @cached_property
    def _keys(self) -> "Tensor":
        return self._source * len(self.statements.nodes) + self._target

    def find(self, source: Term | int, target: Term | int) -> int | None:
        """Give the place of a pair in the arrays, or None if no chain leads from `source` to `target`.

        Args:
            source: a term, or an id if the statements came as arrays.
            target: likewise.

        Raises:
            UnknownTermError: one of them is in no statement.
        """
        import torch

        key = self.statements.node(source) * len(self.statements.nodes) + self.statements.node(target)
        place = int(torch.searchsorted(self._keys, key))
        return place if place < len(self) and int(self._keys[place]) == key else None

    def judgement(self, source: Term | int, target: Term | int) -> Judgement | None:
        """Give the conclusion for a pair with its truth and stamp; arguments, None and errors as in `find`."""
        place = self.find(source, target)
        return None if place is None else self._judgement(place)

    def judgements(self) -> Iterator[Judgement]:
        """Give all conclusions, one after the other."""
        return map(self._judgement, range(len(self)))

    def _judgement(self, place: int) -> Judgement:
        statements, premises = self.statements, self._premises(place)
        stamp = frozenset[int]().union(
            *(fact.judgement.stamp for premise in premises for fact in statements.cited(premise))
        )
        ends = statements.term(int(self._source[place])), statements.term(int(self._target[place]))
        return Judgement(inheritance(*ends), Truth(float(self.frequency[place]), float(self.confidence[place])), stamp)

    def proof(self, source: Term | int, target: Term | int) -> Derivation | None:
        """Derive the conclusion for a pair, step by step from the facts; arguments, None and errors as in `find`.

        A statement that was given once is its own proof: one fact, no step.
        """
        place = self.find(source, target)
        if place is None:
            return None
        proof = Proof()
        infer_chain(proof, self.statements, self._premises(place))
        return proof.finish()

    def _premises(self, place: int) -> list[int]:
        return self.found.chains.premises(int(self.found.best[place]))
