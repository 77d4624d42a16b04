"""Benchmarks as functions, with the faithfulness of every answer beside its accuracy."""

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

__all__ = [
    "Answerer",
    "ClutrrFile",
    "ClutrrReport",
    "CountedRules",
    "Faithfulness",
    "Learner",
    "Learnt",
    "SetScores",
    "TrainedReader",
    "evaluate_clutrr",
    "evaluate_clutrr_runs",
    "faithfulness",
    "learn_stories",
    "replays",
    "set_scores",
]
