"""Training by gradient from several seeds: runs that are kept and go on, their mean and spread, and the one to use."""

from hybridattn.knowledge.training.kept import RunFolder
from hybridattn.knowledge.training.run import TrainingRun
from hybridattn.knowledge.training.runs import TrainingProgress, train_runs
from hybridattn.knowledge.training.summary import Spread, chosen_run
from hybridattn.knowledge.training.trainer import Trainer
from hybridattn.knowledge.training.training import Training

__all__ = ["RunFolder", "Spread", "Trainer", "Training", "TrainingProgress", "TrainingRun", "chosen_run", "train_runs"]
