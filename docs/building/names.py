"""The public names of the package, and where each is described."""

from functools import cache
from importlib import import_module
from types import ModuleType

__all__ = ["ROOMS", "described", "public"]

ROOMS = (
    "hybridattn.attention",
    "hybridattn.memory",
    "hybridattn.memory.hflayers",
    "hybridattn.controller",
    "hybridattn.reasoning",
    "hybridattn.reasoning.truth",
    "hybridattn.reasoning.graph",
    "hybridattn.reasoning.nal",
    "hybridattn.reasoning.inspection",
    "hybridattn.knowledge",
    "hybridattn.experiments",
    "hybridattn.view",
    "hybridattn.view.plots",
    "hybridattn.trace",
    "hybridattn.ranks",
    "hybridattn.display",
    "hybridattn.errors",
)


@cache
def public() -> dict[str, str]:
    """Give, by its name alone, the full name of everything that the reference describes; the first room wins."""
    found: dict[str, str] = {}
    for room in ROOMS:
        module = import_module(room)
        for name in module.__all__:
            if not isinstance(getattr(module, name), ModuleType):
                found.setdefault(name, f"{room}.{name}")
    return found


@cache
def _rooms_of_objects() -> dict[int, str]:
    return {id(getattr(import_module(full.rpartition(".")[0]), name)): full for name, full in public().items()}


def described(path: str) -> str | None:
    """Give the full name under which the object at an import path is described; None where it is not public.

    Raises AttributeError or ImportError where there is no such object.
    """
    module, _, name = path.rpartition(".")
    return _rooms_of_objects().get(id(getattr(import_module(module), name)))
