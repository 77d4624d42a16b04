"""Link prediction by rules with evidence: every answer has its rules, its paths and a proof."""

from hybridattn.knowledge.links.aggregation import (
    Aggregation,
    Graded,
    LexicographicMaximum,
    Maximum,
    NoisyOr,
    Revised,
)
from hybridattn.knowledge.links.answer import LinkAnswer
from hybridattn.knowledge.links.constants import ConstantRules
from hybridattn.knowledge.links.graph import TripleGraph
from hybridattn.knowledge.links.mining import Mining
from hybridattn.knowledge.links.predictor import LinkPredictor, Scored
from hybridattn.knowledge.links.rules import ConstantRule, PathRule
from hybridattn.knowledge.links.text import path_rule_text, read_path_rules

__all__ = [
    "Aggregation",
    "ConstantRule",
    "ConstantRules",
    "Graded",
    "LexicographicMaximum",
    "LinkAnswer",
    "LinkPredictor",
    "Maximum",
    "Mining",
    "NoisyOr",
    "PathRule",
    "Revised",
    "Scored",
    "TripleGraph",
    "path_rule_text",
    "read_path_rules",
]
