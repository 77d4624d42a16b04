"""Layers from those of others give the same answers."""

import sys
from types import ModuleType

import pytest
import torch
from hflayers_reference import numbers, randomised
from torch import nn

from hybridattn.errors import ArgumentError
from hybridattn.memory import hflayers
from hybridattn.memory.hflayers import (
    Hopfield,
    HopfieldLayer,
    HopfieldPooling,
    from_hflayers,
    from_multihead_attention,
)

KINDS = ("Hopfield", "HopfieldPooling", "HopfieldLayer")
CAUSAL = torch.ones(5, 7, dtype=torch.bool).triu(1)
PADDING = torch.tensor([[False] * 7, [False, False, True, True, False, True, True]])


def close(found: torch.Tensor, wanted: torch.Tensor) -> None:
    torch.testing.assert_close(found, wanted, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"bias": False},
        {"kdim": 5, "vdim": 3},
        {"add_bias_kv": True, "add_zero_attn": True},
        {"kdim": 5, "add_bias_kv": True, "bias": False},
    ],
)
def test_multihead_attention(options: dict[str, object], batch_first: bool) -> None:
    peer = randomised(nn.MultiheadAttention(8, 2, batch_first=batch_first, **options))
    layer = from_multihead_attention(peer)
    parts = [
        numbers(2, size, width).requires_grad_()
        for size, width in ((5, 8), (7, options.get("kdim", 8)), (7, options.get("vdim", 8)))
    ]
    query, key, value = parts if batch_first else [part.transpose(0, 1) for part in parts]
    for padding, mask in ((None, None), (PADDING, None), (None, CAUSAL), (PADDING, CAUSAL)):
        wanted, weights = peer(query, key, value, padding, attn_mask=mask, average_attn_weights=False)
        found = layer((key, query, value), padding, mask)
        close(found, wanted)
        close(layer.get_association_matrix((key, query, value), padding, mask), weights)
        mine = torch.autograd.grad(found.square().sum(), [*parts, *layer.parameters()])
        parameters = dict(peer.named_parameters())
        names = [name.removeprefix("association_core.") for name, _ in layer.named_parameters()]
        theirs = torch.autograd.grad(wanted.square().sum(), [*parts, *(parameters[name] for name in names)])
        for gradient, other in zip(mine, theirs, strict=True):
            close(gradient, other)


def test_an_added_mask_of_multihead_attention() -> None:
    peer = randomised(nn.MultiheadAttention(8, 2, batch_first=True))
    query, key, mask = numbers(2, 5, 8), numbers(2, 7, 8, seed=1), numbers(4, 5, 7, seed=2)
    wanted, _ = peer(query, key, key, attn_mask=mask)
    close(from_multihead_attention(peer)((key, query, key), association_mask=mask), wanted)


def test_a_state_of_multihead_attention_loads_into_the_core() -> None:
    peer = randomised(nn.MultiheadAttention(8, 2, batch_first=True))
    off = {f"normalize_{n}{part}": False for n in ("stored_pattern", "state_pattern", "pattern_projection")
           for part in ("", "_affine")}  # fmt: skip
    layer = Hopfield(8, num_heads=2, **off).double()
    layer.association_core.load_state_dict(peer.state_dict(), strict=True)
    patterns = numbers(2, 7, 8)
    close(layer(patterns), peer(patterns, patterns, patterns)[0])


def test_from_a_state_alone() -> None:
    peer = randomised(nn.MultiheadAttention(8, 2, kdim=5, add_zero_attn=True))
    layer = from_multihead_attention(peer.state_dict(), num_heads=2, add_zero_attn=True)
    query, key, value = numbers(5, 2, 8), numbers(7, 2, 5), numbers(7, 2, 8)
    close(layer((key, query, value)), peer(query, key, value)[0])
    assert not layer.batch_first
    with pytest.raises(ArgumentError, match="num_heads is needed with a state dict"):
        from_multihead_attention(peer.state_dict())
    with pytest.raises(ArgumentError, match=r"must be a state of nn\.MultiheadAttention; it lacks q_proj_weight"):
        from_multihead_attention({"weight": torch.ones(3)}, num_heads=2)


