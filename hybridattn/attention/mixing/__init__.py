"""What heads do with each other: they talk, or are turned down."""

from hybridattn.attention.mixing.gating import HeadGate
from hybridattn.attention.mixing.talking import TalkingHeads

__all__ = ["HeadGate", "TalkingHeads"]
