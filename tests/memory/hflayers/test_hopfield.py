"""The layers against their formula written out, over all that their constructors offer."""

import inspect

import pytest
import torch
from hflayers_reference import numbers, patterns_of, randomised, written_out
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn

from hybridattn.errors import ArgumentError
from hybridattn.memory.hflayers import Hopfield, HopfieldLayer, HopfieldPooling

PATTERNS = ("stored_pattern", "state_pattern", "pattern_projection")
LISTED = """
    input_size hidden_size output_size pattern_size num_heads scaling update_steps_max update_steps_eps
    normalize_stored_pattern normalize_stored_pattern_affine normalize_stored_pattern_eps
    normalize_state_pattern normalize_state_pattern_affine normalize_state_pattern_eps
    normalize_pattern_projection normalize_pattern_projection_affine normalize_pattern_projection_eps
    normalize_hopfield_space normalize_hopfield_space_affine normalize_hopfield_space_eps
    stored_pattern_as_static state_pattern_as_static pattern_projection_as_static pattern_projection_as_connected
    stored_pattern_size pattern_projection_size batch_first association_activation dropout input_bias
    concat_bias_pattern add_zero_association disable_out_projection
"""
ORDER = LISTED.split()
WITHOUT_EPS = [name for name in ORDER if not name.startswith("normalize") or not name.endswith("_eps")]
AT = WITHOUT_EPS.index("update_steps_eps") + 1
ORDERS = {
    Hopfield: [*ORDER, "legacy_scaling"],
    HopfieldPooling: [*WITHOUT_EPS, "quantity", "trainable", "legacy_scaling"],
    HopfieldLayer: [
        *WITHOUT_EPS[:AT],
        "lookup_weights_as_separated",
        "lookup_targets_as_trainable",
        *WITHOUT_EPS[AT:],
        "quantity",
        "trainable",
        "legacy_scaling",
    ],
}


@st.composite
def arguments(draw: st.DrawFn) -> dict[str, object]:
    """Draw arguments that exclude nothing but each other, of any of the three layers."""
    heads = draw(st.sampled_from([1, 2, 4]))
    static = dict(zip(PATTERNS, draw(st.tuples(*[st.booleans()] * 3)), strict=True))
    chosen: dict[str, object] = {"num_heads": heads, "input_size": 8, "batch_first": draw(st.booleans())}
    chosen["hidden_size"] = 8 if any(static.values()) else draw(st.sampled_from([None, 3, 8]))
    connected = draw(st.booleans())
    chosen["pattern_projection_as_connected"] = connected
    free = not connected and not static["pattern_projection"]
    chosen["pattern_size"] = draw(st.sampled_from([None, 2, 11])) if free else None
    if not any(static.values()) and not connected:
        chosen["stored_pattern_size"] = draw(st.sampled_from([None, 5]))
        chosen["pattern_projection_size"] = draw(st.sampled_from([None, 6]))
    for name in (*PATTERNS, "hopfield_space"):
        level = draw(st.integers(0, 2))
        chosen |= {f"normalize_{name}": level > 0, f"normalize_{name}_affine": level > 1}
    chosen |= {f"{name}_as_static": flag for name, flag in static.items()}
    chosen["update_steps_max"] = draw(st.sampled_from([0, 1, 3]) | st.just(torch.arange(heads)))
    chosen["scaling"] = draw(st.sampled_from([None, 0.3, 2]) | st.just(torch.linspace(0.2, 1.5, heads)))
    chosen["output_size"] = draw(st.sampled_from([None, 5]))
    fixed = static["stored_pattern"] or static["pattern_projection"]
    chosen["concat_bias_pattern"] = draw(st.booleans()) and not fixed
    for name in ("input_bias", "add_zero_association", "disable_out_projection"):
        chosen[name] = draw(st.booleans())
    chosen["association_activation"] = draw(st.sampled_from([None, "tanh"]))
    return chosen


def widths(options: dict[str, object]) -> tuple[int, int, int]:
    stored, projection = options.get("stored_pattern_size"), options.get("pattern_projection_size")
    return stored or 8, 8, projection or 8


CASES = arguments(), st.integers(1, 3), st.integers(1, 4), st.integers(1, 5), st.integers(0, 3), st.integers(0, 99)


