"""Look into a proof: formulas, sensitivities, what would turn the answer, what it needs; sympy loads when called."""

from hybridattn.reasoning.inspection.contradictions import Contradiction, contradictions
from hybridattn.reasoning.inspection.evaluation import FUNCTIONS, Functions, evaluate, exact
from hybridattn.reasoning.inspection.explanation import Explanation, explain
from hybridattn.reasoning.inspection.nal_proof import as_derivation
from hybridattn.reasoning.inspection.proof_graph import (
    derivation_from_graph,
    derivation_to_graph,
    from_graph,
    to_graph,
)
from hybridattn.reasoning.inspection.sensitivity import Sensitivity
from hybridattn.reasoning.inspection.stages import Stage
from hybridattn.reasoning.inspection.support import FactSets, dominators, fact_sets, minimal_fact_sets, needed
from hybridattn.reasoning.inspection.turning import Turn, turns

__all__ = [
    "FUNCTIONS",
    "Contradiction",
    "Explanation",
    "FactSets",
    "Functions",
    "Sensitivity",
    "Stage",
    "Turn",
    "as_derivation",
    "contradictions",
    "derivation_from_graph",
    "derivation_to_graph",
    "dominators",
    "evaluate",
    "exact",
    "explain",
    "fact_sets",
    "from_graph",
    "minimal_fact_sets",
    "needed",
    "to_graph",
    "turns",
]
