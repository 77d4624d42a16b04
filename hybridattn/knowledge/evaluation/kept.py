"""Reports that are kept in a folder, so that a long evaluation of several runs goes on where it was."""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hybridattn.errors import ArgumentError
from hybridattn.running import write_text

__all__ = ["digest", "kept_report"]


def kept_report(
    folder: Path | None, name: str, settings: Mapping[str, Any], make: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """Give the report NAME.json of a folder, or make it and keep it there; without a folder, make it.

    Args:
        folder: where reports are; it is made where it is missing.
        name: names the file.
        settings: plain data that decides the numbers; they are kept beside them.
        make: makes the report.

    Raises:
        ArgumentError: the folder cannot be made, the file is no kept report, or one with other settings.
    """
    if folder is None:
        return make()
    path = folder / f"{name}.json"
    if path.exists():
        return _read(path, settings)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArgumentError(f"reports need a folder to write; got {str(folder)!r}: {error.strerror}") from None
    report = make()
    write_text(path, json.dumps({"settings": dict(settings), "report": report}, allow_nan=False) + "\n")
    return report


def _read(path: Path, settings: Mapping[str, Any]) -> dict[str, Any]:
    try:
        kept = json.loads(path.read_text("utf-8"))
        report, old = dict(kept["report"]), dict(kept["settings"])
    except (OSError, ValueError, KeyError, TypeError):
        raise ArgumentError(f"{path} must be a report that was kept; it is not, or not whole") from None
    if old != dict(settings):
        different = sorted(key for key in {*old, *settings} if old.get(key) != settings.get(key))
        raise ArgumentError(f"{path} holds a report with another {', '.join(different)}: name another folder")
    return report


def digest(*parts: object) -> str:
    """Name some data by what it is printed as (SHA-256)."""
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()
