"""The one door up: what is below the top floor can be displayed, and does not know how."""

from collections.abc import Collection
from importlib import import_module
from typing import Any

__all__ = ["Displayed"]


class Displayed:
    """What displays itself in a notebook: IPython and Jupyter ask it for a `_repr_mimebundle_`.

    The room that draws, `hybridattn.view.notebook`, is loaded when something is displayed, never before. Data still go
    one way: the drawing is made from the object, and the object keeps none of it.
    """

    __slots__ = ()

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, Any]:
        """Give a text tree, a static SVG and a framed page, by MIME type: those included and not excluded."""
        notebook = import_module("hybridattn.view.notebook")
        bundle: dict[str, Any] = notebook.bundle(self, include=include, exclude=exclude)
        return bundle
