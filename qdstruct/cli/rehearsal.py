"""What ``qdstruct prepare --dry-run`` prints: every kind of job with its number, size and cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from qdstruct.cli.output import core_hours, print_json, print_table

if TYPE_CHECKING:
    from qdstruct.jobs import JobEstimate
    from qdstruct.model import JobTree

__all__ = ["show_rehearsal"]


def show_rehearsal(
    study: str, preset: str | None, tags: dict[str, str | int | float | bool], as_json: bool
) -> None:
    """Prepare a study nowhere and print what it would be."""
    from qdstruct.pipeline.prepare import rehearse

    plan, tree, findings, sizes = rehearse(study, preset=preset, tags=tags)
    for finding in findings:
        typer.echo(f"{finding.severity}: {finding.job}: {finding.message}", err=True)
    total = sum(size.core_hours for size in sizes)
    if as_json:
        jobs = [
            {"name": job.name, "kind": job.kind, **size.to_dict()}
            for job, size in zip(tree.jobs, sizes, strict=True)
        ]
        warnings = [finding.message for finding in findings]
        print_json({"study": tree.study, "jobs": jobs, "core_hours": total, "warnings": warnings})
        return
    atoms = plan.interface.atoms
    print_table(
        f"{tree.study}: {atoms.get_chemical_formula(mode='metal')}, {len(atoms)} atoms, "
        f"{len(tree.jobs)} jobs; nothing was written",
        ["Jobs", "Kind", "Number", "Largest memory (GB)", "Core-hours"],
        _rows(tree, sizes),
        note=f"About {total:,.0f} core-hours together, on {sizes[0].model}." if sizes else None,
    )


def _rows(tree: JobTree, sizes: tuple[JobEstimate, ...]) -> list[tuple[str, ...]]:
    """Sum jobs of one kind in one folder."""
    groups: dict[tuple[str, str], list[JobEstimate]] = {}
    for job, size in zip(tree.jobs, sizes, strict=True):
        folder, _, _ = job.name.rpartition("/")
        groups.setdefault((folder, job.kind), []).append(size)
    return [
        (
            folder,
            kind,
            str(len(members)),
            f"{max(member.memory for member in members):.2g}",
            core_hours(sum(member.core_hours for member in members)),
        )
        for (folder, kind), members in groups.items()
    ]
