"""The jobs that stand on the relaxed structure and its static run."""

from __future__ import annotations

from qdstruct.jobs.draft import Draft, Frame, choose_mesh
from qdstruct.jobs.paths import band_path
from qdstruct.jobs.presets import Preset
from qdstruct.model import CalculationSettings

__all__ = ["OF_INTERFACES", "further_drafts", "relax_static_dos"]

OF_INTERFACES = frozenset({"bader", "states"})
"""Parts that are made for the interface and not for the crystals."""

BY_MESH = {"bader": "static", "core-levels": "static", "optics": "dos", "hybrid": "static"}
"""Part → whose k-mesh its job takes."""
AT_FIXED_DENSITY = frozenset({"optics", "bands"})
FROM_ORBITALS = frozenset({"states", "hybrid"})


def relax_static_dos(frame: Frame, settings: CalculationSettings, preset: Preset) -> list[Draft]:
    """Return the three jobs that every structure gets."""
    relax, static = f"{frame.folder}/relax", f"{frame.folder}/static"
    atoms = frame.atoms
    mesh, reason = choose_mesh(atoms, frame.vacuum, frame.cell, settings, preset)
    finer, why = choose_mesh(atoms, frame.vacuum, frame.cell, settings, preset, dos=True)
    common = {"cell": frame.cell, "subject": frame.subject, "atoms": atoms, "reference": atoms,
              "vacuum": frame.vacuum}  # fmt: skip
    return [
        Draft(name=relax, kind="relax", mesh=mesh, mesh_reason=reason, **common),
        Draft(
            name=static, kind="static", mesh=mesh, mesh_reason=reason, parents=(relax,),
            structure_from=relax, **common,
        ),
        Draft(
            name=f"{frame.folder}/dos", kind="dos", mesh=finer, mesh_reason=why, parents=(static,),
            structure_from=static, charge_from=static, **common,
        ),
    ]  # fmt: skip


def further_drafts(
    frame: Frame, settings: CalculationSettings, preset: Preset, wanted: frozenset[str]
) -> list[Draft]:
    """Return the jobs of the wanted parts that start from the static run."""
    static = f"{frame.folder}/static"
    drafts = []
    for part in ("bands", "bader", "core-levels", "states", "optics", "hybrid"):
        if part not in wanted:
            continue
        path = band_path(frame.atoms, frame.vacuum) if part == "bands" else None
        mesh, reason = choose_mesh(
            frame.atoms, frame.vacuum, frame.cell, settings, preset,
            dos=BY_MESH.get(part) == "dos",
        )  # fmt: skip
        if part in FROM_ORBITALS:
            reason = f"as in {static}, whose orbitals are read: {reason}"
        drafts.append(
            Draft(
                name=f"{frame.folder}/{part}",
                kind=part,
                cell=frame.cell,
                subject=frame.subject,
                atoms=frame.atoms,
                reference=frame.atoms,
                vacuum=frame.vacuum,
                mesh=None if path else mesh,
                kpath=path,
                mesh_reason=_path_reason(frame) if path else reason,
                parents=(static,),
                structure_from=static,
                charge_from=static if part in AT_FIXED_DENSITY else None,
                orbitals_from=static if part in FROM_ORBITALS else None,
            )
        )
    return drafts


def _path_reason(frame: Frame) -> str:
    if frame.vacuum:
        return "path: lines between the special points of the plane's Bravais lattice"
    return (
        "path: seekpath's lines between special points (Hinuma et al., Comput. Mater. Sci. 128, "
        "140 (2017)), in the axes of this cell; made again from the relaxed structure"
    )
