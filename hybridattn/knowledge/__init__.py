"""Facts as an associative memory: ask, and get the answer, its derivation and its graph."""

from hybridattn.knowledge.answers import Answer, Answers
from hybridattn.knowledge.datasets import GoldStep, KinStory, read_clutrr
from hybridattn.knowledge.encoder import Encoder, Incoherent, SymbolCodes
from hybridattn.knowledge.evaluation import (
    ClutrrFile,
    ClutrrReport,
    Faithfulness,
    SetScores,
    evaluate_clutrr,
    faithfulness,
    learn_stories,
    replays,
    set_scores,
)
from hybridattn.knowledge.facts import FactMemory
from hybridattn.knowledge.hebbian import statements
from hybridattn.knowledge.lexicon import Lexicon
from hybridattn.knowledge.rules import (
    Composer,
    RuleAnswer,
    RuleEvidence,
    RuleMemory,
    RuleSource,
    SoftRules,
    Story,
    implication,
    read_rules,
    rule_facts,
    rule_text,
    soft_chart,
)

__all__ = [
    "Answer",
    "Answers",
    "ClutrrFile",
    "ClutrrReport",
    "Composer",
    "Encoder",
    "FactMemory",
    "Faithfulness",
    "GoldStep",
    "Incoherent",
    "KinStory",
    "Lexicon",
    "RuleAnswer",
    "RuleEvidence",
    "RuleMemory",
    "RuleSource",
    "SetScores",
    "SoftRules",
    "Story",
    "SymbolCodes",
    "evaluate_clutrr",
    "faithfulness",
    "implication",
    "learn_stories",
    "read_clutrr",
    "read_rules",
    "replays",
    "rule_facts",
    "rule_text",
    "set_scores",
    "soft_chart",
    "statements",
]
