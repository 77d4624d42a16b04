"""Any mechanism says how much of each value it takes; our own reads are recorded as a whole."""

import math

import pytest
import torch
from torch import Tensor, nn

from hybridattn import (
    AligningModel,
    ArgumentError,
    Band,
    Convolved,
    DecoderLayer,
    EluPlusOne,
    EncoderLayer,
    Entmax,
    GumbelHard,
    HierarchicalAttention,
    KMeans,
    Linear,
    MultiHeadAttention,
    Nystrom,
    Places,
    Recording,
    ShapeError,
    attention_rollout,
    attention_weights,
    compressed_read,
    linear_attention,
    linearised_read,
    positional_read,
    read,
    record,
)


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


Q, K, V = numbers(2, 3, 7, 4), numbers(2, 3, 9, 4, seed=1), numbers(2, 3, 9, 5, seed=2)


def whole(call) -> Tensor:
    matrix = torch.zeros(*call.shares.shape[:-1], call.keys)
    return matrix.scatter_add(-1, call.slots.clamp(min=0), call.shares)


def test_softmax_by_its_formula():
    wanted = (Q @ K.mT).softmax(-1)
    found = attention_weights(read, Q, K, V, top=9)
    torch.testing.assert_close(whole(found), wanted)
    torch.testing.assert_close(found.entropy, -(wanted * wanted.log()).sum(-1))
    best = wanted.topk(2)
    few = attention_weights(read, Q, K, V, top=2)
    torch.testing.assert_close(few.shares, best.values)
    assert few.slots.equal(best.indices)
    torch.testing.assert_close(few.missing, 1 - best.values.sum(-1))
    assert few.entropy.equal(found.entropy)


def test_linear_attention_by_its_formula_and_causal():
    features = [nn.functional.elu(side) + 1 for side in (Q, K)]
    scores = features[0] @ features[1].mT
    found = attention_weights(linearised_read, Q, K, V, top=9)
    torch.testing.assert_close(whole(found), scores / scores.sum(-1, keepdim=True))
    seen = (numbers(2, 3, 9, 4, seed=3), K, V)
    scores = ((nn.functional.elu(seen[0]) + 1) @ features[1].mT).tril()

    def causal(*sides: Tensor) -> object:
        return linear_attention(*sides, feature_map=EluPlusOne(), normalise=True)

    found = attention_weights(causal, *seen, top=9)
    torch.testing.assert_close(whole(found), scores / scores.sum(-1, keepdim=True))


def test_what_stands_between_is_seen_through():
    """Two equal prototypes of k-means share their weight among their members."""
    keys = torch.tensor([[0.0], [0.0], [0.0], [9.0]])
    found = attention_weights(lambda q, k, v: compressed_read(q, k, v, KMeans(2)), keys[:1] * 0, keys, keys, top=4)
    assert found.slots.sort().values.tolist() == [[0, 1, 2, 3]]
    first = whole(found)[0, :3]
    torch.testing.assert_close(first, first[:1].expand(3))


def test_negative_weights_have_no_entropy():
    x = numbers(9, 4)
    found = attention_weights(lambda q, k, v: read(q, k, v, separation=Linear()), x, x, x, top=9)
    torch.testing.assert_close(whole(found), x @ x.T, atol=1e-4, rtol=1e-4)
    assert found.shares.abs().diff().le(0).all()
    assert found.entropy is None
    assert attention_weights(lambda q, k, v: compressed_read(q, k, v, Nystrom(3)), x, x, x).shares.isfinite().all()


def test_block_by_block_is_the_same(monkeypatch):
    from hybridattn.attention.recording import weights

    found = attention_weights(read, Q, K, V, top=3)
    monkeypatch.setattr(weights, "_NUMBERS", 2 * 42)
    assert weights._NUMBERS // 42 == 2
    parts = attention_weights(read, Q, K, V, top=3)
    assert parts.slots.equal(found.slots)
    torch.testing.assert_close(parts.shares, found.shares)
    torch.testing.assert_close(parts.entropy, found.entropy)


def test_a_row_that_reads_nothing():
    mask = torch.ones(7, 9, dtype=torch.bool)
    mask[3] = False
    found = attention_weights(lambda q, k, v: read(q, k, v, mask=mask), Q, K, V, top=2)
    assert found.slots[..., 3, :].eq(-1).all()
    assert found.missing[..., 3].eq(1).all()
    assert found.entropy[..., 3].eq(0).all()


