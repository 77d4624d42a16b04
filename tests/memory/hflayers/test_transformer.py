"""The encoder and decoder layers against those of torch, whose attention they become without updates."""

import pytest
import torch
from hflayers_reference import numbers, randomised
from torch import nn

from hybridattn.errors import ArgumentError
from hybridattn.memory.hflayers import (
    Hopfield,
    HopfieldDecoderLayer,
    HopfieldEncoderLayer,
    from_multihead_attention,
)

CAUSAL = torch.ones(5, 5, dtype=torch.bool).triu(1)
PADDING = torch.tensor([[False] * 5, [False, False, True, False, True]])


def take(layer: nn.Module, source: nn.Module, pairs: dict[str, str]) -> None:
    for mine, theirs in pairs.items():
        getattr(layer, mine).load_state_dict(getattr(source, theirs).state_dict())


def test_an_encoder_layer_is_that_of_torch() -> None:
    peer = randomised(nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, activation="gelu", batch_first=True), size=0.3)
    layer = HopfieldEncoderLayer(from_multihead_attention(peer.self_attn), 16, 0.0, "relu").double()
    layer.activation_residual = nn.functional.gelu
    pairs = {"linear_residual": "linear1", "linear_output": "linear2", "norm_residual": "norm1", "norm_output": "norm2"}
    take(layer, peer, pairs)
    patterns = numbers(2, 5, 8)
    torch.testing.assert_close(layer(patterns), peer(patterns))
    torch.testing.assert_close(layer(patterns, CAUSAL, PADDING), peer(patterns, CAUSAL, PADDING))


@pytest.mark.parametrize("batch_first", [True, False])
def test_a_decoder_layer_is_that_of_torch(batch_first: bool) -> None:
    peer = randomised(nn.TransformerDecoderLayer(8, 2, 16, dropout=0.0, batch_first=batch_first), size=0.3)
    associations = [from_multihead_attention(part) for part in (peer.self_attn, peer.multihead_attn)]
    layer = HopfieldDecoderLayer(*associations, 16, 0.0).double()
    pairs = {"linear_residual": "linear1", "linear_output": "linear2", "norm_residual_self": "norm1"}
    take(layer, peer, {**pairs, "norm_residual_cross": "norm2", "norm_output": "norm3"})
    targets, memory = numbers(2, 5, 8), numbers(2, 7, 8, seed=1)
    cross, padding = torch.rand(5, 7, generator=torch.Generator().manual_seed(0)) < 0.3, torch.zeros(2, 7).bool()
    padding[1, 3:] = True
    cross[:, 0] = False
    if not batch_first:
        targets, memory = targets.transpose(0, 1), memory.transpose(0, 1)
    torch.testing.assert_close(layer(targets, memory), peer(targets, memory))
    masks = (CAUSAL, cross, PADDING, padding)
    torch.testing.assert_close(layer(targets, memory, *masks), peer(targets, memory, *masks))
    assert (layer.batch_first, layer.input_size, layer.output_size) == (batch_first, 8, 8)
    whole = associations[1].get_association_matrix((memory, targets, memory), padding, cross)
    assert layer.get_association_matrix_cross((memory, targets, memory), padding, cross).equal(whole)
    whole = associations[0].get_association_matrix(targets, PADDING, CAUSAL)
    assert layer.get_association_matrix_self(targets, PADDING, CAUSAL).equal(whole)


def test_states_have_the_names_of_hflayers() -> None:
    parts = ("linear_residual", "linear_output", "norm_output")
    layer = HopfieldEncoderLayer(Hopfield(8), 16)
    tops = {name.split(".")[0] for name in layer.state_dict()}
    assert tops == {"hopfield_association", "norm_residual", *parts}
    layer = HopfieldDecoderLayer(Hopfield(8), Hopfield(8), 16)
    tops = {name.split(".")[0] for name in layer.state_dict()}
    associations = {"hopfield_association_self", "hopfield_association_cross"}
    assert tops == {*associations, "norm_residual_self", "norm_residual_cross", *parts}


def test_the_association_is_a_copy_that_keeps_its_parameters() -> None:
    hopfield = randomised(Hopfield(8, num_heads=2, update_steps_max=2))
    layer = HopfieldEncoderLayer(hopfield, 16, 0.0).double()
    weight = layer.hopfield_association.association_core.in_proj_weight
    assert weight is not hopfield.association_core.in_proj_weight
    assert weight.equal(hopfield.association_core.in_proj_weight)
    patterns = numbers(2, 5, 8)
    assert layer.get_association_matrix(patterns).equal(hopfield.get_association_matrix(patterns))
    layer.reset_parameters()
    assert not weight.equal(hopfield.association_core.in_proj_weight)
    assert (layer.batch_first, layer.input_size, layer.output_size) == (True, 8, 8)


def test_dropout_is_on_in_training_only() -> None:
    layer, patterns = HopfieldEncoderLayer(Hopfield(8), 16, dropout=0.5), torch.ones(1, 4, 8)
    assert not layer(patterns).equal(layer(patterns))
    assert layer.eval()(patterns).equal(layer(patterns))


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ArgumentError, match="hopfield_association must give patterns as wide as its states, 8; got 5"):
        HopfieldEncoderLayer(Hopfield(8, output_size=5))
    with pytest.raises(ArgumentError, match="hopfield_association must give patterns as wide as its states, 8; got 4"):
        HopfieldEncoderLayer(Hopfield(8, 4, disable_out_projection=True))
    with pytest.raises(ArgumentError, match="hopfield_association_cross must take states 8 wide; got 6"):
        HopfieldDecoderLayer(Hopfield(8), Hopfield(6))
    with pytest.raises(ArgumentError, match="activation must be the name of a function of torch, such as 'relu'; got"):
        HopfieldEncoderLayer(Hopfield(8), activation="swish")
