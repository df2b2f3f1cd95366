"""Exit waves by abTEM, an optional extra (``pip install 'qdstruct[abtem]'``)."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from qdstruct.errors import InputError
from qdstruct.geometry import reduce_miller
from qdstruct.simulation.beam_cell import beam_cell
from qdstruct.simulation.multislice import ExitWave

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["abtem_wave"]


def abtem_wave(
    atoms: Atoms,
    *,
    name: str,
    zone: tuple[int, int, int],
    thickness: float,
    voltage: float = 200e3,
    slice_thickness: float = 1.0,
    sampling: float = 0.04,
) -> ExitWave:
    """Return the exit wave that abTEM computes: parameters as `multislice_wave`.

    Raises
    ------
    InputError
        abTEM is not installed, or no rectangle of lattice vectors lies across the beam.

    Notes
    -----
    J. Madsen and T. Susi, Open Research Europe 1, 24 (2021). Independent atoms of Lobato and Van
    Dyck, Acta Cryst. A 70, 636 (2014), infinite projections, no displacements.
    """
    if find_spec("abtem") is None:
        raise InputError(
            "abTEM is not installed",
            hint="pip install 'qdstruct[abtem]', or use --method multislice",
        )
    import abtem
    from ase import Atoms

    cell = beam_cell(atoms, zone, name=name, rectangular=True)
    lengths = np.linalg.norm(cell.vectors, axis=1)
    places = np.column_stack([cell.across * lengths, cell.depth])
    per_period = max(1, int(np.ceil(cell.period / slice_thickness - 1e-9)))
    periods = max(1, round(thickness / cell.period))
    crystal = Atoms(cell.symbols, positions=places, cell=[*lengths, cell.period], pbc=True)
    shape = [max(8, int(np.ceil(length / sampling))) for length in lengths]
    potential = abtem.Potential(
        crystal, gpts=tuple(shape), slice_thickness=cell.period / per_period,
        parametrization="lobato", projection="infinite",
    )  # fmt: skip
    repeated = abtem.CrystalPotential(potential, repetitions=(1, 1, periods))
    wave = abtem.PlaneWave(energy=voltage).multislice(repeated).compute(progress_bar=False)
    return ExitWave(
        wave=np.asarray(wave.array, dtype=complex), vectors=cell.vectors, zone=reduce_miller(zone),
        thickness=periods * cell.period, slices=periods * per_period, voltage=voltage,
    )  # fmt: skip
