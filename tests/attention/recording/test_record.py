"""A model is recorded exactly, and runs as it always does."""

import copy
import inspect
import math
import pickle
import threading

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.functional import scaled_dot_product_attention

from hybridattn import ArgumentError, record

WIDTH, HEADS, PLACES = 16, 4, 7


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def encoder(layers: int = 2, **parts: object) -> nn.TransformerEncoder:
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(WIDTH, HEADS, 24, **{"batch_first": True, "dropout": 0.0, **parts})
    return nn.TransformerEncoder(layer, layers, enable_nested_tensor=parts.get("batch_first", True)).eval()


def by_hand(attention: nn.MultiheadAttention, x: Tensor, hidden: Tensor | None = None) -> Tensor:
    """softmax(Q K^T / sqrt(d)) of (b, L, E), loops over heads; hidden (b or 1, L, L) is True where nothing is read."""
    width = attention.embed_dim // attention.num_heads
    query, keys, _ = (x @ attention.in_proj_weight.T + attention.in_proj_bias).chunk(3, -1)
    heads = []
    for head in range(attention.num_heads):
        mine = slice(head * width, (head + 1) * width)
        scores = query[..., mine] @ keys[..., mine].transpose(1, 2) / math.sqrt(width)
        heads.append((scores if hidden is None else scores.masked_fill(hidden, -math.inf)).softmax(-1))
    return torch.stack(heads, 1)


def layers_by_hand(model: nn.TransformerEncoder, x: Tensor, hidden: Tensor | None = None) -> list[Tensor]:
    """The weights of every layer, written out after Vaswani et al. 2017 (and with norms first where the layer has)."""
    found = []
    for layer in model.layers:
        asked = layer.norm1(x) if layer.norm_first else x
        weights = by_hand(layer.self_attn, asked, hidden)
        found.append(weights)
        values = asked @ layer.self_attn.in_proj_weight[2 * WIDTH :].T + layer.self_attn.in_proj_bias[2 * WIDTH :]
        values = values.unflatten(-1, (HEADS, -1)).transpose(1, 2)
        read = layer.self_attn.out_proj((weights @ values).transpose(1, 2).flatten(2))
        x = x + read if layer.norm_first else layer.norm1(x + read)
        wide = layer.linear2(torch.relu(layer.linear1(layer.norm2(x) if layer.norm_first else x)))
        x = x + wide if layer.norm_first else layer.norm2(x + wide)
    return found


def whole(call) -> Tensor:
    """The recorded shares as a matrix (b, h, q, n)."""
    matrix = torch.zeros(*call.shares.shape[:-1], call.keys)
    return matrix.scatter_add(-1, call.slots.clamp(min=0), call.shares)


def ways(x: Tensor) -> list[tuple[str, dict[str, object], dict[str, object], Tensor | None]]:
    causal = nn.Transformer.generate_square_subsequent_mask(PLACES)
    padding = torch.zeros(len(x), PLACES, dtype=torch.bool)
    padding[1, 5:] = True
    later = torch.ones(PLACES, PLACES, dtype=torch.bool).triu(1)
    padded = padding[:, None].expand(-1, PLACES, -1)
    return [
        ("plain", {}, {}, None),
        ("norm first", {"norm_first": True}, {}, None),
        ("causal", {}, {"mask": causal, "is_causal": True}, later),
        ("bool mask", {}, {"mask": later}, later),
        ("padding", {}, {"src_key_padding_mask": padding}, padded),
        ("both", {}, {"mask": later, "src_key_padding_mask": padding}, later | padded),
    ]


X = numbers(3, PLACES, WIDTH)


