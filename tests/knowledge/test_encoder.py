"""Symbol codes: the same on every machine, unit norm, far apart."""

import hashlib
import math

import pytest
import torch

from hybridattn import FactMemory, SymbolCodes
from hybridattn.errors import ArgumentError, NotFiniteError, ShapeError
from hybridattn.knowledge import Incoherent


@pytest.mark.parametrize("symbol", ["bird", "", "été", "24/7.n.01", "x" * 10_000])
def test_a_code_is_the_sign_of_hash_bits(symbol):
    (code,) = SymbolCodes(64).encode([symbol])
    digest = hashlib.shake_256(symbol.encode()).digest(8)
    bits = [digest[place // 8] >> (place % 8) & 1 for place in range(64)]
    assert code.tolist() == pytest.approx([(2 * bit - 1) / 8 for bit in bits])


def test_codes_do_not_depend_on_their_neighbours():
    names = [f"name {number}" for number in range(8200)]
    codes = SymbolCodes(16).encode(names)
    assert codes.shape == (8200, 16)
    for place in (0, 8191, 8192, 8199):
        assert torch.equal(codes[place], SymbolCodes(16).encode([names[place]])[0])
    assert SymbolCodes(16).encode([]).shape == (0, 16)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_unit_norm_and_coherence(dtype):
    encoder = SymbolCodes(dtype=dtype)
    codes = encoder.encode([f"s{number}" for number in range(2000)])
    assert codes.dtype == dtype
    assert torch.allclose(codes.norm(dim=-1), torch.ones(2000, dtype=dtype))
    cosines = (codes @ codes.T).fill_diagonal_(0)
    assert cosines.abs().max() < encoder.coherence
    assert cosines.std().item() == pytest.approx(1 / 16, rel=0.02)
    assert isinstance(encoder, Incoherent)


def test_the_bound_is_that_of_hoeffding():
    # 2 exp(-dim t^2 / 2) = 1e-13
    t = SymbolCodes(256).coherence
    assert 2 * math.exp(-128 * t * t) == pytest.approx(1e-13, rel=1e-6)
    assert SymbolCodes(8).coherence == 1


@pytest.mark.parametrize("dim", [0, -8, 12, 1])
def test_a_width_that_is_no_multiple_of_8(dim):
    with pytest.raises(ArgumentError, match=f"dim must be a positive multiple of 8; got {dim}"):
        SymbolCodes(dim)


class Given:
    def __init__(self, vector):
        self.vector = vector

    @property
    def dim(self):
        return 8

    def encode(self, symbols):
        return self.vector.expand(len(symbols), *self.vector.shape[-1:])


@pytest.mark.parametrize("bad", [math.nan, math.inf, 0.0])
def test_an_encoder_that_gives_no_direction_is_refused(bad):
    memory = FactMemory.from_triples([("a", "is_a", "b")], encoder=Given(torch.full((1, 8), bad)))
    with pytest.raises(NotFiniteError, match="an encoder must give finite vectors that are not 0"):
        memory.ask("<a --> ?x>?")


def test_an_encoder_of_another_width_is_refused():
    memory = FactMemory.from_triples([("a", "is_a", "b")], encoder=Given(torch.ones(1, 9)))
    with pytest.raises(ShapeError, match=r"an encoder must give \(symbols, dim=8\) vectors; got shape \(2, 9\)"):
        memory.ask("<a --> ?x>?")


@pytest.mark.parametrize("beta", [0, -1, math.nan, math.inf])
def test_beta(beta):
    with pytest.raises(ArgumentError, match="beta must be positive and finite"):
        FactMemory.from_triples([("a", "is_a", "b")], beta=beta).ask("<a --> b>?")


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_the_memory_is_of_the_encoder_s_kind(dtype):
    memory = FactMemory.from_triples([("robin", "is_a", "bird")], encoder=SymbolCodes(dtype=dtype))
    assert str(memory.ask("<robin --> bird>?")) == "<robin --> bird>. %1.00;0.90%"
    memory.add([("bird", "is_a", "animal")])
    assert str(memory.ask("<robin --> animal>?")) == "<robin --> animal>. %1.00;0.81%"
    assert memory.memory.entities.dtype == dtype


def test_nothing_is_known_of_nothing():
    assert len(FactMemory().memory) == 0
