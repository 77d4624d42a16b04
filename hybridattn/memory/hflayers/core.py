"""`HopfieldCore`: the parameters of an association, and what they make of patterns."""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm, linear, pad

from hybridattn.errors import ArgumentError
from hybridattn.memory.hflayers.arguments import Options
from hybridattn.memory.hflayers.loop import Heads

__all__ = ["HopfieldCore"]

_STD = 0.02


class HopfieldCore(nn.Module):
    """Projects stored patterns, states and projections into heads, and what was read out of them again.

    Parameter names and shapes are those of hflayers 1.0.2, so that its states, and those of `nn.MultiheadAttention`,
    load strictly. Two differences. A tensor as scaling is in the state here, as `scaling`; a state without it leaves
    the one that there is. And `bias_v` is as wide as values are, where hflayers, which never reads it, takes the keys'.
    """

    in_proj_weight: Tensor | None
    in_proj_bias: Tensor | None
    q_proj_weight: Tensor | None
    k_proj_weight: Tensor | None
    v_proj_weight: Tensor | None
    bias_k: Tensor | None
    bias_v: Tensor | None
    p_norm_weight: Tensor | None
    p_norm_bias: Tensor | None
    scaling: float | Tensor
    """beta: a number, or a tensor of one for all heads or one each."""

    def __init__(self, options: Options, scaling: float | Tensor | None, *, legacy_scaling: bool) -> None:
        super().__init__()
        self.options, self.legacy_scaling = options, legacy_scaling
        for name in ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight", "in_proj_bias"):
            self.register_parameter(name, None)
        for name in ("bias_k", "bias_v", "p_norm_weight", "p_norm_bias"):
            self.register_parameter(name, None)
        for name, shape in _shapes(options):
            self.register_parameter(name, nn.Parameter(torch.empty(shape)))
        self.out_proj = None if options.disable_out_projection else _out_projection(options)
        self._keep(scaling)
        self.reset_parameters()

    def reset_parameters(self, *, generator: torch.Generator | None = None) -> None:
        """Draw weights and bias patterns from N(0, 0.02^2); biases are 0, and normalisations change nothing."""
        for name, parameter in self.named_parameters():
            if name == "p_norm_weight":
                nn.init.ones_(parameter)
            elif name in ("in_proj_bias", "out_proj.bias", "p_norm_bias"):
                nn.init.zeros_(parameter)
            elif name != "scaling":
                nn.init.normal_(parameter, std=_STD, generator=generator)

    def heads(self, stored: Tensor, state: Tensor, projection: Tensor) -> Heads:
        """Project (B, S, .), (B, L, .) and (B, S, .) into heads, normalise those, and append the rows asked for."""
        (to_query, to_key, to_value), (query_bias, key_bias, value_bias) = self._projections()
        if self.options.pattern_projection_as_connected and to_key is not None:
            projection = linear(projection, to_key, key_bias)
            values = self._split(projection, to_value, value_bias, already=to_value is None)
        else:
            values = self._split(projection, to_value, value_bias)
        queries, keys = self._split(state, to_query, query_bias), self._split(stored, to_key, key_bias)
        if self.options.normalize_hopfield_space:
            queries, keys = self._normalised(queries), self._normalised(keys)
        return Heads(queries, self._with_rows(keys, self.bias_k), self._with_rows(values, self.bias_v))

    def merged(self, read: Tensor) -> Tensor:
        """Put the heads (B, H, L, p) side by side and project them out: (B, L, out)."""
        read = read.transpose(1, 2).flatten(2)
        return read if self.out_proj is None else linear(read, self.out_proj.weight, self.out_proj.bias)

    def beta(self, width: int, updates: bool) -> float | Tensor:
        """Give the scaling as it multiplies queries (B, H, L, width); legacy: feature j of H * width by j mod H."""
        if not isinstance(self.scaling, Tensor):
            return self.scaling
        if not self.legacy_scaling:
            return self.scaling.reshape(-1, 1, 1)
        heads = self.options.num_heads
        if updates and width % heads:
            raise ArgumentError(f"legacy_scaling with updates needs num_heads={heads} to divide d_h; got {width}")
        return self.scaling.repeat(width).view(heads, 1, width)

    def _keep(self, scaling: float | Tensor | None) -> None:
        heads = self.options.num_heads
        if isinstance(scaling, Tensor):
            if scaling.ndim > 1 or scaling.numel() not in (1, heads):
                raise ArgumentError(f"scaling must be one for all heads or ({heads},); got {tuple(scaling.shape)}")
            scaling = scaling if scaling.is_floating_point() else scaling.float()
            if self.legacy_scaling and scaling.shape != (heads,):
                raise ArgumentError(f"legacy_scaling needs a scaling of shape ({heads},); got {tuple(scaling.shape)}")
            if isinstance(scaling, nn.Parameter):
                self.register_parameter("scaling", scaling)
            else:
                self.register_buffer("scaling", scaling if scaling.requires_grad else scaling.clone())
            return
        width = self.options.head_dim
        self.scaling = _number(scaling, 1.0 if width is None else 1.0 / math.sqrt(width))

    def _projections(self) -> tuple[list[Tensor | None], list[Tensor | None]]:
        static, sizes = _static(self.options), _widths(self.options)
        weights: list[Tensor | None] = [self.q_proj_weight, self.k_proj_weight, self.v_proj_weight]
        moving = [index for index in range(3) if not static[index]]
        if self.in_proj_weight is not None:
            parts = torch.split(self.in_proj_weight, [sizes[index] for index in moving])
            for index, part in zip(moving, parts, strict=True):
                weights[index] = part
        biases: list[Tensor | None] = [None, None, None]
        if self.in_proj_bias is not None:  # its last part, for the values, is there even if nothing projects them
            biased = sorted({*moving, 2})
            parts = torch.split(self.in_proj_bias, [sizes[index] for index in biased])
            for index, part in zip(biased, parts, strict=True):
                biases[index] = part
        return weights, biases

    def _split(self, patterns: Tensor, weight: Tensor | None, bias: Tensor | None, *, already: bool = False) -> Tensor:
        heads = self.options.num_heads
        if weight is None and not already:  # static: the same for every head, without a copy
            return patterns.unsqueeze(1).expand(-1, heads, -1, -1)
        patterns = patterns if weight is None else linear(patterns, weight, bias)
        return patterns.view(*patterns.shape[:2], heads, patterns.shape[-1] // heads).transpose(1, 2)

    def _normalised(self, heads: Tensor) -> Tensor:
        eps = self.options.normalize_hopfield_space_eps
        return layer_norm(heads, heads.shape[-1:], self.p_norm_weight, self.p_norm_bias, eps)

    def _with_rows(self, heads: Tensor, bias: Tensor | None) -> Tensor:
        if bias is not None:
            row = bias.view(1, self.options.num_heads, 1, -1).expand(heads.shape[0], -1, -1, -1)
            heads = torch.cat([heads, row.to(heads.dtype)], dim=2)
        return pad(heads, (0, 0, 0, 1)) if self.options.add_zero_association else heads

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, metadata: Any, strict: bool, missing: list[str], *rest: Any
    ) -> None:
        beta, bias = f"{prefix}scaling", f"{prefix}bias_v"
        if isinstance(self.scaling, Tensor) and beta not in state_dict:
            state_dict[beta] = self.scaling.detach()
        if self.bias_v is not None and bias in state_dict and self._of_the_keys(state_dict[bias]):
            state_dict[bias] = self.bias_v.detach()
        super()._load_from_state_dict(state_dict, prefix, metadata, strict, missing, *rest)

    def _of_the_keys(self, bias: Tensor) -> bool:
        _, keys, values = _widths(self.options)
        return keys != values and bias.shape == (1, 1, keys)


