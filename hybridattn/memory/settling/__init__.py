"""Reading a query back as its own key until it no longer changes."""

from hybridattn.memory.settling.activation import Activation, Identity, Sign, Sphere
from hybridattn.memory.settling.flips import Flips
from hybridattn.memory.settling.gradient import Gradient, Implicit, Unrolled
from hybridattn.memory.settling.landscape import Landscape
from hybridattn.memory.settling.recorded import Recording
from hybridattn.memory.settling.run import Plan, settle_rows
from hybridattn.memory.settling.settled import Drop, Record, Settled

__all__ = [
    "Activation",
    "Drop",
    "Flips",
    "Gradient",
    "Identity",
    "Implicit",
    "Landscape",
    "Plan",
    "Record",
    "Recording",
    "Settled",
    "Sign",
    "Sphere",
    "Unrolled",
    "settle_rows",
]
