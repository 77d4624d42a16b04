"""What a store writes down beside its segments: its state, its newest slots, evidence and labels."""

from hybridattn.memory.durable.records.ledger import DEAD, Ledger
from hybridattn.memory.durable.records.sealing import field, from_json, to_json
from hybridattn.memory.durable.records.state import Form, Segment, State, read_state, write_state
from hybridattn.memory.durable.records.tail import add_to_tail, empty_tail, read_tail

__all__ = [
    "DEAD",
    "Form",
    "Ledger",
    "Segment",
    "State",
    "add_to_tail",
    "empty_tail",
    "field",
    "from_json",
    "read_state",
    "read_tail",
    "to_json",
    "write_state",
]
