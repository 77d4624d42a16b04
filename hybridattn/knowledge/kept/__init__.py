"""Facts and rules that last: kept in durable stores, which know nothing of terms."""

from hybridattn.knowledge.kept.facts import KeptFacts, OpenedFacts, is_kept, keep_facts, open_facts
from hybridattn.knowledge.kept.rules import keep_rules, kept_rules

__all__ = ["KeptFacts", "OpenedFacts", "is_kept", "keep_facts", "keep_rules", "kept_rules", "open_facts"]
