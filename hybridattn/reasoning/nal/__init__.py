"""NAL-1 to NAL-6: the rule table, and exhaustive derivation with a proof for every conclusion."""

from hybridattn.reasoning.nal.engine import Conclusion, Conclusions, derive, proof, replayed
from hybridattn.reasoning.nal.forms import canonical, fault, unify
from hybridattn.reasoning.nal.table import InferenceRule, ona_rules, read_rules, rule_table

__all__ = [
    "Conclusion",
    "Conclusions",
    "InferenceRule",
    "canonical",
    "derive",
    "fault",
    "ona_rules",
    "proof",
    "read_rules",
    "replayed",
    "rule_table",
    "unify",
]
