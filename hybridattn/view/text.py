"""Text that XML and HTML can hold."""

import re
from html import escape

__all__ = ["escaped", "printable"]

_FORBIDDEN = re.compile("[^\t\n\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def printable(text: str) -> str:
    r"""Write each character that XML 1.0 forbids as its escape, such as `\u0007`.

    These are the control characters (but tab and line feed), half surrogate pairs, U+FFFE and U+FFFF. The carriage
    return counts as forbidden here: XML lets it stand, and then reads it back as a line feed.

    >>> print(printable("bell \a"))
    bell \u0007
    """
    return _FORBIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def escaped(value: object) -> str:
    """Escape a value for HTML, in an element or in a quoted attribute.

    >>> escaped("</script><b>")
    '&lt;/script&gt;&lt;b&gt;'
    """
    return escape(printable(str(value)))
