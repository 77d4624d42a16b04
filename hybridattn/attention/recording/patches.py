"""The functions in which attention happens, and the modules that call them, listened to for a while."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from functools import wraps
from importlib import import_module
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn import functional

if TYPE_CHECKING:
    from hybridattn.attention.recording.calls import Watch

__all__ = ["named", "patched"]

_CHANGING = threading.Lock()
"""Held while what names stand for changes: recordings of several threads begin and end between each other."""


@contextmanager
def patched(watch: "Watch") -> Iterator[None]:
    """Let attention functions tell the watch what they were asked, wherever their names were imported to.

    The fast paths of torch's modules call no attention function that Python could see: they are listened to as well.
    Our own reads are heard as a whole, for they go in blocks, or without torch's function.
    """
    attention = import_module("hybridattn.attention")  # is not there yet when this module is loaded
    places: list[tuple[Any, str, Callable[..., Any]]] = [
        (functional, "scaled_dot_product_attention", watch.attention),
        (functional, "multi_head_attention_forward", watch.multi_head),
        (functional, "softmax", watch.softmax),
        (torch, "_native_multi_head_attention", watch.native),
        (torch, "_transformer_encoder_layer_fwd", watch.layer),
        *((attention, name, watch.read) for name in ("read", "positional_read", "grouped_read")),
        *((attention, name, watch.linear) for name in ("hashed_read", "linearised_read")),
    ]
    with ExitStack() as stack:
        for home, name, hear in places:
            if hasattr(home, name):  # what begins with _ is torch's own, and may go
                stack.enter_context(_heard(watch, home, name, hear))
        yield


@contextmanager
def named(watch: "Watch", name: str, module: nn.Module) -> Iterator[None]:
    """Let the forward pass of a module say that it runs; its class, hooks and parameters stay as they are."""
    if isinstance(module, torch.jit.ScriptModule):
        yield
        return
    with _CHANGING:
        running = module.forward = _Running(watch, name, module)
    try:
        yield
    finally:
        with _CHANGING:
            running.leave()


class _Running:
    """The forward pass of a module, which a watch is told of; copies of the module have their own again."""

    def __init__(self, watch: "Watch", name: str, module: nn.Module) -> None:
        self.watch, self.name, self.module = watch, name, module
        self.before = vars(module).get("forward")

    @property
    def __wrapped__(self) -> Callable[..., Any]:  # where `inspect` finds the signature: some models look at their own
        return self.forward

    @property
    def forward(self) -> Callable[..., Any]:
        """What runs: the function of this module, if it has one, else that of its class."""
        own: Callable[..., Any] = self.before or type(self.module).forward.__get__(self.module)
        return own

    def __call__(self, *given: Any, **more: Any) -> Any:
        with self.watch.inside(self.name):
            return self.forward(*given, **more)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return deepcopy(self.forward, memo)

    def __reduce__(self) -> tuple[Any, ...]:
        return _itself, (self.forward,)

    def leave(self) -> None:
        """Give the module back what it had, also where a recording that began later still listens."""
        there = vars(self.module).get("forward")
        if there is self and self.before is None:
            del self.module.forward
        elif there is self:
            self.module.forward = self.before
        while isinstance(there, _Running):
            if there.before is self:
                there.before = self.before
            there = there.before


def _itself(forward: Callable[..., Any]) -> Callable[..., Any]:
    return forward


@contextmanager
def _heard(watch: "Watch", home: Any, name: str, hear: Callable[..., Any]) -> Iterator[None]:
    with _CHANGING:
        original = getattr(home, name)
        listening = _listening(watch, original, hear)
        _rename(name, original, listening)
    try:
        yield
    finally:
        with _CHANGING:
            _rename(name, listening, listening.__wrapped__)
            later = getattr(home, name)  # recordings that began after this one go on without it
            while wrapped := getattr(later, "__wrapped__", None):
                if wrapped is listening:
                    later.__wrapped__ = listening.__wrapped__
                later = wrapped


def _listening(watch: "Watch", original: Callable[..., Any], hear: Callable[..., Any]) -> Any:
    @wraps(original)
    def listening(*given: Any, **named: Any) -> Any:
        before: Callable[..., Any] = listening.__wrapped__
        return hear(before, *given, **named) if watch.is_mine() else before(*given, **named)

    return listening


def _rename(name: str, old: object, new: object) -> None:
    """Let the name stand for something else in all modules in which it stands for the old."""
    for module in list(sys.modules.values()):
        if getattr(module, "__dict__", {}).get(name) is old:
            setattr(module, name, new)