@pytest.mark.parametrize("gradient", [False, True], ids=["fast path", "gradient"])
@pytest.mark.parametrize("way", ways(X), ids=lambda way: way[0])
def test_an_encoder_is_recorded_as_its_weights_are_by_hand(way, gradient):
    _, parts, masks, hidden = way
    model = encoder(**parts)
    with torch.set_grad_enabled(gradient):
        plain = model(X, **masks)
        with record(model, top=PLACES) as recording:
            value = model(X, **masks)
    assert value.equal(plain)
    assert [call.name for call in recording.calls] == ["layers.0.self_attn", "layers.1.self_attn"]
    real = torch.ones(3, PLACES, dtype=torch.bool)
    if "src_key_padding_mask" in masks:
        real = ~masks["src_key_padding_mask"]
    for call, wanted in zip(recording.calls, layers_by_hand(model, X, hidden), strict=True):
        got, wanted = (part.transpose(1, 2)[real] for part in (whole(call), wanted.detach()))
        torch.testing.assert_close(got, wanted, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
@pytest.mark.parametrize("first", [False, True], ids=["norm last", "norm first"])
@pytest.mark.parametrize("source", [X, X[:0], X[:, :1]], ids=["some", "none", "one place"])
def test_the_fast_path_gives_the_same_bits(dtype, first, source):
    model = encoder(norm_first=first, activation="gelu").to(dtype)
    heads = model.layers[0].self_attn
    source = source.to(dtype)
    with torch.no_grad():
        plain = model(source), heads(source, source, source, need_weights=False)
        with record(model) as recording:
            value = model(source), heads(source, source, source, need_weights=False)
    assert value[0].equal(plain[0])
    assert value[1][0].equal(plain[1][0])
    assert plain[1][1] is value[1][1] is None
    assert [call.name for call in recording.calls] == [f"layers.{number}.self_attn" for number in (0, 1, 0)]
    assert all(call.shares.shape == (len(source), HEADS, *[source.shape[1]] * 2) for call in recording.calls)


@pytest.mark.parametrize("width", [1, 3])
def test_the_largest_shares_are_kept_and_the_rest_is_missing(width):
    model = encoder(1)
    with torch.no_grad(), record(model, top=width) as recording:
        model(X)
    (wanted,) = layers_by_hand(model, X)
    best = wanted.topk(width)
    torch.testing.assert_close(recording.calls[0].shares, best.values, atol=1e-6, rtol=1e-5)
    assert recording.calls[0].slots.equal(best.indices)
    torch.testing.assert_close(recording.calls[0].missing, 1 - best.values.sum(-1), atol=1e-6, rtol=1e-5)


def test_training_goes_on_as_it_does():
    def trained(watched: bool) -> list[Tensor]:
        model = encoder(2, dropout=0.3).train()
        torch.manual_seed(1)
        if watched:
            with record(model, top=2) as recording:
                loss = model(X).square().sum()
            assert len(recording) == 2
            assert not recording.calls[0].shares.requires_grad
        else:
            loss = model(X).square().sum()
        loss.backward()
        return [loss.detach(), *(parameter.grad for parameter in model.parameters())]

    assert all(one.equal(other) for one, other in zip(trained(True), trained(False), strict=True))


@pytest.mark.parametrize("averaged", [False, True])
@pytest.mark.parametrize("gradient", [False, True])
def test_multi_head_attention_gives_its_weights_too(averaged, gradient):
    torch.manual_seed(0)
    model = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True).eval()
    with torch.set_grad_enabled(gradient):
        plain = model(X, X, X, need_weights=True, average_attn_weights=averaged)
        with record(model, top=PLACES) as recording:
            value = model(X, X, X, need_weights=True, average_attn_weights=averaged)
    assert all(one.equal(other) for one, other in zip(value, plain, strict=True))
    (call,) = recording.calls
    assert call.name == ""
    torch.testing.assert_close(whole(call), by_hand(model, X).detach(), atol=1e-6, rtol=1e-5)


