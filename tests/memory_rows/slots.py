"""The rows of the memories that keep every key."""

from hybridattn.attention import Cosine, Hard, NegativeSquaredEuclidean
from hybridattn.memory import SlotMemory

from .row import Row, numbers


def slots(value_dim: int | None = None, **parts: object) -> Row:
    return Row(
        SlotMemory,
        lambda: SlotMemory(8, value_dim, beta=20.0, **parts),
        lambda m: numbers(m, 8, 0),
        lambda m: None if value_dim is None else numbers(m, value_dim, 1),
    )


ROWS = {
    "keys only": slots(),
    "keys and values": slots(3),
    "hard": slots(3, separation=Hard()),
    "cosine": slots(3, similarity=Cosine()),
    "distance": slots(similarity=NegativeSquaredEuclidean()),
}
