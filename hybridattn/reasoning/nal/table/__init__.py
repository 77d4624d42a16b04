"""The rules of NAL-1 to NAL-6 as lines of text, and the functions that some of them name."""

from hybridattn.reasoning.nal.table.reading import InferenceRule, ona_rules, read_rules, rule_table

__all__ = ["InferenceRule", "ona_rules", "read_rules", "rule_table"]