def test_cross_attention_of_a_decoder_and_other_layouts():
    torch.manual_seed(0)
    model = nn.Transformer(WIDTH, HEADS, 1, 1, 24, dropout=0.0).eval()  # places first
    source, target = numbers(5, 2, WIDTH), numbers(3, 2, WIDTH, seed=1)
    with record(model, top=5) as recording:
        value = model(source, target)
    assert value.equal(model(source, target))
    names = ["encoder.layers.0.self_attn", "decoder.layers.0.self_attn", "decoder.layers.0.multihead_attn"]
    assert [call.name for call in recording.calls] == names
    assert [tuple(call.shares.shape) for call in recording.calls] == [(2, 4, 5, 5), (2, 4, 3, 3), (2, 4, 3, 5)]
    kept = model.encoder.layers[0].self_attn
    wanted = by_hand(kept, source.transpose(0, 1)).detach()
    torch.testing.assert_close(whole(recording.calls[0]), wanted, atol=1e-6, rtol=1e-5)


class Direct(nn.Module):
    """Calls attention by two of its names, with all that it takes."""

    def forward(self, query: Tensor, keys: Tensor, mask: Tensor | None, **named: object) -> Tensor:
        first = scaled_dot_product_attention(query, keys, keys, mask, **named)
        return first + functional.scaled_dot_product_attention(query, keys, keys, attn_mask=mask, **named)


MASKS = {
    "none": None,
    "bool": numbers(3, 5, seed=3) > 0,
    "a batch": numbers(2, 1, 3, 5, seed=4) > -1,
    "float": numbers(4, 3, 5, seed=5),
    "nothing for one": torch.tensor([[True] * 5, [False] * 5, [False, True, False, True, True]]),
}


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("scale", [None, 0.3])
def test_a_model_that_calls_attention_itself(mask, scale):
    query, keys, mask = numbers(2, 4, 3, 8), numbers(2, 4, 5, 8, seed=1), MASKS[mask]
    model = Direct()
    plain = model(query, keys, mask, scale=scale)
    with record(model, top=5) as recording:
        value = model(query, keys, mask, scale=scale)
    assert value.nan_to_num(nan=7.0).equal(plain.nan_to_num(nan=7.0))
    scores = (query @ keys.transpose(-2, -1)).double() * (8**-0.5 if scale is None else scale)
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf) if mask.dtype == torch.bool else scores + mask
    wanted = scores.softmax(-1).nan_to_num(nan=0.0).float()
    assert len(recording) == 2
    for call in recording.calls:
        torch.testing.assert_close(whole(call), wanted, atol=1e-6, rtol=1e-5)
        assert ((call.slots >= 0) == (call.shares > 0)).all()


def test_causal_and_grouped_queries():
    query, keys = numbers(2, 4, 5, 8), numbers(2, 2, 5, 8, seed=1)
    model = Direct()
    with record(model, top=5) as recording:
        model(query, keys, None, is_causal=True, enable_gqa=True)
        model(query, keys.repeat_interleave(2, 1), None, is_causal=True)
    assert len(recording) == 4
    scores = query @ keys.repeat_interleave(2, 1).transpose(-2, -1) / math.sqrt(8)
    wanted = scores.masked_fill(torch.ones(5, 5, dtype=torch.bool).triu(1), -math.inf).softmax(-1)
    for call in recording.calls:
        torch.testing.assert_close(whole(call), wanted, atol=1e-6, rtol=1e-5)


def test_one_head_without_a_batch_and_half_precision():
    query, model = numbers(1, 3, 8).bfloat16(), Direct()
    with record(model, top=2) as recording:
        model(query, query, None)
    call = recording.calls[0]
    assert call.shares.dtype == torch.float32
    assert call.matrix().shape == (3, 3)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_scored_in_float32(dtype):
    query, keys, model = (3 * numbers(1, 2, 3, 8)).to(dtype), numbers(1, 2, 5, 8, seed=1).to(dtype), Direct()
    with record(model, top=5) as recording:
        model(query, keys, None)
    wanted = (query.double() @ keys.double().transpose(-2, -1) / math.sqrt(8)).softmax(-1)
    torch.testing.assert_close(whole(recording.calls[0]).double(), wanted, atol=1e-6, rtol=1e-5)


