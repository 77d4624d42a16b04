"""Error 10 of hflayers: compiled, exported, vectorised, without data, in bfloat16 and under autocast."""

import copy
import pickle

import pytest
import torch
from hflayers_reference import numbers, randomised
from torch import nn

from hybridattn.memory.hflayers import Hopfield, HopfieldEncoderLayer, HopfieldLayer, HopfieldPooling

PADDING = torch.tensor([[True] * 5, [False, True, False, False, True]])
LAYERS = {
    "plain": lambda: Hopfield(16, num_heads=4, update_steps_max=3),
    "scaled": lambda: Hopfield(16, num_heads=4, update_steps_max=3, scaling=nn.Parameter(torch.linspace(0.2, 1, 4))),
    "buffer": lambda: Hopfield(16, num_heads=4, update_steps_max=1, scaling=torch.linspace(0.2, 1, 4)),
    "legacy": lambda: Hopfield(
        16, num_heads=4, update_steps_max=1, scaling=torch.linspace(0.2, 1, 4), legacy_scaling=True
    ),
    "by head": lambda: Hopfield(16, num_heads=4, update_steps_max=torch.arange(4)),
    "rows": lambda: Hopfield(
        16,
        num_heads=4,
        pattern_size=6,
        add_zero_association=True,
        concat_bias_pattern=True,
        normalize_hopfield_space=True,
        normalize_hopfield_space_affine=True,
    ),
    "pooling": lambda: HopfieldPooling(16, num_heads=4, update_steps_max=2, quantity=3),
    "layer": lambda: HopfieldLayer(16, num_heads=4, update_steps_max=2, quantity=7),
    "encoder": lambda: HopfieldEncoderLayer(Hopfield(16, num_heads=4, update_steps_max=1), 8, dropout=0.0),
}
pytestmark = pytest.mark.filterwarnings("ignore:There is a performance drop because we have not yet implemented")
PATTERNS = numbers(2, 5, 16, dtype=torch.float32)


@pytest.fixture(params=LAYERS)
def layer(request: pytest.FixtureRequest) -> nn.Module:
    return randomised(LAYERS[request.param](), size=0.3).float()


def masks(layer: nn.Module) -> dict[str, torch.Tensor]:
    if isinstance(layer, HopfieldLayer):
        return {}
    return {
        "src_key_padding_mask" if isinstance(layer, HopfieldEncoderLayer) else "stored_pattern_padding_mask": PADDING
    }


def gradients(layer: nn.Module, found: torch.Tensor) -> list[torch.Tensor]:
    return list(torch.autograd.grad(found.square().sum(), list(layer.parameters()), allow_unused=True))


def compiled_alike(layer: nn.Module, backend: str) -> None:
    torch._dynamo.reset()
    found = torch.compile(layer, fullgraph=True, backend=backend)(PATTERNS, **masks(layer))
    wanted = layer(PATTERNS, **masks(layer))
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)
    for mine, theirs in zip(gradients(layer, found), gradients(layer, wanted), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", ["rows", "layer"])
def test_compiles_to_one_graph(name: str) -> None:
    compiled_alike(randomised(LAYERS[name](), size=0.3).float(), "eager")


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["aot_eager", "inductor"])
def test_compiles_to_one_graph_and_its_gradients(layer: nn.Module, backend: str) -> None:
    compiled_alike(layer, backend)


def test_exports(layer: nn.Module) -> None:
    exported = torch.export.export(layer, (PATTERNS,), masks(layer)).module()
    torch.testing.assert_close(exported(PATTERNS, **masks(layer)), layer(PATTERNS, **masks(layer)))


def test_exports_for_any_batch_and_length() -> None:
    layer = randomised(LAYERS["rows"](), size=0.3).float()
    batch, length = torch.export.Dim("batch", min=2), torch.export.Dim("length", min=2)
    exported = torch.export.export(
        layer, (PATTERNS, PADDING), dynamic_shapes=({0: batch, 1: length}, {0: batch, 1: length})
    )
    patterns, padding = numbers(4, 9, 16, seed=1, dtype=torch.float32), torch.rand(4, 9) < 0.3
    torch.testing.assert_close(exported.module()(patterns, padding), layer(patterns, padding))


def test_vmaps_over_inputs(layer: nn.Module) -> None:
    many = numbers(3, 2, 5, 16, dtype=torch.float32)
    found = torch.vmap(lambda patterns: layer(patterns, **masks(layer)))(many)
    torch.testing.assert_close(found, torch.stack([layer(patterns, **masks(layer)) for patterns in many]))


def test_vmaps_over_parameters_and_gradients(layer: nn.Module) -> None:
    layers = [randomised(copy.deepcopy(layer), seed, 0.3).float() for seed in range(3)]
    parameters, buffers = torch.func.stack_module_state(layers)

    def of(parameters, buffers):
        return torch.func.functional_call(layer, (parameters, buffers), (PATTERNS,), masks(layer)).square().sum()

    found = torch.vmap(torch.func.grad(of))(parameters, buffers)
    for index, one in enumerate(layers):
        wanted = gradients(one, one(PATTERNS, **masks(one)))
        for (name, _), gradient in zip(one.named_parameters(), wanted, strict=True):
            torch.testing.assert_close(found[name][index], gradient, rtol=1e-4, atol=1e-4)


def test_bfloat16(layer: nn.Module) -> None:
    wanted = layer(PATTERNS, **masks(layer))
    half = copy.deepcopy(layer).bfloat16()
    found = half(PATTERNS.bfloat16(), **masks(layer))
    assert found.dtype == torch.bfloat16
    assert (found.float() - wanted).norm() < 0.05 * wanted.norm()
    assert all(part is None or part.isfinite().all() for part in gradients(half, found))


def test_autocast(layer: nn.Module) -> None:
    wanted = layer(PATTERNS, **masks(layer))
    with torch.autocast("cpu", torch.bfloat16):
        found = layer(PATTERNS, **masks(layer))
    assert (found.float() - wanted).norm() < 0.05 * wanted.norm()
    assert all(part is None or part.isfinite().all() for part in gradients(layer, found))
    if not isinstance(layer, HopfieldEncoderLayer):
        with torch.autocast("cpu", torch.bfloat16):
            layer.get_association_matrix(PATTERNS, **masks(layer))


def test_meta(layer: nn.Module) -> None:
    given = {name: mask.to("meta") for name, mask in masks(layer).items()}
    wanted = layer(PATTERNS, **masks(layer)).shape
    found = copy.deepcopy(layer).to("meta")(PATTERNS.to("meta"), **given)
    assert (found.is_meta, found.shape) == (True, wanted)


def test_copies_and_pickles(layer: nn.Module) -> None:
    wanted = layer(PATTERNS, **masks(layer))
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert other(PATTERNS, **masks(layer)).equal(wanted)


def test_made_without_data() -> None:
    with torch.device("meta"):
        layer = Hopfield(16, num_heads=4)
    assert all(parameter.is_meta for parameter in layer.parameters())
