"""Benchmarks as functions, with the faithfulness of every answer beside its accuracy."""

from hybridattn.knowledge.evaluation.clutrr import ClutrrFile, ClutrrReport, evaluate_clutrr, learn_stories
from hybridattn.knowledge.evaluation.faithfulness import Faithfulness, SetScores, faithfulness, replays, set_scores

__all__ = [
    "ClutrrFile",
    "ClutrrReport",
    "Faithfulness",
    "SetScores",
    "evaluate_clutrr",
    "faithfulness",
    "learn_stories",
    "replays",
    "set_scores",
]
