"""NAL-1 to NAL-6: the rule table, and exhaustive derivation with a proof for every conclusion."""

from hybridattn.reasoning.nal.canonical import canonical, fault
from hybridattn.reasoning.nal.conclusion import Conclusion, proof, replayed
from hybridattn.reasoning.nal.derive import Conclusions, derive
from hybridattn.reasoning.nal.table import InferenceRule, read_rules, rule_table
from hybridattn.reasoning.nal.unify import unify

__all__ = [
    "Conclusion",
    "Conclusions",
    "InferenceRule",
    "canonical",
    "derive",
    "fault",
    "proof",
    "read_rules",
    "replayed",
    "rule_table",
    "unify",
]
