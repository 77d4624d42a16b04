"""Readers of published data sets, one file each."""

from hybridattn.knowledge.datasets.clutrr import GoldStep, KinStory, read_clutrr

__all__ = ["GoldStep", "KinStory", "read_clutrr"]
