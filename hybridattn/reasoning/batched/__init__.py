"""Deduction over whole arrays of inheritance statements, with a proof for every conclusion; torch loads when called."""

from hybridattn.reasoning.batched.closing import closure
from hybridattn.reasoning.batched.conclusions import Closure
from hybridattn.reasoning.batched.judged import from_judgements
from hybridattn.reasoning.batched.merging import Merged, merge
from hybridattn.reasoning.batched.spreading import SpreadClosure, spread_closure
from hybridattn.reasoning.batched.statements import Statements, from_arrays

__all__ = [
    "Closure",
    "Merged",
    "SpreadClosure",
    "Statements",
    "closure",
    "from_arrays",
    "from_judgements",
    "merge",
    "spread_closure",
]
