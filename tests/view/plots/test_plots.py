"""Figures: what is drawn, where, with which words; and that they become whole files."""

import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from hybridattn import ArgumentError, BinaryActivity, HebbianMemory, NotFiniteError, ShapeError, Truth
from hybridattn.view.plots import (
    Curve,
    Limit,
    check_figure,
    new_axes,
    new_column,
    plot_alignment,
    plot_attention,
    plot_basins,
    plot_curves,
    plot_energy,
    plot_evidence,
    plot_pictures,
    plot_shares,
    plot_truths,
    write_figure,
)
from hybridattn.view.plots.canvas import style

ONE = Curve("one", [1, 2, 4], [1.0, 0.5, 0.0], [0.9, 0.4, 0.0], [1.0, 0.6, 0.1])
TWO = Curve("two", [1, 2, 4], [1.0, 0.9, 0.8])


def words(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def lines(ax, label):
    return [line for line in ax.lines if line.get_label() == label]


def drawings():
    grid = np.stack(np.meshgrid(np.linspace(-1, 1, 5), np.linspace(-1, 1, 5)), -1)
    reached = np.zeros((5, 5), dtype=int)
    return {
        "curves": lambda ax: plot_curves([ONE, TWO], limits=[Limit("limit", [3])], xlabel="patterns", ax=ax),
        "energy": lambda ax: plot_energy([ONE], ax=ax),
        "basins": lambda ax: plot_basins([[0, 0]], grid, reached, energy=grid[..., 0], ax=ax),
        "pictures": lambda ax: plot_pictures(np.ones((2, 3, 4)), ["a", "b"], ax=ax),
        "shares": lambda ax: plot_shares([[0.2, 0.8]], ["a", "b"], ax=ax),
        "attention": lambda ax: plot_attention([[0.2, 0.8], [1.0, 0.0]], queries=["one", "a long query"], ax=ax),
        "alignment": lambda ax: plot_alignment(np.linspace(-1, 1, 60).reshape(3, 20), ax=ax),
        "evidence": lambda ax: plot_evidence([[1, 0], [2, 3]], [[1, 1], [4, 3]], names=["rain", "wet"], ax=ax),
        "truths": lambda ax: plot_truths({"robin": (0.9, 0.9), "swan": (0.1, 0.5)}, ax=ax),
    }


@pytest.mark.parametrize("name", drawings())
def test_axes_are_taken_or_made_and_given_back(name):
    draw = drawings()[name]
    mine = Figure().subplots()
    assert draw(mine) is mine
    made = draw(None)
    assert made.figure.axes == [made]
    if name != "pictures":
        assert made.get_xlabel()
        assert made.get_ylabel()


@pytest.mark.parametrize("name", drawings())
def test_nothing_overlaps(name):
    ax = drawings()[name](None)
    canvas = FigureCanvasAgg(ax.figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    parts = [text for text in (ax.xaxis.label, ax.yaxis.label, ax.title, *ax.texts) if text.get_text()]
    parts += [ax.get_legend()] if ax.get_legend() else []
    boxes = [part.get_window_extent(renderer) for part in parts]
    assert not [1 for i, one in enumerate(boxes) for two in boxes[:i] if one.overlaps(two)]


def test_curves_are_the_data_with_intervals_and_limits_in_their_colour():
    limits = [Limit("theory of two", [1, 4], [0.3, 0.2], "two"), Limit("upright", [3], of="one"), Limit("far", [9])]
    ax = plot_curves([ONE, TWO], limits=limits, xlabel="stored patterns")
    assert list(ax.lines[0].get_ydata()) == ONE.y
    assert words(ax) == ["one", "two", "theory of two", "upright", "far (not in view)"]
    (upright,), (theory,), (two,) = lines(ax, "upright"), lines(ax, "theory of two"), lines(ax, "two")
    assert list(upright.get_xdata()) == [3, 3]
    assert theory.get_color() == two.get_color() != upright.get_color()
    assert upright.get_color() == lines(ax, "one")[0].get_color()
    assert ax.get_ylim()[0] <= 0 < 1 <= ax.get_ylim()[1]
    (bars,) = ax.collections
    assert [tuple(segment[:, 1]) for segment in bars.get_segments()] == [(0.9, 1.0), (0.4, 0.6), (0.0, 0.1)]
    with pytest.raises(ArgumentError, match="of the curve 'x' must be equally long"):
        Curve("x", [1, 2], [1])
    with pytest.raises(ArgumentError, match="of the curve 'x' must be equally long"):
        Curve("x", [1], [1], low=[1])


def test_attention_is_the_matrix_with_its_names_and_numbers():
    shares = torch.tensor([[0.25, 0.75, 0.0]], requires_grad=True)
    ax = plot_attention(shares, queries=["cat"], keys=["x" * 30, "$y$", "z"])
    (image,) = ax.images
    assert image.get_array().tolist() == [[0.25, 0.75, 0.0]]
    assert image.get_clim() == (0, 1)
    assert [text.get_text() for text in ax.texts] == ["0.25", "0.75", "0.00"]
    assert [text.get_position() for text in ax.texts] == [(0, 0), (1, 0), (2, 0)]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["x" * 17 + "…", r"\$y\$", "z"]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["cat"]
    assert ax.child_axes[0].get_ylabel() == "share"
    assert not plot_attention(np.eye(13)).texts
    assert len(plot_attention(np.eye(41)).get_xticks()) < 41


def test_alignment_is_signed_and_numbers_are_read_on_their_cells():
    ax = plot_alignment([[-2.0, 2.0]], limit=2.0)
    (image,) = ax.images
    assert image.get_clim() == (-2, 2)
    assert [text.get_color() for text in ax.texts] == ["white", "black"]
    assert ax.child_axes[0].get_ylabel() == "similarity"


@pytest.mark.parametrize("name", ["attention", "alignment", "evidence"])
def test_colours_grow_lighter_or_darker_all_the_way(name):
    """So a grey print, and a reader who sees no red or no green, have the same order (luminance of ITU-R BT.709)."""
    ax = drawings()[name](None)
    drawn = ax.images[0] if ax.images else ax.collections[0]
    light = drawn.cmap(np.linspace(0, 1, 50))[:, :3] @ [0.2126, 0.7152, 0.0722]
    steps = np.diff(light)
    assert (steps > 0).all() or (steps < 0).all()
    assert abs(light[-1] - light[0]) > 0.5


def test_evidence_is_area_and_frequency_is_colour():
    ax = plot_evidence([[4, 0], [1, 0]], [[4, 1], [2, 0]], names=["rain", "wet"])
    (squares,) = ax.collections
    boxes = [path.get_extents() for path in squares.get_paths()]
    assert [(round(box.x0 + box.width / 2, 9), round(box.y0 + box.height / 2, 9)) for box in boxes] == [
        (0, 0),
        (1, 0),
        (0, 1),
    ]
    areas = [box.width * box.height for box in boxes]
    assert areas[0] == pytest.approx(4 * areas[1])
    assert areas[2] == pytest.approx(2 * areas[1])
    assert squares.get_array().tolist() == [1.0, 0.0, 0.5]
    assert squares.get_clim() == (0, 1)
    assert ax.get_title() == "area: evidence w, at most 4"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("target", "source")
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["rain", "wet"]
    assert plot_evidence([[0.0]], [[0.0]]).get_title() == "area: evidence w, at most 0"
    pairs = plot_evidence([[1, 2, 3]], [[3, 3, 3]], names=["a"], targets=["x", "y", "z"])
    assert [tick.get_text() for tick in pairs.get_xticklabels()] == ["x", "y", "z"]
    memory = HebbianMemory(3, coding=BinaryActivity())
    memory.write(torch.tensor([[1.0, 1, 0], [1, 0, 0]]))
    drawn = plot_evidence(memory.positive, memory.total).collections[0]
    assert drawn.get_array().max() == 1


def test_truths_stand_at_confidence_and_frequency_with_lines_of_expectation():
    ax = plot_truths({"robin": Truth(0.9, 0.5), "swan": (0.25, 0.75)})
    points = {
        line.get_label(): (line.get_xdata()[0], line.get_ydata()[0]) for line in ax.lines if len(line.get_xdata())
    }
    assert points == {"robin": (0.5, 0.9), "swan": (0.75, 0.25)}
    assert words(ax) == ["equal expectation", "robin", "swan"]
    (lines_of_equal,) = [part for part in ax.collections if hasattr(part, "levels")]
    for level, path in zip(lines_of_equal.levels, lines_of_equal.get_paths(), strict=True):
        for c, f in path.vertices:
            assert c * (f - 0.5) + 0.5 == pytest.approx(level, abs=2e-3)
    assert (ax.get_xlim(), ax.get_ylim()) == ((0, 1), (0, 1))
    many = plot_truths({str(number): (0.5, 0.5) for number in range(21)})
    assert words(many) == ["equal expectation", "21 truths"]
    assert words(plot_truths({})) == ["equal expectation"]


BAD = {
    "axes": (lambda: plot_attention([0.5]), ShapeError, r"^shares must have shape \(rows, .* got shape \(1,\)$"),
    "nothing": (lambda: plot_attention(np.zeros((0, 2))), ShapeError, r"neither of them 0; got shape \(0, 2\)"),
    "nan": (lambda: plot_attention([[np.nan, 1]]), NotFiniteError, "^shares must be finite; 1 of 2 entries are not$"),
    "share": (lambda: plot_attention([[1.5]]), ArgumentError, r"^shares must be in \[0, 1\]; got 1.5 to 1.5$"),
    "likeness": (lambda: plot_alignment([[-1.5]]), ArgumentError, r"^similarities must be in \[-1, 1\]"),
    "names": (lambda: plot_attention([[1.0]], keys=["a", "b"]), ShapeError, "^keys must be 1 names; got 2$"),
    "shapes": (lambda: plot_evidence([[1]], [[1, 2]]), ShapeError, "^positive and total must have one shape"),
    "more": (lambda: plot_evidence([[2]], [[1]]), ArgumentError, "^positive must be at most total"),
    "negative": (lambda: plot_evidence([[-1]], [[1]]), ArgumentError, r"^positive must be in \[0, inf\]"),
    "truth": (lambda: plot_truths({"x": (1.5, 0.5)}), ArgumentError, "^the truth of 'x' must have f and c in"),
    "no truth": (lambda: plot_truths({"x": (0.5, float("nan"))}), ArgumentError, "^the truth of 'x' must have f and"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_drawn_is_named(name):
    draw, kind, why = BAD[name]
    with pytest.raises(kind, match=why):
        draw()


def test_styles_are_told_apart_without_colour():
    assert len({style(number) for number in range(49)}) == 49
    assert len({style(number).marker for number in range(7)}) == 7
    # relative luminance (ITU-R 709) of neighbours in order differs, so a grey print tells them apart with the markers
    grey = [sum(w * int(style(n).color[i : i + 2], 16) for w, i in ((0.21, 1), (0.72, 3), (0.07, 5))) for n in range(7)]
    assert all(value < 190 for value in grey)  # none is too light on white paper


def test_basins_have_the_colour_of_their_pattern():
    grid = np.stack(np.meshgrid([0.0, 1.0], [0.0, 1.0]), -1)
    ax = plot_basins([[0, 0], [1, 1]], grid, [[0, 1], [1, -1]], energy=np.full((2, 2), np.inf))
    mesh = ax.collections[0]
    colours = mesh.cmap(mesh.norm(mesh.get_array().ravel()))
    first, second, third, fourth = colours.tolist()
    assert second == third
    assert len({tuple(one) for one in (first, second, fourth)}) == 3
    assert words(ax) == ["pattern 0: 25% of starts", "pattern 1: 50% of starts", "no pattern: 25%"]
    with pytest.raises(ShapeError, match=r"patterns, starts and reached must be"):
        plot_basins([[0, 0]], grid, [0, 1])


def test_a_border_goes_round_each_basin():
    grid = np.stack(np.meshgrid(np.arange(4.0), np.arange(3.0)), -1)
    ax = plot_basins([[0, 0], [3, 0], [9, 9]], grid, [[0, 0, 1, 1]] * 3)
    _, *borders = ax.collections
    assert len(borders) == 2  # the third pattern has no basin
    for border in borders:
        (path,) = border.get_paths()
        assert set(path.vertices[:, 0]) == {1.5}
    assert len(plot_basins([[0, 0]], grid, np.zeros((3, 4))).collections) == 1


def test_pictures_stand_over_their_captions():
    ax = plot_pictures([[[1, -1]], [[0, 0]]], ["left", "right"])
    assert [image.get_extent()[0] for image in ax.images] == [0, pytest.approx(1.12)]
    assert ax.images[0].get_clim() == (-1, 1)
    black, white = ax.images[0].cmap(ax.images[0].norm([1.0, -1.0]))
    assert (black[0], white[0]) == (0, 1)
    assert [text.get_text() for text in ax.texts] == ["left", "right"]
    with pytest.raises(ShapeError, match=r"pictures must be \(1, height, width\), as captions; got shape \(2, 1, 2\)"):
        plot_pictures([[[1, -1]], [[0, 0]]], ["left"])


def test_bars_are_the_shares():
    ax = plot_shares([[0.25, 0.75], [0.0, 1.0]], ["skull", "apple"])
    heights = sorted((round(bar.get_x() + bar.get_width() / 2, 3), bar.get_height()) for bar in ax.patches)
    assert heights == [(-0.2, 0.25), (0.2, 0.75), (0.8, 0.0), (1.2, 1.0)]
    with pytest.raises(ShapeError, match="shares must be"):
        plot_shares([[1.0]], ["a", "b"])


@pytest.mark.parametrize(("name", "start"), [("a.png", b"\x89PNG"), ("a.svg", b"<?xml"), ("a.PDF", b"%PDF")])
def test_files_are_whole_and_the_same_every_time(tmp_path, name, start):
    for _ in range(2):
        write_figure(tmp_path / name, drawings()["curves"](None))
        data = (tmp_path / name).read_bytes()
        (tmp_path / f"again-{name}").write_bytes(data)
    assert data.startswith(start)
    write_figure(tmp_path / name, drawings()["curves"](None))
    assert (tmp_path / name).read_bytes() == data


def test_files_that_cannot_be_written(tmp_path):
    with pytest.raises(ArgumentError, match=r"a figure must end in .png, .svg, .pdf; got 'a.gif'"):
        check_figure("a.gif")
    with pytest.raises(ArgumentError, match="its folder does not exist"):
        check_figure(tmp_path / "none" / "a.png")


def test_panels_one_under_the_other():
    above, below = new_column(2)
    assert above.figure is below.figure
    assert above.get_position().y0 > below.get_position().y1
    assert math.isclose(above.get_position().x0, below.get_position().x0)


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ArgumentError, match=r"^a figure needs matplotlib: pip install 'hybridattn\[plot\]'$"):
        new_axes()


def test_the_room_loads_no_matplotlib():
    code = "import hybridattn.view.plots, sys; print('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"
