"""INCAR of one job: preset, the user's overlay and what is computed from the cell."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from qdstruct.errors import StudyError
from qdstruct.jobs.cells import dipole_centre, fft_grid, has_dipole, irreducible_points
from qdstruct.jobs.kind_tags import fine_grid, kind_settings
from qdstruct.jobs.physics import chosen_settings
from qdstruct.jobs.potentials import potential
from qdstruct.jobs.presets import Preset, Setting, TagValue
from qdstruct.jobs.protected import mark_kept, without_protected
from qdstruct.model import CalculationSettings

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["CellFacts", "format_value", "incar_settings", "incar_text", "overlay_settings"]

RELAXATION_TAGS = frozenset({"NSW", "IBRION", "ISIF", "EDIFFG", "POTIM"})
"""An overlay of these reaches relaxations only; elsewhere atoms must stay."""
DOS_TAGS = frozenset({"NEDOS", "EMIN", "EMAX"})
"""An overlay of these reaches densities of states only."""
DOS_KINDS = frozenset({"dos", "hybrid", "optics"})
"""Kinds of jobs that make a density of states on a mesh for its own sake."""
RESERVED_TAGS = {
    "ICHARG": "it follows from which job a density is read from",
    "ISTART": "jobs start from scratch or from their parents' files",
    "LVTOT": "alignment needs LVHAR, the electrostatic potential alone",
}
"""Tags that the job tree sets itself, with why."""
TETRAHEDRON_MINIMUM = 4
"""Irreducible k-points that the tetrahedron method needs."""


@dataclass(frozen=True, kw_only=True)
class CellFacts:
    """What the INCAR of a job needs to know about the cell it belongs to."""

    reference: Atoms
    """Structure that fixes FFT grid and dipole centre: the whole interface for its parts."""
    vacuum: tuple[int, ...]
    """Axes with vacuum."""
    mesh: tuple[int, int, int] | None
    """k-points; None where there is a path."""
    atoms: Atoms
    """The job's own atoms, grouped by species."""
    choices: CalculationSettings
    """What the user chose."""
    floor: float
    """Largest ENMAX of any element in the study, eV."""
    pin_grid: bool
    """Whether NGXF, NGYF and NGZF are written."""
    keep_orbitals: bool = False
    """Whether a later job reads this one's WAVECAR."""
    own: tuple[Setting, ...] = ()
    """Tags of this job alone, which nothing overlays."""


def incar_settings(
    preset: Preset, cell: str, kind: str, overlay: Mapping[str, Setting], facts: CellFacts
) -> dict[str, Setting]:
    """Collect every tag of one job with its reason and origin.

    Parameters
    ----------
    preset : Preset
        Where the tags start from.
    cell : {"bulk", "slab", "interface", "molecule"}
        Kind of cell.
    kind : str
        Kind of job (`qdstruct.jobs.kinds.KINDS`).
    overlay : mapping
        The user's tags (`overlay_settings`); those that the kind protects stay as they are.
    facts : CellFacts
        The cell.
    """
    settings = preset.settings(cell, kind)
    points = irreducible_points(facts.atoms, facts.mesh or (1, 1, 1)) if facts.choices.cores else 1
    settings.update({s.tag: s for s in chosen_settings(facts.choices, facts.atoms, kind, points)})
    everywhere, overlay = overlay, without_protected(kind, overlay, settings)
    for tag, setting in overlay.items():
        if tag in RELAXATION_TAGS and kind != "relax":
            continue
        if tag in DOS_TAGS and kind not in DOS_KINDS:
            continue
        settings[tag] = setting
    computed = [
        *kind_settings(kind, facts.atoms, facts.choices),
        *_bulk_cell(cell, kind, facts),
        *_cutoff(settings, facts),
        *_smearing(settings, kind, facts),
        *_dipole(cell, facts),
    ]
    settings.update({s.tag: s for s in computed if s.tag not in overlay})
    if facts.pin_grid:
        settings.update({s.tag: s for s in _grid(settings, facts) if s.tag not in overlay})
    if kind == "bader":
        settings.update({s.tag: s for s in fine_grid(facts.reference) if s.tag not in overlay})
    if facts.keep_orbitals:
        reason = "A later job reads these orbitals."
        settings["LWAVE"] = _computed("LWAVE", True, reason)
    settings.update({s.tag: s for s in facts.own})
    mark_kept(settings, {tag: s for tag, s in everywhere.items() if tag not in overlay})
    if settings["ISMEAR"].value == -5:
        settings.pop("SIGMA", None)
    return settings


def _computed(tag: str, value: TagValue, reason: str) -> Setting:
    return Setting(tag=tag, value=value, reason=reason, origin="computed")


def _bulk_cell(cell: str, kind: str, facts: CellFacts) -> list[Setting]:
    if cell != "bulk" or kind != "relax" or facts.choices.bulk_cell == "relaxed":
        return []
    reason = "The crystal keeps its measured cell, as the substrate of the interface does."
    return [Setting(tag="ISIF", value=2, reason=reason, origin="your study, bulk_cell")]


