"""vaspout.h5, which VASP 6 writes when it was built with HDF5 (optional: needs h5py).

The groups and data sets are those of py4vasp's schema (https://vasp.at/py4vasp).
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError, OutputError
from qdstruct.model import ProjectedDos
from qdstruct.model.bands import BandEnergies, BandProjections
from qdstruct.outputs.band_arrays import (
    Channel,
    band_energies,
    count_both_spins,
    labelled_projections,
)
from qdstruct.outputs.calculation import require_output, set_regions
from qdstruct.outputs.dos_arrays import labelled_dos
from qdstruct.outputs.streams import open_output
from qdstruct.outputs.surroundings import directory_is_mock, directory_smearing

if TYPE_CHECKING:
    from ase import Atoms

__all__ = [
    "VaspoutFacts",
    "read_vaspout",
    "read_vaspout_bands",
    "read_vaspout_dos",
    "read_vaspout_projections",
]

_HDF5 = b"\x89HDF\r\n\x1a\n"
_DOS, _BANDS, _STEPS = (
    "results/electron_dos",
    "results/electron_eigenvalues",
    ("intermediate/ion_dynamics"),
)
_ENERGY = "energy(sigma->0)"


@dataclass(frozen=True, kw_only=True, eq=False)
class VaspoutFacts:
    """What one vaspout.h5 says about the last ionic step."""

    atoms: Atoms
    """Final structure."""
    n_ionic_steps: int
    """Ionic steps in the file."""
    energy: float | None
    """Total energy extrapolated to zero smearing, eV."""
    forces: NDArray[np.float64] | None
    """(N, 3) eV/Å."""
    fermi_level: float | None
    """eV."""
    version: str
    """Of VASP."""


def read_vaspout(path: Path) -> VaspoutFacts:
    """Read structure, energy, forces and Fermi level of the last ionic step.

    Parameters
    ----------
    path : Path
        The file or the directory it lies in; a compressed one is unpacked in memory.

    Raises
    ------
    OutputError
        If the file is missing, cut off, lacks the structure or holds what is no number.
    InputError
        If h5py is not installed.
    """
    with _open(path) as file:
        steps = file.array(f"{_STEPS}/position_ions", 3)
        energies = file.optional(f"{_STEPS}/energies", 2)
        forces = file.optional(f"{_STEPS}/forces", 3)
        if forces is not None:
            file.check(forces.shape, steps.shape, "forces")
        fermi = file.optional(f"{_DOS}/efermi", 0)
        parts = [file.optional(f"version/{name}", 0) for name in ("major", "minor", "patch")]
        return VaspoutFacts(
            atoms=_atoms(file),
            n_ionic_steps=len(steps),
            energy=None if energies is None else _energy(file, energies),
            forces=None if forces is None else forces[-1],
            fermi_level=None if fermi is None else float(fermi),
            version=".".join(str(int(part)) for part in parts if part is not None),
        )


def read_vaspout_dos(path: Path, regions: Sequence[str] = ()) -> ProjectedDos:
    """Read total and projected densities of states.

    Parameters
    ----------
    path : Path
        As `read_vaspout`.
    regions : sequence of str
        Region of each atom; empty takes them from ``job.json`` where there is one.

    Raises
    ------
    OutputError
        As `read_vaspout`, or if nothing was projected (LORBIT < 10).
    InputError
        As `read_vaspout`, or if `regions` does not have one entry per atom.
    """
    with _open(path) as file:
        atoms = _atoms(file)
        if regions and len(regions) != len(atoms):
            raise InputError(
                f"{len(regions)} regions given for the {len(atoms)} atoms of {file.path}"
            )
        if regions:
            atoms.set_array("region", np.array(list(regions)))
        energies = file.array(f"{_DOS}/energies", 1)
        total = file.array(f"{_DOS}/dos", 2)
        if f"{_DOS}/dospar" not in file.data:
            raise OutputError(
                f"{file.path}: this calculation has no projected DOS",
                hint="set LORBIT = 11 and run it again",
            )
        projected = file.array(f"{_DOS}/dospar", 4)
        orbitals = file.words("results/projectors/lchar")
        file.check(projected.shape[1:], (len(atoms), len(orbitals), len(energies)), "dospar")
        file.check(total.shape[1:], (len(energies),), "dos")
        return labelled_dos(
            energies=energies,
            total=total[:1] if len(projected) == 4 else total,
            projected=projected.transpose(1, 0, 3, 2).astype(np.float32),
            orbitals=orbitals,
            fermi_level=float(file.array(f"{_DOS}/efermi", 0)),
            atoms=atoms,
            source=str(file.path),
            smearing=directory_smearing(file.path.parent),
            is_mock=directory_is_mock(file.path.parent),
        )


def read_vaspout_bands(path: Path) -> BandEnergies:
    """Read eigenvalues, occupations and k-points.

    Raises
    ------
    OutputError, InputError
        As `read_vaspout`.
    """
    with _open(path) as file:
        return band_energies(_channels(file), str(file.path))


def read_vaspout_projections(path: Path) -> BandProjections:
    """Read the projection of every band on atoms and orbitals.

    Raises
    ------
    OutputError
        As `read_vaspout`, or if nothing was projected (LORBIT < 10).
    InputError
        As `read_vaspout`.
    """
    with _open(path) as file:
        channels = _channels(file)
        values = file.array("results/projectors/par", 5)
        orbitals = file.words("results/projectors/lchar")
        file.check(values.shape[2:], (len(orbitals), *channels[0].energies.shape), "par")
        tables = values.transpose(0, 3, 4, 1, 2).astype(np.float32)
        parts = [tables] if len(channels) == 1 else [tables[:1], tables[1:]]
        for channel, part in zip(channels, parts, strict=True):
            channel.projections, channel.orbitals = part, orbitals
        return BandProjections(
            projections=labelled_projections(channels, None),
            phases=None,
            bands=band_energies(channels, str(file.path)),
            source=str(file.path),
        )


@dataclass
class _File:
    """An open file whose every array is looked up, shaped and checked in one way."""

    path: Path
    data: Any

    def array(self, name: str, dimensions: int) -> NDArray[np.float64]:
        """Return a data set of finite numbers with so many dimensions."""
        if name not in self.data:
            raise OutputError(
                f"{self.path}: there is no {name} in this file",
                hint="did the calculation finish, and is it a vaspout.h5?",
            )
        try:
            values = np.asarray(self.data[name][()], dtype=np.float64)
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise OutputError(f"{self.path}: {name} cannot be read: {error}") from error
        if values.ndim != dimensions or values.size == 0:
            raise OutputError(
                f"{self.path}: {name} has the shape {values.shape}, expected {dimensions} axes"
            )
        if not np.isfinite(values).all():
            place = np.argwhere(~np.isfinite(values))[0].tolist()
            raise OutputError(f"{self.path}: {name} holds no finite number at {place}")
        return values

    def optional(self, name: str, dimensions: int) -> NDArray[np.float64] | None:
        """Return a data set, or None where the file has none."""
        return self.array(name, dimensions) if name in self.data else None

    def words(self, name: str) -> tuple[str, ...]:
        """Return a list of names."""
        if name not in self.data:
            raise OutputError(f"{self.path}: there is no {name} in this file")
        try:
            return tuple(bytes(word).decode("utf-8").strip() for word in self.data[name][()])
        except (OSError, TypeError, UnicodeDecodeError) as error:
            raise OutputError(f"{self.path}: {name} cannot be read: {error}") from error

    def check(self, found: tuple[int, ...], expected: tuple[int, ...], name: str) -> None:
        """Refuse a data set that does not go with the others."""
        if found != expected:
            raise OutputError(
                f"{self.path}: {name} is for {' × '.join(map(str, found))}, the rest of the file "
                f"for {' × '.join(map(str, expected))}"
            )


@contextmanager
def _open(path: Path) -> Iterator[_File]:
    try:
        import h5py
    except ImportError as error:
        raise InputError(
            "vaspout.h5 is read with h5py, which is not installed",
            hint="pip install 'qdstruct[hdf5]'",
        ) from error
    path = require_output(Path(path), "vaspout.h5")
    with open_output(path) as stream:
        head = stream.read(len(_HDF5))
        if head != _HDF5:
            raise OutputError(f"{path}: this is no HDF5 file", hint="is it a vaspout.h5?")
        packed = path.suffix.lower() in (".gz", ".xz", ".bz2")
        source: Any = path
        if packed:
            pieces = [head]
            while piece := stream.read(1 << 20):
                pieces.append(piece)
            source = io.BytesIO(b"".join(pieces))
    try:
        data = h5py.File(source, "r")
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be opened: {error}",
            hint="the file was cut off or is still being written: rerun the job",
        ) from error
    with data:
        yield _File(path, data)


def _atoms(file: _File) -> Atoms:
    from ase import Atoms
    from ase.data import atomic_numbers

    names = [name.split("_")[0] for name in file.words("results/positions/ion_types")]
    counts = file.array("results/positions/number_ion_types", 1).astype(int)
    symbols = [name for name, n in zip(names, counts, strict=False) for _ in range(n)]
    unknown = [name for name in names if atomic_numbers.get(name, 0) == 0]
    if unknown or len(names) != len(counts):
        raise OutputError(f"{file.path}: the elements {' '.join(names)} are not usable")
    places = file.array(f"{_STEPS}/position_ions", 3)[-1]
    file.check(places.shape, (len(symbols), 3), "position_ions")
    scale = file.optional(f"{_STEPS}/scale", 0)
    cell = file.array(f"{_STEPS}/lattice_vectors", 3)[-1] * (1.0 if scale is None else float(scale))
    file.check(cell.shape, (3, 3), "lattice_vectors")
    atoms = Atoms(symbols, scaled_positions=places, cell=cell, pbc=True)
    return set_regions(atoms, file.path.parent)


def _energy(file: _File, energies: NDArray[np.float64]) -> float:
    names = [name.replace(" ", "") for name in file.words(f"{_STEPS}/energies_tags")]
    if _ENERGY not in names:
        raise OutputError(f"{file.path}: none of the energies ({', '.join(names)}) is {_ENERGY}")
    file.check(energies.shape[1:], (len(names),), "energies")
    return float(energies[-1, names.index(_ENERGY)])


def _channels(file: _File) -> list[Channel]:
    energies = file.array(f"{_BANDS}/eigenvalues", 3)
    occupations = file.array(f"{_BANDS}/fermiweights", 3)
    kpoints = file.array(f"{_BANDS}/kpoint_coords", 2)
    weights = file.array(f"{_BANDS}/kpoints_symmetry_weight", 1)
    file.check(occupations.shape, energies.shape, "fermiweights")
    file.check((*kpoints.shape, len(weights)), (energies.shape[1], 3, energies.shape[1]), "kpoints")
    electrons = file.optional(f"{_BANDS}/nelectrons", 0)
    if len(energies) > 2:
        raise OutputError(f"{file.path}: {len(energies)} spins in the eigenvalues")
    channels = [
        Channel(kpoints=kpoints, weights=weights, energies=one, occupations=other)
        for one, other in zip(energies, occupations, strict=True)
    ]
    if electrons is not None:
        count_both_spins(channels, float(electrons))
    return channels