@settings(deadline=None, max_examples=50)
@given(*CASES)
def test_any_combination_is_the_formula(chosen, batch, states, stored, masked, seed) -> None:
    check_against_the_formula(chosen, batch, states, stored, masked, seed)


@pytest.mark.slow
@settings(deadline=None, max_examples=1500)
@given(*CASES)
def test_any_combination_is_the_formula_at_length(chosen, batch, states, stored, masked, seed) -> None:
    check_against_the_formula(chosen, batch, states, stored, masked, seed)


def check_against_the_formula(chosen, batch, states, stored, masked, seed) -> None:
    layer = randomised(Hopfield(**chosen), seed)
    three = [
        numbers(batch, size, width, seed=seed + 1 + index).requires_grad_()
        for index, (size, width) in enumerate(zip((stored, states, stored), widths(chosen), strict=True))
    ]
    extent, generator = (batch, layer.options.num_heads, states, stored), torch.Generator().manual_seed(seed)
    padding = torch.rand(batch, stored, generator=generator) < 0.4 if masked & 1 else None
    association = torch.randn(states, stored, generator=generator, dtype=torch.float64) if masked & 2 else None
    ignored = None if padding is None else padding[:, None, None].expand(extent)
    bias = None if association is None else association.expand(extent)
    output, shares = written_out(layer, *three, ignored, bias)
    laid = tuple(part if layer.batch_first else part.transpose(0, 1) for part in three)
    found = layer(laid, padding, association)
    found = found if layer.batch_first else found.transpose(0, 1)
    torch.testing.assert_close(found, output, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(layer.get_association_matrix(laid, padding, association), shares, rtol=1e-9, atol=1e-9)
    leaves = [*three, *layer.parameters()]
    mine = torch.autograd.grad(found.square().sum(), leaves, allow_unused=True, materialize_grads=True)
    theirs = torch.autograd.grad(output.square().sum(), leaves, allow_unused=True, materialize_grads=True)
    for gradient, wanted in zip(mine, theirs, strict=True):
        torch.testing.assert_close(gradient, wanted, rtol=1e-7, atol=1e-7)


@settings(deadline=None, max_examples=30)
@given(arguments(), st.booleans(), st.booleans(), st.sampled_from([1, 3]), st.integers(0, 99))
def test_layers_with_patterns_of_their_own(chosen, pooled, separated, quantity, seed) -> None:
    assume(not chosen["concat_bias_pattern"])
    if pooled:
        layer = HopfieldPooling(**chosen, quantity=quantity)
    else:
        chosen |= {"pattern_projection_size": chosen.get("stored_pattern_size")}
        layer = HopfieldLayer(**chosen, quantity=quantity, lookup_weights_as_separated=separated)
    layer = randomised(layer, seed)
    stored, state, projection = widths(chosen)
    sizes = (stored, projection) if pooled else (state,)
    parts = [numbers(3, 4, width, seed=seed + index) for index, width in enumerate(sizes)]
    laid = tuple(part if layer.batch_first else part.transpose(0, 1) for part in parts)
    output, shares = written_out(layer.hopfield, *patterns_of(layer, laid if pooled else laid[0]))
    output = output.flatten(1) if pooled else output if layer.batch_first else output.transpose(0, 1)
    argument = laid if pooled else laid[0]
    torch.testing.assert_close(layer(argument), output, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(layer.get_association_matrix(argument), shares, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("kind", ORDERS)
def test_arguments_stand_in_the_order_of_hflayers(kind: type) -> None:
    assert list(inspect.signature(kind).parameters) == ORDERS[kind]


def test_projected_patterns_are_the_values() -> None:
    layer = randomised(Hopfield(8, num_heads=2, pattern_size=3, add_zero_association=True, disable_out_projection=True))
    patterns = numbers(2, 5, 8)
    values = layer.get_projected_pattern_matrix(patterns)
    assert values.shape == (2, 2, 6, 3)
    read = (layer.get_association_matrix(patterns) @ values).transpose(1, 2).flatten(2)
    torch.testing.assert_close(layer(patterns), read)
    assert not values.requires_grad
    assert not layer.get_association_matrix(patterns).requires_grad
    own = HopfieldLayer(8, quantity=4)
    assert own.get_projected_pattern_matrix(torch.zeros(3, 2, 8)).shape == (3, 1, 4, 8)


def test_targets_are_trained_when_asked() -> None:
    layer = HopfieldLayer(8, lookup_weights_as_separated=True, lookup_targets_as_trainable=False, trainable=True)
    assert (layer.lookup_weights.requires_grad, layer.target_weights.requires_grad) == (True, False)
    layer = HopfieldLayer(8, pattern_projection_size=5, lookup_weights_as_separated=True, trainable=False)
    assert (layer.lookup_weights.requires_grad, layer.target_weights.shape) == (False, (1, 1, 5))
    assert not HopfieldPooling(8, trainable=False).pooling_weights.requires_grad


def test_own_patterns_lie_as_the_batch_does() -> None:
    assert HopfieldPooling(8, quantity=3).pooling_weights.shape == (1, 3, 8)
    assert HopfieldPooling(8, quantity=3, batch_first=False).pooling_weights.shape == (3, 1, 8)
    layer = HopfieldLayer(8, quantity=3, batch_first=False, stored_pattern_size=5)
    assert layer.lookup_weights.shape == (3, 1, 5)
    assert HopfieldLayer(8, 4, stored_pattern_as_static=True).lookup_weights.shape == (1, 1, 4)
    assert HopfieldPooling(8, 4, state_pattern_as_static=True).pooling_weights.shape == (1, 1, 4)


def test_parameters_start_as_hflayers_starts_them() -> None:
    layer = HopfieldLayer(64, num_heads=4, quantity=100, normalize_hopfield_space=True, concat_bias_pattern=True)
    for name, parameter in layer.named_parameters():
        if "norm" in name:
            assert parameter.eq(float(name.endswith("weight"))).all()
        elif name.endswith("bias"):
            assert not parameter.any()
        else:
            assert 0.015 < parameter.std() < 0.025
    before = layer.lookup_weights.clone()
    layer.reset_parameters(generator=torch.Generator().manual_seed(0))
    again = layer.hopfield.association_core.in_proj_weight.clone()
    assert not layer.lookup_weights.equal(before)
    layer.reset_parameters(generator=torch.Generator().manual_seed(0))
    assert layer.hopfield.association_core.in_proj_weight.equal(again)


def test_static_only_has_no_parameters_and_any_width() -> None:
    off = {f"normalize_{name}{part}": False for name in PATTERNS for part in ("", "_affine")}
    static = {f"{name}_as_static": True for name in PATTERNS}
    layer = Hopfield(**off, **static, disable_out_projection=True, num_heads=2)
    assert list(layer.parameters()) == []
    assert layer.scaling == 1.0
    assert (layer.input_size, layer.hidden_size, layer.output_size, layer.pattern_size) == (None,) * 4
    stored, state, projection = numbers(2, 5, 3), numbers(2, 4, 3, seed=1), numbers(2, 5, 7, seed=2)
    wanted = (state @ stored.mT).softmax(-1) @ projection
    torch.testing.assert_close(layer((stored, state, projection)), torch.cat([wanted, wanted], -1))


def test_dropout_falls_on_the_last_weights_only() -> None:
    values = torch.ones(1, 400, 8)
    layer = Hopfield(8, dropout=0.5, disable_out_projection=True, pattern_projection_as_static=True, update_steps_max=2,
                     normalize_pattern_projection=False, normalize_pattern_projection_affine=False)  # fmt: skip
    state = numbers(1, 300, 8, dtype=torch.float32)
    torch.manual_seed(0)
    read = layer((numbers(1, 400, 8, seed=1, dtype=torch.float32), state, values))
    assert 0.98 < read.mean() < 1.02, "what is dropped is made up for, once"
    assert read.std() > 0.01
    assert read.std() < 0.1, "one time, not three"
    assert layer.eval()((state, state, torch.ones_like(state))).std() < 1e-6
    assert layer.get_association_matrix(state).sum(-1).sub(1).abs().max() < 1e-5


def test_dropout_leaves_the_updates_alone() -> None:
    # What 2 updates give is what a layer of 1 update reads where patterns stand for themselves; one read is left.
    off = {f"normalize_{name}{part}": False for name in PATTERNS for part in ("", "_affine")}
    bare = {**off, **{f"{name}_as_static": True for name in PATTERNS}, "disable_out_projection": True, "scaling": 0.5}
    stored, state, projection = numbers(1, 6, 4), numbers(1, 50, 4, seed=1), numbers(1, 6, 3, seed=2)
    updated = Hopfield(**bare, update_steps_max=1)((stored, state, stored))
    torch.manual_seed(0)
    wanted = Hopfield(**bare, dropout=0.5)((stored, updated, projection))
    torch.manual_seed(0)
    found = Hopfield(**bare, dropout=0.5, update_steps_max=2)((stored, state, projection))
    torch.testing.assert_close(found, wanted)


def test_the_properties() -> None:
    layer = HopfieldPooling(8, 3, 5, 6, 2, 0.5, 4, 1e-3, stored_pattern_size=7, pattern_projection_size=9, quantity=3)
    assert (layer.input_size, layer.state_pattern_dim, layer.hidden_size, layer.pattern_size) == (8, 8, 3, 6)
    assert (layer.stored_pattern_dim, layer.pattern_projection_dim, layer.output_size) == (7, 9, 5)
    assert (layer.scaling, layer.update_steps_max, layer.update_steps_eps, layer.quantity) == (0.5, 4, 1e-3, 3)
    assert layer.batch_first
    for name in PATTERNS:
        assert getattr(layer, f"normalize_{name}")
        assert getattr(layer, f"normalize_{name}_affine")
        assert not getattr(layer, f"{name}_as_static")
        assert getattr(Hopfield(8, **{f"{name}_as_static": True}), f"{name}_as_static")
    assert Hopfield(16, num_heads=4).scaling == 0.5


@pytest.mark.parametrize("shared", [0, 1, 2])
def test_a_batch_of_one_stands_for_all(shared: int) -> None:
    layer = randomised(Hopfield(8, num_heads=2, update_steps_max=2))
    parts = [numbers(1 if index == shared else 3, 4, 8, seed=index) for index in range(3)]
    whole = tuple(part.expand(3, -1, -1) for part in parts)
    torch.testing.assert_close(layer(tuple(parts)), layer(whole))
    torch.testing.assert_close(layer.get_association_matrix(tuple(parts)), layer.get_association_matrix(whole))
    padding = torch.rand(3, 4, generator=torch.Generator().manual_seed(0)) < 0.5
    torch.testing.assert_close(layer(tuple(parts), padding), layer(whole, padding))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "input_size is needed"),
        ({"input_size": 0}, "input_size must be at least 1; got 0"),
        ({"input_size": 8, "num_heads": 3}, "num_heads must divide input_size=8 or come with hidden_size; got 3"),
        ({"input_size": 8, "dropout": 1.5}, "dropout must be a probability; got 1.5"),
        ({"input_size": 8, "normalize_state_pattern": False}, "normalize_state_pattern_affine needs normalize_state_"),
        ({"input_size": 8, "normalize_hopfield_space_affine": True}, "normalize_hopfield_space_affine needs"),
        ({"input_size": 8, "concat_bias_pattern": True, "stored_pattern_as_static": True}, "that are not static"),
        (
            {"input_size": 8, "pattern_projection_as_connected": True, "stored_pattern_size": 5},
            "stored and projected of one size; got 5 and 8",
        ),
        (
            {"input_size": 8, "pattern_projection_as_connected": True, "pattern_size": 5},
            "needs pattern_size = hidden_size; got 5 and 8",
        ),
        ({"input_size": 8, "scaling": float("inf")}, "scaling must be finite; got inf"),
        ({"input_size": 8, "scaling": torch.ones(3)}, r"scaling must be one for all heads or \(1,\); got \(3,\)"),
        ({"input_size": 8, "update_steps_eps": -1}, "update_steps_eps must be finite and at least 0; got -1"),
        ({"input_size": 8, "update_steps_max": 1.5}, "update_steps_max must be whole, or None; got 1.5"),
        ({"input_size": 8, "update_steps_max": torch.ones(3)}, "update_steps_max must be one for all heads or"),
        ({"input_size": 8, "legacy_scaling": True, "scaling": torch.tensor(2.0)}, "legacy_scaling needs a scaling"),
    ],
)
def test_what_cannot_work_is_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        Hopfield(**arguments)


@pytest.mark.parametrize("kind", [HopfieldPooling, HopfieldLayer])
def test_own_patterns_have_to_be_some(kind: type[nn.Module]) -> None:
    with pytest.raises(ArgumentError, match="quantity must be at least 1; got 0"):
        kind(8, quantity=0)
