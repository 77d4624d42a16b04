"""Reading a query back as its own key until it no longer changes."""

from hybridattn.memory.settling.settled import Settled, settle_rows

__all__ = ["Settled", "settle_rows"]
