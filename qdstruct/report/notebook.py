"""Pictures of results in notebooks: IPython is told how to draw each type when it is shown.

``import qdstruct`` in a notebook registers them; ``%load_ext qdstruct`` does so by hand. Nothing of
matplotlib is loaded before the first picture is drawn.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from qdstruct import model

__all__ = ["DRAWINGS", "picture", "register"]

DOTS = 110
"""Dots per inch of a picture in a notebook."""
LARGEST = 50_000
"""Atoms of a structure that is drawn; of a larger one the table is shown alone."""


def _structure(record: Any) -> Figure | None:
    from qdstruct.report.structure_figure import structure_figure

    if len(record.atoms) > LARGEST:
        return None
    return structure_figure(record.atoms)


def _phase(phase: model.Phase) -> Figure | None:
    from qdstruct.report.structure_figure import structure_figure

    return structure_figure(phase.atoms, title=phase.name, caption=phase.space_group_symbol)


def _superlattice(superlattice: model.Superlattice) -> Figure | None:
    from qdstruct.report.structure_figure import structure_figure

    if len(superlattice.particle) > LARGEST:
        return None
    return structure_figure(superlattice.particle, title="one of the particles")


def _powder(pattern: model.PowderPattern) -> Figure | None:
    from qdstruct.report.figures import powder_figure

    return powder_figure([pattern])


def _spots(pattern: model.SpotPattern) -> Figure | None:
    from qdstruct.report.figures import spot_figure

    return spot_figure([pattern])


def _charge(difference: model.ChargeDifference) -> Figure | None:
    from qdstruct.report.figures import charge_difference_figure

    return charge_difference_figure(difference)


def _dos(dos: model.ProjectedDos) -> Figure | None:
    """Draw the total: what it is projected on is chosen with `qdstruct.analysis.dos_by`."""
    from qdstruct.report.figures import dos_figure

    total = dos.total.sum("spin") if "spin" in dos.total.dims else dos.total
    energy = np.asarray(total["energy"]) - dos.fermi_level
    return dos_figure(total.assign_coords(energy=energy).expand_dims(group=["total"]))


def _registry(scan: model.RegistryScan) -> Figure | None:
    from qdstruct.report.registry_figure import registry_figure

    return registry_figure(scan)


def _fit(fit: model.SpectrumFit) -> Figure | None:
    from qdstruct.report.fit_figures import fit_figure

    return fit_figure(fit)


def _bands(offsets: model.BandLevels) -> Figure | None:
    from qdstruct.report.fit_figures import band_diagram_figure

    return band_diagram_figure([offsets])


def _assembly(run: model.AssemblyRun) -> Figure | None:
    from qdstruct.report.assembly_figures import assembly_figure

    return assembly_figure([run])


def _saxs(curve: model.SmallAngleCurve) -> Figure | None:
    from qdstruct.report.plain_figures import small_angle_figure

    return small_angle_figure(curve)


def _micrograph(image: model.Micrograph) -> Figure | None:
    from qdstruct.report.plain_figures import micrograph_figure

    return micrograph_figure(image)


def _strain(strain: model.StrainMap) -> Figure | None:
    from qdstruct.report.plain_figures import strain_figure

    return strain_figure(strain)


def _potential(profile: model.PotentialProfile) -> Figure | None:
    from qdstruct.report.plain_figures import potential_figure

    return potential_figure(profile)


def _mixture(fit: model.MixtureFit) -> Figure | None:
    from qdstruct.report.plain_figures import mixture_figure

    return mixture_figure(fit)


def _levels(levels: model.LevelSet) -> Figure | None:
    from qdstruct.report.potential_figures import level_figure

    return level_figure([levels])


def _alignment(alignment: model.BandAlignment) -> Figure | None:
    from qdstruct.model import LevelSet

    return _levels(LevelSet.of(alignment))


def _potential_result(result: model.PotentialResult) -> Figure | None:
    from qdstruct.report.potential_figures import potential_figure

    return potential_figure([result])


def _charge_field(field: model.ChargeField) -> Figure | None:
    from qdstruct.report.charge_figures import sections_figure

    return sections_figure(field) if field.sections else None


DRAWINGS: dict[tuple[str, str], Callable[[Any], Figure | None]] = {
    ("qdstruct.model.phase", "Phase"): _phase,
    ("qdstruct.model.structures", "Slab"): _structure,
    ("qdstruct.model.structures", "Interface"): _structure,
    ("qdstruct.model.particles", "Nanocrystal"): _structure,
    ("qdstruct.model.particles", "Superlattice"): _superlattice,
    ("qdstruct.model.patterns", "PowderPattern"): _powder,
    ("qdstruct.model.patterns", "SpotPattern"): _spots,
    ("qdstruct.model.patterns", "SmallAngleCurve"): _saxs,
    ("qdstruct.model.patterns", "Micrograph"): _micrograph,
    ("qdstruct.model.patterns", "StrainMap"): _strain,
    ("qdstruct.model.patterns", "MixtureFit"): _mixture,
    ("qdstruct.model.electronic", "ProjectedDos"): _dos,
    ("qdstruct.model.electronic", "ChargeDifference"): _charge,
    ("qdstruct.model.electronic", "PotentialProfile"): _potential,
    ("qdstruct.model.electronic", "BandAlignment"): _alignment,
    ("qdstruct.model.levels", "LevelSet"): _levels,
    ("qdstruct.model.calculated", "PotentialResult"): _potential_result,
    ("qdstruct.model.calculated", "ChargeField"): _charge_field,
    ("qdstruct.model.ligands", "LigandCover"): _structure,
    ("qdstruct.model.registry", "RegistryScan"): _registry,
    ("qdstruct.model.fits", "SpectrumFit"): _fit,
    ("qdstruct.model.fits", "BandLevels"): _bands,
    ("qdstruct.model.assembly", "AssemblyRun"): _assembly,
}
"""Home and name of a type, so that neither is imported, and what draws it."""


def picture(record: Any) -> bytes | None:
    """Return the PNG picture of a result, None when its type has none or it is too large.

    Parameters
    ----------
    record : Record
        A result of one of the types of `DRAWINGS`.
    """
    from qdstruct.report.style import figure_style

    draw = DRAWINGS.get((type(record).__module__, type(record).__name__))
    if draw is None:
        return None
    with figure_style():
        figure = draw(record)
        if figure is None:
            return None
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=DOTS)
    return buffer.getvalue()


def register(shell: Any) -> None:
    """Tell an IPython shell how the results are drawn.

    Parameters
    ----------
    shell : IPython.core.interactiveshell.InteractiveShell
        The running shell; every kind of notebook has one.
    """
    formatter = shell.display_formatter.formatters["image/png"]
    for module, name in DRAWINGS:
        formatter.for_type_by_name(module, name, picture)
