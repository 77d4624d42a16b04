"""The files of a store: its folder, its lock, its database and its segments."""

from hybridattn.memory.durable.files.database import Database, make_database, told
from hybridattn.memory.durable.files.folder import Folder, numbered_name
from hybridattn.memory.durable.files.head import read_head, write_head
from hybridattn.memory.durable.files.lock import locked, unlock
from hybridattn.memory.durable.files.mapped import MappedSegment
from hybridattn.memory.durable.files.writing import write_segment

__all__ = [
    "Database",
    "Folder",
    "MappedSegment",
    "locked",
    "make_database",
    "numbered_name",
    "read_head",
    "told",
    "unlock",
    "write_head",
    "write_segment",
]
