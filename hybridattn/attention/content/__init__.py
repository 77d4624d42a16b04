"""Attention in which content decides who may be read: clusters and hashes."""

from hybridattn.attention.content.groups import LSH, nearest_clusters
from hybridattn.attention.content.reading import grouped_read, hashed_read

__all__ = ["LSH", "grouped_read", "hashed_read", "nearest_clusters"]