def test_what_is_not_linear_is_refused():
    with pytest.raises(ArgumentError, match="must be linear in its values"):
        attention_weights(lambda q, k, v: read(q, k, v.square()).value, Q, K, V)
    with pytest.raises(ArgumentError, match="must be linear"):
        attention_weights(lambda q, k, v: read(q, k, v).value + 1, Q, K, V)
    with pytest.raises(ArgumentError, match="must give a tensor"):
        attention_weights(lambda q, k, v: None, Q, K, V)
    with pytest.raises(ArgumentError, match="top must be at least 1; got 0"):
        attention_weights(read, Q, K, V, top=0)
    with pytest.raises(ArgumentError, match="must be called with query, keys and values; got str"):
        attention_weights("read", Q, K, V)
    with pytest.raises(ShapeError, match="values must hold n=9 slots as keys do"):
        attention_weights(read, Q, K, V[..., :3, :])
    with pytest.raises(ShapeError, match="a slot or more"):
        attention_weights(read, Q, K[..., :0, :], V[..., :0, :])
    with pytest.raises(ShapeError, match="leading axes of query and keys must broadcast; got shapes"):
        attention_weights(read, Q, K[:, :2], V[:, :2])
    with pytest.raises(ShapeError, match="must end in width 5"):
        attention_weights(
            lambda q, k, v: compressed_read(q, k, v, Convolved(4, 5, 3, generator=torch.Generator())), Q, K, V
        )


def test_layers_of_recorded_weights_roll_out():
    x = numbers(1, 1, 6, 4)
    calls = [attention_weights(read, x * scale, x, x, top=6) for scale in (1.0, 2.0)]
    matrices = [0.5 * torch.eye(6) + 0.5 * (x[0, 0] * scale @ x[0, 0].T).softmax(-1) for scale in (1.0, 2.0)]
    torch.testing.assert_close(attention_rollout(calls), matrices[1] @ matrices[0])
    trace = Recording(calls).trace(2, width=36)
    assert [hop.level for hop in trace.hops] == [1, 0]


@pytest.mark.parametrize("entropy", [False, True])
def test_heads_of_any_separation_are_recorded(entropy):
    torch.manual_seed(0)
    model = MultiHeadAttention(8, 2, separation=Entmax(1.5))
    x = numbers(3, 5, 8)
    plain = model(x).value
    with record(model, top=4, entropy=entropy) as recording:
        value = model(x).value
    assert value.equal(plain)
    (call,) = recording.calls
    wanted = model(x, top=4)
    assert call.slots.equal(wanted.slots)
    torch.testing.assert_close(call.shares, wanted.shares)
    assert call.keys == 5
    if entropy:
        shares = whole(attention_weights_of(model, x))
        torch.testing.assert_close(call.entropy, torch.special.entr(shares).sum(-1))
    else:
        assert call.entropy is None


def attention_weights_of(model: MultiHeadAttention, x: Tensor):
    query, keys = (layer(x).unflatten(-1, (2, 4)).transpose(1, 2) for layer in (model.to_query, model.to_key))
    parts = {"similarity": model.similarity, "separation": model.separation}
    return attention_weights(lambda q, k, v: read(q, k, v, **parts), query, keys, keys, top=5)


