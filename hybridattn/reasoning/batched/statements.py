"""Inheritance statements as sorted tensors, ready to be joined: duplicates revised, shared observations marked."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hybridattn.errors import ArgumentError, ShapeError, UnknownTermError
from hybridattn.reasoning.batched.joining import offsets
from hybridattn.reasoning.batched.revising import Rows, revise, shared_bits
from hybridattn.reasoning.fact import Fact
from hybridattn.reasoning.judgement import Judgement
from hybridattn.reasoning.term import Atom, Term, inheritance
from hybridattn.reasoning.truth import DEFAULT, Truth

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Statements", "from_arrays", "prepare"]


@dataclass(frozen=True, eq=False)
class Statements:
    """Different inheritance statements, the premises of `closure` and `merge`.

    Made by `from_arrays` or `from_judgements`. Nodes are numbered from 0 in the order of their ids or of their names;
    premises are sorted by source.
    """

    nodes: "Tensor"
    """(nodes,) int64: the id of each node as it was given."""
    source: "Tensor"
    """(p,) int64, the number of a node."""
    target: "Tensor"
    """(p,) int64, the number of a node."""
    frequency: "Tensor"
    """(p,) float64."""
    confidence: "Tensor"
    """(p,) float64."""
    first: "Tensor"
    """(nodes + 1,) int64: where the premises of each source start."""
    bits: "Tensor"
    """(p, words) int64: the observations that other premises rest on as well (see `shared_bits`)."""
    members: "Tensor"
    """The rows of each premise, in the order in which they were revised ..."""
    member_first: "Tensor"
    """... and (p + 1,) where they start."""
    rows: Rows
    """What was given."""
    terms: tuple[Term, ...] = ()
    """The term of each node; without terms a node is the atom of its id."""
    facts: tuple[Fact, ...] = ()
    """The fact of each row; without facts they are made when a proof cites them."""

    def __len__(self) -> int:
        return len(self.source)

    def term(self, number: int) -> Term:
        """Give the term of a node by its number."""
        return self.terms[number] if self.terms else Atom(str(int(self.nodes[number])))

    def node(self, name: Term | int) -> int:
        """Give the number of a node by its term, or by its id if the statements came as arrays.

        Raises:
            UnknownTermError: no statement has it.
        """
        number = self._numbers.get(name)
        if number is None:
            raise UnknownTermError(str(name), ())
        return number

    def names(self, numbers: "Tensor") -> list[Term | int]:
        """Give what `node` takes for nodes, (n,) int64: their terms, or their ids if the statements came as arrays."""
        return [self.terms[number] for number in numbers.tolist()] if self.terms else self.nodes[numbers].tolist()

    @cached_property
    def _numbers(self) -> Mapping[Any, int]:
        return {name: number for number, name in enumerate(self.terms or self.nodes.tolist())}

    def cited(self, premise: int) -> list[Fact]:
        """Give the facts behind a premise, in the order in which they are revised."""
        start, end = int(self.member_first[premise]), int(self.member_first[premise + 1])
        return [self._fact(row, premise) for row in self.members[start:end].tolist()]

    def _fact(self, row: int, premise: int) -> Fact:
        if self.facts:
            return self.facts[row]
        source, target = self.term(int(self.source[premise])), self.term(int(self.target[premise]))
        truth = Truth(float(self.rows.frequency[row]), float(self.rows.confidence[row]))
        stamp = frozenset(self.rows.observation[self.rows.owner == row].tolist())
        judgement = Judgement(inheritance(source, target), truth, stamp)
        return Fact(int(self.rows.id[row]), source, "-->", target, judgement)


def from_arrays(
    source: "Tensor",
    target: "Tensor",
    frequency: "Tensor | float" = DEFAULT.frequency,
    confidence: "Tensor | float" = DEFAULT.confidence,
    *,
    observation: "Tensor | None" = None,
) -> Statements:
    """Take statements <source --> target> as arrays of any device, where all that follows then happens.

    Args:
        source: (n,) int64 ids of nodes; what they stand for is known to the caller.
        target: (n,) int64; a row whose target is its source says nothing and is left out.
        frequency: (n,) in [0, 1], or one for all.
        confidence: (n,) in [0, 1), or one for all.
        observation: (n,) int64, on what each row rests: rows with the same number are never counted together. By
            default each row is an observation of its own, with its place as number.

    >>> import torch
    >>> len(from_arrays(torch.tensor([1, 2, 2]), torch.tensor([2, 3, 3])))
    2

    Raises:
        ShapeError: the arrays are not all (n,).
        ArgumentError: a number is out of its range, or ids are no whole numbers.
    """
    import torch

    ids = torch.arange(len(source), device=source.device)
    seen = ids if observation is None else observation
    frequency, confidence = (
        torch.as_tensor(given, dtype=torch.float64, device=source.device).expand(source.shape)
        if isinstance(given, int | float)
        else given.to(torch.float64)
        for given in (frequency, confidence)
    )
    _check(source=source, target=target, observation=seen, frequency=frequency, confidence=confidence)
    rows = Rows(ids, source, target, frequency, confidence, owner=ids, observation=seen)
    return prepare(rows, order=target if observation is None else seen)


def _check(**arrays: "Tensor") -> None:
    import torch

    shape = arrays["source"].shape
    for name, array in arrays.items():
        if array.shape != shape or array.ndim != 1:
            raise ShapeError(
                f"{name} must be (n,) as all other arrays; got {tuple(array.shape)}, source {tuple(shape)}"
            )
    for name in ("source", "target", "observation"):
        if arrays[name].dtype != torch.int64:
            raise ArgumentError(f"{name} must be int64; got {arrays[name].dtype}")
    for name, below in (("frequency", "]"), ("confidence", ")")):
        array = arrays[name]
        fits = (array >= 0) & ((array < 1) if below == ")" else (array <= 1))
        if not bool(fits.all()):
            row = int((~fits).nonzero()[0])
            raise ArgumentError(f"{name} must be in [0, 1{below}; got {float(array[row])} in row {row}")


def prepare(rows: Rows, *, order: "Tensor", terms: tuple[Term, ...] = (), facts: tuple[Fact, ...] = ()) -> Statements:
    """Number the nodes, revise duplicates, sort by source; of equally good chains those of the lower `order` win."""
    import torch

    nodes, ends = torch.unique(torch.stack((rows.source, rows.target)), return_inverse=True)
    revised = revise(rows, ends[0], ends[1], order)
    owner = torch.repeat_interleave(torch.arange(len(revised.source), device=nodes.device), revised.member_first.diff())
    premise_of = torch.full_like(rows.id, -1)
    premise_of[revised.members] = owner
    holder = premise_of[rows.owner]
    held = holder >= 0
    return Statements(
        nodes=nodes,
        source=revised.source,
        target=revised.target,
        frequency=revised.truth.frequency,
        confidence=revised.truth.confidence,
        first=offsets(revised.source, len(nodes)),
        bits=shared_bits(holder[held], rows.observation[held], len(revised.source)),
        members=revised.members,
        member_first=revised.member_first,
        rows=rows,
        terms=terms,
        facts=facts,
    )
