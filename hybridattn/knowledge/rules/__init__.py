"""Rules as a second memory: what relations compose to, and answers that prove themselves with them."""

from hybridattn.knowledge.rules.answer import RuleAnswer
from hybridattn.knowledge.rules.composing import Composer
from hybridattn.knowledge.rules.evidence import RuleEvidence, RuleSource
from hybridattn.knowledge.rules.implications import implication, read_rules, rule_facts, rule_text
from hybridattn.knowledge.rules.memory import RuleMemory
from hybridattn.knowledge.rules.soft import soft_chart
from hybridattn.knowledge.rules.story import Story
from hybridattn.knowledge.rules.twin import SoftRules

__all__ = [
    "Composer",
    "RuleAnswer",
    "RuleEvidence",
    "RuleMemory",
    "RuleSource",
    "SoftRules",
    "Story",
    "implication",
    "read_rules",
    "rule_facts",
    "rule_text",
    "soft_chart",
]
