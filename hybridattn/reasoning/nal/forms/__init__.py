"""Which terms mean the same, and which can be made the same."""

from hybridattn.reasoning.nal.forms.canonical import canonical, fault
from hybridattn.reasoning.nal.forms.unify import unify

__all__ = ["canonical", "fault", "unify"]