def _static(options: Options) -> tuple[bool, bool, bool]:
    return options.state_pattern_as_static, options.stored_pattern_as_static, options.pattern_projection_as_static


def _widths(options: Options) -> tuple[int, int, int]:
    hopfield, pattern = options.head_dim or 0, options.pattern_dim or 0
    return options.num_heads * hopfield, options.num_heads * hopfield, options.num_heads * pattern


def _shapes(options: Options) -> Iterator[tuple[str, tuple[int, ...]]]:
    static, widths = _static(options), _widths(options)
    moving = [index for index in range(3) if not static[index]]
    inputs = [options.state_dim or 0, options.stored_dim or 0, options.projection_dim or 0]
    if options.pattern_projection_as_connected and not options.stored_pattern_as_static:
        inputs[2] = widths[1]
    if moving and options.packed:
        yield "in_proj_weight", (sum(widths[index] for index in moving), inputs[0])
    elif moving:
        yield from ((f"{'qkv'[index]}_proj_weight", (widths[index], inputs[index])) for index in moving)
    if moving and options.input_bias:
        yield "in_proj_bias", (sum(widths[index] for index in {*moving, 2}),)
    if options.concat_bias_pattern:
        yield from (("bias_k", (1, 1, widths[1])), ("bias_v", (1, 1, widths[2])))
    if options.normalize_hopfield_space_affine:
        yield from ((name, (options.head_dim or 0,)) for name in ("p_norm_weight", "p_norm_bias"))


def _out_projection(options: Options) -> nn.Linear:
    return nn.Linear(_widths(options)[2], options.out_dim or 0, bias=options.input_bias)


def _number(scaling: float | None, default: float) -> float:
    if scaling is None:
        return default
    if isinstance(scaling, bool) or not math.isfinite(scaling):
        raise ArgumentError(f"scaling must be finite; got {scaling!r}")
    return float(scaling)
