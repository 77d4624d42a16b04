"""The directive `example`: runs a script of examples/, and shows what it drew and printed, and how it is written."""

import hashlib
import os
import shutil
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

__all__ = ["setup"]

ROOT = Path(__file__).resolve().parents[2]
MADE = ROOT / "docs" / "made"
"""What the examples drew and printed: a folder each, whose name says by which state of the code."""
_PRINTED = "printed.txt"
_AT_ONCE = max(1, (os.cpu_count() or 1) - 1)  # the pages themselves are read meanwhile


class Example(SphinxDirective):
    """Show an example: `{example} icons`."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Give what was drawn and printed, and the code, folded; an example that fails ends the build."""
        name = self.arguments[0]
        script = ROOT / "examples" / f"{name}.py"
        self.env.note_dependency(str(script))
        folder = _runs()[name].result()
        printed, code = (folder / _PRINTED).read_text("utf-8"), script.read_text("utf-8")
        return [
            *(node for drawn in _drawn(folder) for node in _shown(drawn)),
            nodes.literal_block(printed, printed, language="text", classes=["printed"]),
            nodes.raw("", f"<details><summary>examples/{name}.py</summary>", format="html"),
            nodes.literal_block(code, code, language="python"),
            nodes.raw("", "</details>", format="html"),
        ]


def _drawn(folder: Path) -> list[Path]:
    """List the files of an example, pictures before pages."""
    files = (path for path in folder.iterdir() if path.name != _PRINTED)
    return sorted(files, key=lambda path: (path.suffix == ".html", path.name))


def _shown(drawn: Path) -> list[nodes.Node]:
    if drawn.suffix == ".html":
        frame = f'<iframe class="example" src="examples/{drawn.name}" title="{drawn.stem}" loading="lazy"></iframe>'
        return [nodes.raw("", frame, format="html")]
    if drawn.suffix in (".png", ".svg"):
        place = f"/{drawn.relative_to(ROOT / 'docs').as_posix()}"
        return [nodes.image(uri=place, alt=f"what {drawn.stem}.py draws", classes=["example"])]
    return []


@cache
def _runs() -> dict[str, Future[Path]]:
    """Start all examples, some at once: a build waits for each where it is shown."""
    pool = ThreadPoolExecutor(_AT_ONCE)
    return {script.stem: pool.submit(_made, script) for script in sorted((ROOT / "examples").glob("*.py"))}


def _made(script: Path) -> Path:
    """Run an example, unless this code has run it before, and give the folder of what it made."""
    digest = hashlib.sha256(script.read_bytes())
    for file in sorted((ROOT / "hybridattn").rglob("*.py")):
        digest.update(file.read_bytes())
    folder = MADE / f"{script.stem}-{digest.hexdigest()[:16]}"
    if not folder.exists():
        MADE.mkdir(exist_ok=True)
        with TemporaryDirectory(dir=MADE) as place:
            fresh = Path(place) / "run"
            fresh.mkdir()
            (fresh / _PRINTED).write_text(_printed(script, fresh), "utf-8")
            for old in MADE.glob(f"{script.stem}-*"):
                shutil.rmtree(old)
            fresh.rename(folder)
    return folder


def _printed(script: Path, place: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, str(script)], cwd=place, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{script} failed:\n{done.stderr}")
    return done.stdout


def _start(app: Sphinx, config: Config) -> None:
    _runs()


def _copy_pages(app: Sphinx, error: Exception | None) -> None:
    """Put what is shown in a frame beside the pages."""
    if error is None and app.builder.format == "html":
        place = Path(app.outdir) / "examples"
        place.mkdir(exist_ok=True)
        for run in _runs().values():
            for drawn in _drawn(run.result()):
                if drawn.suffix == ".html":
                    shutil.copyfile(drawn, place / drawn.name)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add the directive; the examples start as soon as there is a configuration."""
    app.add_directive("example", Example)
    app.connect("config-inited", _start)
    app.connect("build-finished", _copy_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
