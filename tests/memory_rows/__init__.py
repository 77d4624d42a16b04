"""Every memory that the room exports, as rows of its contract: a family of memories is a file here."""

from . import codebooks, fastweights, hebbian, large, matrices, slots
from .row import Row

__all__ = ["ROWS", "Row"]

ROWS: dict[str, Row] = {
    **slots.ROWS,
    **codebooks.ROWS,
    **matrices.ROWS,
    **fastweights.ROWS,
    **hebbian.ROWS,
    **large.ROWS,
}
