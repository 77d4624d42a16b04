"""What long work stands on: random numbers by purpose, and files that are there whole or not at all."""

from hybridattn.running.files import check_path, write_bytes, write_text
from hybridattn.running.seeds import seeded

__all__ = ["check_path", "seeded", "write_bytes", "write_text"]
