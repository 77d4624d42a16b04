"""Benchmarks as functions, with the faithfulness of every answer beside its accuracy."""

from hybridattn.knowledge.evaluation.babi import BabiReport, BabiRun, BabiTask, evaluate_babi
from hybridattn.knowledge.evaluation.clutrr import ClutrrFile, ClutrrReport, evaluate_clutrr, evaluate_clutrr_runs
from hybridattn.knowledge.evaluation.faithfulness import (
    Answerer,
    Faithfulness,
    SetScores,
    faithfulness,
    replays,
    set_scores,
)
from hybridattn.knowledge.evaluation.learning import CountedRules, Learner, Learnt, TrainedReader, learn_stories
from hybridattn.knowledge.evaluation.reading import ReadingFaithfulness, reading_faithfulness

__all__ = [
    "Answerer",
    "BabiReport",
    "BabiRun",
    "BabiTask",
    "ClutrrFile",
    "ClutrrReport",
    "CountedRules",
    "Faithfulness",
    "Learner",
    "Learnt",
    "ReadingFaithfulness",
    "SetScores",
    "TrainedReader",
    "evaluate_babi",
    "evaluate_clutrr",
    "evaluate_clutrr_runs",
    "faithfulness",
    "learn_stories",
    "reading_faithfulness",
    "replays",
    "set_scores",
]
