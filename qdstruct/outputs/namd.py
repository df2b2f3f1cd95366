"""Hefei-NAMD's plain files: ``inp``, EIGTXT, NATXT, INICON, DEPHTIME and the results SHPROP.*.

Formats as the program reads and writes them (https://github.com/QijingZheng/Hefei-NAMD, files
fileio.f90, couplings.f90 and SurfHop.f90); Q. Zheng et al., WIREs Comput. Mol. Sci. 9,
e1411 (2019).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError, OutputError
from qdstruct.files import refuse_existing, write_atomically
from qdstruct.model.trajectory import NamdInputs, SurfaceHopping
from qdstruct.outputs.namelist import namelist_text, read_namd_tags
from qdstruct.outputs.streams import find_output
from qdstruct.outputs.tables import read_number_table

__all__ = [
    "read_namd_inputs",
    "read_surface_hopping",
    "write_namd_inputs",
]

_REQUIRED: Final = ("BMIN", "BMAX", "NSAMPLE", "NAMDTIME")
_SUM_TOLERANCE = 0.02
"""By which populations printed with four decimals may miss 1."""


def read_namd_inputs(directory: Path) -> NamdInputs:
    """Read the inputs of a Hefei-NAMD run and check that they go together.

    Parameters
    ----------
    directory : Path
        With ``inp``, EIGTXT and INICON; NATXT and DEPHTIME where there are some.

    Raises
    ------
    OutputError
        If a file is missing or damaged, or the bands, steps or samples of two of them disagree.
    """
    directory = Path(directory)
    tags = read_namd_tags(_file(directory, "inp"))
    missing = [name for name in _REQUIRED if not isinstance(tags.get(name), int)]
    if missing:
        raise OutputError(f"{directory / 'inp'}: {', '.join(missing)} must be given as integers")
    bands = _integer(tags, "BMAX") - _integer(tags, "BMIN") + 1
    if bands < 1:
        raise OutputError(f"{directory / 'inp'}: BMAX is below BMIN")
    energies = read_number_table(_file(directory, "EIGTXT"), "energies", bands)
    couplings = None
    path = find_output(directory, "NATXT")
    if path is not None:
        couplings = read_number_table(path, "couplings", bands**2).reshape(-1, bands, bands)
    matrix = find_output(directory, str(tags.get("DIINIT", "DEPHTIME")))
    dephasing = None if matrix is None else read_number_table(matrix, "dephasing times", bands)
    initial_path = _file(directory, str(tags.get("TBINIT", "INICON")))
    initial = read_number_table(initial_path, "initial conditions", 2)
    if not np.array_equal(initial, np.round(initial)):
        raise OutputError(f"{initial_path}: steps and bands must be integers")
    inputs = NamdInputs(
        tags=tags, energies=energies, couplings=couplings, initial=initial.astype(np.int64),
        dephasing=dephasing,
    )  # fmt: skip
    problems = _problems(inputs)
    if problems:
        raise OutputError(f"{directory}: {problems[0]}", hint="; ".join(problems[1:]) or None)
    return inputs


def write_namd_inputs(directory: Path, inputs: NamdInputs, *, force: bool = False) -> None:
    """Write ``inp``, EIGTXT, INICON and, where given, NATXT and DEPHTIME.

    Without couplings ``LCPEXT`` must be false: Hefei-NAMD then makes them from the WAVECARs.

    Parameters
    ----------
    directory : Path
        Existing directory.
    inputs : NamdInputs
        What to write; bands, steps and samples must go together.
    force : bool
        Replace files that are there.

    Raises
    ------
    InputError
        If the inputs do not go together.
    DestinationError
        If a file exists (without `force`) or cannot be written; none is then touched.
    """
    problems = _problems(inputs)
    if problems:
        raise InputError(f"these inputs do not go together: {problems[0]}")
    folder = Path(directory)
    files = {"inp": namelist_text(inputs.tags), "EIGTXT": _rows(inputs.energies, "{:26.16E}")}
    if inputs.couplings is not None:
        flat = inputs.couplings.reshape(len(inputs.couplings), -1)
        files["NATXT"] = _rows(flat, "{:26.16E}")
    files[str(inputs.tags.get("TBINIT", "INICON"))] = _rows(inputs.initial, "{:6d}")
    if inputs.dephasing is not None:
        name = str(inputs.tags.get("DIINIT", "DEPHTIME"))
        files[name] = _rows(inputs.dephasing, "{:12.4f}")
    for name in files:
        refuse_existing(folder / name, force=force)
    for name, text in files.items():
        write_atomically(folder / name, text, force=True)


def read_surface_hopping(directory: Path) -> SurfaceHopping:
    """Read every SHPROP.* of a directory: time, mean energy and populations of each sample.

    Raises
    ------
    OutputError
        If there is none, one is damaged, they are of different lengths, or populations do not add
        up to 1.
    """
    directory = Path(directory)
    paths = sorted(
        (path for path in directory.glob("SHPROP.*") if path.suffix[1:].isdigit()),
        key=lambda path: int(path.suffix[1:]),
    )
    if not paths:
        raise OutputError(f"{directory}: there is no SHPROP.* here", hint="has Hefei-NAMD run?")
    tables: list[NDArray[np.float64]] = []
    for path in paths:
        table = read_number_table(path, "populations")
        if table.shape[1] < 3:
            raise OutputError(f"{path}: {table.shape[1]} columns; time, energy and populations")
        wrong = np.abs(table[:, 2:].sum(axis=1) - 1) > _SUM_TOLERANCE
        if wrong.any():
            at = int(np.flatnonzero(wrong)[0])
            raise OutputError(
                f"{path}: the populations at {table[at, 0]:g} fs add up to "
                f"{table[at, 2:].sum():.4f}, not 1"
            )
        if tables and (
            table.shape != tables[0].shape or not np.array_equal(table[:, 0], tables[0][:, 0])
        ):
            raise OutputError(f"{path}: has other times or states than {paths[0].name}")
        tables.append(table)
    whole = np.array(tables)
    return SurfaceHopping(
        time=whole[0, :, 0], energies=whole[:, :, 1], populations=whole[:, :, 2:],
        sources=tuple(str(path) for path in paths),
    )  # fmt: skip


def _file(directory: Path, name: str) -> Path:
    path = find_output(directory, name)
    if path is None:
        raise OutputError(f"{directory}: there is no {name} here")
    return path


def _integer(tags: Mapping[str, object], name: str) -> int:
    value = tags[name]
    assert isinstance(value, int)
    return value


def _problems(inputs: NamdInputs) -> list[str]:
    """Return what does not go together, as the program itself would not notice it."""
    tags, (steps, bands) = inputs.tags, inputs.energies.shape
    missing = [name for name in _REQUIRED if not isinstance(tags.get(name), int)]
    if missing:
        return [f"{', '.join(missing)} must be given as integers"]
    low, high, length = (_integer(tags, name) for name in ("BMIN", "BMAX", "NAMDTIME"))
    problems = []
    if high - low + 1 != bands:
        problems.append(f"BMIN = {low}, BMAX = {high}, but EIGTXT has {bands} bands")
    if inputs.couplings is not None and len(inputs.couplings) not in (steps - 1, steps):
        problems.append(f"NATXT has {len(inputs.couplings)} steps, EIGTXT {steps}")
    if inputs.couplings is None and tags.get("LCPEXT") is True:
        problems.append("LCPEXT is true, but there is no NATXT")
    if inputs.dephasing is not None and inputs.dephasing.shape != (bands, bands):
        problems.append(f"DEPHTIME is not {bands} × {bands}")
    if len(inputs.initial) < _integer(tags, "NSAMPLE"):
        problems.append(f"{len(inputs.initial)} initial conditions, NSAMPLE = {tags['NSAMPLE']}")
    first, band = inputs.initial[:, 0], inputs.initial[:, 1]
    if ((band < low) | (band > high)).any():
        problems.append(f"an initial band lies outside BMIN…BMAX = {low}…{high}")
    wraps = bool(tags.get("LDISH")) or inputs.dephasing is not None
    if (first < 1).any() or (first > steps).any():
        problems.append(f"an initial step lies outside 1…{steps}")
    elif not wraps and (first + length - 1 > steps).any():
        problems.append(
            f"NAMDTIME = {length} from step {int(first.max())} runs past the {steps} steps"
        )
    return problems


def _rows(table: NDArray[np.float64] | NDArray[np.int64], form: str) -> str:
    return "".join("".join(form.format(value) for value in row) + "\n" for row in table.tolist())
