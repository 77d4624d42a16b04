"""The wheel and the sdist carry all that the package needs to run, and are built without git and without a network."""

import configparser
import email
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email.message import Message
from pathlib import Path

import pytest

import hybridattn

ROOT = Path(__file__).resolve().parents[1]
NOT_SOURCE = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "demo", "*.egg-info")
NEEDED = [
    "hybridattn/knowledge/sources/data/WORDNET-LICENSE.txt",
    "hybridattn/knowledge/sources/data/wordnet-lemmas.tsv.xz",
    "hybridattn/knowledge/sources/data/wordnet-nouns.tsv.xz",
    "hybridattn/py.typed",
    "hybridattn/reasoning/narsese.lark",
    "hybridattn/view/page/web/cytoscape-LICENSE.txt",
    "hybridattn/view/page/web/cytoscape.min.js",
    "hybridattn/view/page/web/page.css",
    "hybridattn/view/page/web/page.html",
    "hybridattn/view/page/web/script/start.js",
]
LICENSES = [
    "LICENSE",
    "hybridattn/knowledge/sources/data/WORDNET-LICENSE.txt",
    "hybridattn/view/page/web/cytoscape-LICENSE.txt",
]
STEM = f"hybridattn-{hybridattn.__version__}"


def build(source: Path, out: Path, *kinds: str) -> None:
    """Build in `source` with the tools that are installed here; proxies that lead nowhere stand for a cut network."""
    nowhere = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), *kinds, str(source)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **nowhere}, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the checkout without its git folder, build the sdist, and from the sdist the wheel."""
    place = tmp_path_factory.mktemp("package")
    shutil.copytree(ROOT, place / "source", ignore=NOT_SOURCE)
    build(place / "source", place / "dist")
    return place / "dist"


@pytest.fixture(scope="module")
def wheel(built: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(built / f"{STEM}-py3-none-any.whl") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def sdist(built: Path) -> dict[str, bytes]:
    with tarfile.open(built / f"{STEM}.tar.gz") as archive:
        files = [(member.name, archive.extractfile(member)) for member in archive.getmembers()]
        return {name.removeprefix(f"{STEM}/"): file.read() for name, file in files if file is not None}


@pytest.fixture(scope="module")
def metadata(wheel: dict[str, bytes]) -> Message:
    return email.message_from_bytes(wheel[f"{STEM}.dist-info/METADATA"])


def package_files() -> dict[str, bytes]:
    files = [file for file in (ROOT / "hybridattn").rglob("*") if file.is_file() and "__pycache__" not in file.parts]
    return {file.relative_to(ROOT).as_posix(): file.read_bytes() for file in files}


@pytest.mark.parametrize("name", NEEDED)
def test_what_the_package_needs_is_carried(name: str, wheel: dict[str, bytes], sdist: dict[str, bytes]) -> None:
    assert wheel[name] == sdist[name] == (ROOT / name).read_bytes()


def test_the_whole_package_is_carried(wheel: dict[str, bytes], sdist: dict[str, bytes]) -> None:
    inside = {name: text for name, text in wheel.items() if not name.startswith(f"{STEM}.dist-info/")}
    assert inside == package_files()
    assert {name: text for name, text in sdist.items() if name.startswith("hybridattn/")} == package_files()


def test_the_sdist_can_run_its_own_tests(sdist: dict[str, bytes]) -> None:
    wanted = {
        "pyproject.toml",
        "Makefile",
        "constraints.txt",
        "README.md",
        "LICENSE",
        "CONTRIBUTING.md",
        "CITATION.cff",
    }
    tests = {file.relative_to(ROOT).as_posix() for file in (ROOT / "tests").rglob("*.py")}
    assert set(sdist) >= wanted | tests
    assert not [name for name in sdist if "__pycache__" in name]


def test_git_changes_nothing(wheel: dict[str, bytes], tmp_path: Path) -> None:
    build(ROOT, tmp_path, "--wheel")
    with zipfile.ZipFile(tmp_path / f"{STEM}-py3-none-any.whl") as archive:
        assert sorted(archive.namelist()) == sorted(wheel)


def test_the_licences_travel(wheel: dict[str, bytes], metadata: Message) -> None:
    assert sorted(metadata.get_all("License-File", [])) == sorted(LICENSES)
    for name in LICENSES:
        assert wheel[f"{STEM}.dist-info/licenses/{name}"] == (ROOT / name).read_bytes()


def test_the_version_is_that_of_the_package(metadata: Message) -> None:
    assert metadata["Version"] == hybridattn.__version__
    assert f"version: {hybridattn.__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert hybridattn.__version__ in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_command_is_installed(wheel: dict[str, bytes]) -> None:
    entries = configparser.ConfigParser()
    entries.read_string(wheel[f"{STEM}.dist-info/entry_points.txt"].decode())
    assert dict(entries["console_scripts"]) == {"hybridattn": "hybridattn.cli:main"}
