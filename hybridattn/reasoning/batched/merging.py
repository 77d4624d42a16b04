"""Evidence summed over separate paths, for many pairs at once: the surest path, revised by the next, and so on."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hybridattn.reasoning import truth
from hybridattn.reasoning.batched.conclusions import infer_chain
from hybridattn.reasoning.batched.searching import LIMIT, WIDTH, Used, search
from hybridattn.reasoning.batched.statements import Statements
from hybridattn.reasoning.derivation import Derivation, Proof
from hybridattn.reasoning.term import Term
from hybridattn.reasoning.truth import Truth

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Merged", "merge"]


@dataclass(frozen=True, eq=False)
class Merged:
    """What separate chains from a source to a target say together, for each pair that was asked; arrays are (p,)."""

    statements: Statements
    frequency: "Tensor"
    """float64; 1/2 where no chain was found."""
    confidence: "Tensor"
    """float64; 0 where no chain was found."""
    paths: tuple[tuple[tuple[int, ...], ...], ...]
    """For each pair its chains, surest first, as premises of `statements` from the source outward."""
    exact: "Tensor"
    """bool: False where `width` left out a chain on the way, which might have led to more."""
    cut: str
    """Empty, or why a search ended before it had followed every chain."""

    def __len__(self) -> int:
        return len(self.paths)

    def proof(self, place: int) -> Derivation | None:
        """Derive the conclusion of a pair, by its place among those asked; None if no chain was found."""
        proof, total = Proof(), ""
        for path in self.paths[place]:
            name = infer_chain(proof, self.statements, list(path))
            total = proof.infer("revision", total, name) if total else name
        return proof.finish() if total else None


def merge(
    statements: Statements,
    pairs: Iterable[tuple[Term | int, Term | int]],
    *,
    width: int = WIDTH,
    limit: int = LIMIT,
) -> Merged:
    """Sum the evidence of chains that share no observation, greedily: the surest, then the surest of what is left, ...

    This is what `hybridattn.reasoning.paths.conclude` does for one pair, for many pairs at once. Greedy: a surer first
    chain may use evidence without which two others would have said more together.

    Args:
        statements: what to start from.
        pairs: sources and targets: terms, or ids if the statements came as arrays.
        width: see `closure`.
        limit: see `closure`.

    >>> import torch
    >>> from hybridattn.reasoning.batched import from_arrays
    >>> both = from_arrays(torch.tensor([1, 1, 2, 3]), torch.tensor([2, 3, 4, 4]))
    >>> round(float(merge(both, [(1, 4)]).confidence), 4)  # twice w = .81/.19
    0.895

    Raises:
        UnknownTermError: a source or a target is in no statement.
        ArgumentError: `width` or `limit` is below 1.
    """
    import torch

    device = statements.nodes.device
    asked = [(statements.node(source), statements.node(target)) for source, target in pairs]
    starts, goals = torch.tensor(asked, dtype=torch.int64, device=device).reshape(-1, 2).unbind(1)
    exact = torch.ones_like(starts, dtype=torch.bool)
    frequency, confidence = (
        torch.full_like(starts, 0.5, dtype=torch.float64),
        torch.zeros_like(starts, dtype=torch.float64),
    )
    paths: list[list[tuple[int, ...]]] = [[] for _ in asked]
    cuts: list[str] = []
    open_, used = torch.arange(len(asked), device=device), _Tally(statements, len(asked))
    while len(open_):
        found = search(statements, starts[open_], towards=goals[open_], used=used.of(open_), width=width, limit=limit)
        chains = found.chains
        at_goal = chains.target[found.best] == goals[open_[chains.query[found.best]]]
        rows = found.best[at_goal]
        exact[open_[found.narrowed // len(statements.nodes)]] = False
        open_ = open_[chains.query[rows]]
        now = Truth(chains.frequency[rows], chains.confidence[rows])
        first = torch.tensor([not paths[pair] for pair in open_.tolist()], dtype=torch.bool, device=device)
        both = truth.revision(Truth(frequency[open_], confidence[open_]), now)
        frequency[open_] = torch.where(first, now.frequency, both.frequency)
        confidence[open_] = torch.where(first, now.confidence, both.confidence)
        for pair, row in zip(open_.tolist(), rows.tolist(), strict=True):
            paths[pair].append(tuple(chains.premises(row)))
            used.add(pair, paths[pair][-1])
        cuts += [found.cut] if found.cut else []
    return Merged(statements, frequency, confidence, tuple(map(tuple, paths)), exact, cuts[0] if cuts else "")


class _Tally:
    """The premises and the shared observations that each pair has counted."""

    def __init__(self, statements: Statements, pairs: int) -> None:
        self.statements = statements
        self.premises: list[list[int]] = [[] for _ in range(pairs)]
        self.bits = statements.bits.new_zeros(pairs, statements.bits.shape[1])

    def add(self, pair: int, path: Iterable[int]) -> None:
        for premise in path:
            self.premises[pair].append(premise)
            self.bits[pair] |= self.statements.bits[premise]

    def of(self, pairs: "Tensor") -> Used:
        import torch

        size = len(self.statements)
        keys = [place * size + premise for place, pair in enumerate(pairs.tolist()) for premise in self.premises[pair]]
        return Used(torch.tensor(sorted(keys), dtype=torch.int64, device=pairs.device), self.bits[pairs])
