"""Ten errors of hflayers 1.0.2, numbered as its users know them, and what is right."""

import pytest
import torch
from hflayers_reference import numbers, randomised
from torch import nn

from hybridattn.errors import ArgumentError, ShapeError
from hybridattn.memory.hflayers import Hopfield, HopfieldPooling

OFF = {f"normalize_{n}{part}": False for n in ("stored_pattern", "state_pattern", "pattern_projection")
       for part in ("", "_affine")}  # fmt: skip
STATIC = {f"{name}_as_static": True for name in ("stored_pattern", "state_pattern", "pattern_projection")}
BARE = {**OFF, **STATIC, "disable_out_projection": True}
BETA = torch.tensor([0.1, 5.0], dtype=torch.float64)


# 1 and 2: scaling


@pytest.mark.parametrize("steps", [0, 2])
def test_1_a_tensor_scales_heads(steps: int) -> None:
    patterns = numbers(2, 6, 3)
    both = Hopfield(**BARE, num_heads=2, scaling=BETA, update_steps_max=steps).get_association_matrix(patterns)
    for head, beta in enumerate(BETA.tolist()):
        alone = Hopfield(**BARE, scaling=beta, update_steps_max=steps).get_association_matrix(patterns)
        torch.testing.assert_close(both[:, head], alone[:, 0])


@pytest.mark.parametrize("steps", [0, 2])
def test_1_legacy_scales_features_in_turn(steps: int) -> None:
    patterns, by_feature = numbers(2, 6, 4), BETA.repeat(2)
    layer = Hopfield(**BARE, num_heads=2, scaling=BETA, update_steps_max=steps, legacy_scaling=True)
    weights = ((patterns * by_feature) @ patterns.mT).softmax(-1)
    for _ in range(steps):
        weights = ((weights @ patterns * by_feature) @ patterns.mT).softmax(-1)
    torch.testing.assert_close(layer.get_association_matrix(patterns), weights[:, None].expand(-1, 2, -1, -1))


def test_1_legacy_counts_features_through_all_heads() -> None:
    # d_h = 3: feature j of the 6 of both heads has beta[j mod 2], so the second head starts with the second beta.
    patterns = numbers(1, 5, 3)
    found = Hopfield(**BARE, num_heads=2, scaling=BETA, legacy_scaling=True).get_association_matrix(patterns)
    for head, order in enumerate(([0, 1, 0], [1, 0, 1])):
        torch.testing.assert_close(found[0, head], ((patterns * BETA[order]) @ patterns.mT).softmax(-1)[0])
    with pytest.raises(ArgumentError, match="legacy_scaling with updates needs num_heads=2 to divide d_h; got 3"):
        Hopfield(6, num_heads=2, scaling=BETA, update_steps_max=1, legacy_scaling=True)
    with pytest.raises(ArgumentError, match="to divide d_h; got 3"):
        Hopfield(**BARE, num_heads=2, scaling=BETA, update_steps_max=1, legacy_scaling=True)(patterns)


def test_1_legacy_changes_nothing_else() -> None:
    patterns, numpy = numbers(2, 5, 8), pytest.importorskip("numpy")
    layers = [randomised(Hopfield(8, num_heads=2, scaling=numpy.float64(0.7), legacy_scaling=old)) for old in (0, 1)]
    assert layers[0](patterns).equal(layers[1](patterns))


def test_2_any_number_is_a_scaling() -> None:
    numpy, patterns = pytest.importorskip("numpy"), numbers(1, 4, 3)
    wanted = (2.0 * patterns @ patterns.mT).softmax(-1)[:, None]
    for scaling in (2, 2.0, numpy.float64(2), torch.tensor(2), torch.tensor([2.0]), nn.Parameter(torch.tensor(2.0))):
        layer = Hopfield(**BARE, scaling=scaling, update_steps_eps=1)
        torch.testing.assert_close(layer.get_association_matrix(patterns), wanted)


