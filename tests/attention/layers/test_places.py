"""Positions, windows and features against loops over their formulas."""

import cmath
import math

import pytest
import torch
from torch import Tensor

from hybridattn import (
    ArgumentError,
    FeatureWise,
    PredictedWindow,
    ScaledDot,
    ShapeError,
    monotonic_window,
    read,
    rotary,
    sinusoidal,
)


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_sinusoidal_by_formula():
    found = sinusoidal(torch.tensor([0, 3, 50]), 6)
    for row, place in zip(found.tolist(), (0, 3, 50), strict=True):
        wanted = [f(place / 10_000 ** (2 * i / 6)) for i in range(3) for f in (math.sin, math.cos)]
        assert row == pytest.approx(wanted, abs=1e-6)


def test_rotary_turns_pairs_as_complex_numbers():
    vectors, places = numbers(2, 3, 4).double(), torch.tensor([0, 2, 9])
    found = rotary(vectors, places)
    for b in range(2):
        for row, place in enumerate((0, 2, 9)):
            for i in range(2):
                pair = complex(*vectors[b, row, 2 * i : 2 * i + 2].tolist()) * cmath.exp(
                    1j * place * 10_000 ** (-i / 2)
                )
                assert found[b, row, 2 * i : 2 * i + 2].tolist() == pytest.approx([pair.real, pair.imag])


def test_rotary_products_depend_on_the_distance_alone():
    query, key = numbers(1, 8).double(), numbers(1, 8, seed=1).double()
    products = [float(rotary(query, torch.tensor([p + 5])) @ rotary(key, torch.tensor([p])).T) for p in (0, 3, 100)]
    assert products == pytest.approx([products[0]] * 3)


@pytest.mark.parametrize(
    "act", [lambda: sinusoidal(torch.arange(2), 3), lambda: rotary(numbers(2, 3), torch.arange(2))]
)
def test_widths_are_even(act):
    with pytest.raises(ArgumentError, match="width must be even and at least 2; got 3"):
        act()


def test_places_are_one_a_row():
    with pytest.raises(ShapeError, match=r"places must end in n=2; got shape \(3,\)"):
        rotary(numbers(2, 4), torch.arange(3))
    with pytest.raises(ShapeError, match=r"vectors must have shape \(..., n, d\); got \(4,\)"):
        rotary(numbers(4), torch.arange(1))
    with pytest.raises(ShapeError, match=r"places must broadcast to \(3, 2, 5\); got shape \(3, 5\)"):
        rotary(numbers(3, 2, 5, 4), torch.arange(15).reshape(3, 5))
    with pytest.raises(ArgumentError, match=r"vectors must be floating point; got torch\.int64"):
        rotary(torch.ones(2, 4, dtype=torch.int64), torch.arange(2))
    with pytest.raises(ArgumentError, match="base must be above 0; got 0"):
        sinusoidal(torch.arange(2), 4, base=0)


def test_a_monotonic_window_goes_with_the_query():
    mask = monotonic_window(4, 6, 2)
    assert all(bool(mask[i, j]) == (abs(i - j) <= 2) for i in range(4) for j in range(6))
    with pytest.raises(ArgumentError, match="reach must be at least 0; got -1"):
        monotonic_window(2, 2, -1)


def test_a_predicted_window_by_formula():
    window = PredictedWindow(4, 3, 2, generator=torch.Generator().manual_seed(0)).double()
    query, keys, values = numbers(2, 4).double(), numbers(7, 4, seed=1).double(), numbers(7, 5, seed=2).double()
    mask, prior = window(query, 7)
    found = read(query, keys, values, similarity=ScaledDot(), mask=mask, prior=prior).value
    for i in range(2):
        units = [math.tanh(float(window.weight[h] @ query[i])) for h in range(3)]
        place = 6 / (1 + math.exp(-sum(float(v) * u for v, u in zip(window.vector, units, strict=True))))
        weights = {
            s: math.exp(float(query[i] @ keys[s]) / 2) * math.exp(-((s - place) ** 2) / (2 * 1.0**2))
            for s in range(7)
            if abs(s - place) <= 2
        }
        assert 0 < len(weights) < 7
        total = sum(weights.values())
        wanted = sum(weight / total * values[s] for s, weight in weights.items())
        torch.testing.assert_close(found[i], wanted.detach())


def test_the_place_is_learned_through_the_gaussian():
    window = PredictedWindow(2, 8, 3, generator=torch.Generator().manual_seed(0))
    query, values = torch.eye(2), torch.arange(11.0)[:, None]
    keys, wanted = torch.zeros(11, 2), torch.tensor([[2.0], [8.0]])
    optimizer = torch.optim.Adam(window.parameters(), lr=0.05)
    for _ in range(200):
        mask, prior = window(query, 11)
        loss = (read(query, keys, values, mask=mask, prior=prior).value - wanted).square().sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    torch.testing.assert_close(window.place(query, 11), wanted.flatten(), atol=0.2, rtol=0)


