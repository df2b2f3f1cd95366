"""Writes vasprun.xml, piece by piece as the run goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from qdstruct.running.vaspfiles.facts import (
    DensityOfStates,
    ElectronicStep,
    IonicStep,
    Levels,
)
from qdstruct.running.vaspfiles.inputs import Incar, KpointMesh, PoscarStructure
from qdstruct.running.vaspfiles.settings import Settings
from qdstruct.running.vaspfiles.text import Stamp, rows, wrapped
from qdstruct.units import HBAR2_OVER_2M

__all__ = [
    "KILOBAR", "ParameterGroups", "Species", "VasprunWriter", "orbital_columns", "plane_waves",
]  # fmt: skip

FloatArray = NDArray[np.float64]
KILOBAR = 1602.176634
"""One eV/Å³ in kB."""
_INTEGERS = frozenset(
    {
        "NSW", "IBRION", "ISIF", "NELM", "NELMIN", "NELMDL", "ISMEAR", "ISPIN", "LORBIT", "NEDOS",
        "ICHARG", "ISTART", "NBANDS", "IVDW", "IDIPOL", "NGX", "NGY", "NGZ", "NGXF", "NGYF", "NGZF",
        "LMAXMIX", "ISYM", "NCORE", "NPAR", "KPAR", "NWRITE", "INIWAV", "IALGO", "LDAUTYPE",
    }
)  # fmt: skip
_LM = ("s", "py", "pz", "px", "dxy", "dyz", "dz2", "dxz", "x2-y2")


ParameterGroups = Mapping[str, Mapping[str, object]]
"""Name of a group → tag → value used."""


@dataclass(frozen=True, kw_only=True)
class Species:
    """Consecutive atoms of one element, and what stands for it in the calculation."""

    symbol: str
    """Element."""
    count: int
    """Atoms."""
    mass: float
    """u."""
    valence: float
    """Electrons treated explicitly, per atom."""
    label: str
    """Potential, data set or parametrisation."""


class VasprunWriter:
    """A vasprun.xml that grows; `close` makes it well-formed.

    Parameters
    ----------
    stream : TextIO
        Open for writing.
    stamp : Stamp
        Who calculates.
    """

    def __init__(self, stream: TextIO, stamp: Stamp) -> None:
        self._stream = stream
        self._stamp = stamp

    def header(
        self,
        incar: Incar,
        parameters: ParameterGroups,
        kpoints: KpointMesh,
        structure: PoscarStructure,
        species: Sequence[Species],
    ) -> None:
        """Write everything that VASP writes before the first ionic step."""
        self._put(_generator(self._stamp))
        self._put(" <incar>\n" + "".join(_incar_item(t, v) for t, v in incar.tags.items()))
        self._put(" </incar>\n" + _kpoints(kpoints) + _parameters(parameters))
        self._put(_atominfo(species) + _structure(structure, "initialpos"))
        self._stream.flush()

    def ionic_step(
        self,
        step: IonicStep,
        electronic: list[ElectronicStep],
        levels: Levels | None,
        dos: DensityOfStates | None,
        settings: Settings,
        response: str = "",
    ) -> None:
        """Write one ``calculation``; the last has levels and densities of states.

        `response` is the element of the dielectric function, where there is one.
        """
        energy = step.result.energy
        parts = [" <calculation>\n"]
        for one in electronic:
            parts.append(
                '  <scstep>\n   <time name="dav">    0.00    0.00</time>\n'
                + _energy("   ", one.energy)
                + '   <time name="total">    0.00    0.00</time>\n  </scstep>\n'
            )
        stress = -step.result.strain_derivative / step.structure.volume * KILOBAR
        parts.append(_structure(step.structure, None))
        parts.append(_varray("  ", "forces", step.result.forces))
        if np.isfinite(stress).all():
            parts.append(_varray("  ", "stress", stress))
        parts.append(_energy("  ", energy, step.kinetic if settings.ibrion == 0 else None))
        parts.append('  <time name="totalsc">    0.00    0.00</time>\n')
        if dos is not None:
            parts.append(_eigenvalues(levels) if levels is not None else "")
            parts.append(_dos(dos, settings))
        parts.append(f"{response} </calculation>\n")
        self._put("".join(parts))
        self._stream.flush()

    def close(self, structure: PoscarStructure) -> None:
        """Write the final structure and the closing tag, and close the stream."""
        self.end(structure)
        self._stream.close()

    def end(self, structure: PoscarStructure) -> None:
        """Write the final structure and the closing tag."""
        self._put(_structure(structure, "finalpos") + "</modeling>\n")

    def abandon(self) -> None:
        """Close the file as it is."""
        self._stream.close()

    def _put(self, text: str) -> None:
        self._stream.write(text)


def _generator(stamp: Stamp) -> str:
    items = {
        "program": stamp.program, "version": stamp.version, "subversion": stamp.subversion,
        "platform": stamp.platform, "date": stamp.date[0], "time": stamp.date[1],
    }  # fmt: skip
    body = "".join(
        f'  <i name="{name}" type="string">{escape(value, quote=False)} </i>\n'
        for name, value in items.items()
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<!-- {stamp.mark} -->\n<modeling>\n <generator>\n{body} </generator>\n"
    )


def _item(name: str, value: object, indent: str = "  ") -> str:
    if isinstance(value, bool):
        return f'{indent}<i type="logical" name="{name}"> {"T" if value else "F"}  </i>\n'
    if isinstance(value, int):
        return f'{indent}<i type="int" name="{name}">{value:6d}</i>\n'
    if isinstance(value, float):
        return f'{indent}<i name="{name}">{value:16.8f}</i>\n'
    return f'{indent}<i type="string" name="{name}">{escape(str(value), quote=False)}</i>\n'


def _incar_item(tag: str, text: str) -> str:
    first = text.split()[0] if text.split() else ""
    letter = first.strip(".").upper()
    if letter in ("T", "F", "TRUE", "FALSE"):
        return _item(tag, letter[0] == "T")
    if len(text.split()) == 1 and tag in _INTEGERS and first.lstrip("+-").isdigit():
        return _item(tag, int(first))
    try:
        numbers = [float(word) for word in text.upper().replace("D", "E").split()]
    except ValueError:
        return _item(tag, text)
    if len(numbers) == 1 and tag not in ("SYSTEM", "ALGO", "GGA"):
        return _item(tag, numbers[0])
    if len(numbers) > 1:
        body = "".join(f"{number:16.8f}" for number in numbers)
        return f'  <v name="{tag}">{body}</v>\n'
    return _item(tag, text)


def _kpoints(mesh: KpointMesh) -> str:
    head = ""
    if mesh.style != "Explicit":
        vectors = np.diag(1.0 / np.array(mesh.divisions, dtype=float))
        division_text = "".join(f"{n:9d}" for n in mesh.divisions)
        head = (
            f'  <generation param="{mesh.style}">\n'
            f'   <v type="int" name="divisions">{division_text} </v>\n'
            + _vector("usershift", np.array(mesh.shift))
            + "".join(_vector(f"genvec{i + 1}", vectors[i]) for i in range(3))
            + _vector("shift", np.zeros(3))
            + "  </generation>\n"
        )
    return (
        " <kpoints>\n" + head + _varray("  ", "kpointlist", mesh.points)
        + _varray("  ", "weights", mesh.weights[:, None]) + " </kpoints>\n"
    )  # fmt: skip


def _vector(name: str, values: FloatArray) -> str:
    return f'   <v name="{name}">' + "".join(f"{x:17.8f}" for x in values) + " </v>\n"


def _parameters(groups: ParameterGroups) -> str:
    body = "".join(
        f'  <separator name="{name}" >\n'
        + "".join(_item(tag, value, "   ") for tag, value in tags.items())
        + "  </separator>\n"
        for name, tags in groups.items()
    )
    return f" <parameters>\n{body} </parameters>\n"


def _atominfo(species: Sequence[Species]) -> str:
    atoms = "".join(
        f"    <rc><c>{kind.symbol:<2s}</c><c>{number:4d}</c></rc>\n" * kind.count
        for number, kind in enumerate(species, start=1)
    )
    types = "".join(
        f"    <rc><c>{kind.count:4d}</c><c>{kind.symbol:<2s}</c><c>{kind.mass:16.8f}</c>"
        f"<c>{kind.valence:16.8f}</c><c>  {escape(kind.label, quote=False)} </c></rc>\n"
        for kind in species
    )
    return (
        f" <atominfo>\n  <atoms>{sum(kind.count for kind in species):8d} </atoms>\n"
        f"  <types>{len(species):8d} </types>\n"
        '  <array name="atoms" >\n   <dimension dim="1">ion</dimension>\n'
        '   <field type="string">element</field>\n   <field type="int">atomtype</field>\n'
        f"   <set>\n{atoms}   </set>\n  </array>\n"
        '  <array name="atomtypes" >\n   <dimension dim="1">type</dimension>\n'
        '   <field type="int">atomspertype</field>\n   <field type="string">element</field>\n'
        "   <field>mass</field>\n   <field>valence</field>\n"
        '   <field type="string">pseudopotential</field>\n'
        f"   <set>\n{types}   </set>\n  </array>\n </atominfo>\n"
    )


def _structure(structure: PoscarStructure, name: str | None) -> str:
    label = f' name="{name}"' if name else ""
    reciprocal = np.linalg.inv(structure.cell).T
    text = (
        f" <structure{label} >\n  <crystal>\n"
        + _varray("   ", "basis", structure.cell)
        + f'   <i name="volume">{structure.volume:20.8f} </i>\n'
        + _varray("   ", "rec_basis", reciprocal)
        + "  </crystal>\n"
        + _varray("  ", "positions", wrapped(structure.scaled))
    )
    if structure.selective is not None and name is not None:
        flags = "".join(
            '   <v type="logical" >' + "".join(f" {'T' if f else 'F'} " for f in row) + "</v>\n"
            for row in structure.selective.tolist()
        )
        text += f'  <varray type="logical" name="selective" >\n{flags}  </varray>\n'
    return text + " </structure>\n"


def _varray(indent: str, name: str, values: NDArray[np.floating[Any]]) -> str:
    template = f"{indent} <v>" + " %20.12f" * values.shape[1] + " </v>\n"
    return f'{indent}<varray name="{name}" >\n{rows(template, values)}{indent}</varray>\n'


def _energy(indent: str, energy: float, kinetic: float | None = None) -> str:
    names = ["e_fr_energy", "e_wo_entrp", "e_0_energy"]
    values = [energy] * 3
    if kinetic is not None:
        names += ["kinetic", "lattice kinetic", "nosepot", "nosekinetic", "total"]
        values += [kinetic, 0.0, 0.0, 0.0, energy + kinetic]
    body = "".join(
        f'{indent} <i name="{name}">{value:18.8f} </i>\n'
        for name, value in zip(names, values, strict=True)
    )
    return f"{indent}<energy>\n{body}{indent}</energy>\n"


def _eigenvalues(levels: Levels) -> str:
    spins = []
    for spin, (values, filled) in enumerate(
        zip(levels.eigenvalues, levels.occupations, strict=True), start=1
    ):
        points = "".join(
            f'      <set comment="kpoint {k}">\n'
            + rows("       <r> %10.4f %10.4f </r>\n", np.stack([e, f], axis=1))
            + "      </set>\n"
            for k, (e, f) in enumerate(zip(values, filled, strict=True), start=1)
        )
        spins.append(f'     <set comment="spin {spin}">\n{points}     </set>\n')
    return (
        '  <eigenvalues>\n   <array>\n    <dimension dim="1">band</dimension>\n'
        '    <dimension dim="2">kpoint</dimension>\n    <dimension dim="3">spin</dimension>\n'
        "    <field>eigene</field>\n    <field>occ</field>\n"
        f"    <set>\n{''.join(spins)}    </set>\n   </array>\n  </eigenvalues>\n"
    )


def orbital_columns(dos: DensityOfStates, atom: int, spin: int, by_lm: bool) -> FloatArray:
    """Return (E, columns): s, p, d, or the nine (l, m) components with equal shares."""
    s, p, d = dos.projected[atom, spin]
    if not by_lm:
        return np.stack([s, p, d], axis=1)
    return np.stack([s] + [p / 3] * 3 + [d / 5] * 5, axis=1)


def _dos(dos: DensityOfStates, settings: Settings) -> str:
    total = "".join(
        f'      <set comment="spin {spin + 1}">\n'
        + rows(
            "       <r> %12.4f %12.6f %12.6f </r>\n",
            np.stack([dos.energies, dos.total[spin], dos.integrated[spin]], 1),
        )
        + "      </set>\n"
        for spin in range(settings.ispin)
    )
    text = (
        f'  <dos>\n   <i name="efermi">{dos.fermi:16.8f} </i>\n   <total>\n    <array>\n'
        '     <dimension dim="1">gridpoints</dimension>\n     <dimension dim="2">spin</dimension>\n'
        "     <field>energy</field>\n     <field>total</field>\n     <field>integrated</field>\n"
        f"     <set>\n{total}     </set>\n    </array>\n   </total>\n"
    )
    if settings.lorbit >= 10:
        text += _partial_dos(dos, settings)
    return text + "  </dos>\n"


def _partial_dos(dos: DensityOfStates, settings: Settings) -> str:
    by_lm = settings.lorbit in (11, 12)
    names = _LM if by_lm else ("s", "p", "d")
    template = "        <r> %10.4f" + " %9.5f" * len(names) + " </r>\n"
    ions = []
    for atom in range(len(dos.projected)):
        ions.append(f'      <set comment="ion {atom + 1}">\n')
        for spin in range(settings.ispin):
            columns = orbital_columns(dos, atom, spin, by_lm)
            table = np.column_stack([dos.energies, columns])
            ions.append(f'       <set comment="spin {spin + 1}">\n{rows(template, table)}')
            ions.append("       </set>\n")
        ions.append("      </set>\n")
    fields = "".join(f"     <field>{name:>6s}</field>\n" for name in names)
    return (
        '   <partial>\n    <array>\n     <dimension dim="1">gridpoints</dimension>\n'
        '     <dimension dim="2">spin</dimension>\n     <dimension dim="3">ion</dimension>\n'
        f"     <field> energy</field>\n{fields}"
        f"     <set>\n{''.join(ions)}     </set>\n    </array>\n   </partial>\n"
    )


def plane_waves(structure: PoscarStructure, encut: float) -> int:
    """Plane waves below the cutoff: volume of the sphere over that of the reciprocal cell."""
    radius = np.sqrt(encut / HBAR2_OVER_2M)
    return int(structure.volume * radius**3 / (6 * np.pi**2))
