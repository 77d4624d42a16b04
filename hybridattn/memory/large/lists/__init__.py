"""How slots are put into lists, of which a read looks at a few."""

from hybridattn.memory.large.lists.faiss import FaissLists
from hybridattn.memory.large.lists.index import Fitted, Index, OneList, checked_lists
from hybridattn.memory.large.lists.kmeans import KMeansLists

__all__ = ["FaissLists", "Fitted", "Index", "KMeansLists", "OneList", "checked_lists"]