def test_layers_of_ours_are_recorded_as_torch_s_are():
    torch.manual_seed(0)
    x = numbers(2, 6, 8)
    model = nn.ModuleList([EncoderLayer(8, 2, 16), DecoderLayer(8, 2, 16)])

    class Both(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.parts = model

        def forward(self, x: Tensor) -> Tensor:
            return self.parts[1](x, self.parts[0](x))

    both = Both()
    plain = both(x)
    with record(both, top=6) as recording:
        assert both(x).equal(plain)
    assert len(recording) == 3
    assert all(call.name.startswith("parts.") and call.shares.shape == (2, 2, 6, 6) for call in recording.calls)
    first = model[0].attention
    query, keys = (layer(x).unflatten(-1, (2, 4)).transpose(1, 2) for layer in (first.to_query, first.to_key))
    wanted = (query @ keys.mT / math.sqrt(4)).softmax(-1)
    torch.testing.assert_close(whole(recording.calls[0]), wanted, atol=1e-6, rtol=1e-5)


class Windowed(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        near = positional_read(x, keys=x, values=x, places=Places(Band(1, 1), block=2), beta=2.0).value
        return near + linearised_read(x, x, x)


def test_reads_in_blocks_and_without_weights_are_one_call():
    x, model = numbers(2, 5, 4), Windowed()
    plain = model(x)
    with record(model, top=5, entropy=True) as recording:
        assert model(x).equal(plain)
    near, linear = recording.calls
    places = torch.arange(5)
    far = (places[:, None] - places).abs() > 1
    wanted = (2 * x @ x.mT).masked_fill(far, -math.inf).softmax(-1)
    torch.testing.assert_close(whole(near)[:, 0], wanted)
    torch.testing.assert_close(near.entropy[:, 0], torch.special.entr(wanted).sum(-1))
    assert near.shares.shape == linear.shares.shape == (2, 1, 5, 5)
    torch.testing.assert_close(whole(linear).sum(-1), torch.ones(2, 1, 5))
    with record(model, top=2) as recording:
        model(x[:, :0])
    assert [call.shares.shape[-2] for call in recording.calls] == [0]
    with record(model, top=5) as outer, record(model, top=5) as inner:
        assert model(x).equal(plain)
    for recording in (outer, inner):
        assert recording.calls[0].slots.equal(near.slots)
        assert recording.calls[0].shares.equal(near.shares)
        assert [call.entropy for call in recording.calls] == [None, None]


@pytest.mark.parametrize("generator", [None, torch.Generator()], ids=["global", "own"])
def test_what_is_drawn_is_recorded_and_drawn_once(generator):
    x = numbers(50, 4)
    separation = GumbelHard(1.0, generator)

    class Drawing(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.stack([read(x, x, x, separation=separation).value for _ in range(2)])

    source = generator or torch.default_generator
    source.manual_seed(3)
    plain = Drawing()(x)
    after = source.get_state()
    source.manual_seed(3)
    model = Drawing()
    with record(model, top=1, entropy=True) as recording:
        value = model(x)
    assert [call.entropy for call in recording.calls] == [None, None]
    assert value.equal(plain)
    assert source.get_state().equal(after)
    for call, drawn in zip(recording.calls, value, strict=True):
        torch.testing.assert_close(x[call.slots[:, 0]], drawn)
    assert not recording.calls[0].slots.equal(recording.calls[1].slots)


@pytest.mark.parametrize(("asked", "top", "calls"), [(None, 3, 2), (2, 3, 2), (3, 3, 1), (9, 3, 1), (5, 9, 1)])
def test_best_slots_that_a_read_names_are_not_asked_for_again(asked, top, calls):
    x, times = numbers(5, 4), []

    class Counted(Entmax):
        def weights(self, scores: Tensor, /) -> Tensor:
            times.append(1)
            return super().weights(scores)

    class Asking(nn.Module):
        def forward(self, x: Tensor) -> object:
            return read(x, x, x, separation=Counted(1.5), top=asked)

    model = Asking()
    with record(model, top=top) as recording:
        model(x)
    wanted = read(x, x, x, separation=Entmax(1.5), top=top)
    assert len(times) == calls
    (call,) = recording.calls
    assert call.slots.equal(wanted.slots[:, :5])
    torch.testing.assert_close(call.shares, wanted.shares[:, :5])
    assert not call.shares.requires_grad


def test_classic_models_are_recorded_as_they_tell():
    torch.manual_seed(0)
    source = torch.randint(0, 9, (2, 5))
    model = AligningModel(9, 6, 4)
    with record(model, top=5) as recording:
        told = model(source, source).shares
    assert len(recording) == 5
    torch.testing.assert_close(torch.stack([whole(call)[:, 0, 0] for call in recording.calls], 1), told.detach())
    model = HierarchicalAttention(6, 6, 4)
    with record(model, top=5) as recording:
        told = model(numbers(2, 3, 5, 6))
    words, sentences = (
        whole(call).reshape(shares.shape) for call, shares in zip(recording.calls, told[:0:-1], strict=True)
    )
    torch.testing.assert_close(words, told.words.detach())
    torch.testing.assert_close(sentences, told.sentences.detach())


def test_entropy_of_torch_s_own_paths():
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True).eval()
    x = numbers(2, 5, 8)
    for gradient in (False, True):
        with torch.set_grad_enabled(gradient), record(layer, top=2, entropy=True) as recording:
            layer(x)
        with torch.set_grad_enabled(gradient), record(layer, top=5) as every:
            layer(x)
        wanted = torch.special.entr(every.calls[0].shares).sum(-1)
        torch.testing.assert_close(recording.calls[0].entropy, wanted)
        assert every.calls[0].entropy is None
    attention = nn.MultiheadAttention(8, 2, batch_first=True)
    with record(attention, top=1, entropy=True) as recording:
        _, weights = attention(x, x, x, average_attn_weights=False)
    torch.testing.assert_close(recording.calls[0].entropy, torch.special.entr(weights).sum(-1).detach())


def test_the_entropy_of_a_row_that_reads_nothing_is_0():
    class Direct(nn.Module):
        def forward(self, x: Tensor, mask: Tensor) -> Tensor:
            return nn.functional.scaled_dot_product_attention(x, x, x, mask)

    mask = torch.tensor([[True, True], [False, False]])
    model = Direct()
    with record(model, top=2, entropy=True) as recording:
        model(numbers(1, 2, 4), mask)
    (call,) = recording.calls
    assert call.entropy[0, 1] == 0
    assert call.missing[0, 1] == 1
