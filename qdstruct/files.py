"""Writing files so that nothing is ever half-written or silently overwritten."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from qdstruct.errors import DestinationError, InputError

__all__ = [
    "destination_error",
    "lack",
    "new_directory",
    "read_text",
    "refuse_existing",
    "write_atomically",
]


def read_text(
    path: Path, expected: str, *, hint: str | None = None, error: type[InputError] = InputError
) -> str:
    """Read a text file that the user named.

    Parameters
    ----------
    path : Path
        The file.
    expected : str
        What it should be, with its article: ``a cluster profile (TOML)``.
    hint : str, optional
        What to do when it cannot be read.
    error : type of InputError
        What is raised.

    Raises
    ------
    InputError
        When there is no such file, or it is no text file, or may not be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        reason = "not a text file"
    except FileNotFoundError:
        reason = "no such file"
    except NotADirectoryError:
        reason = "no such file, for a part of this path is a file"
    except IsADirectoryError:
        reason = "is a directory"
    except PermissionError:
        reason = "no permission to read it"
    except OSError as problem:
        reason = problem.strerror or type(problem).__name__
    raise error(f"{path}: {reason}; expected {expected}", hint=hint)


def lack(directory: Path, name: str) -> str:
    """Say why a directory does not hold the file `name`."""
    if directory.is_dir():
        return f"it has no {name}"
    return "it is a file" if directory.exists() else "there is no such directory"


def refuse_existing(path: Path, *, force: bool) -> None:
    """Raise `DestinationError` when `path` exists and the user did not say ``--force``."""
    if path.exists() and not force:
        kind = "directory" if path.is_dir() else "file"
        raise DestinationError(
            f"{path}: this {kind} exists already",
            hint="choose another name, or overwrite it with --force",
        )


def destination_error(path: Path, error: OSError) -> DestinationError:
    """Say in the user's words why `path` could not be written."""
    if error.errno == errno.ENOSPC:
        reason, hint = "the disk is full", "free some space and run the same command again"
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        reason, hint = "no permission to write here", "choose a folder you can write to"
    elif error.errno == errno.ENOENT:
        reason, hint = "its folder does not exist", f"make it first: mkdir -p {path.parent}"
    elif error.errno in (errno.ENOTDIR, errno.EEXIST):
        reason, hint = "a part of this path is a file", "choose another place to write to"
    elif error.errno == errno.EISDIR:
        reason, hint = "this is a directory", "name a file"
    else:
        reason, hint = error.strerror or str(error), "choose another place to write to"
    return DestinationError(f"{path}: cannot be written: {reason}", hint=hint)


def write_atomically(path: Path, content: str | bytes, *, force: bool = True) -> None:
    """Write `content` beside `path`, then rename it into place.

    Parameters
    ----------
    path : Path
        Destination; its folder must exist.
    content : str or bytes
        Text is written as UTF-8 unchanged line ends.
    force : bool
        False refuses to replace an existing file.

    Raises
    ------
    DestinationError
        If the file exists (without `force`) or cannot be written; nothing is left behind.
    """
    refuse_existing(path, force=force)
    data = content.encode() if isinstance(content, str) else content
    beside: Path | None = None
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        beside = Path(name)
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        beside.chmod(0o666 & ~_umask())
        beside.replace(path)
    except OSError as error:
        if beside is not None:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
        raise destination_error(path, error) from error


@contextlib.contextmanager
def new_directory(path: Path, *, marker: str, force: bool = False) -> Iterator[Path]:
    """Fill a temporary sibling of `path` and rename it into place when the block succeeds.

    Parameters
    ----------
    path : Path
        Final directory. Its parents are created.
    marker : str
        A file that every directory of this kind holds.
    force : bool
        Replace an existing directory if it is empty or holds the marker (it is moved aside first,
        and removed only after the new one stands).

    Yields
    ------
    Path
        The temporary directory to write into.

    Raises
    ------
    DestinationError
        If the directory exists (without `force`), is of another kind or cannot be written. After
        any error nothing new is left and an existing directory is untouched.
    """
    refuse_existing(path, force=force)
    _refuse_foreign(path, marker)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part"))
    except OSError as error:
        raise destination_error(path, error) from error
    try:
        yield beside
        beside.chmod(0o777 & ~_umask())
        _swap_in(beside, path)
    except OSError as error:
        raise destination_error(path, error) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _refuse_foreign(path: Path, marker: str) -> None:
    """Keep what this program did not write: replacing a directory deletes all that it holds."""
    if path.is_dir() and any(path.iterdir()) and not (path / marker).exists():
        raise DestinationError(
            f"{path}: holds other files, which would be lost",
            hint=f"choose another name; --force replaces only a directory with a {marker}",
        )


def _swap_in(beside: Path, path: Path) -> None:
    if not path.exists():
        beside.rename(path)
        return
    aside = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.", suffix=".old"))
    aside.rmdir()
    path.rename(aside)
    try:
        beside.rename(path)
    except OSError:
        aside.rename(path)
        raise
    shutil.rmtree(aside) if aside.is_dir() else aside.unlink()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
