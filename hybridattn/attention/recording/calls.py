"""What each attention function was asked, torch's and ours."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from inspect import signature
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from hybridattn.attention.recording.fast import (
    asked_by_fast_path,
    gives_weights,
    heads_with_weights,
    layer_with_weights,
)
from hybridattn.attention.recording.recorded import RecordedAttention, Recording
from hybridattn.attention.recording.shares import Asked, Shares, shares_of, shares_of_weights
from hybridattn.attention.recording.weights import weights_of, with_heads

__all__ = ["Watch"]

_AGAIN = ContextVar("_AGAIN", default=False)
"""Whether a call is only made to be recorded: nobody listens to it."""


class Watch:
    """Listens to the calls of one thread, and knows which module is running."""

    def __init__(self, top: int, entropy: bool) -> None:
        self.top, self.entropy, self.recording = top, entropy, Recording()
        self.running: list[str] = []
        self._silent, self._heads = False, 0
        self._thread = threading.get_ident()

    def is_mine(self) -> bool:
        """Tell whether the model is running, in the thread that records and under no transform of `torch.func`."""
        mine = bool(self.running) and not self._silent and threading.get_ident() == self._thread
        return mine and not _AGAIN.get() and not _is_transformed()

    @contextmanager
    def inside(self, name: str) -> Iterator[None]:
        """Know that the module of this name is running, if it does so in the thread that records."""
        if threading.get_ident() != self._thread:
            yield
            return
        self.running.append(name)
        try:
            yield
        finally:
            self.running.pop()

    def attention(
        self,
        original: Callable[..., Tensor],
        query: Tensor,
        key: Tensor,
        value: Tensor,
        attn_mask: Tensor | None = None,
        dropout_p: float = 0.0,
        is_causal: bool = False,
        **named: Any,
    ) -> Tensor:
        """Call `scaled_dot_product_attention`, and keep its shares."""
        found = original(query, key, value, attn_mask, dropout_p, is_causal, **named)
        scale = named.get("scale")
        scale = max(1, query.shape[-1]) ** -0.5 if scale is None else scale
        is_bool = attn_mask is not None and attn_mask.dtype == torch.bool
        allowed, bias = (attn_mask, None) if is_bool else (None, attn_mask)
        self._keep(self.running[-1], Asked(query, key, scale, allowed, bias, is_causal))
        return found

    def multi_head(self, original: Callable[..., Any], *given: Any, **named: Any) -> Any:
        """Call `multi_head_attention_forward`: where it gives its weights it computes them by a softmax of its own."""
        self._heads = given[4] if len(given) > 4 else named["num_heads"]
        try:
            return original(*given, **named)
        finally:
            self._heads = 0

    def softmax(self, original: Callable[..., Tensor], *given: Any, **named: Any) -> Tensor:
        """Call `softmax`, and keep its shares where they are those of several heads."""
        weights = original(*given, **named)
        if self._heads:
            of_heads = weights.shape[0] // self._heads, self._heads, *weights.shape[1:]
            self._note_weights(self.running[-1], weights.detach().reshape(of_heads))
        return weights

    def native(self, original: Callable[..., Any], query: Tensor, *given: Any, **named: Any) -> Any:
        """Call the fast path of `nn.MultiheadAttention`, where query, key and value are one tensor."""
        if not named and gives_weights(original, query):
            found, weights = heads_with_weights(query, *given)
            self._note_weights(self.running[-1], weights)
            return found
        found = original(query, *given, **named)
        _, _, width, heads, weight, bias, _, _, *rest = given
        mask, _, _, kind, *_ = (*rest, *(None,) * 4)[:4]
        self._keep(self.running[-1], asked_by_fast_path(query, (width, heads, weight, bias), mask, kind))
        return found

    def layer(self, original: Callable[..., Any], source: Tensor, *given: Any, **named: Any) -> Any:
        """Call the fast path of `nn.TransformerEncoderLayer`."""
        name = f"{self.running[-1]}.self_attn".lstrip(".")
        if not named and gives_weights(original, source):
            found, weights = layer_with_weights(source, *given)
            self._note_weights(name, weights)
            return found
        found = original(source, *given, **named)
        width, heads, weight, bias, _, _, _, first, eps, scale, shift, *rest = given
        mask, kind = (*rest[6:], None, None)[:2]
        asked = functional.layer_norm(source, (width,), scale, shift, eps) if first else source
        self._keep(name, asked_by_fast_path(asked, (width, heads, weight, bias), mask, kind))
        return found

    def read(self, original: Callable[..., Any], *given: Any, **named: Any) -> Any:
        """Call one of our own reads, and once more for its best slots, unless it named them; of draws the same lot."""
        query, keys, values, rest = _asked_of(original, given, named)
        generator = _generator_of(rest.get("separation"))
        state = None if generator is None else generator.get_state()
        n, entropy = keys.shape[-2], None
        kept = min(self.top, n)
        with self._in_silence():
            found = best = original(*given, **named)
            with _back_at(generator, state), _again():
                if found.slots is None or found.slots.shape[-1] < kept:
                    best = original(query, keys, values[..., :1], **{**rest, "top": self.top})
                if self.entropy and generator is None and n:
                    entropy = weights_of(partial(original, **rest), query, keys, values[..., :1], 1)[0].entropy
        slots, shares = with_heads(best.slots[..., :kept], best.shares[..., :kept].detach())
        self._note(self.running[-1], Shares(slots, shares, entropy), n)
        return found

    def linear(self, original: Callable[..., Any], *given: Any, **named: Any) -> Any:
        """Call one of our own reads that name no slots, and ask it for its weights."""
        query, keys, values, rest = _asked_of(original, given, named)
        with self._in_silence():
            found = original(*given, **named)
            if keys.shape[-2]:
                with _again():
                    kept, _ = weights_of(partial(original, **rest), query, keys, values[..., :1], self.top)
                entropy = kept.entropy if self.entropy else None
                self._note(self.running[-1], Shares(kept.slots, kept.shares, entropy), kept.keys)
        return found

    @contextmanager
    def _in_silence(self) -> Iterator[None]:
        self._silent = True
        try:
            yield
        finally:
            self._silent = False

    @torch.no_grad()
    def _keep(self, name: str, asked: Asked) -> None:
        self._note(name, shares_of(asked, self.top, self.entropy), asked.keys.shape[-2])

    @torch.no_grad()
    def _note_weights(self, name: str, weights: Tensor) -> None:
        self._note(name, shares_of_weights(weights, self.top, self.entropy), weights.shape[-1])

    def _note(self, name: str, found: Shares, keys: int) -> None:
        self.recording.calls.append(RecordedAttention(name, found.slots, found.shares, keys, found.entropy))


def _is_transformed() -> bool:
    """Tell whether a transform as `vmap` is at work: its tensors must not be kept."""
    functorch: Any = getattr(torch._C, "_functorch", None)
    return functorch is not None and functorch.peek_interpreter_stack() is not None


def _asked_of(
    original: Callable[..., Any], given: tuple[Any, ...], named: dict[str, Any]
) -> tuple[Tensor, Tensor, Tensor, dict[str, Any]]:
    """Tell query, keys and values of a call of one of our reads from the rest, by name."""
    rest = dict(signature(original).bind(*given, **named).arguments)
    rest.update(rest.pop("parts", {}))
    return rest.pop("query"), rest.pop("keys"), rest.pop("values"), rest


@contextmanager
def _again() -> Iterator[None]:
    token = _AGAIN.set(True)
    try:
        with torch.no_grad():
            yield
    finally:
        _AGAIN.reset(token)


def _generator_of(separation: object) -> torch.Generator | None:
    """Give what slots are drawn with, or None where none are."""
    if not hasattr(separation, "generator"):
        return None
    return separation.generator or torch.default_generator


@contextmanager
def _back_at(generator: torch.Generator | None, state: Tensor | None) -> Iterator[None]:
    """Draw again what was drawn from this state on; go on afterwards as if nothing had been."""
    if generator is None or state is None:
        yield
        return
    after = generator.get_state()
    generator.set_state(state)
    try:
        yield
    finally:
        generator.set_state(after)
