"""What hflayers 1.0.2 computed in float64: outputs, associations, gradients and states of 39 layers, to 1e-10."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from hybridattn.memory import hflayers

GOLDEN = Path(__file__).parents[2] / "golden" / "hflayers"
CASES = {case["id"]: case for case in json.loads((GOLDEN / "cases.json").read_text(encoding="utf-8"))}
TENSORS = load_file(GOLDEN / "tensors.safetensors")
STOPPED = {33: 4}
"""hflayers stopped here after 4 of 10 updates, by its eps; here a finite number of updates is what happens."""


def parts(case: int, kind: str) -> dict[str, Tensor]:
    start = f"{case:02d}.{kind}."
    return {name.removeprefix(start): tensor for name, tensor in TENSORS.items() if name.startswith(start)}


def close(found: Tensor, wanted: Tensor) -> None:
    torch.testing.assert_close(found, wanted, rtol=1e-10, atol=1e-10)


def made(case: int, **changed: object) -> torch.nn.Module:
    layer = getattr(hflayers, CASES[case]["class"])(**CASES[case]["kwargs"] | changed).double()
    layer.load_state_dict(parts(case, "state"))
    return layer


def given(case: int) -> tuple[dict[str, Tensor], Tensor | tuple[Tensor, ...]]:
    inputs = {name: tensor.clone().requires_grad_() for name, tensor in parts(case, "input").items()}
    if "input" in inputs:
        return inputs, inputs["input"]
    return inputs, tuple(inputs[name] for name in ("stored", "state", "projection") if name in inputs)


def test_there_are_39() -> None:
    assert len(CASES) == 39
    assert {name[:2] for name in TENSORS} == {f"{case:02d}" for case in CASES}


@pytest.mark.parametrize("case", CASES)
def test_output_and_association(case: int) -> None:
    layer, (_, patterns), masks = made(case), given(case), parts(case, "mask")
    close(layer(patterns, **masks), TENSORS[f"{case:02d}.output"])
    close(layer.get_association_matrix(patterns, **masks), TENSORS[f"{case:02d}.association"])


@pytest.mark.parametrize("case", CASES)
def test_gradients(case: int) -> None:
    layer = made(case, **{"update_steps_max": STOPPED[case]} if case in STOPPED else {})
    inputs, patterns = given(case)
    layer(patterns, **parts(case, "mask")).square().sum().backward()
    wanted = parts(case, "grad")
    for name, parameter in layer.named_parameters():
        if name in wanted:
            close(parameter.grad, wanted[name])
        else:
            assert parameter.grad is None or not parameter.grad.any()
    for name, gradient in parts(case, "input_grad").items():
        close(inputs[name].grad, gradient)


@pytest.mark.parametrize("case", STOPPED)
def test_updates_past_the_stop_of_hflayers_change_gradients_a_little(case: int) -> None:
    inputs, patterns = given(case)
    made(case)(patterns, **parts(case, "mask")).square().sum().backward()
    for name, gradient in parts(case, "input_grad").items():
        torch.testing.assert_close(inputs[name].grad, gradient, rtol=0, atol=1e-6)


@pytest.mark.parametrize("case", CASES)
def test_states_have_the_same_names_and_shapes(case: int) -> None:
    layer = getattr(hflayers, CASES[case]["class"])(**CASES[case]["kwargs"])
    wanted = {name: tensor.shape for name, tensor in parts(case, "state").items()}
    assert {name: tensor.shape for name, tensor in layer.state_dict().items()} == wanted
