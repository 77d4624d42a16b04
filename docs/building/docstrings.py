"""Our docstrings are plain text with `code` in single backticks; Sphinx wants reStructuredText.

What reStructuredText would take for markup (a star, a bar, an underscore at the end of a word) is what it says. Code
that is a public name leads to its description. Sections such as `Args:` become lists of fields. (Napoleon would do that
too, but takes the start of `(..., d): the last state` for a type.)
"""

import re
from typing import Any

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from building.names import public

__all__ = ["setup", "to_rst"]

_SESSION = re.compile(r"(^[ ]*>>>.*?(?:^[ ]*$|\Z))", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"(``.+?``|`[^`]+`)", re.DOTALL)
_NAME = re.compile(r"([A-Za-z_]\w*)(?:\.\w+)*(?:\(.*\))?")
_SECTION = re.compile(r"^(Args|Attributes|Raises|Returns|Yields):\n((?: +.*(?:\n|\Z)|\n)+)", re.MULTILINE)
_ITEM = re.compile(r"^ {4}(\S[^:\n`]*): ", re.MULTILINE)
_FIELDS = {"Args": "param", "Attributes": "ivar", "Raises": "raises", "Returns": "returns", "Yields": "yields"}
_MARKUP = re.compile(r"[\\*|]|_(?!\w)")


def setup(app: Sphinx) -> ExtensionMetadata:
    """Rewrite every docstring that autodoc finds."""
    app.connect("autodoc-process-docstring", _rewrite)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _rewrite(app: Sphinx, kind: str, name: str, thing: object, options: Any, lines: list[str]) -> None:
    if lines and lines[0].startswith("Alias for field number"):  # what a named tuple says where we say nothing
        lines[:] = []
    lines[:] = to_rst(lines, name)


def to_rst(lines: list[str], own: str = "") -> list[str]:
    """Give the lines of a docstring as reStructuredText; the name `own` itself does not become a link."""
    parts = _SESSION.split("\n".join(lines))  # text and Python sessions in turn
    parts[::2] = [_SECTION.sub(_fields, _text(part, own)) for part in parts[::2]]
    return "".join(parts).split("\n")


def _text(text: str, own: str) -> str:
    parts = _CODE.split(text)
    parts[::2] = [_MARKUP.sub(r"\\\g<0>", part) for part in parts[::2]]
    parts[1::2] = [_code(part, own) for part in parts[1::2]]
    return "".join(parts)


def _code(marked: str, own: str) -> str:
    code = " ".join(marked.strip("`").split())
    target = _meant(code, own)
    return f":py:obj:`{code} <{target}>`" if target else f"``{code}``"


def _meant(code: str, own: str) -> str | None:
    """Give the public name that code means; a plain word, such as `read`, means that of its own room alone."""
    name = _NAME.fullmatch(code)
    target = public().get(name[1]) if name else None
    if target is None or own.endswith(f".{target.rpartition('.')[2]}"):
        return None
    near = own.startswith(target.rpartition(".")[0] + ".")
    return target if near or not re.fullmatch("[a-z]+", code) else None


def _fields(section: re.Match[str]) -> str:
    field = _FIELDS[section[1]]
    if field in ("returns", "yields"):
        return f":{field}: {section[2].strip()}\n\n"
    found = []
    before, *items = _ITEM.split(section[2].rstrip("\n"))
    assert not before.strip(), f"what {section[1]} is this? {before}"
    for names, text in zip(items[::2], items[1::2], strict=True):
        for name in names.split(", "):
            shown = f"~{public()[name]}" if name in public() and field == "raises" else name
            found.append(f":{field} {shown}: {text.rstrip()}")
    return "\n".join(found) + "\n\n"