def test_2_a_parameter_is_trained_moved_and_saved() -> None:
    beta = nn.Parameter(torch.ones(2))
    layer = Hopfield(8, num_heads=2, scaling=beta, update_steps_max=2)
    randomised(layer)
    assert layer.scaling.dtype == torch.float64
    layer(numbers(2, 5, 8)).square().sum().backward()
    assert layer.scaling.grad.abs().min() > 0
    assert "association_core.scaling" in dict(layer.named_parameters())
    other = Hopfield(8, num_heads=2, scaling=nn.Parameter(torch.zeros(2)), update_steps_max=2).double()
    other.load_state_dict(layer.state_dict())
    assert other(numbers(2, 5, 8)).equal(layer(numbers(2, 5, 8)))
    layer.reset_parameters()
    assert layer.scaling.eq(1).all()


def test_2_the_gradient_of_a_scaling_is_its_slope() -> None:
    layer = randomised(Hopfield(8, num_heads=2, scaling=nn.Parameter(torch.tensor([0.4, 1.3])), update_steps_max=2))
    patterns = numbers(2, 5, 8)

    def of(scaling: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(layer, {"association_core.scaling": scaling}, (patterns,))

    assert torch.autograd.gradcheck(of, layer.scaling)


def test_2_a_tensor_is_moved_and_saved_and_need_not_be_loaded() -> None:
    layer = Hopfield(8, num_heads=2, scaling=BETA.float())
    assert layer.state_dict()["association_core.scaling"].tolist() == BETA.float().tolist()
    assert layer.to(torch.float64).scaling.dtype == torch.float64
    assert layer.to("meta").scaling.is_meta
    state = Hopfield(8, num_heads=2).state_dict()
    assert "association_core.scaling" not in state
    mine = Hopfield(8, num_heads=2, scaling=BETA)
    mine.load_state_dict(state)
    assert mine.scaling.equal(BETA)
    assert list(state) == list(Hopfield(8, num_heads=2).state_dict()), "loading leaves the state as it is"


# 3 and 5: no sample knows of another


@pytest.mark.parametrize("names", [list(STATIC), ["state_pattern_as_static"], ["stored_pattern_as_static"],
                                   ["pattern_projection_as_static"]])  # fmt: skip
def test_3_static_patterns_do_not_mix_samples(names: list[str]) -> None:
    chosen = dict.fromkeys(names, True)
    layer = randomised(Hopfield(4, 4, num_heads=3, **OFF, **chosen, disable_out_projection=len(names) == 3))
    patterns = numbers(3, 5, 4)
    changed = patterns.clone()
    changed[1] = numbers(5, 4, seed=1)
    before, after = layer(patterns), layer(changed)
    assert before[[0, 2]].equal(after[[0, 2]])
    assert not before[1].equal(after[1])


def test_3_every_head_has_the_static_pattern() -> None:
    patterns = numbers(3, 5, 4)
    read = Hopfield(**BARE, num_heads=3)(patterns)
    wanted = (patterns @ patterns.mT).softmax(-1) @ patterns
    torch.testing.assert_close(read, torch.cat([wanted] * 3, -1))


@pytest.mark.parametrize("most", [None, -1, 3])
def test_5_an_answer_does_not_depend_on_its_batch(most: int | None) -> None:
    layer = randomised(Hopfield(8, num_heads=2, update_steps_max=most, update_steps_eps=1e-2), seed=3)
    stored, states = numbers(1, 12, 8), numbers(1, 200, 8, seed=1)
    together = layer((stored, states, stored))
    alone = torch.cat([layer((stored, state, stored)) for state in states.split(1, dim=1)], dim=1)
    torch.testing.assert_close(together, alone, rtol=1e-12, atol=1e-12)
    batched = layer((stored, states.transpose(0, 1), stored))
    torch.testing.assert_close(batched.transpose(0, 1), alone, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_5_it_comes_to_an_end_in_float32(seed: int) -> None:
    calls = 0

    class Counted(torch.utils._python_dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            nonlocal calls
            calls += "attention" in str(function)
            return function(*args, **kwargs or {})

    layer = randomised(Hopfield(16, num_heads=2, update_steps_max=None, update_steps_eps=1e-8), seed, 1.0).float()
    with torch.no_grad(), Counted():
        layer(numbers(2, 20, 16, seed=seed, dtype=torch.float32))
    assert 2 < calls < 400


# 4: bias patterns


@pytest.mark.parametrize("pattern_size", [None, 3])
def test_4_bias_patterns_are_read_and_trained(pattern_size: int | None) -> None:
    layer = randomised(Hopfield(8, num_heads=2, pattern_size=pattern_size, concat_bias_pattern=True))
    patterns = numbers(2, 5, 8)
    before, weights = layer(patterns), layer.get_association_matrix(patterns)
    assert weights.shape == (2, 2, 5, 6)
    before.square().sum().backward()
    core = layer.association_core
    assert core.bias_k.grad.abs().max() > 0
    assert core.bias_v.grad.abs().max() > 0
    with torch.no_grad():
        core.bias_v += 100
    after = layer(patterns)
    row = (weights[..., -1:] * 100).expand(-1, -1, -1, core.bias_v.shape[-1] // 2).transpose(1, 2).flatten(2)
    torch.testing.assert_close(after - before, row @ core.out_proj.weight.T)


def test_4_the_unread_bias_of_hflayers_is_not_loaded() -> None:
    layer = Hopfield(8, num_heads=2, pattern_size=3, concat_bias_pattern=True)
    state = {**layer.state_dict(), "association_core.bias_v": torch.full((1, 1, 8), 7.0)}
    before = layer.association_core.bias_v.clone()
    layer.load_state_dict(state)
    assert layer.association_core.bias_v.equal(before)
    with pytest.raises(RuntimeError, match=r"size mismatch for association_core\.bias_v"):
        layer.load_state_dict({**state, "association_core.bias_v": torch.zeros(1, 1, 5)})


# 6: masks


def test_6_byte_masks_are_masks() -> None:
    layer, patterns = randomised(Hopfield(8, num_heads=2)), numbers(2, 5, 8)
    padding = torch.tensor([[0, 0, 1, 0, 2], [1, 0, 0, 0, 0]])
    association = torch.eye(5, dtype=torch.uint8)
    wanted = layer(patterns, padding.bool(), association.bool())
    for kind in (torch.uint8, torch.int64):
        assert layer(patterns, padding.to(kind), association.to(kind)).equal(wanted)


def test_6_half_precision_and_four_axes() -> None:
    layer, patterns = randomised(Hopfield(8, num_heads=2)), numbers(3, 5, 8)
    added = numbers(3, 2, 5, 5, seed=1).bfloat16()
    wanted = layer(patterns, association_mask=added.double().flatten(0, 1))
    torch.testing.assert_close(layer(patterns, association_mask=added), wanted)
    half = layer.bfloat16()(patterns.bfloat16(), association_mask=added)
    torch.testing.assert_close(half.double(), wanted, rtol=0.05, atol=0.1)


@pytest.mark.parametrize("most", [0, 2, None])
@pytest.mark.parametrize("kind", [torch.bool, torch.float64])
def test_6_a_state_that_sees_nothing_reads_nothing(most: int | None, kind: torch.dtype) -> None:
    layer, patterns = randomised(Hopfield(8, num_heads=2, update_steps_max=most)), numbers(2, 5, 8).requires_grad_()
    padding = torch.tensor([[True] * 5, [False] * 5])
    if kind != torch.bool:
        padding = torch.zeros(2, 5, dtype=kind).masked_fill(padding, -torch.inf)
    found = layer(patterns, padding)
    torch.testing.assert_close(found[0], layer.association_core.out_proj.bias.expand(5, -1))
    torch.testing.assert_close(found[1], layer(patterns)[1])
    assert not layer.get_association_matrix(patterns, padding)[0].any()
    found.square().sum().backward()
    assert all(tensor.grad.isfinite().all() for tensor in (patterns, *layer.parameters()))
    assert not patterns.grad[0].any()


def test_6_what_is_appended_is_always_seen() -> None:
    layer = randomised(Hopfield(8, add_zero_association=True, concat_bias_pattern=True))
    weights = layer.get_association_matrix(numbers(1, 4, 8), torch.ones(1, 4, dtype=torch.bool))
    assert not weights[..., :4].any()
    torch.testing.assert_close(weights.sum(-1), torch.ones(1, 1, 4, dtype=torch.float64))
    assert weights[..., 4:].min() > 0


# 7, 8, 9


def test_7_hopfield_space() -> None:
    layer = Hopfield(8, num_heads=2, normalize_hopfield_space=True, normalize_hopfield_space_affine=True)
    assert (layer.normalize_hopfield_space, layer.normalize_hopfield_space_affine) == (True, True)
    assert layer.association_core.p_norm_weight.shape == layer.association_core.p_norm_bias.shape == (4,)
    assert layer(numbers(2, 5, 8, dtype=torch.float32)).isfinite().all()
    pooling = HopfieldPooling(8, normalize_hopfield_space=True)
    assert (pooling.normalize_hopfield_space, pooling.normalize_hopfield_space_affine) == (True, False)


def test_8_pooling_keeps_samples_apart() -> None:
    first, last = (HopfieldPooling(8, quantity=3, output_size=4, batch_first=flag) for flag in (True, False))
    randomised(first)
    state = first.state_dict()
    last.double().load_state_dict({**state, "pooling_weights": state["pooling_weights"].transpose(0, 1)})
    patterns = numbers(5, 7, 8)
    assert last(patterns.transpose(0, 1)).shape == (5, 12)
    torch.testing.assert_close(last(patterns.transpose(0, 1)), first(patterns))


def test_9_an_unknown_activation_is_an_error() -> None:
    message = "association_activation must be the name of a function of torch, such as 'relu'; got 'rleu'"
    with pytest.raises(ArgumentError, match=message):
        Hopfield(8, association_activation="rleu")
    for name in ("Tensor", "float32"):
        with pytest.raises(ArgumentError, match="association_activation must be the name"):
            Hopfield(8, association_activation=name)
    assert Hopfield(8, association_activation="relu")(numbers(1, 4, 8, dtype=torch.float32)).min() >= 0


def test_9_lists_and_parameters_are_inputs() -> None:
    layer, patterns = randomised(Hopfield(8)), numbers(2, 5, 8)
    assert layer([patterns] * 3).equal(layer(patterns))
    assert layer(nn.Parameter(patterns)).equal(layer(patterns))
    pooling = randomised(HopfieldPooling(8))
    assert pooling([patterns] * 2).equal(pooling(patterns))


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ((torch.zeros(2, 5, 8),) * 2, ArgumentError, "input must be a tensor, or three"),
        (torch.zeros(5, 8), ShapeError, r"stored pattern must have 3 axes.*; got shape \(5, 8\)"),
        (torch.zeros(2, 5, 7), ShapeError, r"stored pattern must be 8 wide; got shape \(2, 5, 7\)"),
        (torch.zeros(2, 5, 8, dtype=torch.int64), ArgumentError, "must be of a floating-point dtype; got torch.int64"),
        ((torch.zeros(2, 5, 8), torch.zeros(3, 4, 8), torch.zeros(2, 5, 8)), ShapeError, "a batch of 2 or 1; got 3"),
        ((torch.zeros(2, 5, 8), torch.zeros(2, 4, 8), torch.zeros(2, 4, 8)), ShapeError, "must hold 5 .*; got 4"),
    ],
)
def test_9_other_inputs_are_errors(given: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Hopfield(8)(given)
    with pytest.raises(ArgumentError, match="input must be a tensor, or two"):
        HopfieldPooling(8)((torch.zeros(2, 5, 8),) * 3)


# 10: see test_tracing.py