def test_what_is_read_from_the_module_can_be_overruled() -> None:
    peer = nn.MultiheadAttention(8, 2, dropout=0.3).eval()
    layer = from_multihead_attention(peer)
    assert (layer.options.dropout, layer.training, layer.batch_first) == (0.3, False, False)
    layer = from_multihead_attention(peer, dropout=0.0, batch_first=True, update_steps_max=2)
    assert (layer.options.dropout, layer.batch_first, layer.update_steps_max) == (0.0, True, 2)
    assert from_multihead_attention(peer.bfloat16()).association_core.in_proj_weight.dtype == torch.bfloat16


def stand_in(layer: Hopfield | HopfieldPooling | HopfieldLayer) -> nn.Module:
    """Give a module with the attribute names of hflayers, and the state, of a layer here."""
    options = layer.options
    inner = layer if isinstance(layer, Hopfield) else layer.hopfield
    made = PEERS[type(layer).__name__]()
    peer = made if isinstance(layer, Hopfield) else PEERS["Hopfield"]()
    core, peer.association_core = inner.association_core, nn.Module()
    for name, parameter in core.named_parameters(recurse=False):
        peer.association_core.register_parameter(name, parameter)
    for name in ("bias_k", "bias_v", "in_proj_bias"):
        if getattr(core, name) is None:
            setattr(peer.association_core, name, None)
    peer.association_core.out_proj = core.out_proj
    said = {
        "num_heads": options.num_heads,
        "dropout": options.dropout,
        "head_dim": options.head_dim,
        "_qkv_same_embed_dim": options.packed,
        "value_as_connected": options.pattern_projection_as_connected,
        "normalize_pattern": options.normalize_hopfield_space,
        "normalize_pattern_affine": options.normalize_hopfield_space_affine,
        "normalize_pattern_eps": options.normalize_hopfield_space_eps,
        "add_zero_attn": options.add_zero_association,
    }
    for name, value in said.items():
        setattr(peer.association_core, name, value)
    for name in ("norm_stored_pattern", "norm_state_pattern", "norm_pattern_projection", "association_activation"):
        setattr(peer, name, getattr(inner, name))
    for name in READ:
        setattr(peer, name, getattr(inner, name))
    if not isinstance(layer, Hopfield):
        made.hopfield = peer
        for name in ("pooling_weights", "lookup_weights", "target_weights"):
            if hasattr(layer, name):
                made.register_parameter(name, getattr(layer, name))
    return made.train(layer.training)


READ = (
    "input_size hidden_size output_size pattern_size stored_pattern_dim pattern_projection_dim scaling "
    "update_steps_max update_steps_eps batch_first stored_pattern_as_static state_pattern_as_static "
    "pattern_projection_as_static"
)
READ = tuple(READ.split())
PEERS = {name: type(name, (nn.Module,), {}) for name in KINDS}
LAYERS = {
    "plain": lambda: Hopfield(8, num_heads=2, update_steps_max=2),
    "sizes": lambda: Hopfield(
        8,
        3,
        5,
        4,
        2,
        0.7,
        1,
        stored_pattern_size=6,
        pattern_projection_size=9,
        batch_first=False,
        normalize_stored_pattern_eps=1e-2,
        association_activation="tanh",
        input_bias=False,
        add_zero_association=True,
    ),
    "connected": lambda: Hopfield(8, pattern_projection_as_connected=True, disable_out_projection=True),
    "space": lambda: Hopfield(
        8, 4, num_heads=2, normalize_hopfield_space=True, normalize_hopfield_space_affine=True, dropout=0.2
    ),
    "plainer": lambda: Hopfield(8, normalize_state_pattern_affine=False, state_pattern_as_static=True),
    "scaled": lambda: Hopfield(8, num_heads=2, scaling=torch.tensor([0.3, 2.0])),
    "pooling": lambda: HopfieldPooling(8, num_heads=2, quantity=3, trainable=False, batch_first=False),
    "layer": lambda: HopfieldLayer(8, num_heads=2, quantity=3),
    "targets": lambda: HopfieldLayer(
        8, quantity=4, lookup_weights_as_separated=True, lookup_targets_as_trainable=False, pattern_projection_size=5
    ),
    "static": lambda: HopfieldPooling(
        8,
        quantity=3,
        stored_pattern_as_static=True,
        state_pattern_as_static=True,
        pattern_projection_as_static=True,
        disable_out_projection=True,
    ),
}


