"""The documents as they are built: without a warning, without a network, with every example."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted(path.stem for path in (ROOT / "examples").glob("*.py"))
NOWHERE = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")
LOADED = {"script": "src", "img": "src", "iframe": "src", "link": "href", "source": "src"}


class Loads(HTMLParser):
    """What a page loads when it is opened, links to go to left out."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if (
            tag in LOADED
            and (place := given.get(LOADED[tag]))
            and given.get("rel") not in ("index", "search", "next", "prev")
        ):
            self.found.append(place)


def test_the_gallery_shows_every_example_once() -> None:
    shown = re.findall(r"^```\{example\} (\S+)$", (ROOT / "docs" / "gallery.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(shown) == EXAMPLES


def test_a_page_that_loads_from_elsewhere_would_be_seen() -> None:
    page = Loads()
    page.feed(
        '<script src="https://cdn.example/x.js"></script><a href="https://a.example">a</a><link rel="next" href="n">'
    )
    assert page.found == ["https://cdn.example/x.js"]


@pytest.mark.slow
def test_they_are_built_without_a_warning_and_without_a_network(tmp_path: Path) -> None:
    pytest.importorskip("furo", reason="needs Sphinx and furo, which `make docs` installs")
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--quiet", "-d", str(tmp_path / "tree")]
    done = subprocess.run(
        [*command, str(ROOT / "docs"), str(tmp_path / "pages")],
        capture_output=True,
        text=True,
        env={**os.environ, **NOWHERE, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    pages = sorted((tmp_path / "pages").rglob("*.html"))
    assert len(pages) > 20
    for page in pages:
        loads = Loads()
        loads.feed(page.read_text("utf-8"))
        assert [place for place in loads.found if re.match(r"\w+:|//", place) and not place.startswith("data:")] == []
        for place in loads.found:
            file = place.partition("?")[0].partition("#")[0]
            assert place.startswith("data:") or (page.parent / file).exists(), f"{page.name}: {place}"
    gallery = (tmp_path / "pages" / "gallery.html").read_text("utf-8")
    for name in EXAMPLES:
        assert f"examples/{name}.py</summary>" in gallery
    essay = (tmp_path / "pages" / "one-operation.html").read_text("utf-8")
    assert essay.count("<math") > 20
