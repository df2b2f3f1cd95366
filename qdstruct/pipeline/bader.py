"""Bader charges of a finished calculation: inputs written, program run, result checked."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from qdstruct import outputs
from qdstruct.analysis import bader_partition, has_pybader
from qdstruct.errors import InputError, OutputError, RunError
from qdstruct.model import BaderCharges, Grid
from qdstruct.pipeline.places import one_calculation

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["METHODS", "bader_charges", "has_bader_files", "write_bader_inputs"]

METHODS: Final = ("auto", "existing", "program", "pybader")
"""Where the partition comes from: the best there is; an ACF.dat in place; Henkelman's program;
pybader."""

_PLACE_TOLERANCE = 0.02
"""Å by which ACF.dat may print an atom elsewhere (it keeps four to six decimals)."""
_ELECTRON_TOLERANCE = 0.02
"""Electrons per atom by which the atoms may miss the integral of the density."""


def bader_charges(
    directory: Path,
    *,
    method: str = "auto",
    program: str = "bader",
    regions: Sequence[str] = (),
    valence_only: bool = False,
) -> BaderCharges:
    """Give each atom the electrons within its zero-flux surface (Bader's atoms in molecules).

    The surfaces are those of AECCAR0 + AECCAR2 (LAECHG = .TRUE.), the electrons those of CHGCAR: a
    pseudo-valence density alone has no maximum at many nuclei.

    Parameters
    ----------
    directory : Path
        With CHGCAR, AECCAR0 and AECCAR2, plain or compressed.
    method : {"auto", "existing", "program", "pybader"}
        An ACF.dat that lies there, the Henkelman group's ``bader``, or the Python package; auto
        takes the first of these there is.
    program : str
        Name or path of Henkelman's program.
    regions : sequence of str
        Region of each atom; empty takes them from ``job.json`` where there is one.
    valence_only : bool
        Accept CHGCAR as its own reference where there is no AECCAR.

    Raises
    ------
    InputError
        If the method is unknown, no program is there, or the regions do not fit.
    OutputError
        If a file is missing or damaged, the grids differ, or the charges do not add up.
    RunError
        If the program fails.
    """
    directory = _place(directory, method)
    chosen = _choose(directory, method, program)
    density = _read(directory, "CHGCAR")
    if chosen == "existing":
        found = _from_acf(outputs.read_acf(directory), density.atoms)
        used: tuple[str, ...] = (density.source, str(directory / "ACF.dat"))
        words, notes = "ACF.dat found in place", ["the reference of ACF.dat is not known"]
    else:
        reference, parts, notes = _reference(directory, density, valence_only)
        used = (density.source, *parts)
        if chosen == "program":
            found, words = _run_program(program, density, reference)
        else:
            electrons, volumes, words = bader_partition(density, reference)
            found = (electrons, volumes, None, 0.0)
    electrons, volumes, distances, vacuum = found
    atoms = density.atoms
    _set_regions(atoms, regions, directory)
    result = BaderCharges(
        atoms=atoms,
        electrons=electrons,
        volumes=volumes,
        surface_distances=distances,
        valences=outputs.read_valences(directory, atoms),
        vacuum_electrons=vacuum,
        n_electrons=density.integral,
        method=words,
        sources=used,
        notes=tuple(notes),
        is_mock=outputs.directory_is_mock(directory),
    )
    if abs(result.remainder) > _ELECTRON_TOLERANCE * len(atoms):
        raise OutputError(
            f"{directory}: the atoms hold {electrons.sum() + vacuum:.3f} electrons, CHGCAR "
            f"{density.integral:.3f}",
            hint="does ACF.dat belong to this CHGCAR? is the grid fine enough?",
        )
    return result


def has_bader_files(directory: Path) -> bool:
    """Whether a directory has a density with an ACF.dat, or with the core densities."""
    there = {
        name: outputs.find_output(directory, name) is not None
        for name in ("CHGCAR", "ACF.dat", "AECCAR0", "AECCAR2")
    }
    return there["CHGCAR"] and (there["ACF.dat"] or (there["AECCAR0"] and there["AECCAR2"]))


def write_bader_inputs(directory: Path, target: Path, *, force: bool = False) -> tuple[Path, Path]:
    """Write what Henkelman's program needs: CHGCAR and CHGCAR_sum = AECCAR0 + AECCAR2.

    Run it there with ``bader CHGCAR -ref CHGCAR_sum``.

    Parameters
    ----------
    directory : Path
        With CHGCAR, AECCAR0 and AECCAR2.
    target : Path
        Existing directory.
    force : bool
        Replace files that are there.

    Raises
    ------
    OutputError
        If one of the three is missing or damaged, or they are on different grids.
    DestinationError
        If a file exists (without `force`) or cannot be written.
    """
    directory = _place(directory, "auto")
    density = _read(directory, "CHGCAR")
    reference, _, _ = _reference(directory, density, False)
    paths = (Path(target) / "CHGCAR", Path(target) / "CHGCAR_sum")
    for path, grid in zip(paths, (density, reference or density), strict=True):
        outputs.write_grid(path, grid, force=force)
    return paths


def _place(directory: Path, method: str) -> Path:
    if method not in METHODS:
        raise InputError(f"there is no method '{method}'", hint=f"choose {', '.join(METHODS)}")
    return one_calculation(
        Path(directory),
        (("CHGCAR",),),
        first="static",
        remedy="run the calculation again with LCHARG = .TRUE. and LAECHG = .TRUE.",
    )


def _choose(directory: Path, method: str, program: str) -> str:
    if method == "program" and shutil.which(program) is None:
        raise InputError(
            f"the program '{program}' is not installed",
            hint="get it from https://theory.cm.utexas.edu/henkelman/code/bader/",
        )
    if method != "auto":
        return method
    if (directory / "ACF.dat").is_file():
        return "existing"
    if shutil.which(program) is not None:
        return "program"
    if has_pybader():
        return "pybader"
    raise InputError(
        f"there is no ACF.dat in {directory}, no program '{program}' and no pybader",
        hint="install https://theory.cm.utexas.edu/henkelman/code/bader/, or "
        "pip install 'qdstruct[bader]'",
    )


def _read(directory: Path, name: str) -> Grid:
    path = outputs.find_output(directory, name)
    if path is None:
        raise OutputError(
            f"{directory}: there is no {name} here",
            hint="run the calculation again with LCHARG = .TRUE. and LAECHG = .TRUE.",
        )
    return outputs.read_grid(path)


def _reference(
    directory: Path, density: Grid, valence_only: bool
) -> tuple[Grid | None, tuple[str, ...], list[str]]:
    """Return AECCAR0 + AECCAR2, their names and what to note; None with `valence_only`."""
    names = ("AECCAR0", "AECCAR2")
    if valence_only and any(outputs.find_output(directory, name) is None for name in names):
        return None, (), ["surfaces of the valence density alone: it may lack maxima at nuclei"]
    core, valence = (_read(directory, name) for name in names)
    for other in (core, valence):
        if other.values.shape != density.values.shape:
            raise OutputError(
                f"{other.source} has a grid of {_times(other)} points, {density.source} one of "
                f"{_times(density)}",
                hint="the files belong to different runs",
            )
    np.add(core.values, valence.values, out=core.values)
    total = Grid(
        values=core.values, atoms=density.atoms, quantity=density.quantity,
        source=f"{core.source} + {valence.source}",
    )  # fmt: skip
    return total, (core.source, valence.source), []


_Found = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64] | None, float]


def _run_program(program: str, density: Grid, reference: Grid | None) -> tuple[_Found, str]:
    with tempfile.TemporaryDirectory(prefix="qdstruct-bader-") as name:
        folder = Path(name)
        outputs.write_grid(folder / "CHGCAR", density)
        command = [str(shutil.which(program)), "CHGCAR"]
        if reference is not None:
            outputs.write_grid(folder / "CHGCAR_sum", reference)
            command += ["-ref", "CHGCAR_sum"]
        try:
            done = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, check=False, errors="replace"
            )
        except OSError as error:
            raise RunError(f"{command[0]} cannot be started: {error.strerror}") from error
        if done.returncode or not (folder / "ACF.dat").is_file():
            tail = " ".join((done.stderr or done.stdout).split()[-30:])
            raise RunError(f"{' '.join(command)} ended with code {done.returncode}: {tail}")
        version = re.search(r"Version\s+([\d.]+\w*)", done.stdout)
        words = f"bader {version[1]}" if version else "bader"
        return _from_acf(outputs.read_acf(folder), density.atoms), f"{words} (Henkelman group)"


def _from_acf(table: outputs.AtomicCharges, atoms: Atoms) -> _Found:
    if len(table.electrons) != len(atoms):
        raise OutputError(
            f"{table.source}: {len(table.electrons)} atoms, but CHGCAR has {len(atoms)}"
        )
    cell = np.asarray(atoms.cell)
    apart = (table.positions - atoms.positions) @ np.linalg.inv(cell)
    distance = np.linalg.norm((apart - np.round(apart)) @ cell, axis=1)
    if distance.max() > _PLACE_TOLERANCE:
        worst = int(distance.argmax())
        raise OutputError(
            f"{table.source}: atom {worst + 1} lies {distance[worst]:.3f} Å from its place in "
            "CHGCAR",
            hint="the two files belong to different runs",
        )
    return table.electrons, table.volumes, table.surface_distances, table.vacuum_electrons


def _set_regions(atoms: Atoms, regions: Sequence[str], directory: Path) -> None:
    if regions and len(regions) != len(atoms):
        raise InputError(f"{len(regions)} regions given for {len(atoms)} atoms")
    if regions:
        atoms.set_array("region", np.array(list(regions)))
    else:
        outputs.set_regions(atoms, directory)


def _times(grid: Grid) -> str:
    return " × ".join(str(n) for n in grid.values.shape)
