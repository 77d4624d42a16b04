"""Pictures as text."""

import pytest
from rich.text import Text

from hybridattn import ShapeError
from hybridattn.view.ink import ink, side_by_side


def test_two_pixels_a_character():
    assert ink([[1, 1, -1, -1], [1, -1, 1, -1]]).plain == "█▀▄ "
    assert ink([[1], [1], [1]]).plain == "█\n▀"  # an odd last line stands over paper
    assert ink([[0.0, 1.0, -1.0, 0.5], [0.0, 0.0, 0.0, 0.5]]).plain == "▒▓░▓"
    assert ink([[9.0], [-9.0]]).plain == "▀"
    with pytest.raises(ShapeError, match=r"picture must have shape \(height, width\); got shape \(1,\)"):
        ink([1.0])


def test_colours_are_the_greys():
    (span,) = [span for span in ink([[1.0], [-1.0]], colour=True).spans if span.style]
    assert str(span.style) == "rgb(0,0,0) on rgb(255,255,255)"


def test_as_many_in_a_row_as_fit():
    pictures = [(Text("ab\ncd"), "one"), (Text("ef\ngh"), "two\nmore"), (Text("ij\nkl"), "three")]
    assert (
        side_by_side(pictures, width=20).plain == "ab      ef\ncd      gh\none     two\n        more\n\nij\nkl\nthree"
    )
    assert side_by_side(pictures, width=1).plain.count("\n\n") == 2
    assert side_by_side([], width=9).plain == ""
