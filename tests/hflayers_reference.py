"""The layers of hflayers written out, slow and obvious: sample by sample, head by head, every score at once."""

import torch
from torch import Tensor, nn

from hybridattn.memory.hflayers import Hopfield, HopfieldLayer, HopfieldPooling


def numbers(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def randomised(layer: nn.Module, seed: int = 0, size: float = 0.5) -> nn.Module:
    """Give the layer in float64 with parameters that matter."""
    generator = torch.Generator().manual_seed(seed)
    layer.double()
    for name, parameter in layer.named_parameters():
        if "scaling" not in name:
            middle = float("norm" in name and name.endswith("weight"))
            parameter.data = middle + size * torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
    return layer


def written_out(
    layer: Hopfield,
    stored: Tensor,
    state: Tensor,
    projection: Tensor,
    ignored: Tensor | None = None,
    bias: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Give output (B, L, out) and weights (B, H, L, S) of batch-first patterns.

    `ignored` (B, H, L, S) is True where a pattern is not seen, and `bias` of that shape is added to the scores.
    """
    batch = max(len(stored), len(state))
    outputs, shares = [], []
    for sample in range(batch):
        one = [part[sample if len(part) > 1 else 0] for part in (stored, state, projection)]
        masks = [None if mask is None else mask[sample] for mask in (ignored, bias)]
        output, weights = _one_sample(layer, *one, *masks)
        outputs.append(output)
        shares.append(weights)
    return torch.stack(outputs), torch.stack(shares)


def _one_sample(layer, stored, state, projection, ignored, bias):
    core, options = layer.association_core, layer.options
    normed = []
    for name, part in zip(
        ("stored_pattern", "state_pattern", "pattern_projection"), (stored, state, projection), strict=True
    ):
        normed.append(_norm(part, layer, name))
    reads, shares = [], []
    for head in range(options.num_heads):
        queries, keys, values = _project(core, options, head, *normed)
        beta = _beta(layer, head)
        seen = None if ignored is None else ~ignored[head]
        weights = _weights(queries * beta, keys, seen, None if bias is None else bias[head])
        for _ in range(_steps(layer, head)):
            weights = _weights((weights @ keys) * beta, keys, seen, None if bias is None else bias[head])
        reads.append(weights @ values)
        shares.append(weights)
    found = torch.cat(reads, -1)
    if core.out_proj is not None:
        found = found @ core.out_proj.weight.T
        found = found if core.out_proj.bias is None else found + core.out_proj.bias
    if options.association_activation:
        found = getattr(torch, options.association_activation)(found)
    return found, torch.stack(shares)


def _weights(queries, keys, seen, bias):
    scores = queries @ keys.T
    if seen is not None:
        more = scores.shape[-1] - seen.shape[-1]
        seen = torch.cat([seen, torch.ones(len(seen), more, dtype=torch.bool)], -1)
        bias = torch.zeros_like(scores[:, : scores.shape[-1] - more]) if bias is None else bias
    if bias is not None:
        scores = scores + torch.cat([bias, torch.zeros(len(bias), scores.shape[-1] - bias.shape[-1])], -1)
    powers = (scores - scores.amax(-1, keepdim=True)).exp()
    powers = powers if seen is None else torch.where(seen, powers, 0.0)
    return powers / powers.sum(-1, keepdim=True).clamp(min=1e-300)


def _norm(part, layer, name):
    norm = getattr(layer, f"norm_{name}")
    return part if norm is None else _standard(part, norm.weight, norm.bias, norm.eps)


def _standard(part, weight, bias, eps):
    mean = part.mean(-1, keepdim=True)
    part = (part - mean) / (((part - mean) ** 2).mean(-1, keepdim=True) + eps).sqrt()
    return part if weight is None else part * weight + bias


def _project(core, options, head, stored, state, projection):
    state_dict, width = core.state_dict(keep_vars=True), {}
    static = [
        options.state_pattern_as_static,
        options.stored_pattern_as_static,
        options.pattern_projection_as_static,
    ]
    d = options.hidden_size or (options.input_size or 0) // options.num_heads
    p = options.pattern_size or d
    weights, biases, at, bias_at = [], [], 0, 0
    for index, width in enumerate((d, d, p)):
        rows = slice(head * width, (head + 1) * width)
        total = options.num_heads * width
        weight = bias = None
        if not static[index] and "in_proj_weight" in state_dict:
            weight = state_dict["in_proj_weight"][at : at + total]
            at += total
        elif not static[index]:
            weight = state_dict[f"{'qkv'[index]}_proj_weight"]
        if not static[index] and "in_proj_bias" in state_dict:
            bias = state_dict["in_proj_bias"][bias_at : bias_at + total]
            bias_at += total
        weights.append((weight, rows))
        biases.append(bias)
    values = projection
    if options.pattern_projection_as_connected and weights[1][0] is not None:
        values = _linear(values, weights[1][0], biases[1], slice(None))
        if weights[2][0] is None:
            values = values[:, head * d : (head + 1) * d]
    queries = _linear(state, *_of(weights[0], biases[0]))
    keys = _linear(stored, *_of(weights[1], biases[1]))
    values = _linear(values, *_of(weights[2], biases[2]))
    if options.normalize_hopfield_space:
        extra = (core.p_norm_weight, core.p_norm_bias, options.normalize_hopfield_space_eps)
        queries, keys = _standard(queries, *extra), _standard(keys, *extra)
    if options.concat_bias_pattern:
        keys = torch.cat([keys, core.bias_k[0, :, head * d : (head + 1) * d]])
        values = torch.cat([values, core.bias_v[0, :, head * p : (head + 1) * p]])
    if options.add_zero_association:
        keys = torch.cat([keys, torch.zeros(1, keys.shape[-1])])
        values = torch.cat([values, torch.zeros(1, values.shape[-1])])
    return queries, keys, values


def _of(weight, bias):
    return weight[0], bias, weight[1]


def _linear(part, weight, bias, rows):
    if weight is None:
        return part
    part = part @ weight[rows].T
    return part if bias is None else part + bias[rows]


def _beta(layer, head):
    scaling = layer.scaling
    return scaling if not isinstance(scaling, Tensor) or scaling.numel() == 1 else scaling[head]


def _steps(layer, head):
    most = layer.update_steps_max
    return int(most[head] if isinstance(most, Tensor) else most)


def patterns_of(layer: Hopfield | HopfieldPooling | HopfieldLayer, given):
    """Give stored, state and projection, batch first, as the layer hands them to its `Hopfield`."""
    if isinstance(layer, HopfieldPooling):
        stored, projection = given if isinstance(given, tuple) else (given, given)
        three = stored, layer.pooling_weights, projection
    elif isinstance(layer, HopfieldLayer):
        three = (
            layer.lookup_weights,
            given,
            layer.lookup_weights if layer.target_weights is None else layer.target_weights,
        )
    else:
        three = given if isinstance(given, tuple) else (given, given, given)
    return three if layer.batch_first else tuple(part.transpose(0, 1) for part in three)
