"""A page inside another one, which it cannot touch."""

from collections.abc import Mapping
from html import escape
from typing import Any

from hybridattn.view.page import page
from hybridattn.view.text import printable

__all__ = ["framed"]

HEIGHT = 620
"""Of the frame, in pixels."""


def framed(report: Mapping[str, Any]) -> str:
    """Give the page of a report in an iframe that may run its own scripts, and has no part in what is around it."""
    title = escape(printable(str(report["question"])))
    style = f"width: 100%; height: {HEIGHT}px; border: 0"
    source = escape(page(report))
    return f'<iframe sandbox="allow-scripts" title="{title}" style="{style}" srcdoc="{source}"></iframe>'
