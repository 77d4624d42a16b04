"""Running an experiment cell by cell: a ledger of what is done, intervals, tables; and seeds from downstairs."""

from hybridattn.experiments.running.cells import Cell
from hybridattn.experiments.running.intervals import Interval, share_interval, wilson
from hybridattn.experiments.running.ledger import Ledger
from hybridattn.experiments.running.study import Study, run_study
from hybridattn.experiments.running.tables import csv_text
from hybridattn.running import seeded

__all__ = ["Cell", "Interval", "Ledger", "Study", "csv_text", "run_study", "seeded", "share_interval", "wilson"]
