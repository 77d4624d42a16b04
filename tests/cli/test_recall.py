"""The command `recall` as a user runs it."""

import json

import numpy as np
import pytest
from PIL import Image

COMMAND = ("recall",)


@pytest.fixture
def pictures(tmp_path):
    ramp = np.tile(np.linspace(0, 255, 40, dtype=np.uint8), (20, 1))
    Image.fromarray(ramp).save(tmp_path / "right.png")
    Image.fromarray(ramp[:, ::-1]).save(tmp_path / "left.png")
    Image.fromarray(np.vstack((ramp, np.zeros_like(ramp)))).save(tmp_path / "query.png")
    return tmp_path


def test_the_skull_is_recalled(here, tmp_path):
    code, out, err = here("--picture", "a.png")
    assert (code, err) == (0, "")
    assert "stored: skull" in out
    assert "stored: apple" in out
    assert "█" in out
    assert "\x1b" not in out
    assert "update 1" in out
    assert "energy " in out
    assert "Recalled: skull (settled after " in out
    assert out.endswith("Wrote a.png\n")
    assert max(map(len, out.splitlines())) <= 100
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_json_has_every_step(here):
    code, out, _ = here("--json", "-", "--noise", "0.5", "--seed", "3")
    report = json.loads(out)
    assert (code, report["winner"], report["converged"], report["pictures"]) == (0, "skull", True, ["skull", "apple"])
    energies = [step["energy"] for step in report["steps"]]
    assert energies == sorted(energies, reverse=True)
    for step in report["steps"]:
        assert sum(step["shares"].values()) == pytest.approx(1)
    assert np.array(report["state"]).shape == (24, 24)
    assert here("--json", "-", "--noise", "0.5", "--seed", "3")[1] == out
    assert here("--json", "-", "--noise", "0.5", "--seed", "4")[1] != out


def test_a_memory_without_slots(here):
    code, out, _ = here("--memory", "hopfield_hebb", "--mask", "0.3")
    assert code == 0
    assert "cosine skull 1.000" in out


def test_no_winner(here):
    code, out, _ = here("--steps", "1", "--json", "-")
    assert (code, json.loads(out)["winner"]) == (1, None)
    code, out, _ = here("--beta", "0.000001")
    assert code == 1
    assert "No winner: it settled away from all pictures" in out


def test_own_pictures(here, pictures):
    code, out, _ = here("right.png", "left.png", "--query", "query.png", "--json", "-", "--size", "16", "--beta", "0.1")
    report = json.loads(out)
    assert (code, report["winner"], report["pictures"]) == (0, "right", ["right", "left"])
    assert np.array(report["state"]).shape == (16, 16)
    assert here("left.png", "right.png", "--mask", "0.5", "--beta", "0.1")[0] == 0
    assert here("--query", "query.png", "--steps", "30")[0] in (0, 1)


def test_the_lower_part_is_masked(here):
    _, out, _ = here("--mask", "1", "--steps", "1", "--json", "-")
    assert json.loads(out)["steps"][0]["cosines"] == {"skull": 0, "apple": 0}
    assert json.loads(out)["steps"][0]["shares"] == {"skull": 0.5, "apple": 0.5}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gone.png"], "a picture must be a file that Pillow reads; got 'gone.png': No such file or directory"),
        (["left.png", "left.png"], "PICTURE must name each file once"),
        (["left.png", "--size", "9999"], "size must be from 1 to 512 pixels; got 9999"),
        (["--mask", "2"], "--mask is a share in [0, 1]; got 2.0"),
        (["--noise", "-1"], "the level of noise must be finite and at least 0; got -1.0"),
        (["--memory", "x"], "--memory must be one of modern_hopfield, "),
        (["--steps", "0"], "recall needs a picture and a step at least"),
        (["--picture", "a.txt"], "a figure must end in .png, .svg, .pdf; got 'a.txt'"),
        (["--beta", "0"], "beta must be finite and above 0; got 0.0"),
    ],
)
def test_what_is_refused(here, pictures, arguments, message):
    code, out, err = here(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert message in err
