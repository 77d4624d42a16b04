"""Readers of published data sets, one file each."""

from hybridattn.knowledge.datasets.babi import BabiFiles, BabiQuestion, babi_files, read_babi
from hybridattn.knowledge.datasets.clutrr import GoldStep, KinStory, read_clutrr

__all__ = ["BabiFiles", "BabiQuestion", "GoldStep", "KinStory", "babi_files", "read_babi", "read_clutrr"]
