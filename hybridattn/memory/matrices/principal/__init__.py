"""Hebbian memories of principal components: Oja's rule and its kin."""

from hybridattn.memory.matrices.principal.oja import OjaMemory
from hybridattn.memory.matrices.principal.rates import ConstantRate, DecayingRate, LearningRate
from hybridattn.memory.matrices.principal.rules import ComponentRule, OjaSubspace, Sanger

__all__ = ["ComponentRule", "ConstantRate", "DecayingRate", "LearningRate", "OjaMemory", "OjaSubspace", "Sanger"]
