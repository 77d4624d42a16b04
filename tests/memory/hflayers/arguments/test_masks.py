"""Masks of every kind against one another: True means ignore here, and may be read where attention is computed."""

import pytest
import torch
from hflayers_reference import numbers, randomised

from hybridattn.errors import ArgumentError, ShapeError
from hybridattn.memory.hflayers import Hopfield, HopfieldLayer, HopfieldPooling
from hybridattn.memory.hflayers.arguments import readable

EXTENT = (2, 3, 4, 5)


def ignored(*shape: int, seed: int = 0) -> torch.Tensor:
    mask = torch.rand(shape, generator=torch.Generator().manual_seed(seed)) < 0.5
    return mask.index_fill(-1, torch.tensor([0]), False)


def test_none_is_none() -> None:
    assert readable(None, None, EXTENT, 1) is None


def test_what_is_ignored_is_not_read() -> None:
    padding, association = ignored(2, 5), ignored(4, 5, seed=1)
    seen = readable(padding, association, EXTENT, 0)
    assert seen.shape == (2, 1, 4, 5)
    for sample in range(2):
        assert seen[sample, 0].equal(~(padding[sample] | association))


def test_a_padding_mask_stays_as_small_as_it_is() -> None:
    assert readable(ignored(2, 5), None, EXTENT, 2).shape == (2, 1, 1, 7)


def test_added_rows_are_seen() -> None:
    assert readable(ignored(2, 5), None, EXTENT, 2)[..., 5:].all()
    assert readable(None, torch.full((4, 5), -torch.inf), EXTENT, 2)[..., 5:].eq(0).all()


@pytest.mark.parametrize("shape", [(4, 5), (6, 4, 5), (2, 3, 4, 5), (2, 1, 4, 5), (1, 3, 1, 5), (1, 1, 4, 1)])
@pytest.mark.parametrize("padded", [None, "bool", "float"])
def test_bool_and_added_masks_agree(shape: tuple[int, ...], padded: str | None) -> None:
    mask = ignored(*shape, seed=2)
    added = torch.zeros(shape, dtype=torch.float64).masked_fill(mask, -torch.inf)
    padding = ignored(2, 5, seed=3)
    given = {None: None, "bool": padding, "float": torch.zeros(2, 5).masked_fill(padding, -torch.inf)}[padded]
    layer = randomised(Hopfield(8, 4, num_heads=3, update_steps_max=1, add_zero_association=True))
    patterns = numbers(2, 5, 8), numbers(2, 4, 8, seed=1), numbers(2, 5, 8, seed=2)
    whole = mask.view(2, 3, 4, 5) if shape == (6, 4, 5) else mask
    wanted = whole.expand(EXTENT) | (padding[:, None, None] if padded else False)
    weights = layer.get_association_matrix(patterns, given, mask)
    assert weights[..., :5].eq(0).equal(wanted)
    torch.testing.assert_close(layer.get_association_matrix(patterns, given, added), weights)
    torch.testing.assert_close(layer(patterns, given, added), layer(patterns, given, mask))


def test_heads_of_a_sample_stand_together() -> None:
    mask = torch.zeros(6, 4, 5, dtype=torch.bool)
    mask[4, 2, 1] = True
    weights = Hopfield(6, num_heads=3).get_association_matrix(
        (numbers(2, 5, 6).float(), numbers(2, 4, 6).float(), numbers(2, 5, 6).float()), None, mask
    )
    assert weights.eq(0).nonzero().tolist() == [[1, 1, 2, 1]]


def test_masks_of_stored_patterns_of_ones_own() -> None:
    layer, states = randomised(HopfieldLayer(8, num_heads=2, quantity=5, update_steps_max=1)), numbers(3, 4, 8)
    padding, heads = ignored(3, 5), ignored(6, 4, 5, seed=1)
    found = layer(states, padding, heads)
    for sample in range(3):
        one = slice(sample, sample + 1)
        alone = layer(states[one], padding[one], heads[2 * sample : 2 * sample + 2])
        torch.testing.assert_close(found[one], alone)


def test_a_mask_of_one_shape_for_stored_patterns_of_ones_own() -> None:
    layer, states = randomised(HopfieldLayer(8, num_heads=2, quantity=5, update_steps_max=1)), numbers(3, 4, 8)
    mask = ignored(4, 5)
    torch.testing.assert_close(layer(states, None, mask)[1:2], layer(states[1:2], None, mask))
    torch.testing.assert_close(layer(states, None, torch.zeros_like(mask)), layer(states))


def test_pooling_what_is_not_padding() -> None:
    pooling = randomised(HopfieldPooling(8, num_heads=2, quantity=2))
    patterns, padding = numbers(3, 5, 8), ignored(3, 5)
    for sample in range(3):
        kept = patterns[sample : sample + 1, ~padding[sample]]
        torch.testing.assert_close(pooling(patterns, padding)[sample : sample + 1], pooling(kept))


def test_padding_counts_samples_first_even_if_patterns_do_not() -> None:
    layer = randomised(Hopfield(8, batch_first=False))
    patterns, padding = numbers(5, 2, 8), ignored(2, 5)
    first = randomised(Hopfield(8))
    torch.testing.assert_close(layer(patterns, padding).transpose(0, 1), first(patterns.transpose(0, 1), padding))


@pytest.mark.parametrize("shape", [(5, 4), (2, 4, 5), (4, 6), (2, 3, 4, 6), (5,), (1, 2, 3, 4, 5)])
def test_other_association_masks_are_errors(shape: tuple[int, ...]) -> None:
    message = r"association_mask must be \(4, 5\), \(6, 4, 5\) or broadcast to \(2, 3, 4, 5\); got shape"
    with pytest.raises(ShapeError, match=message):
        readable(None, torch.zeros(shape), EXTENT, 0)


@pytest.mark.parametrize("shape", [(5, 2), (3, 5), (5,), (2, 1, 5)])
def test_other_padding_masks_are_errors(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=r"stored_pattern_padding_mask must be \(2, 5\); got shape"):
        readable(torch.zeros(shape), None, EXTENT, 0)


def test_complex_masks_are_errors() -> None:
    with pytest.raises(
        ArgumentError, match=r"association_mask must be bool, integer or floating; got torch\.complex64"
    ):
        readable(None, torch.zeros(4, 5, dtype=torch.complex64), EXTENT, 0)
