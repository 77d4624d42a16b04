"""A store survives kills, lost power, a full disk, damaged files, and readers beside its writer."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import stores

from hybridattn.errors import MemoryFileError
from hybridattn.memory import MemoryStore, StoreReader, export_store, verify_store

TESTS = Path(stores.__file__).parent


def run(script: str, *arguments: object, timeout: float) -> str:
    """Run a script beside the tests, which tells by its exit code whether all is well."""
    paths = os.pathsep.join([str(TESTS.parent), str(TESTS)])
    done = subprocess.run(
        [sys.executable, str(TESTS / script), *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    return done.stdout


@pytest.mark.parametrize("kills", [20, pytest.param(200, marks=pytest.mark.slow)])
def test_kills(kills: int) -> None:
    found = re.fullmatch(r"(\d+) kills, (\d+) within a change\n", run("store_kills.py", kills, 7, timeout=600))
    assert found is not None
    assert int(found[1]) == kills
    assert int(found[2]) > 0, "no kill met a change: nothing was tried"


@pytest.mark.parametrize("losses", [60, pytest.param(1000, marks=pytest.mark.slow)])
def test_losses_of_power(losses: int) -> None:
    tracer = shutil.which("strace")
    if tracer is None or subprocess.run([tracer, "true"], capture_output=True, check=False).returncode:
        pytest.skip("needs strace, to record what is written in which order")
    found = re.fullmatch(r"(\d+) losses of power among (\d+) calls\n", run("store_power.py", losses, 5, timeout=600))
    assert found is not None
    assert int(found[1]) >= losses / 2
    assert int(found[2]) > 500


@pytest.mark.parametrize("damages", [100, pytest.param(1000, marks=pytest.mark.slow)])
def test_damaged_files(damages: int) -> None:
    told = run("store_mutations.py", damages, 3, timeout=900)
    assert told.startswith(f"{damages} damages: ")
    found = dict(reversed(one.split(" ", 1)) for one in told.split(": ", 1)[1].strip().split(", "))
    assert int(found["error"]) > damages / 3


@pytest.mark.parametrize("seconds", [5, pytest.param(60, marks=pytest.mark.slow)])
def test_ten_readers_and_a_writer(seconds: int) -> None:
    told = run("store_readers.py", seconds, 10, 2, timeout=seconds + 120)
    found = re.fullmatch(r"(\d+) reads of (\d+) among (\d+) commits\n", told)
    assert found is not None
    assert int(found[2]) > 2, "the readers saw no change"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MiB; without the right to mount one the test is skipped."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", place], capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"needs a small file system to fill: {done.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", place], check=True)


def until_refused(
    memory: MemoryStore, model: stores.Model, choose: Callable[[stores.Model], stores.Op]
) -> tuple[stores.Model, str]:
    """Change a store until there is no room: the model after the last change that was taken, and what was said."""
    while True:
        op = choose(model)
        try:
            stores.act(memory, op)
        except MemoryFileError as error:
            return model, str(error)
        model = model.after(op)


def fill(memory: MemoryStore, disk: Path) -> None:
    """Compact again and again, with less and less room."""
    while True:
        memory.compact()
        (disk / f"more-{len(os.listdir(disk))}").write_bytes(bytes(1 << 14))


@pytest.mark.parametrize("rows", [3, 300, 3000])
def test_a_full_disk(small_disk: Path, rows: int, tmp_path: Path) -> None:
    """The last write fails, what was there stays, and the store goes on once there is room."""
    ballast, model = small_disk / "ballast", stores.Model()
    ballast.write_bytes(bytes(3 << 20))
    memory = stores.new_store(small_disk / "store")
    op = ("append", [(1.0, 2.0, "x" * 30)] * rows)
    model, told = until_refused(memory, model, lambda _: op)
    assert re.search(r"cannot write to .*(full|No space)", told)
    assert stores.held(memory) == model
    for refused in (("append", [(1.0, 1.0, None)] * 60_000), ("append", [(1.0, 1.0, "y" * 99)] * 20_000)):
        with pytest.raises(MemoryFileError, match=r"full|No space"):
            stores.act(memory, refused)
    with pytest.raises(MemoryFileError, match=r"cannot make .*No space|full"):
        export_store(memory, small_disk / "export")
    with pytest.raises(MemoryFileError, match=r"full|No space"):
        fill(memory, small_disk)
    assert stores.held(memory) == model
    memory.close()
    assert verify_store(small_disk / "store").is_sound
    assert stores.read_back(small_disk / "store") == model
    ballast.unlink()
    with MemoryStore(small_disk / "store") as memory:
        assert stores.held(memory) == model
        stores.act(memory, op)
        memory.compact()
    assert stores.read_back(small_disk / "store") == model.after(op)
    assert sorted(os.listdir(small_disk / "store")) == ["head", "lock", "segments", "store.sqlite"]
    assert not (small_disk / "export").exists()


def test_a_log_that_is_cut_at_any_byte(tmp_path: Path) -> None:
    """What was acknowledged stays while only the log of what came later is torn."""
    with stores.new_store(tmp_path / "store") as memory:
        stores.act(memory, ("append", [(1.0, 1.0, "a")] * 10))
        before = stores.held(memory)
        head = (tmp_path / "store" / "head").read_bytes()
        log = tmp_path / "store" / "store.sqlite-wal"
        safe = log.stat().st_size
        stores.act(memory, ("append", [(1.0, 1.0, "b")] * 10))
        after = stores.held(memory)
        whole = log.read_bytes()
        shutil.copytree(tmp_path / "store", tmp_path / "copy", ignore=shutil.ignore_patterns("*-shm"))
    (tmp_path / "copy" / "head").write_bytes(head)
    for cut in [*range(safe, len(whole), 997), len(whole) - 1, len(whole)]:
        shutil.rmtree(tmp_path / "torn", ignore_errors=True)
        shutil.copytree(tmp_path / "copy", tmp_path / "torn")
        (tmp_path / "torn" / log.name).write_bytes(whole[:cut])
        assert verify_store(tmp_path / "torn").is_sound
        assert stores.read_back(tmp_path / "torn") == (after if cut == len(whole) else before)


def test_an_acknowledged_commit_that_is_missing_is_noticed(tmp_path: Path) -> None:
    """The log lost its end after the commit was told: nobody gets an older state for the newest."""
    with stores.new_store(tmp_path / "store") as memory:
        stores.act(memory, ("append", [(1.0, 1.0, "a")] * 10))
        log = tmp_path / "store" / "store.sqlite-wal"
        safe = log.stat().st_size
        stores.act(memory, ("append", [(1.0, 1.0, "b")] * 10))
        shutil.copytree(tmp_path / "store", tmp_path / "copy", ignore=shutil.ignore_patterns("*-shm"))
    os.truncate(tmp_path / "copy" / log.name, safe)
    for kind in (StoreReader, MemoryStore):
        with pytest.raises(MemoryFileError, match="1 of its 3 commits are lost"):
            kind(tmp_path / "copy")
    assert not verify_store(tmp_path / "copy").is_sound


def test_reading_needs_no_right_to_write(tmp_path: Path) -> None:
    """A file system that is read-only: readers read, a writer gets an error."""
    stores.new_store(tmp_path / "store").close()
    with MemoryStore(tmp_path / "store") as memory:
        stores.act(memory, ("append", [(1.0, 1.0, "a")] * 10))
        model = stores.held(memory)
    place = tmp_path / "view"
    place.mkdir()
    bind = subprocess.run(["mount", "--bind", tmp_path / "store", place], capture_output=True, check=False)
    if bind.returncode or subprocess.run(["mount", "-o", "remount,ro,bind", place], check=False).returncode:
        pytest.skip("needs the right to mount a folder read-only")
    try:
        assert stores.read_back(place) == model
        assert verify_store(place).is_sound
        with pytest.raises(MemoryFileError, match=r"cannot write to .*Read-only file system"):
            MemoryStore(place)
    finally:
        subprocess.run(["umount", place], check=True)


def test_a_folder_without_the_right_to_write(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    with stores.new_store(tmp_path / "store") as memory:
        stores.act(memory, ("append", [(1.0, 1.0, "a")]))
        model = stores.held(memory)
    (tmp_path / "store").chmod(0o500)
    assert stores.read_back(tmp_path / "store") == model
