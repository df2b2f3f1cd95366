"""The Python packages, the shipped data, places to write to, and a browser for the report."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import TYPE_CHECKING

from qdstruct.errors import QdstructError
from qdstruct.model import HealthCheck
from qdstruct.resources import data_folder

if TYPE_CHECKING:
    from packaging.requirements import Requirement

__all__ = ["browser", "examine", "extra_packages", "installed_version"]

OLDEST_PYTHON = (3, 11)
ROOM_NEEDED = 1.0
"""GB that a study on the mock and the compiled kernels may take together."""

_BROWSERS = ("firefox", "chromium", "chromium-browser", "google-chrome", "brave-browser")


def examine() -> Iterable[HealthCheck]:
    """Look at Python, packages, data and places to write to."""
    return [_python(), *_packages(), *_extras(), *_data(), _numba_cache(), _temporary_folder()]


def installed_version(package: str) -> str | None:
    """Return the version of a package, None when it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _check(name: str, state: str, found: str, fix: str = "") -> HealthCheck:
    return HealthCheck(group="installation", name=name, state=state, found=found, fix=fix)


def _python() -> HealthCheck:
    found = f"{sys.version.split()[0]} ({sys.executable})"
    if sys.version_info[:2] < OLDEST_PYTHON:
        return _check("Python", "broken", found, "python3.11 -m venv .venv, then install again")
    return _check("Python", "fine", found)


def _requirements(extra: str = "") -> list[Requirement]:
    """Return what qdstruct says it needs, or what one of its extras adds."""
    from packaging.requirements import Requirement

    needs = [Requirement(line) for line in requires("qdstruct") or ()]
    if not extra:
        return [need for need in needs if not need.marker or need.marker.evaluate({"extra": ""})]
    return [
        need
        for need in needs
        if need.marker
        and need.marker.evaluate({"extra": extra})
        and not need.marker.evaluate({"extra": ""})
    ]


def extra_packages() -> dict[str, tuple[str, ...]]:
    """Return the packages that each optional extra adds."""
    from importlib.metadata import metadata

    extras = metadata("qdstruct").get_all("Provides-Extra") or []
    return {extra: tuple(need.name for need in _requirements(extra)) for extra in extras}


def _packages() -> Iterator[HealthCheck]:
    found = installed_version("qdstruct")
    if found is None:
        fix = "pip install . in the checkout"
        yield _check("qdstruct", "broken", "imported, but not installed", fix)
        return
    yield _check("qdstruct", "fine", f"{found} ({Path(__file__).resolve().parents[2]})")
    wrong = list(_unmet(_requirements()))
    if wrong:
        yield _check(
            "required packages", "broken", "; ".join(wrong),
            "pip install --upgrade --force-reinstall qdstruct",
        )  # fmt: skip
    else:
        count = len(_requirements())
        yield _check("required packages", "fine", f"all {count} present and new enough")


def _unmet(needs: Iterable[Requirement]) -> Iterator[str]:
    for need in needs:
        have = installed_version(need.name)
        if have is None:
            yield f"{need.name} is missing"
        elif not need.specifier.contains(have, prereleases=True):
            yield f"{need.name} {have} is not {need.specifier}"


def _extras() -> Iterator[HealthCheck]:
    if installed_version("qdstruct") is None:
        return
    for extra in extra_packages():
        needs = _requirements(extra)
        wrong = list(_unmet(needs))
        have = ", ".join(f"{need.name} {installed_version(need.name)}" for need in needs)
        yield _check(
            f"extra [{extra}]",
            "absent" if wrong else "fine",
            "; ".join(wrong) or have,
            f"pip install 'qdstruct[{extra}]'" if wrong else "",
        )


def _data() -> Iterator[HealthCheck]:
    for name in ("structures", "workflows", "templates"):
        try:
            folder = data_folder(name)
        except QdstructError as error:
            yield _check(f"data: {name}", "broken", error.message, str(error.hint))
            continue
        count = sum(path.is_file() for path in folder.rglob("*"))
        yield _check(f"data: {name}", "fine", f"{count} files in {folder}")


def _numba_cache() -> HealthCheck:
    """Look for the place where numba keeps compiled kernels, in the order numba looks."""
    package = Path(__file__).resolve().parents[2]
    named = os.environ.get("NUMBA_CACHE_DIR")
    places = [Path(named)] if named else [package / "matching", Path.home() / ".cache" / "numba"]
    for place in places:
        if _writable(place):
            return _check("cache of compiled kernels", "fine", f"{place} can be written")
    return _check(
        "cache of compiled kernels", "broken",
        f"cannot be written: {', '.join(str(place) for place in places)}",
        "export NUMBA_CACHE_DIR=/some/folder/of/yours",
    )  # fmt: skip


def _writable(place: Path) -> bool:
    """Try to write; of a folder that does not exist its nearest parent is tried."""
    while not place.exists() and place.parent != place:
        place = place.parent
    try:
        with tempfile.TemporaryFile(dir=place):
            return True
    except OSError:
        return False


def _temporary_folder() -> HealthCheck:
    try:
        place = Path(tempfile.gettempdir())
    except FileNotFoundError as error:
        return _check("temporary files", "broken", str(error), "export TMPDIR=/some/folder")
    free = shutil.disk_usage(place).free / 1e9
    if free < ROOM_NEEDED:
        fix = "free some space, or export TMPDIR=/some/folder"
        return _check("temporary files", "broken", f"{free:.2f} GB free in {place}", fix)
    return _check("temporary files", "fine", f"{free:.0f} GB free in {place}")


def browser() -> Iterable[HealthCheck]:
    """Look for a browser that ``qdstruct report --open`` can start."""
    import webbrowser

    name, library = "a browser for the report", "3D viewer of the report"
    viewer = data_folder("templates") / "report" / "3Dmol-min.js"
    yield HealthCheck(
        group="browser", name=library, state="fine" if viewer.is_file() else "broken",
        found=f"{viewer.name}, part of every page" if viewer.is_file() else f"{viewer} is missing",
        fix="" if viewer.is_file() else "reinstall qdstruct",
    )  # fmt: skip
    program = next((shutil.which(each) for each in _BROWSERS if shutil.which(each)), None)
    try:
        known = type(webbrowser.get()).__name__
    except webbrowser.Error:
        known = ""
    if program or known:
        yield HealthCheck(group="browser", name=name, state="fine", found=program or known)
        return
    yield HealthCheck(
        group="browser", name=name, state="absent", found="none on this machine",
        fix="copy report.html to a machine with one; the page needs nothing else",
    )  # fmt: skip
