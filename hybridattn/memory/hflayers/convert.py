"""Layers from those of others: hflayers, and `nn.MultiheadAttention`."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from torch import Tensor, nn

from hybridattn.errors import ArgumentError
from hybridattn.memory.hflayers.arguments import Options
from hybridattn.memory.hflayers.hopfield import Hopfield
from hybridattn.memory.hflayers.layer import HopfieldLayer
from hybridattn.memory.hflayers.pooling import HopfieldPooling

__all__ = ["from_hflayers", "from_multihead_attention"]

_KINDS = {kind.__name__: kind for kind in (Hopfield, HopfieldPooling, HopfieldLayer)}
_NORMS = ("stored_pattern", "state_pattern", "pattern_projection")


def from_hflayers(module: nn.Module, *, legacy_scaling: bool = False) -> Hopfield | HopfieldPooling | HopfieldLayer:
    """Give the layer here that is like a layer of hflayers 1.0.2: arguments, state, dtype, device and training mode.

    Read are, of the `Hopfield` itself or `module.hopfield`: the properties `input_size`, `hidden_size`, `output_size`,
    `pattern_size`, `stored_pattern_dim`, `pattern_projection_dim`, `scaling`, `update_steps_max`, `update_steps_eps`,
    `batch_first` and `*_as_static`; `association_activation`; `eps` and `elementwise_affine` of `norm_stored_pattern`,
    `norm_state_pattern` and `norm_pattern_projection`; of `association_core` `num_heads`, `dropout`, `head_dim`,
    `_qkv_same_embed_dim`, `value_as_connected`, `normalize_pattern`, `normalize_pattern_affine`,
    `normalize_pattern_eps`, `in_proj_bias`, `out_proj`, `bias_k`, `bias_v` and `add_zero_attn`; of wrappers
    `pooling_weights`, or `lookup_weights` and `target_weights`; and the state.

    Bias patterns are left out: hflayers has, but never reads them. So the answers are the same, but for its errors.

    Args:
        module: a `Hopfield`, `HopfieldPooling` or `HopfieldLayer` of hflayers.
        legacy_scaling: scale as hflayers does where scaling is a tensor; see `Hopfield`.

    Raises:
        ImportError: hflayers is not installed.
        ArgumentError: another kind of module.
    """
    kinds = _kinds_of_hflayers()
    name = next((name for name, kind in kinds.items() if isinstance(module, kind)), None)
    if name is None:
        raise ArgumentError(f"module must be one of hflayers: {', '.join(_KINDS)}; got {type(module).__name__}")
    source: Any = module
    inner = source if name == "Hopfield" else source.hopfield
    given = {**_arguments(inner), "legacy_scaling": legacy_scaling}
    if name != "Hopfield":
        given = {key: value for key, value in given.items() if not key.endswith(("pattern_eps", "projection_eps"))}
        del given["normalize_hopfield_space_eps"]
        given |= _own(source, inner.batch_first)
        given["input_size"] = given["input_size"] or next(iter(source.parameters())).shape[-1]
    made = _KINDS[name](**given)
    _take_over(made, module)
    if name != "Hopfield":
        for norm in _NORMS:
            _copy_eps(getattr(made.hopfield, f"norm_{norm}"), getattr(inner, f"norm_{norm}"))
    return made


def from_multihead_attention(
    source: nn.MultiheadAttention | Mapping[str, Tensor],
    *,
    num_heads: int | None = None,
    add_zero_attn: bool | None = None,
    dropout: float | None = None,
    batch_first: bool | None = None,
    update_steps_max: int | Tensor | None = 0,
) -> Hopfield:
    """Give the `Hopfield` that answers as `nn.MultiheadAttention` does: called with (key, query, value).

    What is None is read from the module; of a state alone, `num_heads` is needed, and the rest is as torch has it by
    default: no zeros appended, no dropout, batch_first False. Masks are the same, but a query whose keys are all masked
    reads 0, where torch gives NaN. With `update_steps_max` above 0 the queries settle first.

    Args:
        source: the module, or its state dict.
        num_heads: how many heads there are.
        add_zero_attn: whether zeros are appended to keys and values.
        dropout: probability of dropping a weight.
        batch_first: whether the first axis counts samples.
        update_steps_max: see `Hopfield`.

    Raises:
        ArgumentError: a state that is none of `nn.MultiheadAttention`, or without `num_heads`.

    >>> import torch
    >>> attention = nn.MultiheadAttention(16, 4, batch_first=True)
    >>> query, key = torch.ones(2, 5, 16), torch.rand(2, 7, 16)
    >>> layer = from_multihead_attention(attention)
    >>> torch.allclose(layer((key, query, key)), attention(query, key, key)[0], atol=1e-6)
    True
    """
    state = dict(source.state_dict() if isinstance(source, nn.Module) else source)
    heads = num_heads or getattr(source, "num_heads", None)
    if heads is None:
        raise ArgumentError("num_heads is needed with a state dict: it does not tell")
    width, stored, projection = _inputs(state)
    bare: dict[str, Any] = {f"normalize_{name}{part}": False for name in _NORMS for part in ("", "_affine")}
    layer = Hopfield(
        width,
        num_heads=heads,
        update_steps_max=update_steps_max,
        **bare,
        stored_pattern_size=stored,
        pattern_projection_size=projection,
        batch_first=_either(batch_first, source, "batch_first", False),
        dropout=_either(dropout, source, "dropout", 0.0),
        input_bias="in_proj_bias" in state,
        concat_bias_pattern="bias_k" in state,
        add_zero_association=_either(add_zero_attn, source, "add_zero_attn", False),
    )
    weight = state["out_proj.weight"]
    layer.to(weight.device, weight.dtype).association_core.load_state_dict(state)
    return layer.train(source.training) if isinstance(source, nn.Module) else layer


def _either(given: Any, source: object, name: str, default: Any) -> Any:
    return getattr(source, name, default) if given is None else given


def _inputs(state: Mapping[str, Tensor]) -> tuple[int, int, int]:
    names = ["in_proj_weight"] * 3 if "in_proj_weight" in state else [f"{part}_proj_weight" for part in "qkv"]
    missing = [name for name in (*names, "out_proj.weight") if name not in state]
    if missing:
        raise ArgumentError(f"source must be a state of nn.MultiheadAttention; it lacks {', '.join(missing)}")
    width, stored, projection = (state[name].shape[-1] for name in names)
    return width, stored, projection


def _kinds_of_hflayers() -> dict[str, type]:
    try:
        import hflayers
    except ImportError as error:
        raise ImportError("from_hflayers needs the package hflayers, which is not installed") from error
    return {name: getattr(hflayers, name) for name in _KINDS}


def _arguments(layer: Any) -> dict[str, Any]:
    core = layer.association_core
    given = {
        "input_size": layer.input_size,
        "hidden_size": core.head_dim,
        "output_size": layer.output_size,
        "pattern_size": None if core._qkv_same_embed_dim else layer.pattern_size,
        "num_heads": core.num_heads,
        "scaling": layer.scaling,
        "update_steps_max": layer.update_steps_max,
        "update_steps_eps": layer.update_steps_eps,
        "normalize_hopfield_space": core.normalize_pattern,
        "normalize_hopfield_space_affine": core.normalize_pattern_affine,
        "normalize_hopfield_space_eps": core.normalize_pattern_eps,
        "pattern_projection_as_connected": core.value_as_connected,
        "stored_pattern_size": layer.stored_pattern_dim,
        "pattern_projection_size": layer.pattern_projection_dim,
        "association_activation": getattr(layer.association_activation, "__name__", None),
        "dropout": core.dropout,
        "input_bias": core.in_proj_bias is not None or getattr(core.out_proj, "bias", None) is not None,
        "add_zero_association": core.add_zero_attn,
        "disable_out_projection": core.out_proj is None,
    }
    sizes = dict(zip(_NORMS, ("stored_pattern_size", "input_size", "pattern_projection_size"), strict=True))
    for name in _NORMS:
        norm = getattr(layer, f"norm_{name}")
        affine = norm is not None and norm.elementwise_affine
        given |= {f"normalize_{name}": norm is not None, f"normalize_{name}_affine": affine}
        given |= {} if norm is None else {f"normalize_{name}_eps": norm.eps, sizes[name]: norm.normalized_shape[0]}
    rest = [field.name for field in fields(Options) if field.name.endswith("_as_static")]
    return given | {name: getattr(layer, name) for name in (*rest, "batch_first")}


def _own(source: Any, batch_first: bool) -> dict[str, Any]:
    pooling = getattr(source, "pooling_weights", None)
    own = source.lookup_weights if pooling is None else pooling
    given = {"quantity": own.shape[1 if batch_first else 0], "trainable": own.requires_grad}
    if pooling is not None:
        return given
    targets = source.target_weights
    trained = True if targets is None else targets.requires_grad
    return given | {"lookup_weights_as_separated": targets is not None, "lookup_targets_as_trainable": trained}


def _take_over(made: nn.Module, module: nn.Module) -> None:
    state = {key: part for key, part in module.state_dict().items() if not key.endswith((".bias_k", ".bias_v"))}
    for part in state.values():
        made.to(part.device, part.dtype)
        break
    made.load_state_dict(state)
    made.train(module.training)


def _copy_eps(made: nn.LayerNorm | None, source: nn.LayerNorm | None) -> None:
    if made is not None and source is not None:
        made.eps = source.eps
