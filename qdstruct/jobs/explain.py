"""Why each setting of a prepared job has its value."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from qdstruct.errors import InputError
from qdstruct.files import lack, read_text
from qdstruct.jobs.incar import format_value
from qdstruct.jobs.presets import Setting
from qdstruct.model import Job
from qdstruct.model.record import Record

__all__ = ["JobExplanation", "explain", "read_incar", "read_job"]

INTERNAL = "SYSTEM"


@dataclass(frozen=True, kw_only=True)
class JobExplanation(Record):
    """Every setting of one job with its reason."""

    job: str
    """Name of the job."""
    subject: str
    """What is calculated."""
    settings: tuple[Setting, ...]
    """INCAR tags, then ``KPOINTS`` and ``POTCAR``."""


def explain(directory: Path) -> JobExplanation:
    """Say for every tag of a job where its value comes from and why it was chosen.

    The value is the one that stands in INCAR now. Where it is not the prepared one, because
    somebody or custodian changed it, the origin says so.

    Parameters
    ----------
    directory : Path
        A job directory.

    Raises
    ------
    InputError
        If it is not a job directory.
    """
    job = read_job(directory)
    written = read_incar(directory / "INCAR")
    settings = [_current(tag, entry, written) for tag, entry in job.settings.items()]
    settings += [
        Setting(tag=tag, value=value, reason="", origin="added to INCAR after preparing")
        for tag, value in written.items()
        if tag not in job.settings and tag != INTERNAL
    ]
    mesh = " ".join(map(str, job.kpoints or ()))
    origin, _, reason = job.kpoints_reason.partition(": ")
    settings.append(Setting(tag="KPOINTS", value=mesh, reason=reason or origin, origin=origin))
    settings.append(
        Setting(
            tag="POTCAR",
            value=" ".join(job.potentials),
            reason="The potentials that the VASP wiki recommends for these elements.",
            origin="zval.yaml",
        )
    )
    return JobExplanation(job=job.name, subject=job.subject, settings=tuple(settings))


def _current(tag: str, entry: dict[str, object], written: dict[str, str]) -> Setting:
    value, reason, origin = entry["value"], str(entry["reason"]), str(entry["from"])
    planned = format_value(value)  # type: ignore[arg-type]
    if tag not in written:
        return Setting(tag=tag, value="", reason=f"was {planned}", origin="removed from INCAR")
    if written[tag] != planned:
        return Setting(
            tag=tag, value=written[tag], reason=f"was {planned}: {reason}", origin="changed since"
        )
    return Setting(tag=tag, value=value, reason=reason, origin=origin)  # type: ignore[arg-type]


def read_job(directory: Path) -> Job:
    """Read ``job.json``.

    Raises
    ------
    InputError
        If the directory is not a job directory.
    """
    path = directory / "job.json"
    if not path.is_file():
        raise InputError(
            f"{directory}: not a job directory ({lack(directory, 'job.json')})",
            hint="name one below a prepared tree, for example DIR/interface/static",
        )
    try:
        return Job.from_dict(json.loads(read_text(path, "the description of a job (JSON)")))
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: not the description of a job: {error}") from None


def read_incar(path: Path) -> dict[str, str]:
    """Read INCAR as tag → text of its value, comments dropped.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    text = read_text(path, "an INCAR file")
    found = {}
    for line in text.splitlines():
        for statement in re.split(r"[!#]", line)[0].split(";"):
            tag, equals, value = statement.partition("=")
            if equals:
                found[tag.strip().upper()] = value.strip()
    return found
