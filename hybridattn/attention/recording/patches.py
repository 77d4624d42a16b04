"""The functions of torch in which attention happens, listened to for a while."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from importlib import import_module
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

if TYPE_CHECKING:
    from hybridattn.attention.recording.calls import Watch

__all__ = ["patched"]


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
        (torch, "_native_multi_head_attention", watch.native),
        (torch, "_transformer_encoder_layer_fwd", watch.layer),
        *((attention, name, watch.read) for name in ("read", "positional_read", "grouped_read")),
        *((attention, name, watch.linear) for name in ("hashed_read", "linearised_read")),
    ]
    with ExitStack() as stack:
        for home, name, hear in places:
            if original := getattr(home, name, None):  # what begins with _ is torch's own, and may go
                listening = _listening(watch, original, hear)
                for module in _holders(name, original):
                    stack.enter_context(_replaced(module, name, listening))
        yield


def _holders(name: str, original: object) -> list[Any]:
    """Find the modules in which the function goes by its name."""
    return [module for module in list(sys.modules.values()) if getattr(module, "__dict__", {}).get(name) is original]


def _listening(watch: "Watch", original: Callable[..., Any], hear: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def listening(*given: Any, **named: Any) -> Any:
        return hear(original, *given, **named) if watch.is_mine() else original(*given, **named)

    return listening


@contextmanager
def _replaced(holder: Any, name: str, new: object) -> Iterator[None]:
    old = getattr(holder, name)
    setattr(holder, name, new)
    try:
        yield
    finally:
        setattr(holder, name, old)
