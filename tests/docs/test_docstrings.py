"""Docstrings as reStructuredText: nothing of them is taken for markup, code leads to what it names."""

import pytest

pytest.importorskip("sphinx", reason="needs Sphinx, which `make docs` installs")

from building.docstrings import to_rst
from docutils.core import publish_doctree
from docutils.nodes import paragraph


@pytest.mark.parametrize(
    ("plain", "rst"),
    [
        ("E = |q|^2 / 2 - F(q)", r"E = \|q\|^2 / 2 - F(q)"),
        ("f = a * b, and *args", r"f = a \* b, and \*args"),
        ("x_i, but sum_ and w_+", r"x_i, but sum\_ and w\_+"),
        (r"the escapes \n", r"the escapes \\n"),
        ("the part `w+ * w`", "the part ``w+ * w``"),
        ("of `Softmax` and `Softmax()`", "of :py:obj:`Softmax <hybridattn.attention.Softmax>` and "
         ":py:obj:`Softmax() <hybridattn.attention.Softmax>`"),
        ("`Read.merge` and `softmax`", ":py:obj:`Read.merge <hybridattn.attention.Read>` and ``softmax``"),
        ("``\\n`` as it is", "``\\n`` as it is"),
    ],
)  # fmt: skip
def test_text(plain: str, rst: str) -> None:
    assert to_rst([plain]) == [rst]


def test_nothing_but_text_is_seen_by_docutils() -> None:
    text = "|a| * b_ of x_i* and _y_ with \\mathrm in [1]_ `code * |x|` done"
    [only] = publish_doctree(
        "\n".join(to_rst([text])), settings_overrides={"report_level": 1, "halt_level": 1}
    ).children
    assert isinstance(only, paragraph)
    assert only.astext() == text.replace("`", "")


def test_what_a_docstring_describes_is_no_link_to_itself() -> None:
    assert to_rst(["Like `Softmax()`."], "hybridattn.attention.Softmax") == ["Like ``Softmax()``."]


def test_a_plain_word_means_what_its_own_room_has() -> None:
    assert to_rst(["see `read`"], "hybridattn.attention.Read") == ["see :py:obj:`read <hybridattn.attention.read>`"]
    assert to_rst(["see `read`"], "hybridattn.memory.SlotMemory.settle") == ["see ``read``"]
    assert to_rst(["see `read()`"], "hybridattn.memory.Sign")[0].startswith("see :py:obj:")
    assert to_rst(["see `mean_shift`"], "hybridattn.view.page")[0].startswith("see :py:obj:")


def test_code_across_lines_is_one_piece() -> None:
    assert to_rst(["the limit of `mean", "shift` here"]) == ["the limit of ``mean shift`` here"]


def test_sessions_stay_as_they_are() -> None:
    session = [">>> x = 2 * 3  # `a`", ">>> f(*x_)", "|a|", "", "b*", ">>> `c`"]
    assert to_rst(session) == [*session[:4], r"b\*", ">>> `c`"]


def test_sections_become_fields() -> None:
    docstring = [
        "Give it.",
        "",
        "Args:",
        "    query: (..., q, d); leading axes",
        "        broadcast.",
        "    device, dtype: of `keys`.",
        "",
        "Returns:",
        "    The value |v|.",
        "",
        "Raises:",
        "    ShapeError: shapes that do not fit.",
        "",
        ">>> 1",
        "1",
    ]
    assert (
        "\n".join(to_rst(docstring))
        == r"""Give it.

:param query: (..., q, d); leading axes
        broadcast.
:param device: of ``keys``.
:param dtype: of ``keys``.

:returns: The value \|v\|.

:raises ~hybridattn.errors.ShapeError: shapes that do not fit.

>>> 1
1"""
    )


def test_a_line_with_a_colon_is_no_section() -> None:
    assert to_rst(["(..., d): the last state.", "Args: are what?"]) == ["(..., d): the last state.", "Args: are what?"]