def test_a_predicted_window_refuses_other_widths():
    with pytest.raises(ShapeError, match="query must end in dim=4; got shape"):
        PredictedWindow(4, 3, 2)(numbers(2, 3), 7)
    with pytest.raises(ArgumentError, match="reach must be at least 1; got 0"):
        PredictedWindow(4, 3, 0)
    with pytest.raises(ArgumentError, match="dim and hidden must be at least 1; got 0 and 3"):
        PredictedWindow(0, 3, 1)


def by_features(model: FeatureWise, query: Tensor, keys: Tensor, values: Tensor, mask: Tensor) -> Tensor:
    rows = []
    for i, asked in enumerate(query):
        readable = [j for j in range(len(keys)) if mask[i, j]]
        scores = {
            j: model.out_weight @ torch.tanh(model.query_weight @ asked + model.key_weight @ keys[j] + model.bias)
            for j in readable
        }
        total = sum((score.exp() for score in scores.values()), torch.zeros(values.shape[1]))
        rows.append(sum((scores[j].exp() / total * values[j] for j in readable), torch.zeros(values.shape[1])))
    return torch.stack(rows)


@pytest.mark.parametrize("most", [1 << 22, 40])
def test_features_have_weights_of_their_own(most, monkeypatch):
    from hybridattn.attention.layers import featurewise

    monkeypatch.setattr(featurewise, "_NUMBERS", most)
    model = FeatureWise(4, 3, 2, generator=torch.Generator().manual_seed(0)).double()
    query, keys, values = numbers(5, 4).double(), numbers(6, 4, seed=1).double(), numbers(6, 2, seed=2).double()
    mask = torch.rand(5, 6, generator=torch.Generator().manual_seed(3)) > 0.4
    mask[2] = False
    found = model(query, keys, values, mask=mask)
    torch.testing.assert_close(found, by_features(model, query, keys, values, mask))
    assert found[2].tolist() == [0.0, 0.0]
    weights = model.weights(query, keys)
    torch.testing.assert_close(weights.sum(-2), torch.ones(5, 2).double())
    assert not torch.allclose(weights[..., 0], weights[..., 1])
    found.sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters())
    batched = model(query.expand(2, 3, -1, -1), keys.expand(2, 3, -1, -1), values.expand(2, 3, -1, -1), mask=mask)
    torch.testing.assert_close(batched[1, 2], found)


def test_features_refuse_other_widths():
    model = FeatureWise(4, 3, 2)
    with pytest.raises(ShapeError, match="keys must end in dim=4"):
        model(numbers(5, 4), numbers(6, 3), numbers(6, 2))
    with pytest.raises(ShapeError, match="values must end in value_dim=2"):
        model(numbers(5, 4), numbers(6, 4), numbers(6, 3))
    with pytest.raises(ArgumentError, match="dim, hidden and value_dim must be at least 1; got 4, 0 and 2"):
        FeatureWise(4, 0, 2)


@pytest.mark.parametrize(
    ("act", "kind", "said"),
    [
        (lambda model: model(numbers(4), numbers(6, 4), numbers(6, 2)), ShapeError, "at least 2 axes"),
        (lambda model: model(numbers(5, 4), numbers(6, 4), numbers(7, 2)), ShapeError, "values must hold n=6 slots"),
        (lambda model: model(numbers(3, 5, 4), numbers(2, 6, 4), numbers(6, 2)), ShapeError, "leading axes"),
        (lambda model: model(numbers(5, 4), numbers(6, 4).double(), numbers(6, 2)), ArgumentError, "one floating"),
        (lambda model: model(*KEPT, mask=torch.ones(5, 6)), ArgumentError, "mask must be bool"),
        (lambda model: model(*KEPT, mask=torch.ones(4, 6).bool()), ShapeError, r"mask must broadcast to \(5, 6\)"),
        (lambda model: model.weights(*KEPT[:2], mask=torch.ones(7).bool()), ShapeError, "mask must broadcast"),
    ],
)
def test_features_refuse_what_a_read_refuses(act, kind, said):
    with pytest.raises(kind, match=said):
        act(FeatureWise(4, 3, 2))


KEPT = numbers(5, 4), numbers(6, 4, seed=1), numbers(6, 2, seed=2)


@pytest.mark.parametrize("mask", [torch.tensor(False), torch.zeros(1, dtype=torch.bool), torch.zeros(6).bool()])
def test_features_under_a_mask_that_broadcasts(mask):
    assert (FeatureWise(4, 3, 2)(*KEPT, mask=mask) == 0).all()
    assert FeatureWise(4, 3, 2)(*KEPT, mask=~mask).abs().gt(0).all()


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_weights_of_windows_and_features_take_the_dtype_of_the_query(dtype):
    model, window = FeatureWise(4, 3, 2), PredictedWindow(4, 3, 2)
    found, wanted = model(*(side.to(dtype) for side in KEPT)), model(*KEPT)
    assert found.dtype == dtype
    torch.testing.assert_close(found.float(), wanted, atol=0.05 if dtype == torch.bfloat16 else 1e-6, rtol=0)
    found, wanted = window.place(KEPT[0].to(dtype), 9), window.place(KEPT[0], 9)
    torch.testing.assert_close(found.float(), wanted, atol=0.1 if dtype == torch.bfloat16 else 1e-5, rtol=0)
