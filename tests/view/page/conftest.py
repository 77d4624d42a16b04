"""One headless Chromium for all tests of the page, and pages in it that may ask for nothing."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from hybridattn.view import write_text

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    "no-sandbox",
    "disable-gpu",
    "disable-background-networking",
    "no-first-run",
    "disable-component-update",
    "disable-sync",
)
Open = Callable[..., AbstractContextManager[Any]]


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed")
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=[f"--{flag}" for flag in FLAGS])
        yield chromium
        chromium.close()


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Open:
    """Open a text as a file; at the end it must have asked for that file alone and complained about nothing."""

    @contextmanager
    def opening(text: str, *, fragment: str = "", **options: Any) -> Iterator[Any]:
        path = tmp_path / "page.html"
        write_text(path, text)
        context = browser.new_context(reduced_motion="reduce", **options)
        context.set_offline(True)
        tab = context.new_page()
        tab.set_default_timeout(20_000)
        requests, complaints = [], []
        tab.on("request", lambda request: requests.append(request.url))
        tab.on("console", lambda message: complaints.append(message.text))
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("dialog", lambda dialog: complaints.append(dialog.message))
        tab.goto(path.as_uri() + fragment)
        yield tab
        tab.wait_for_timeout(30)
        context.close()
        asked = [url for url in requests if not url.startswith(("data:", "blob:"))]
        assert {url.partition("#")[0] for url in asked} == {path.as_uri()}
        assert complaints == []

    return opening
