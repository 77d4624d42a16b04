"""Recall of pictures: which of the stored ones a query settles at, step by step."""

from hybridattn.experiments.recalling.icons import icons
from hybridattn.experiments.recalling.recall import Recall, RecallStep, recall_pictures

__all__ = ["Recall", "RecallStep", "icons", "recall_pictures"]
