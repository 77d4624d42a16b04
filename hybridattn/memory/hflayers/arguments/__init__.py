"""What the layers are told, checked: the arguments of their constructors and of their `forward`."""

from hybridattn.memory.hflayers.arguments.masks import Extent, readable
from hybridattn.memory.hflayers.arguments.options import Options
from hybridattn.memory.hflayers.arguments.patterns import Patterns, check
from hybridattn.memory.hflayers.arguments.steps import Steps

__all__ = ["Extent", "Options", "Patterns", "Steps", "check", "readable"]
