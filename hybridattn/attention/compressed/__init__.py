"""Many slots compressed to few, which are read instead: prototypes, pooling, and low rank."""

from hybridattn.attention.compressed.clusters import cluster
from hybridattn.attention.compressed.lowrank import Linformer, Nystrom, iterated_inverse
from hybridattn.attention.compressed.pooled import Convolved, Pooled
from hybridattn.attention.compressed.protocol import Compressed, Compression, compressed_read
from hybridattn.attention.compressed.prototypes import InducingPoints, KMeans

__all__ = [
    "Compressed",
    "Compression",
    "Convolved",
    "InducingPoints",
    "KMeans",
    "Linformer",
    "Nystrom",
    "Pooled",
    "cluster",
    "compressed_read",
    "iterated_inverse",
]