def test_autocast_may_leave_queries_and_keys_of_different_dtypes():
    class Mixed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.to_query = nn.Linear(8, 8)

        def forward(self, x: Tensor) -> Tensor:
            return scaled_dot_product_attention(self.to_query(x), x, x)

    model, x = Mixed(), numbers(2, 5, 8)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        plain = model(x)
        with record(model) as recording:
            assert model(x).equal(plain)
    assert recording.calls[0].shares.dtype == torch.float32


@pytest.mark.parametrize(
    ("query", "keys"),
    [((2, 4, 3, 8), (2, 4, 0, 8)), ((2, 4, 0, 8), (2, 4, 5, 8)), ((3, 8), (0, 8)), ((0, 4, 3, 8), (0, 4, 5, 8))],
)
def test_no_places_are_recorded_too(query, keys):
    model = Direct()
    with record(model, entropy=True) as recording:
        model(torch.zeros(query), torch.zeros(keys), None)
    call = recording.calls[0]
    assert call.shares.shape == call.slots.shape == (*query[:-1], keys[-2])
    assert call.entropy.shape == query[:-1]
    assert call.keys == keys[-2]


def test_widths_of_none_score_alike():
    model = Direct()
    with record(model) as recording:
        model(torch.zeros(1, 2, 0), torch.zeros(1, 4, 0), None)
    torch.testing.assert_close(recording.calls[0].shares, torch.full((1, 2, 4), 0.25))


def test_one_head_of_queries_reads_many_of_keys():
    query, keys, model = numbers(2, 1, 3, 8), numbers(2, 4, 5, 8, seed=1), Direct()
    with record(model, top=5) as recording:
        model(query, keys, None)
    wanted = (query @ keys.transpose(-2, -1) / math.sqrt(8)).softmax(-1)
    torch.testing.assert_close(whole(recording.calls[0]), wanted, atol=1e-6, rtol=1e-5)


def test_transforms_are_not_listened_to():
    model, x = Direct(), numbers(2, 4, 3, 8)
    plain = torch.vmap(lambda part: model(part, part, None))(x)
    with record(model) as recording:
        value = torch.vmap(lambda part: model(part, part, None))(x)
        model(x, x, None)
    assert value.equal(plain)
    assert [tuple(call.shares.shape) for call in recording.calls] == [(2, 4, 3, 3)] * 2


def test_long_sequences_go_block_by_block(monkeypatch):
    from hybridattn.attention.recording import shares

    query, keys = numbers(2, 3, 40, 8), numbers(2, 3, 50, 8, seed=1)
    mask = numbers(2, 1, 40, 50, seed=2)
    found = []
    for most in (1 << 22, 2100, 170, 1):
        monkeypatch.setattr(shares, "_SCORES", most)
        model = Direct()
        with record(model, top=6) as recording:
            model(query, keys, mask)
            model(query, keys, None, is_causal=True)
        found.append(recording.calls)
    for calls in found[1:]:
        for call, wanted in zip(calls, found[0], strict=True):
            torch.testing.assert_close(call.shares, wanted.shares)
            assert call.slots.equal(wanted.slots)


@pytest.mark.parametrize(("n", "top"), [(500, 3), (512, 8), (513, 8), (300, 1), (64, 60)])
def test_the_largest_of_many_are_found_in_groups(n, top):
    query, keys, model = numbers(1, 2, 9, 4), numbers(1, 2, n, 4, seed=1), Direct()
    with record(model, top=top) as recording:
        model(query, keys, None)
    best = (query @ keys.transpose(-2, -1) / 2).softmax(-1).topk(top)
    torch.testing.assert_close(recording.calls[0].shares, best.values)
    assert recording.calls[0].slots.equal(best.indices)


def test_torch_is_as_before_afterwards():
    model = encoder(1)
    before = functional.scaled_dot_product_attention, torch._transformer_encoder_layer_fwd, functional.softmax
    with pytest.raises(AssertionError, match="embedding dimension"), record(model):
        model(X[..., :3])
    after = functional.scaled_dot_product_attention, torch._transformer_encoder_layer_fwd, functional.softmax
    assert before == after
    assert scaled_dot_product_attention is before[0]
    assert "forward" not in vars(model)
    with record(model) as recording:
        pass
    model(X)
    assert not recording.calls


