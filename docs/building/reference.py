"""The directive `room`: everything that a room offers, from its `__all__`."""

import inspect
import re
from importlib import import_module
from types import ModuleType

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import nested_parse_with_titles
from sphinx.util.typing import ExtensionMetadata

from building.names import public

__all__ = ["setup"]

_UNTYPED = re.compile(r"mappingproxy\(\{.*?\}\)|<[^<>]*>")
_LONG = 80  # characters of a constant that is not shown
_FOREIGN = "Module, Sequence, tuple, object, Protocol, Generic, Exception, Enum, Flag, dict"
"""Classes of others, whose members are theirs to describe."""


class Room(SphinxDirective):
    """Describe a room: `.. room:: hybridattn.attention`, in reStructuredText."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Give a description of each name, functions after classes."""
        room = self.arguments[0]
        module = import_module(room)
        names = [name for name in module.__all__ if public().get(name) == f"{room}.{name}"]
        lines = [f".. py:module:: {room}", ""]
        for name in sorted(names, key=lambda name: (not inspect.isclass(getattr(module, name)), name.lower())):
            lines += _described(room, name, getattr(module, name))
        holder = nodes.section()
        holder.document = self.state.document
        nested_parse_with_titles(self.state, StringList(lines, source=room), holder)
        return holder.children


def _described(room: str, name: str, thing: object) -> list[str]:
    assert not isinstance(thing, ModuleType)
    if inspect.isclass(thing):
        options = ["   :members:", f"   :inherited-members: {_FOREIGN}"]
        options += ["   :show-inheritance:"] if thing.__bases__ != (object,) else []
        return [f".. autoclass:: {room}.{name}", *options, ""]
    if callable(thing):
        return [f".. autofunction:: {room}.{name}", ""]
    return [f".. autodata:: {room}.{name}", *(["   :no-value:"] if len(repr(thing)) > _LONG else []), ""]


def _short(
    app: Sphinx, kind: str, name: str, thing: object, options: object, signature: str | None, returned: str | None
) -> tuple[str | None, str | None]:
    """Leave out of a signature what nobody can type: defaults that are made, and the call of a protocol."""
    if signature == "(*args, **kwargs)" and getattr(thing, "_is_protocol", False):
        return "", returned
    return _UNTYPED.sub("...", signature) if signature else signature, returned


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add the directive."""
    app.add_directive("room", Room)
    app.connect("autodoc-process-signature", _short)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
