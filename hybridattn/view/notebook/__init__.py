"""What notebooks show of traces, derivations and answers."""

from hybridattn.view.notebook.bundle import bundle
from hybridattn.view.notebook.picture import picture

__all__ = ["bundle", "picture"]
