"""Tags that make a kind of job what it is, which a study's overlay of all jobs must not touch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from qdstruct.jobs.findings import PreflightFinding, warning
from qdstruct.jobs.presets import Setting, TagValue, protected_tags
from qdstruct.model import JobTree

__all__ = ["check_protected", "is_stricter", "mark_kept", "without_protected"]

KEPT = "; kept against your study's "
"""Stands in the origin of a tag between where it comes from and what was asked for instead."""


TIGHTER_WHEN_SMALLER = frozenset({"EDIFF", "EDIFFG"})
"""Criteria of convergence: the nearer to zero the stricter (a sign of EDIFFG says of what)."""
TIGHTER_WHEN_LARGER = frozenset({"ENCUT", "ENAUG", "NELM", "NELMIN"})
"""Cutoffs and numbers of steps: the larger the stricter."""


def without_protected(
    kind: str, overlay: Mapping[str, Setting], settings: Mapping[str, Setting]
) -> dict[str, Setting]:
    """Return the overlay without tags that the kind of job protects and already has.

    A stricter value of a number with a defined direction stays: what the job must reach, it then
    reaches all the more.
    """
    kept = protected_tags(kind) & settings.keys()
    return {
        tag: setting
        for tag, setting in overlay.items()
        if tag not in kept or is_stricter(tag, setting.value, settings[tag].value)
    }


def is_stricter(tag: str, asked: TagValue, kept: TagValue) -> bool:
    """Tell whether `asked` demands more than `kept`; False where that has no meaning."""
    new, old = _number(asked), _number(kept)
    if new is None or old is None:
        return False
    if tag in TIGHTER_WHEN_SMALLER:
        return new * old > 0 and abs(new) < abs(old)
    return tag in TIGHTER_WHEN_LARGER and new > old


def _number(value: TagValue) -> float | None:
    if isinstance(value, bool | list):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def mark_kept(settings: dict[str, Setting], skipped: Mapping[str, Setting]) -> None:
    """Note in the origin of each tag that another value was asked for, where it differs."""
    for tag, asked in skipped.items():
        used = settings[tag]
        if used.value != asked.value:
            settings[tag] = replace(used, origin=f"{used.origin}{KEPT}{tag} = {asked.value}")


def check_protected(tree: JobTree) -> Iterator[PreflightFinding]:
    """Say once for each kind of job which of the study's tags do not reach it."""
    said = set()
    for job in tree.jobs:
        for tag, entry in job.settings.items():
            _, mark, asked = str(entry["from"]).partition(KEPT)
            if not mark or (job.kind, tag) in said:
                continue
            said.add((job.kind, tag))
            yield warning(
                job,
                f"{asked} of your study does not reach jobs of the kind {job.kind}, which keep "
                f"{tag} = {entry['value']}: {entry['reason']}",
                f"to set it there all the same, use a preset of your own with {tag} in its "
                f"section {job.kind}",
            )
