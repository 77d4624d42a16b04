"""The rules at work: what follows, best first, and the proof of it."""

from hybridattn.reasoning.nal.engine.conclusion import Conclusion, proof, replayed
from hybridattn.reasoning.nal.engine.derive import Conclusions, derive

__all__ = ["Conclusion", "Conclusions", "derive", "proof", "replayed"]
