"""Sources of patterns, what spoils them, and files."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from safetensors.torch import save_file

from hybridattn import ArgumentError, NotFiniteError, ShapeError
from hybridattn.experiments import (
    GaussianNoise,
    Mask,
    SignFlips,
    digits,
    gaussian_patterns,
    grey_image,
    patterns_from,
    seeded,
    sign_patterns,
    sphere_patterns,
    tabulated,
)


def test_random_patterns_are_what_they_say():
    signs, normal, sphere = (
        source(50).draw(400, seeded(0)) for source in (sign_patterns, gaussian_patterns, sphere_patterns)
    )
    assert set(signs.flatten().tolist()) == {-1.0, 1.0}
    assert abs(signs.mean()) < 5 / 20_000**0.5
    assert abs(normal.mean()) < 5 / 20_000**0.5
    assert normal.var() == pytest.approx(1, abs=5 * (2 / 20_000) ** 0.5)
    torch.testing.assert_close(sphere.square().sum(-1), torch.full((400,), 50.0, dtype=torch.float64))
    assert sign_patterns(3).signs
    assert not gaussian_patterns(3).signs


def test_digits_are_those_of_scikit_learn():
    source = digits()
    assert (source.dim, source.available, source.shape, source.signs) == (64, 1797, (8, 8), False)
    rows = source.draw(1797, seeded(3))
    assert (rows.min(), rows.max()) == (-1, 1)
    # the sums of all grey values, which are whole numbers from 0 to 16
    from sklearn.datasets import load_digits

    assert ((rows + 1) * 8).sum() == load_digits().data.sum()
    assert len(rows.unique(dim=0)) == len(np.unique(load_digits().data, axis=0))


def test_a_table_is_drawn_without_repetition():
    source = tabulated("mine", torch.arange(1.0, 11.0)[:, None])
    assert sorted(source.draw(10, seeded(0)).flatten().tolist()) == list(range(1, 11))
    with pytest.raises(ArgumentError, match=r"patterns mine: a number from 1 to what it has \(10\) is wanted; got 11"):
        source.draw(11, seeded(0))
    assert source.digest != tabulated("mine", torch.arange(2.0, 12.0)[:, None]).digest
    assert tabulated("mine", torch.tensor([[1.0, -1.0]])).signs


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        (torch.zeros(0, 3), ShapeError, r"must have shape \(n, d\) with n and d above 0; got shape \(0, 3\)"),
        (torch.ones(3), ShapeError, r"got shape \(3,\)"),
        (torch.tensor([[1.0], [torch.nan]]), NotFiniteError, r"patterns mine must be finite; row 1"),
        (torch.tensor([[1.0], [0.0]]), ArgumentError, r"must not hold a zero vector; row 1"),
    ],
)
def test_tables_that_are_refused(rows, error, message):
    with pytest.raises(error, match=message):
        tabulated("mine", rows)


@given(st.integers(1, 40), st.floats(0, 1), st.integers(0, 5))
def test_flips_and_masks_hit_exactly_the_share(dim, level, seed):
    patterns = sign_patterns(dim).draw(7, seeded(seed))
    flipped, masked = (kind(patterns, level, seeded(seed, "x")) for kind in (SignFlips(), Mask()))
    assert ((flipped != patterns).sum(-1) == round(level * dim)).all()
    assert flipped.abs().eq(1).all()
    assert ((masked == 0).sum(-1) == round(level * dim)).all()
    assert (masked[masked != 0] == patterns[masked != 0]).all()


def test_places_are_drawn_anew_for_every_pattern():
    changed = Mask()(torch.ones(200, 10), 0.5, seeded(0)) == 0
    assert len(changed.unique(dim=0)) > 50
    assert changed.double().mean(0).sub(0.5).abs().max() < 5 * 0.5 / 200**0.5


def test_noise_has_its_deviation():
    noise = GaussianNoise()(torch.zeros(100, 100), 0.3, seeded(0))
    assert noise.std() == pytest.approx(0.3, rel=0.05)
    patterns = torch.ones(2, 3)
    assert GaussianNoise()(patterns, 0.0, seeded(0)).equal(patterns)


@pytest.mark.parametrize("level", [-0.1, float("nan"), float("inf")])
def test_levels_that_are_refused(level):
    for kind in (GaussianNoise(), SignFlips(), Mask()):
        with pytest.raises(ArgumentError, match="the level of"):
            kind(torch.ones(1, 3), level, seeded(0))
    with pytest.raises(ArgumentError, match=r"the level of flips is a share in \[0, 1\]; got 1.5"):
        SignFlips()(torch.ones(1, 3), 1.5, seeded(0))


ROWS = np.array([[1.0, 2.5], [-3.0, 4e-3]])


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.npy", lambda path: np.save(path, ROWS)),
        ("a.csv", lambda path: path.write_text("1,2.5\n-3,4e-3\n")),
        ("b.csv", lambda path: path.write_text("\ufeffwide,tall\n1,2.5\n\n-3,4e-3")),
        ("a.TSV", lambda path: path.write_text("1\t2.5\n-3\t4e-3\n")),
        ("a.safetensors", lambda path: save_file({"any": torch.tensor(ROWS)}, path)),
        ("b.safetensors", lambda path: save_file({"x": torch.ones(1), "patterns": torch.tensor(ROWS)}, path)),
    ],
)
def test_files_are_read(tmp_path, name, write):
    path = tmp_path / name
    write(path)
    source = patterns_from(path)
    drawn = source.draw(2, seeded(0)).tolist()
    assert (source.name, sorted(drawn)) == (name, sorted(ROWS.tolist()))


def test_pictures_in_an_array(tmp_path):
    np.save(tmp_path / "a.npy", np.ones((5, 2, 3), dtype=np.uint8))
    source = patterns_from(tmp_path / "a.npy")
    assert (source.dim, source.shape, source.available) == (6, (2, 3), 5)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.npy", b"", r"must be a file that can be read; got '.*a.npy': "),
        ("a.npy", "object", r"a.npy': .*allow_pickle"),
        ("a.npy", "words", r"patterns a.npy must be an array of real numbers; got <U1"),
        ("a.npy", "complex", r"must be an array of real numbers; got complex128"),
        ("a.csv", b"1,2\n3\n", r"a.csv:2: expected 2 numbers, as in the first row; got 1"),
        ("a.csv", b"1,2\n3,x\n", r"a.csv:2: expected a number in column 2; got 'x'"),
        ("a.csv", b"1,x\n", r"a.csv:1: expected a number in column 2; got 'x'"),
        ("a.csv", b"1,nan\n", r"patterns a.csv must be finite; row 0"),
        ("a.csv", b"", r"must have shape \(n, d\)"),
        ("a.csv", b"\xff\xfe", r"a.csv': .*utf-8"),
        ("a.safetensors", b"xx", r"a.safetensors': "),
        ("a.safetensors", "two", r"must hold one tensor, or one named 'patterns'; got x, y"),
        ("a.txt", b"1", r"patterns must be a folder or end in .npy, .csv, .tsv, .safetensors; got '.*a.txt'"),
        ("gone.npy", None, r"gone.npy': No such file"),
        ("empty", "folder", r"a folder must hold at least one .png file; it holds none"),
    ],
)
def test_files_that_are_refused(tmp_path, name, content, message):
    path = tmp_path / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content == "two":
        save_file({"x": torch.ones(1, 1), "y": torch.ones(1, 1)}, path)
    elif content == "folder":
        path.mkdir()
    elif content is not None:
        arrays = {"object": np.array([{}]), "words": np.array(["a"]), "complex": np.array([[1j]])}
        np.save(path, arrays[content], allow_pickle=True)
    with pytest.raises((ArgumentError, NotFiniteError, ShapeError), match=message):
        patterns_from(path)


def test_a_picture_becomes_ink(tmp_path):
    half = np.zeros((4, 8), dtype=np.uint8)
    half[:, 4:] = 255
    Image.fromarray(half).save(tmp_path / "grey.png")
    assert grey_image(tmp_path / "grey.png", size=2).tolist() == [[1, -1], [1, -1]]
    middle = np.array([[0, 255], [255, 0]], dtype=np.uint8)
    Image.fromarray(middle).save(tmp_path / "mixed.png")
    assert grey_image(tmp_path / "mixed.png", size=1).item() == pytest.approx(0, abs=0.01)  # the mean of its area
    red = np.array([[[255, 0, 0]]], dtype=np.uint8)
    Image.fromarray(red).save(tmp_path / "red.png")
    assert grey_image(tmp_path / "red.png", size=1).item() == pytest.approx(1 - 2 * 0.299, abs=0.01)
    clear = np.array([[[0, 0, 0, 0]]], dtype=np.uint8)
    Image.fromarray(clear).save(tmp_path / "clear.png")
    assert grey_image(tmp_path / "clear.png", size=3).eq(-1).all()
    Image.fromarray(np.full((2, 2), 65535, dtype=np.uint16)).save(tmp_path / "deep.png")
    assert grey_image(tmp_path / "deep.png", size=1).item() == -1


def test_a_folder_of_pictures(tmp_path):
    for name, value in (("b.png", 0), ("a.png", 255)):
        Image.fromarray(np.full((3, 5), value, dtype=np.uint8)).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("")
    source = patterns_from(tmp_path, size=4)
    assert (source.dim, source.shape, source.available, source.signs) == (16, (4, 4), 2, True)


def test_pictures_that_are_refused(tmp_path):
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    with pytest.raises(ArgumentError, match=r"a picture must be a file that Pillow reads; got '.*bad.png': "):
        grey_image(tmp_path / "bad.png")
    with pytest.raises(ArgumentError, match=r"gone.png': No such file"):
        grey_image(tmp_path / "gone.png")
    with pytest.raises(ArgumentError, match=r"size must be from 1 to 512 pixels; got 0"):
        grey_image(tmp_path / "bad.png", size=0)
    Image.new("1", (8193, 1)).save(tmp_path / "wide.png")
    with pytest.raises(ArgumentError, match=r"8193 x 1 pixels, at most 8192 a side"):
        grey_image(tmp_path / "wide.png")
    whole = tmp_path / "whole.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64), dtype=np.uint8)).save(whole)
    (tmp_path / "cut.png").write_bytes(whole.read_bytes()[:600])
    with pytest.raises(ArgumentError, match=r"cut.png': "):
        grey_image(tmp_path / "cut.png")
