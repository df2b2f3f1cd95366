"""From names typed by a user to a registry map: phases → matching → building."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from qdstruct import building, phases
from qdstruct.errors import StudyError
from qdstruct.model import Miller, Phase, RegistryScan
from qdstruct.pipeline.build import MatchedPair, build_matched_interface
from qdstruct.study import Study, find_study, load_study

__all__ = [
    "registry_csv",
    "registry_lines",
    "scan_matched_registry",
    "study_options",
    "study_with_registry",
]


def scan_matched_registry(
    pair: MatchedPair,
    *,
    calculator: str = "ionic",
    grid: tuple[int, int] = (6, 6),
    gaps: Sequence[float],
    use_symmetry: bool = True,
    on_progress: Callable[[int, int, float], None] | None = None,
    resume_file: Path | None = None,
    **options: Any,
) -> RegistryScan:
    """Scan the registry of the interface of a matched pair.

    Parameters
    ----------
    pair : MatchedPair
        From `load_matched_pair`.
    calculator : str
        ``ionic`` or ``chgnet``.
    grid, gaps, use_symmetry, on_progress, resume_file
        As for `building.scan_registry`.
    **options
        Passed on to `build_matched_interface`.

    Raises
    ------
    MatchError, BuildError
        When the request asks for something that does not exist.
    """
    engine = building.interface_calculator(calculator, pair.film, pair.substrate)
    return building.scan_registry(
        build_matched_interface(pair, **options),
        engine,
        registry_cell=building.registry_cell(pair.film, pair.substrate, pair.match),
        grid=grid,
        gaps=gaps,
        use_symmetry=use_symmetry,
        warnings=[
            *_polar(pair.film, pair.match.film_hkl),
            *_polar(pair.substrate, pair.match.substrate_hkl),
        ],
        on_progress=on_progress,
        resume_file=resume_file,
    )


def _polar(phase: Phase, hkl: Miller) -> list[str]:
    if all(one.tasker_type < 3 for one in building.terminations(phase, hkl)):
        return []
    return [
        f"{phase.name} {hkl} is polar (Tasker type III): an unreconstructed slab of it carries a "
        "dipole, and rigid-ion energies of it mean little"
    ]


def registry_lines(scan: RegistryScan) -> str:
    """Return the lines that put the best registry into a study file."""
    lines = [f"  {key}: {value}" for key, value in _build_section(scan).items()]
    return "\n".join(["build:", *lines]) + "\n"


def _build_section(scan: RegistryScan) -> dict[str, Any]:
    return {
        "film_layers": scan.layers[0],
        "substrate_layers": scan.layers[1],
        "film_termination": scan.film_termination,
        "substrate_termination": scan.substrate_termination,
        "shift": list(scan.best_shift),
        "gap": round(scan.best_gap if scan.relaxed_gap is None else scan.relaxed_gap, 3),
    }


def registry_csv(scan: RegistryScan) -> str:
    """Return every point as CSV: shift in fractions of the cell and in Å, gap, energy."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    buffer.write(f"# {scan.method}; energies relative to separated slabs\n")
    writer.writerow(["shift_a", "shift_b", "x_A", "y_A", "gap_A", "energy_J_per_m2"])
    for i, j, k in ((i, j, k) for i in range(scan.energies.sizes["i"])
                    for j in range(scan.energies.sizes["j"])
                    for k in range(scan.energies.sizes["gap"])):  # fmt: skip
        point = scan.energies[i, j, k]
        shift = float(point.i) * scan.registry_cell[0] + float(point.j) * scan.registry_cell[1]
        numbers = [*shift, float(point.x), float(point.y), float(point.gap), float(point)]
        writer.writerow([f"{number:.6g}" for number in numbers])
    return buffer.getvalue()


def study_options(name_or_path: str | Path) -> dict[str, Any]:
    """Return the options of `building.build_interface` that a study sets and a scan needs."""
    build = load_study(name_or_path).build
    return build.model_dump(exclude={"gap", "shift", "vacuum"})


def study_with_registry(name_or_path: str | Path, scan: RegistryScan) -> str:
    """Return the text of a study with shift and gap of the best registry, comments kept.

    Layers and terminations are written too, because a shift means nothing without them.

    Raises
    ------
    StudyError
        If the study is not about the interface that was scanned, or the scan found no bound
        registry.
    """
    from ruamel.yaml import YAML

    path = find_study(name_or_path)
    if not scan.bound:
        raise StudyError(f"{path}: not changed, for the scan found no bound registry")
    _compare(path, load_study(path), scan)
    yaml = YAML(typ="rt")
    yaml.width = 100
    document = yaml.load(path.read_text(encoding="utf-8"))
    section = document.setdefault("build", {})
    for place, (key, value) in enumerate(_build_section(scan).items()):
        if key in section:
            section[key] = value
        else:
            section.insert(min(place, len(section)), key, value)
    section["shift"] = yaml.seq(list(scan.best_shift))
    section["shift"].fa.set_flow_style()
    buffer = io.StringIO()
    yaml.dump(document, buffer)
    return buffer.getvalue()


def _compare(path: Path, study: Study, scan: RegistryScan) -> None:
    """Refuse a scan of something else than the study's interface."""
    upper, lower = phases.load(study.film), phases.load(study.substrate)
    theirs = {
        "film": upper.name,
        "substrate": lower.name,
        "planes.film": study.planes.film,
        "planes.substrate": study.planes.substrate,
        "build.film_layers": study.build.film_layers,
        "build.substrate_layers": study.build.substrate_layers,
        "build.film_termination": study.build.film_termination or scan.film_termination,
        "build.substrate_termination": (
            study.build.substrate_termination or scan.substrate_termination
        ),
    }
    build = {f"build.{key}": value for key, value in _build_section(scan).items()}
    ours = {
        "film": scan.film,
        "substrate": scan.substrate,
        "planes.film": scan.film_hkl,
        "planes.substrate": scan.substrate_hkl,
        **build,
    }
    for key, value in theirs.items():
        if value != ours[key]:
            raise StudyError(
                f"{path}: {key} is {value}, but the scan was made with {ours[key]}",
                hint="scan the interface of the study: its crystals, planes, layers, terminations",
            )
