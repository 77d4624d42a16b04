"""Every memory that the room exports, as rows of its contract: a family of memories is a file here."""

from . import codebooks, durable, fastweights, hebbian, large, matrices, slots
from .row import Row

__all__ = ["ALL_ROWS", "ROWS", "Row"]

ROWS: dict[str, Row] = {
    **slots.ROWS,
    **codebooks.ROWS,
    **matrices.ROWS,
    **fastweights.ROWS,
    **hebbian.ROWS,
    **large.ROWS,
}
"""The modules."""
ALL_ROWS: dict[str, Row] = {**ROWS, **durable.ROWS}
"""With those that are no modules: they have no state that goes from one to another."""
