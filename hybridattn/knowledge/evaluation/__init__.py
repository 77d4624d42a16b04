"""Benchmarks as functions, with the faithfulness of every answer beside its accuracy."""

from hybridattn.knowledge.evaluation.babi import BabiReport, BabiRun, BabiTask, evaluate_babi
from hybridattn.knowledge.evaluation.clutrr import ClutrrFile, ClutrrReport, evaluate_clutrr, learn_stories
from hybridattn.knowledge.evaluation.faithfulness import Faithfulness, SetScores, faithfulness, replays, set_scores
from hybridattn.knowledge.evaluation.reading import ReadingFaithfulness, reading_faithfulness

__all__ = [
    "BabiReport",
    "BabiRun",
    "BabiTask",
    "ClutrrFile",
    "ClutrrReport",
    "Faithfulness",
    "ReadingFaithfulness",
    "SetScores",
    "evaluate_babi",
    "evaluate_clutrr",
    "faithfulness",
    "learn_stories",
    "reading_faithfulness",
    "replays",
    "set_scores",
]