def test_other_threads_are_not_listened_to():
    model = encoder(1)
    with torch.no_grad(), record(model) as recording:
        thread = threading.Thread(target=lambda: model(X))
        thread.start()
        thread.join()
    assert not recording.calls


@pytest.mark.parametrize("shared", [False, True], ids=["a model each", "one model"])
def test_threads_may_record_across_each_other(shared):
    """The first begins first and ends first: the second goes on listening, and nothing is left behind."""
    torch.manual_seed(0)
    models = [nn.MultiheadAttention(WIDTH, HEADS, batch_first=True) for _ in range(2)]
    models = [models[0]] * 2 if shared else models
    names = ("scaled_dot_product_attention", "multi_head_attention_forward", "softmax")
    before = [getattr(functional, name) for name in names]
    steps = [threading.Event() for _ in range(3)]
    found: dict[str, int] = {}

    def first():
        with record(models[0]) as recording:
            steps[0].set()
            steps[1].wait(9)
            models[0](X, X, X)
        found["first"] = len(recording)
        steps[2].set()

    def second():
        steps[0].wait(9)
        with record(models[1]) as recording:
            steps[1].set()
            steps[2].wait(9)
            models[1](X, X, X)
            models[1](X, X, X, need_weights=False)
        found["second"] = len(recording)

    threads = [threading.Thread(target=act) for act in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {"first": 1, "second": 2}
    assert [getattr(functional, name) for name in names] == before
    assert all("forward" not in vars(model) for model in models)


def test_a_softmax_of_another_thread_is_its_own(monkeypatch):
    model, other, found = nn.MultiheadAttention(WIDTH, HEADS, dropout=0.1, batch_first=True), numbers(3, 5), []
    dropout = functional.dropout

    def meanwhile(*given: object, **more: object) -> Tensor:
        thread = threading.Thread(target=lambda: found.append(functional.softmax(other, -1)))
        thread.start()
        thread.join()
        return dropout(*given, **more)

    monkeypatch.setattr(functional, "dropout", meanwhile)  # what torch calls after its softmax
    with record(model) as recording:
        model(X, X, X)
    assert found[0].equal(other.softmax(-1))
    assert len(recording) == 1


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_made_while_recording_runs_itself(copied):
    model = nn.TransformerEncoderLayer(WIDTH, HEADS, 24, dropout=0.0, batch_first=True)
    with record(model):
        twin = copied(model)
        with torch.no_grad():
            for parameter in twin.parameters():
                parameter.zero_()
        inside = twin(X)
    assert not inside.any()
    assert not twin(X).any()
    assert not copied(twin)(X).any()
    assert model(X).any()


def test_a_model_finds_its_signature_as_it_is():
    """Models that pass on what their forward takes, and no more, look it up there."""
    model = encoder(1)
    wanted = inspect.signature(model.forward)
    with record(model), record(model):
        assert inspect.signature(model.forward) == wanted


def test_a_forward_of_its_own_is_given_back():
    model = nn.Linear(2, 2)
    own = model.forward = lambda x: 2 * x
    with record(model), record(model):
        assert model(torch.ones(2)).tolist() == [2, 2]
    assert model.forward is own


def test_recordings_may_be_inside_each_other():
    model = encoder(2)
    with torch.no_grad(), record(model) as outer, record(model.layers[1]) as inner:
        model(X)
    assert [call.name for call in inner.calls] == ["self_attn"]  # what is outside of its model is not its own
    assert [call.name for call in outer.calls] == ["layers.0.self_attn", "layers.1.self_attn"]


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda: record(encoder(1), top=0), "top must be at least 1; got 0"),
        (lambda: record(len), "model must be a torch module; got builtin_function_or_method"),
    ],
)
def test_mistakes_are_told(act, said):
    with pytest.raises(ArgumentError, match=said), act():
        pass
