"""Benchmarks as functions, with the faithfulness of every answer beside its accuracy."""

from hybridattn.knowledge.evaluation.clutrr import ClutrrFile, ClutrrReport, evaluate_clutrr, learn_stories
from hybridattn.knowledge.evaluation.faithfulness import Faithfulness, Overlap, faithfulness, overlap, replays

__all__ = [
    "ClutrrFile",
    "ClutrrReport",
    "Faithfulness",
    "Overlap",
    "evaluate_clutrr",
    "faithfulness",
    "learn_stories",
    "overlap",
    "replays",
]
