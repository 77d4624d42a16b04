"""Soft reading: a controller trained by gradient hops over sentence memories, and shows what it read."""

from hybridattn.knowledge.reading.answer import ReadingAnswer, read_stories
from hybridattn.knowledge.reading.encoding import bag_of_words, position_encoding
from hybridattn.knowledge.reading.reader import Noise, ReaderParts, Reading, StoryReader
from hybridattn.knowledge.reading.replay import replays_reading
from hybridattn.knowledge.reading.runs import reader_of, reader_training
from hybridattn.knowledge.reading.sharing import adjacent, carried, gated, layer_wise, residual
from hybridattn.knowledge.reading.stories import Batch, StoryTensors, Vocabulary
from hybridattn.knowledge.reading.timing import Ages, AgeTable, TimedLink, smooth_ages
from hybridattn.knowledge.reading.training import ReaderTrainer, Schedule

__all__ = [
    "AgeTable",
    "Ages",
    "Batch",
    "Noise",
    "ReaderParts",
    "ReaderTrainer",
    "Reading",
    "ReadingAnswer",
    "Schedule",
    "StoryReader",
    "StoryTensors",
    "TimedLink",
    "Vocabulary",
    "adjacent",
    "bag_of_words",
    "carried",
    "gated",
    "layer_wise",
    "position_encoding",
    "read_stories",
    "reader_of",
    "reader_training",
    "replays_reading",
    "residual",
    "smooth_ages",
]