def _cutoff(settings: Mapping[str, Setting], facts: CellFacts) -> list[Setting]:
    cutoff = settings["ENCUT"]
    if float(cutoff.value) >= facts.floor or not cutoff.origin.startswith("preset"):  # type: ignore[arg-type]
        return []
    reason = f"Raised from the preset's {cutoff.value} eV to the largest ENMAX of the elements."
    return [_computed("ENCUT", float(np.ceil(facts.floor)), reason)]


def _smearing(settings: Mapping[str, Setting], kind: str, facts: CellFacts) -> list[Setting]:
    if kind not in DOS_KINDS or facts.vacuum or facts.mesh is None or min(facts.mesh) < 2:
        return []
    if settings["ISMEAR"].value != 0:
        return []
    points = irreducible_points(facts.reference, facts.mesh)
    if points < TETRAHEDRON_MINIMUM:
        return []
    reason = f"Tetrahedron method: sharp band edges, possible with {points} irreducible k-points."
    return [_computed("ISMEAR", -5, reason)]


def _dipole(cell: str, facts: CellFacts) -> list[Setting]:
    if len(facts.vacuum) == 3:
        return _molecular_dipole(facts)
    if cell == "bulk" or len(facts.vacuum) != 1:
        return []
    axis = facts.vacuum[0]
    if not has_dipole(facts.reference, axis):
        return []
    centre = dipole_centre(facts.reference, axis)
    return [
        _computed("IDIPOL", axis + 1, "The two faces differ, so the slab may carry a dipole."),
        _computed("LDIPOL", True, "Corrects potential and forces for the periodic images' dipole."),
        _computed("DIPOL", list(centre), "Circular mean of the atoms, weighted by mass."),
    ]


def _molecular_dipole(facts: CellFacts) -> list[Setting]:
    """All three directions at once, which VASP supports in cubic cells only (wiki, IDIPOL)."""
    atoms = facts.reference
    lengths, angles = atoms.cell.lengths(), atoms.cell.angles()
    cubic = np.ptp(lengths) < 1e-3 and np.abs(angles - 90).max() < 1e-3
    if not cubic or not any(has_dipole(atoms, axis) for axis in range(3)):
        return []
    centre = [dipole_centre(atoms, axis)[axis] for axis in range(3)]
    return [
        _computed("IDIPOL", 4, "An isolated object in a cubic box that may carry a dipole."),
        _computed("LDIPOL", True, "Corrects potential and forces for the periodic images' dipole."),
        _computed("DIPOL", centre, "Circular mean of the atoms, weighted by mass."),
    ]


def _grid(settings: Mapping[str, Setting], facts: CellFacts) -> list[Setting]:
    cutoff, precision = settings["ENCUT"].value, str(settings["PREC"].value)
    cell = np.asarray(facts.reference.cell)
    grid = fft_grid(cell, float(cutoff), precision)  # type: ignore[arg-type]
    reason = "The same density grid in interface and parts, as VASP would choose it."
    return [
        _computed(tag, n, reason) for tag, n in zip(("NGXF", "NGYF", "NGZF"), grid, strict=True)
    ]


def overlay_settings(tags: Mapping[str, TagValue]) -> dict[str, Setting]:
    """Check the tags that a user lays over a preset.

    Raises
    ------
    StudyError
        For a tag that VASP does not know (the nearest names are suggested) or that the job tree
        sets itself.
    """
    checked = {}
    for name, value in tags.items():
        tag = name.upper()
        if tag in RESERVED_TAGS:
            raise StudyError(f"the INCAR tag {tag} cannot be overlaid: {RESERVED_TAGS[tag]}")
        if tag not in known_tags():
            near = difflib.get_close_matches(tag, sorted(known_tags()), 3, cutoff=0.6)
            raise StudyError(
                f"VASP has no INCAR tag {tag}",
                hint=f"did you mean {' or '.join(near)}?" if near else "see the VASP wiki",
            )
        checked[tag] = Setting(
            tag=tag, value=value, reason="Asked for in the study file.", origin="your study"
        )
    return checked


@cache
def known_tags() -> frozenset[str]:
    """INCAR tags that VASP knows, as listed by pymatgen."""
    from importlib.resources import files

    listed = files("pymatgen.io.vasp") / "incar_parameters.json"
    return frozenset(json.loads(listed.read_text(encoding="utf-8")))


def largest_enmax(elements: frozenset[str]) -> float:
    """Largest default cutoff of the elements' potentials, eV."""
    return max(potential(element).enmax for element in elements)


def format_value(value: TagValue) -> str:
    """Write a value as VASP reads it."""
    if isinstance(value, bool):
        return ".TRUE." if value else ".FALSE."
    if isinstance(value, list):
        return " ".join(format_value(item) for item in value)
    if isinstance(value, float):
        return repr(value).upper()
    return str(value)


def incar_text(settings: Mapping[str, Setting], system: str) -> str:
    """Write INCAR, one tag per line, preset tags in the preset's order and computed ones last."""
    lines = [f"SYSTEM = {' '.join(system.split())}"]
    lines += [f"{tag} = {format_value(setting.value)}" for tag, setting in settings.items()]
    return "\n".join(lines) + "\n"
