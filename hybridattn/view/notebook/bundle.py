"""A thing in the MIME types that notebooks choose from."""

from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Any

from hybridattn.view.notebook.frame import framed
from hybridattn.view.notebook.picture import picture
from hybridattn.view.notebook.shown import Shown, shown

__all__ = ["bundle"]


def bundle(
    thing: object, *, include: Collection[str] | None = None, exclude: Collection[str] | None = None
) -> dict[str, Any]:
    """Give a thing as `text/plain` (a tree), `image/svg+xml` (static) and `text/html` (the page, in a sandboxed frame).

    Args:
        thing: a Trace, a Derivation, a Conclusion or Conclusions, Answers, or an answer that has a derivation.
        include: the types that are wanted; None for all.
        exclude: the types that are not wanted.

    Raises:
        ArgumentError: it is none of these, or holds what no page can, such as a NaN.
    """
    about = shown(thing)
    wanted = [kind for kind in MAKERS if (include is None or kind in include) and kind not in (exclude or ())]
    drawn = about.report["graph"]["nodes"]
    return {kind: MAKERS[kind](about) for kind in wanted if drawn or kind == "text/plain"}


MAKERS: Mapping[str, Callable[[Shown], str]] = MappingProxyType(
    {
        "text/plain": lambda about: about.text,
        "image/svg+xml": lambda about: picture(about.report["graph"], title=about.report["question"]),
        "text/html": lambda about: framed(about.report),
    }
)
