"""Rows as CSV."""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

__all__ = ["csv_text"]


def csv_text(rows: Sequence[Any]) -> str:
    """Write rows, instances of one dataclass of plain numbers and strings, as CSV: a header, floats to the last digit.

    >>> csv_text([])
    ''
    """
    if not rows:
        return ""
    out = io.StringIO()
    writer = csv.DictWriter(out, [field.name for field in fields(rows[0])], lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: "" if value is None else value for name, value in asdict(row).items()} for row in rows)
    return out.getvalue()