@pytest.fixture
def hflayers_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("hflayers")
    vars(module).update(PEERS)
    monkeypatch.setitem(sys.modules, "hflayers", module)


@pytest.mark.usefixtures("hflayers_installed")
@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_of_hflayers(name: str) -> None:
    layer = randomised(LAYERS[name](), size=0.3).eval()
    made = from_hflayers(stand_in(layer))
    assert type(made) is type(layer)
    for field, value in vars(layer.options).items():
        if not field.endswith("_size") and (field, name) != ("input_bias", "static"):
            assert getattr(made.options, field) == value, field
    for size in (size for size in READ if size.endswith(("_size", "_dim"))):
        assert getattr(made, size) == getattr(layer, size), size
    stored, projection = layer.options.stored_dim or 8, layer.options.projection_dim or 8
    parts = [numbers(3, 4, stored), numbers(3, 4, 8), numbers(3, 4, projection)]
    given = {"Hopfield": tuple(parts), "HopfieldPooling": parts[0], "HopfieldLayer": parts[1]}[type(layer).__name__]
    assert made(given).equal(layer(given))
    for mine, theirs in zip(made.parameters(), layer.parameters(), strict=True):
        assert (mine.requires_grad, mine.dtype, mine.shape) == (theirs.requires_grad, theirs.dtype, theirs.shape)
    assert not made.training


@pytest.mark.usefixtures("hflayers_installed")
def test_legacy_scaling_and_unread_bias_patterns() -> None:
    layer = randomised(Hopfield(8, num_heads=2, scaling=torch.tensor([0.3, 2.0]), concat_bias_pattern=True))
    made, patterns = from_hflayers(stand_in(layer), legacy_scaling=True), numbers(2, 4, 8)
    legacy = Hopfield(8, num_heads=2, scaling=torch.tensor([0.3, 2.0]), legacy_scaling=True).double()
    state = {name: part for name, part in layer.state_dict().items() if "bias_k" not in name and "bias_v" not in name}
    legacy.load_state_dict(state)
    torch.testing.assert_close(made(patterns), legacy(patterns))


@pytest.mark.usefixtures("hflayers_installed")
def test_eps_of_wrapped_normalisations_is_kept() -> None:
    peer = stand_in(HopfieldPooling(8))
    peer.hopfield.norm_stored_pattern.eps = 0.5
    assert from_hflayers(peer).hopfield.norm_stored_pattern.eps == 0.5


@pytest.mark.usefixtures("hflayers_installed")
def test_other_modules_are_refused() -> None:
    with pytest.raises(ArgumentError, match=r"module must be one of hflayers: Hopfield, .*; got Linear"):
        from_hflayers(nn.Linear(2, 2))


def test_without_hflayers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hflayers", None)
    with pytest.raises(ImportError, match="from_hflayers needs the package hflayers, which is not installed"):
        from_hflayers(nn.Linear(2, 2))


def test_the_room_exports_what_it_says() -> None:
    assert sorted(hflayers.__all__) == [
        "Hopfield",
        "HopfieldDecoderLayer",
        "HopfieldEncoderLayer",
        "HopfieldLayer",
        "HopfieldPooling",
        "from_hflayers",
        "from_multihead_attention",
    ]
    assert all(hasattr(hflayers, name) for name in hflayers.__all__)
