import os
import stat
from pathlib import Path

import pytest

from hybridattn.errors import ArgumentError, HybridAttnError
from hybridattn.view import write_text


def test_writes_utf8_and_keeps_line_ends(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "ä\r\n\u2028")
    assert (tmp_path / "a.txt").read_bytes() == b"\xc3\xa4\r\n\xe2\x80\xa8"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_half_way_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, fault: BaseException
) -> None:
    target = tmp_path / "a.txt"
    write_text(target, "old")

    def fail(*_: object) -> None:
        raise fault

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(ArgumentError if isinstance(fault, OSError) else KeyboardInterrupt):
        write_text(target, "new " * 10_000)
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_all_is_on_the_disk_before_the_old_file_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target, seen = tmp_path / "a.txt", []
    write_text(target, "old")
    sync, replace = os.fsync, os.replace

    def watch_sync(handle: int) -> None:
        seen.append(("fsync", target.read_text(), os.fstat(handle).st_size))
        sync(handle)

    def watch_replace(source: Path, into: Path) -> None:
        seen.append(("replace", target.read_text(), Path(source).read_text(), Path(source).parent == target.parent))
        replace(source, into)

    monkeypatch.setattr(os, "fsync", watch_sync)
    monkeypatch.setattr(os, "replace", watch_replace)
    write_text(target, "new")
    assert seen == [("fsync", "old", 3), ("replace", "old", "new", True)]
    assert target.read_text() == "new"


def test_keeps_permissions_and_follows_links(tmp_path: Path) -> None:
    target, link = tmp_path / "a.txt", tmp_path / "link"
    write_text(target, "old")
    target.chmod(0o640)
    link.symlink_to(target)
    write_text(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "usual").write_text("")
    write_text(tmp_path / "ours", "")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "usual").stat().st_mode


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (".", "it is a folder"),
        ("missing/a.txt", "its folder does not exist"),
        ("pipe", "it is no regular file"),
        ("a\0b", "null byte"),
        ("n" * 300, "File name too long"),
    ],
)
def test_a_target_that_cannot_be_written_is_named_with_the_reason(tmp_path: Path, name: str, reason: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(HybridAttnError, match=f"path must be a file that can be written; got .*{reason}"):
        write_text(os.path.join(tmp_path, name), "new")
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ArgumentError, match="Permission denied"):
        write_text(tmp_path / "a.txt", "new")


def test_half_a_surrogate_pair_is_refused_before_anything_is_touched(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="UTF-8"):
        write_text(tmp_path / "a.txt", "\ud800")
    assert not list(tmp_path.iterdir())
