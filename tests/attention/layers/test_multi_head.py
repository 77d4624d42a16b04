"""Heads against torch's own modules: values, gradients, masks, groups."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from hybridattn import (
    ArgumentError,
    DecoderLayer,
    EncoderLayer,
    Entmax,
    MultiHeadAttention,
    ShapeError,
    causal,
    read,
    record,
    rotary,
)

DIM, HEADS = 12, 3


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def ours(**parts: object) -> MultiHeadAttention:
    return MultiHeadAttention(DIM, HEADS, generator=torch.Generator().manual_seed(1), **parts).double()


def torchs(mine: MultiHeadAttention) -> nn.MultiheadAttention:
    """Torch's module with the same weights."""
    other = nn.MultiheadAttention(DIM, HEADS, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        other.in_proj_weight.copy_(torch.cat([side.weight for side in (mine.to_query, mine.to_key, mine.to_value)]))
        other.in_proj_bias.copy_(torch.cat([side.bias for side in (mine.to_query, mine.to_key, mine.to_value)]))
        other.out_proj.weight.copy_(mine.to_out.weight)
        other.out_proj.bias.copy_(mine.to_out.bias)
    return other


def agree(got: Tensor, wanted: Tensor, *sources: tuple[Tensor, Tensor]) -> None:
    torch.testing.assert_close(got, wanted)
    slopes = [
        torch.autograd.grad(value.square().sum(), side)
        for value, side in zip((got, wanted), zip(*sources, strict=True), strict=True)
    ]
    for one, other in zip(*slopes, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("length", [1, 63, 100])
@pytest.mark.parametrize("masked", [False, True])
def test_self_attention_is_that_of_torch(length, masked):
    mine = ours()
    other = torchs(mine)
    x, y = numbers(2, length, DIM).requires_grad_(), numbers(2, length, DIM).requires_grad_()
    mask = causal(length, length) if masked else None
    got = mine(x, mask=mask)
    wanted, weights = other(y, y, y, attn_mask=None if mask is None else ~mask, average_attn_weights=False)
    agree(got.value, wanted, (x, y))
    best = mine(x, mask=mask, top=min(4, length))
    torch.testing.assert_close(best.shares, weights.topk(min(4, length)).values)


@pytest.mark.parametrize("n", [1, 63, 100])
def test_cross_attention_with_ragged_keys_is_that_of_torch(n):
    mine = ours()
    other = torchs(mine)
    query, keys = numbers(3, 5, DIM), numbers(3, n, DIM, seed=1)
    readable = torch.arange(n) < torch.tensor([[n], [max(1, n // 2)], [1]])
    got = mine(query, keys, mask=readable[:, None, None]).value
    torch.testing.assert_close(got, other(query, keys, keys, key_padding_mask=~readable)[0])
    alone = mine(query[1:2], keys[1:2, : max(1, n // 2)]).value
    torch.testing.assert_close(got[1:2], alone)


@pytest.mark.parametrize("key_heads", [1, 3])
def test_heads_share_keys_in_groups(key_heads):
    mine = MultiHeadAttention(DIM, 6, key_heads=key_heads, generator=torch.Generator().manual_seed(2)).double()
    x = numbers(2, 7, DIM)
    query, keys, values = (
        layer(x).unflatten(-1, (heads, 2)).transpose(1, 2)
        for layer, heads in ((mine.to_query, 6), (mine.to_key, key_heads), (mine.to_value, key_heads))
    )
    wanted = functional.scaled_dot_product_attention(query, keys, values, enable_gqa=True)
    torch.testing.assert_close(mine(x).value, mine.to_out(wanted.transpose(1, 2).flatten(2)))
    assert mine.to_key.weight.shape == (2 * key_heads, DIM)


def test_any_separation_reads_and_other_widths_too():
    mine = MultiHeadAttention(DIM, HEADS, key_dim=5, value_dim=7, separation=Entmax(1.5), bias=False).double()
    query, keys, values = numbers(2, 4, DIM), numbers(2, 6, 5, seed=1), numbers(2, 6, 7, seed=2)
    parts = []
    for head in range(HEADS):
        rows = slice(4 * head, 4 * head + 4)
        sides = (
            query @ mine.to_query.weight[rows].T,
            keys @ mine.to_key.weight[rows].T,
            values @ mine.to_value.weight[rows].T,
        )
        parts.append(read(*sides, beta=0.5, separation=Entmax(1.5)).value)
    torch.testing.assert_close(mine(query, keys, values).value, torch.cat(parts, -1) @ mine.to_out.weight.T)


def test_turned_heads_know_how_far_apart_places_are_and_no_more():
    mine = MultiHeadAttention(DIM, HEADS, turn=rotary).double()
    x = numbers(1, 6, DIM)
    shifted = MultiHeadAttention(DIM, HEADS, turn=lambda side, places: rotary(side, places + 17)).double()
    shifted.load_state_dict(mine.state_dict())
    torch.testing.assert_close(mine(x).value, shifted(x).value)
    assert not torch.allclose(mine(x).value, MultiHeadAttention.forward(_untold(mine), x).value)


def _untold(mine: MultiHeadAttention) -> MultiHeadAttention:
    other = ours()
    other.load_state_dict(mine.state_dict())
    return other


def test_self_attention_is_equivariant_and_a_causal_mask_ends_that():
    mine, x, order = ours(), numbers(1, 6, DIM), torch.tensor([3, 0, 5, 1, 4, 2])
    torch.testing.assert_close(mine(x[:, order]).value, mine(x).value[:, order])
    mask = causal(6, 6)
    assert not torch.allclose(mine(x[:, order], mask=mask).value, mine(x, mask=mask).value[:, order])


def test_the_past_does_not_see_the_future():
    layer = EncoderLayer(DIM, HEADS, 8).double()
    x = numbers(1, 6, DIM)
    changed = x.clone()
    changed[:, 4:] += 1
    before, after = (layer(side, mask=causal(6, 6)) for side in (x, changed))
    assert before[:, :4].equal(after[:, :4])
    assert not torch.allclose(before[:, 4:], after[:, 4:])


def test_causal_masks_of_fewer_queries_stand_at_the_end():
    assert causal(2, 4).int().tolist() == [[1, 1, 1, 0], [1, 1, 1, 1]]
    assert causal(3, 3).int().tolist() == [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    with pytest.raises(ArgumentError, match="as many keys as queries, or more; got 3 and 4"):
        causal(4, 3)


def test_a_query_that_may_read_nothing_gets_what_the_last_projection_makes_of_0():
    mine = ours()
    mask = torch.tensor([[True, False], [False, False]])
    value = mine(numbers(1, 2, DIM), mask=mask).value
    torch.testing.assert_close(value[0, 1], mine.to_out.bias)


@pytest.mark.parametrize("norm_first", [False, True])
def test_an_encoder_layer_is_that_of_torch(norm_first):
    mine = EncoderLayer(DIM, HEADS, 20, norm_first=norm_first).double()
    other = nn.TransformerEncoderLayer(
        DIM, HEADS, 20, dropout=0.0, batch_first=True, norm_first=norm_first, dtype=torch.float64
    )
    other.self_attn = torchs(mine.attention)
    other.norm1, other.norm2 = mine.norms
    other.linear1, other.linear2 = mine.wide[0], mine.wide[3]
    for norm in mine.norms:
        nn.init.normal_(norm.weight)
    x, y = numbers(2, 9, DIM).requires_grad_(), numbers(2, 9, DIM).requires_grad_()
    agree(mine(x, mask=causal(9, 9)), other(y, src_mask=~causal(9, 9)), (x, y))


@pytest.mark.parametrize("norm_first", [False, True])
def test_a_decoder_layer_is_that_of_torch(norm_first):
    mine = DecoderLayer(DIM, HEADS, 20, norm_first=norm_first).double()
    other = nn.TransformerDecoderLayer(
        DIM, HEADS, 20, dropout=0.0, batch_first=True, norm_first=norm_first, dtype=torch.float64
    )
    other.self_attn, other.multihead_attn = torchs(mine.attention), torchs(mine.crossing)
    other.norm1, other.norm2, other.norm3 = mine.norms
    other.linear1, other.linear2 = mine.wide[0], mine.wide[3]
    x, y, memory = numbers(2, 5, DIM).requires_grad_(), numbers(2, 5, DIM).requires_grad_(), numbers(2, 7, DIM, seed=3)
    readable = torch.arange(7) < torch.tensor([[7], [4]])
    got = mine(x, memory, mask=causal(5, 5), memory_mask=readable[:, None, None])
    agree(got, other(y, memory, tgt_mask=~causal(5, 5), memory_key_padding_mask=~readable), (x, y))


def test_our_layers_can_be_recorded_too():
    mine = ours()
    x = numbers(1, 5, DIM)
    with record(mine, top=5) as recording:
        value = mine(x).value
    assert value.equal(mine(x).value)
    torch.testing.assert_close(recording.calls[0].shares.reshape(1, HEADS, 5, 5), mine(x, top=5).shares)


def test_autocast_chooses_the_dtype():
    mine, x = MultiHeadAttention(DIM, HEADS), numbers(2, 4, DIM).float()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = mine(x, x.bfloat16()).value
    torch.testing.assert_close(found.float(), mine(x).value, atol=0.05, rtol=0)


@pytest.mark.parametrize(("b", "q", "n"), [(0, 5, 5), (2, 0, 5), (2, 5, 0), (0, 0, 0)])
def test_nothing_to_read_or_to_ask(b, q, n):
    mine = ours(key_heads=1)
    found = mine(numbers(b, q, DIM), numbers(b, n, DIM), top=2)
    torch.testing.assert_close(found.value, mine.to_out.bias.expand(b, q, DIM))  # as of a read that gives 0
    assert found.slots.shape == found.shares.shape == (b, HEADS, q, 2)
    assert (found.log_mass == -torch.inf).all()
    assert EncoderLayer(DIM, HEADS, 4).double()(numbers(b, q, DIM)).shape == (b, q, DIM)
    assert DecoderLayer(DIM, HEADS, 4).double()(numbers(b, q, DIM), numbers(b, n, DIM)).shape == (b, q, DIM)


@pytest.mark.parametrize(
    ("act", "kind", "said"),
    [
        *(
            (
                lambda first=first: EncoderLayer(12, 3, 4, norm_first=first)(torch.zeros(2, 5)),
                ShapeError,
                r"x must have shape \(..., n, 12\); got \(2, 5\)",
            )
            for first in (False, True)
        ),
        (lambda: MultiHeadAttention(12, 5), ArgumentError, "heads must divide dim; got 5 and 12"),
        (lambda: MultiHeadAttention(12, 3, key_heads=2), ArgumentError, "key_heads must divide heads; got 2 and 3"),
        (lambda: ours()(numbers(2, 4, 5)), ShapeError, r"query must have shape \(..., n, 12\); got \(2, 4, 5\)"),
        (lambda: ours()(numbers(12)), ShapeError, r"query must have shape \(..., n, 12\); got \(12,\)"),
        (lambda: ours()(numbers(2, 4, 12), mask=torch.ones(4, 5, dtype=torch.bool)), ShapeError, "mask"),
        (lambda: ours()(numbers(2, 4, 12), mask=torch.ones(4, 4)), ArgumentError, "mask"),
        (lambda: ours()(torch.zeros(4, 12)), ArgumentError, r"query must be torch\.float64, as the weights are; got"),
        (
            lambda: ours()(numbers(4, 12), torch.zeros(4, 12).long()),
            ArgumentError,
            r"keys must be .*; got torch\.int64",
        ),
        (lambda: EncoderLayer(12, 3, 0), ArgumentError, "hidden must be at least 1"),
        (lambda: EncoderLayer(12, 3, 4, dropout=1.0), ArgumentError, r"dropout in \[0, 1\)"),
    ],
)
def test_mistakes_are_told(act, kind, said):
    with pytest.raises(kind, match=said):
        act()
