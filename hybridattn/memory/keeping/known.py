"""The names that a file of a memory may use, and what they stand for: what the rooms of tensors export, no more."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from torch import nn

from hybridattn import attention

__all__ = ["form_of", "known"]


@cache
def known() -> Mapping[str, type]:
    """Give every memory and part by its name: exported classes that are frozen dataclasses or modules."""
    from hybridattn import memory  # this room is one of its rooms

    rooms = (attention, memory)
    things = {name: getattr(room, name) for room in rooms for name in room.__all__}
    return MappingProxyType(
        {name: thing for name, thing in things.items() if isinstance(thing, type) and _plain(thing)}
    )


def _plain(kind: type) -> bool:
    return is_dataclass(kind) or (issubclass(kind, nn.Module) and hasattr(kind, "arguments"))


def form_of(thing: Any) -> dict[str, Any] | None:
    """Give the constructor's arguments of a memory or part that is known by its name, else None."""
    kind: Any = type(thing)
    if known().get(kind.__name__) is not kind:
        return None
    if isinstance(thing, nn.Module):
        return dict(thing.arguments())  # type: ignore[operator]
    return {field.name: getattr(thing, field.name) for field in fields(kind) if field.init}  # type: ignore[arg-type]
