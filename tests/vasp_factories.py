"""Small, physically sensible VASP outputs with known content."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ase import Atoms

ORBITALS = ("s", "py", "pz", "px")


def rock_salt_pair() -> Atoms:
    """Four atoms in an orthogonal cell; Pb, S grouped as VASP groups species."""
    return Atoms(
        "Pb2S2",
        scaled_positions=[[0, 0, 0.1], [0.5, 0.5, 0.3], [0.5, 0.5, 0.1], [0, 0, 0.3]],
        cell=[4.2, 4.2, 12.0],
        pbc=True,
    )


def poscar_head(atoms: Atoms, *, suffix: str = "", title: str = "made by a test") -> str:
    symbols: list[str] = []
    counts: list[int] = []
    for symbol in atoms.get_chemical_symbols():
        if symbols and symbols[-1] == symbol:
            counts[-1] += 1
        else:
            symbols.append(symbol)
            counts.append(1)
    lines = [title, "   1.00000000000000     "]
    lines += ["".join(f"{x:12.6f}" for x in row) for row in np.asarray(atoms.cell)]
    lines.append("   " + "   ".join(symbol + suffix for symbol in symbols))
    lines.append("".join(f"{count:6d}" for count in counts))
    lines.append("Direct")
    scaled = atoms.get_scaled_positions(wrap=False)
    lines += ["".join(f"{x:10.6f}" for x in row) for row in scaled]
    return "\n".join(lines) + "\n"


def columns(values: np.ndarray, per_line: int = 5, pattern: str = " {:.11E}") -> str:
    """Numbers as VASP prints them, a fixed count per line, the last line shorter."""
    rows = []
    for start in range(0, len(values), per_line):
        rows.append("".join(pattern.format(v) for v in values[start : start + per_line]))
    return "\n".join(rows) + "\n"


def grid_text(
    atoms: Atoms,
    grids: Sequence[np.ndarray],
    *,
    augmentation: int = 0,
    moments: bool = True,
    suffix: str = "",
) -> str:
    """A CHGCAR or LOCPOT holding `grids` as file values (density times volume)."""
    text = [poscar_head(atoms, suffix=suffix), "\n"]
    dims = "".join(f"{n:5d}" for n in grids[0].shape) + "\n"
    for number, grid in enumerate(grids):
        if number and moments:
            text.append(columns(np.ones(len(atoms)), pattern=" {:.12E}"))
        text.append(dims)
        text.append(columns(np.asarray(grid).ravel(order="F")))
        for atom in range(len(atoms) if augmentation else 0):
            text.append(f"augmentation occupancies{atom + 1:4d}{augmentation:4d}\n")
            text.append(columns(np.linspace(-1, 1, augmentation), pattern="{:15.7E}"))
    return "".join(text)


def write_density(path: Path, atoms: Atoms, density: np.ndarray, **options: object) -> None:
    """Write a density in electrons/Å³ as VASP does (times the volume)."""
    path.write_text(grid_text(atoms, [density * atoms.cell.volume], **options))  # type: ignore[arg-type]


def _tag(name: str, value: object) -> str:
    if isinstance(value, bool):
        return f'   <i type="logical" name="{name}"> {"T" if value else "F"}  </i>\n'
    if isinstance(value, int):
        return f'   <i type="int" name="{name}">{value:6d}</i>\n'
    if isinstance(value, str):
        return f'   <i type="string" name="{name}">{value}</i>\n'
    return f'   <i name="{name}">{value:16.8f}</i>\n'


def _varray(name: str, rows: np.ndarray) -> str:
    body = "".join("    <v>" + "".join(f"{x:17.8f}" for x in row) + " </v>\n" for row in rows)
    return f'   <varray name="{name}" >\n{body}   </varray>\n'


def _structure(atoms: Atoms, name: str = "", selective: np.ndarray | None = None) -> str:
    label = f' name="{name}"' if name else ""
    cell = np.asarray(atoms.cell)
    text = f" <structure{label} >\n  <crystal>\n{_varray('basis', cell)}"
    text += f'   <i name="volume">{atoms.cell.volume:17.8f} </i>\n'
    text += _varray("rec_basis", np.linalg.inv(cell).T) + "  </crystal>\n"
    text += _varray("positions", atoms.get_scaled_positions(wrap=False))
    if selective is not None:
        rows = "".join(
            "<v type='logical'>" + " ".join("T" if f else "F" for f in row) + "</v>\n"
            for row in selective
        )
        text += f'   <varray name="selective" type="logical" >\n{rows}   </varray>\n'
    return text + " </structure>\n"


def _atominfo(atoms: Atoms) -> str:
    symbols = atoms.get_chemical_symbols()
    types = list(dict.fromkeys(symbols))
    rows = "".join(f"    <rc><c>{s:2s}</c><c>{types.index(s) + 1:4d}</c></rc>\n" for s in symbols)
    kinds = "".join(
        f"    <rc><c>{symbols.count(s):4d}</c><c>{s:2s}</c><c>{100.0:16.8f}</c><c>{6.0:16.8f}</c>"
        f"<c>  PAW_PBE {s} 01Jan2000 </c></rc>\n"
        for s in types
    )
    return (
        f" <atominfo>\n  <atoms>{len(atoms):8d} </atoms>\n  <types>{len(types):8d} </types>\n"
        '  <array name="atoms" >\n   <dimension dim="1">ion</dimension>\n'
        '   <field type="string">element</field>\n   <field type="int">atomtype</field>\n'
        f"   <set>\n{rows}   </set>\n  </array>\n"
        '  <array name="atomtypes" >\n   <dimension dim="1">type</dimension>\n'
        '   <field type="int">atomspertype</field>\n   <field type="string">element</field>\n'
        "   <field>mass</field>\n   <field>valence</field>\n"
        '   <field type="string">pseudopotential</field>\n'
        f"   <set>\n{kinds}   </set>\n  </array>\n </atominfo>\n"
    )


def _dos(
    energies: np.ndarray,
    total: np.ndarray,
    projected: np.ndarray | None,
    fermi: float,
    orbitals: Sequence[str],
) -> str:
    step = energies[1] - energies[0]
    text = [f'  <dos>\n   <i name="efermi">{fermi:16.8f} </i>\n   <total>\n    <array>\n']
    text.append('     <dimension dim="1">gridpoints</dimension>\n')
    text.append('     <dimension dim="2">spin</dimension>\n')
    for name in ("energy", "total", "integrated"):
        text.append(f"     <field>{name}</field>\n")
    text.append("     <set>\n")
    for spin, density in enumerate(total):
        text.append(f'      <set comment="spin {spin + 1}">\n')
        running = np.cumsum(density) * step
        for e, d, n in zip(energies, density, running, strict=True):
            text.append(f"       <r>{e:12.4f}{d:12.4f}{n:12.4f} </r>\n")
        text.append("      </set>\n")
    text.append("     </set>\n    </array>\n   </total>\n")
    if projected is not None:
        text.append("   <partial>\n    <array>\n")
        for name in ("gridpoints", "spin", "ion"):
            text.append(f'     <dimension dim="1">{name}</dimension>\n')
        for name in ("energy", *orbitals):
            text.append(f"     <field>{name:>8s}</field>\n")
        text.append("     <set>\n")
        for atom, spins in enumerate(projected):
            text.append(f'      <set comment="ion {atom + 1}">\n')
            for spin, table in enumerate(spins):
                text.append(f'       <set comment="spin {spin + 1}">\n')
                for e, row in zip(energies, table, strict=True):
                    cells = "".join(f"{value:10.4f}" for value in row)
                    text.append(f"        <r>{e:12.4f}{cells} </r>\n")
                text.append("       </set>\n")
            text.append("      </set>\n")
        text.append("     </set>\n    </array>\n   </partial>\n")
    text.append("  </dos>\n")
    return "".join(text)


def vasprun_text(
    atoms: Atoms,
    *,
    energies: np.ndarray | None = None,
    projected: np.ndarray | None = None,
    total: np.ndarray | None = None,
    fermi: float = 0.5,
    orbitals: Sequence[str] = ORBITALS,
    energy: float = -12.5,
    forces: np.ndarray | None = None,
    n_ionic: int = 1,
    n_electronic: int = 3,
    electrons: float = 20.0,
    selective: np.ndarray | None = None,
    program: str = "vasp",
    tags: dict[str, object] | None = None,
) -> str:
    """A vasprun.xml with the sections that matter, in VASP's order and format.

    `projected` has dims (atom, spin, energy, orbital); `total` (spin, energy) defaults to its sum.
    """
    energies = np.linspace(-5, 5, 101) if energies is None else energies
    parameters: dict[str, object] = {
        "NELECT": electrons, "ISPIN": 1 if projected is None else min(projected.shape[1], 2),
        "LNONCOLLINEAR": projected is not None and projected.shape[1] == 4,
        "NELM": 60, "EDIFF": 1e-5, "EDIFFG": -0.03, "NSW": 0, "IBRION": -1, "ISMEAR": 0,
        "SIGMA": 0.05, "LORBIT": 11 if projected is not None else 0,
    }  # fmt: skip
    parameters.update(tags or {})
    if total is None:
        summed = np.zeros((1, len(energies))) if projected is None else projected.sum(axis=(0, 3))
        total = summed[:1] if len(summed) == 4 else summed
    forces = np.zeros((len(atoms), 3)) if forces is None else forces
    text = ['<?xml version="1.0" encoding="ISO-8859-1"?>\n<modeling>\n <generator>\n']
    text.append(f'  <i name="program" type="string">{program} </i>\n')
    text.append('  <i name="version" type="string">6.4.2  </i>\n')
    text.append('  <i name="subversion" type="string">(build test) complex parallel </i>\n')
    text.append(" </generator>\n <incar>\n")
    text += [_tag(name, value) for name, value in (tags or {}).items()]
    text.append(' </incar>\n <kpoints>\n  <generation param="Gamma">\n')
    text.append('   <v type="int" name="divisions">       1        1        1 </v>\n')
    text.append('  </generation>\n  <varray name="kpointlist" >\n')
    text.append("   <v>       0.00000000       0.00000000       0.00000000 </v>\n  </varray>\n")
    text.append('  <varray name="weights" >\n   <v>       1.00000000 </v>\n  </varray>\n')
    text.append(' </kpoints>\n <parameters>\n  <separator name="general" >\n')
    text += [_tag(name, value) for name, value in parameters.items()]
    text.append("  </separator>\n </parameters>\n")
    text.append(_atominfo(atoms))
    text.append(_structure(atoms, "initialpos", selective))
    for ionic in range(n_ionic):
        text.append(" <calculation>\n")
        last = ionic == n_ionic - 1
        for step in range(n_electronic):
            free = energy + 10.0 ** (-2 * step) if step < n_electronic - 1 else energy
            text.append("  <scstep>\n   <energy>\n")
            for name, value in (
                ("e_fr_energy", free - 0.01), ("e_wo_entrp", free + 0.01), ("e_0_energy", free),
            ):  # fmt: skip
                text.append(f'    <i name="{name}">{value:16.8f} </i>\n')
            text.append("   </energy>\n  </scstep>\n")
        text.append(_structure(atoms))
        text.append(_varray("forces", forces) + _varray("stress", np.zeros((3, 3))))
        text.append("  <energy>\n")
        for name, value in (
            ("e_fr_energy", energy - 0.01), ("e_wo_entrp", energy), ("e_0_energy", energy + 0.01),
        ):  # fmt: skip
            text.append(f'   <i name="{name}">{value:16.8f} </i>\n')
        text.append("  </energy>\n")
        if last:
            text.append(_eigenvalues(fermi, int(parameters["ISPIN"])))  # type: ignore[call-overload]
            text.append(_dos(energies, total, projected, fermi, orbitals))
        text.append(" </calculation>\n")
    text.append(_structure(atoms, "finalpos"))
    text.append("</modeling>\n")
    return "".join(text)


def _eigenvalues(fermi: float, spins: int) -> str:
    rows = f"<r>{fermi - 1:10.4f}    1.0000 </r>\n<r>{fermi + 1:10.4f}    0.0000 </r>\n"
    sets = "".join(
        f'<set comment="spin {s + 1}">\n<set comment="kpoint 1">\n{rows}</set>\n</set>\n'
        for s in range(spins)
    )
    return (
        '  <eigenvalues>\n   <array>\n    <dimension dim="1">band</dimension>\n'
        '    <dimension dim="2">kpoint</dimension>\n    <dimension dim="3">spin</dimension>\n'
        f"    <field>eigene</field>\n    <field>occ</field>\n    <set>\n{sets}    </set>\n"
        "   </array>\n  </eigenvalues>\n"
    )


def banded_dos(
    energies: np.ndarray, valence: float, conduction: float, height: float = 1.0
) -> np.ndarray:
    """A DOS of constant height outside a clean gap (valence, conduction)."""
    return np.where((energies <= valence) | (energies >= conduction), height, 0.0)
