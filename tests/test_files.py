"""Nothing is ever half-written, and nothing is overwritten without being asked."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from qdstruct.errors import DestinationError
from qdstruct.files import new_directory, refuse_existing, write_atomically


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def failing(code: int):
    def fail(*_args: object, **_options: object) -> None:
        raise OSError(code, os.strerror(code))

    return fail


def test_writes_text_and_bytes_unchanged(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", "Å\r\n")
    write_atomically(tmp_path / "b", b"\x00\xff")
    assert (tmp_path / "a").read_bytes() == "Å\r\n".encode()
    assert (tmp_path / "b").read_bytes() == b"\x00\xff"
    assert names(tmp_path) == ["a", "b"]


def test_permissions_follow_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_atomically(tmp_path / "a", "x")
        with new_directory(tmp_path / "d", marker="m"):
            pass
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "d").stat().st_mode & 0o777 == 0o750


def test_refuses_to_replace_unless_forced(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("old")
    with pytest.raises(DestinationError, match="exists already") as error:
        write_atomically(file, "new", force=False)
    assert "--force" in str(error.value.hint)
    assert file.read_text() == "old"
    write_atomically(file, "new", force=True)
    assert file.read_text() == "new"


def test_refuse_existing_names_the_kind(tmp_path: Path) -> None:
    with pytest.raises(DestinationError, match="this directory exists"):
        refuse_existing(tmp_path, force=False)
    refuse_existing(tmp_path, force=True)
    refuse_existing(tmp_path / "nothing", force=False)


@pytest.mark.parametrize(
    ("code", "words"),
    [(errno.ENOSPC, "disk is full"), (errno.EACCES, "no permission"),
     (errno.EROFS, "no permission"), (errno.EIO, "Input/output error")],
)  # fmt: skip
@pytest.mark.parametrize("call", ["fsync", "fdopen", "replace"])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, words: str, call: str
) -> None:
    file = tmp_path / "a"
    file.write_text("old")
    target = Path if call == "replace" else os
    monkeypatch.setattr(target, call, failing(code))
    with pytest.raises(DestinationError, match=words) as error:
        write_atomically(file, "new")
    monkeypatch.undo()
    assert str(file) in error.value.message
    assert error.value.hint
    assert error.value.exit_code == 2
    assert names(tmp_path) == ["a"]
    assert file.read_text() == "old"


def test_read_only_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.mkstemp", failing(errno.EACCES))
    monkeypatch.setattr("tempfile.mkdtemp", failing(errno.EROFS))
    with pytest.raises(DestinationError, match="no permission to write here"):
        write_atomically(tmp_path / "a", "x")
    with (
        pytest.raises(DestinationError, match="no permission to write here"),
        new_directory(tmp_path / "d", marker="m"),
    ):
        pytest.fail("the block must not run")
    assert names(tmp_path) == []


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(DestinationError, match="its folder does not exist"):
        write_atomically(tmp_path / "none" / "a", "x")


def test_new_directory_stands_whole(tmp_path: Path) -> None:
    with new_directory(tmp_path / "deep" / "d", marker="m") as folder:
        (folder / "one").write_text("1")
        assert not (tmp_path / "deep" / "d").exists()
    assert names(tmp_path / "deep") == ["d"]
    assert names(tmp_path / "deep" / "d") == ["one"]


@pytest.mark.parametrize(
    "error", [ValueError("bug"), KeyboardInterrupt(), OSError(errno.ENOSPC, "")]
)
@pytest.mark.parametrize("existing", [False, True])
def test_an_error_in_the_block_leaves_things_as_they_were(
    tmp_path: Path, error: BaseException, existing: bool
) -> None:
    target = tmp_path / "d"
    if existing:
        target.mkdir()
        (target / "old").write_text("1")
    expected = DestinationError if isinstance(error, OSError) else type(error)

    def fill() -> None:
        with new_directory(target, marker="old", force=existing) as folder:
            (folder / "half").write_text("1")
            raise error

    with pytest.raises(expected):
        fill()
    assert names(tmp_path) == (["d"] if existing else [])
    if existing:
        assert names(target) == ["old"]


def test_force_replaces_the_whole_directory(tmp_path: Path) -> None:
    target = tmp_path / "d"
    target.mkdir()
    (target / "old").write_text("1")
    with (
        pytest.raises(DestinationError, match="exists already"),
        new_directory(target, marker="old"),
    ):
        pytest.fail("the block must not run")
    with new_directory(target, marker="old", force=True) as folder:
        (folder / "new").write_text("1")
    assert names(tmp_path) == ["d"]
    assert names(target) == ["new"]


def test_a_failed_swap_puts_the_old_directory_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "d"
    target.mkdir()
    (target / "old").write_text("1")
    rename = Path.rename

    def once(self: Path, other: Path) -> Path:
        if self.name.endswith(".part"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return rename(self, other)

    monkeypatch.setattr(Path, "rename", once)
    with (
        pytest.raises(DestinationError, match="disk is full"),
        new_directory(target, marker="old", force=True),
    ):
        pass
    assert names(tmp_path) == ["d"]
    assert names(target) == ["old"]


def test_force_keeps_directories_of_another_kind(tmp_path: Path) -> None:
    target = tmp_path / "d"
    target.mkdir()
    with new_directory(target, marker="flow.py", force=True) as folder:
        (folder / "thesis.txt").write_text("1")
    with (
        pytest.raises(DestinationError, match="would be lost"),
        new_directory(target, marker="flow.py", force=True),
    ):
        pytest.fail("the block must not run")
    assert names(target) == ["thesis.txt"]
