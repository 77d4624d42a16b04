"""Look into a proof: formulas, sensitivities, what would turn the answer, what it needs; sympy loads when called."""

from hybridattn.reasoning.inspection.evaluation import FUNCTIONS, evaluate, exact
from hybridattn.reasoning.inspection.explanation import Explanation, explain
from hybridattn.reasoning.inspection.sensitivity import Sensitivity
from hybridattn.reasoning.inspection.support import fact_sets, needed
from hybridattn.reasoning.inspection.turning import Turn, turns

__all__ = [
    "FUNCTIONS",
    "Explanation",
    "Sensitivity",
    "Turn",
    "evaluate",
    "exact",
    "explain",
    "fact_sets",
    "needed",
    "turns",
]
