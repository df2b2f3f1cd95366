from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from mock_jobs import as_structure, crystal, stacked

from qdstruct.running.mock.density import electrons_per_atom, vacuum_level
from qdstruct.running.mock.electronic import density_of_states, environments, find_levels
from qdstruct.running.mock.tables import read_table
from qdstruct.running.mock.topology import find_molecules
from qdstruct.running.vaspfiles.inputs import Incar, read_kpoints
from qdstruct.running.vaspfiles.settings import read_settings


def solve(structure, **tags):
    incar = Incar(
        tags={"NEDOS": "3001", "SIGMA": "0.05", "ISMEAR": "0", "LORBIT": "11"}
        | {tag: str(value) for tag, value in tags.items()}
    )
    mesh = read_kpoints(Path("/no/such/KPOINTS"), incar, structure.cell)
    settings = read_settings(incar, structure, mesh)
    molecules = find_molecules(structure.symbols, structure.positions, structure.cell)
    electrons = electrons_per_atom(structure, settings.nelect)
    vacuum = vacuum_level(structure, electrons)
    levels = find_levels(structure, molecules, mesh, settings, electrons, vacuum)
    return levels, density_of_states(levels, settings), settings, vacuum


def edges(dos, atoms, fermi):
    """Edges of a group at 0.05 states/eV per atom."""
    curve = dos.projected[atoms].sum(axis=(0, 1, 2)) / len(atoms)
    present = dos.energies[curve > 0.05]
    return present[present < fermi].max(), present[present > fermi].min()


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("CsPbBr3-Pnma", "halide perovskite"),
        ("CdS-wurtzite", "CdS"),
        ("ZnS-zincblende", "ZnS"),
        ("PbS-galena", "PbS"),
    ],
)
def test_bulk_edges_are_those_of_the_table(name, row):
    structure = as_structure(crystal(name))
    levels, dos, settings, vacuum = solve(structure)
    assert set(levels.environments) == {row}
    entry = read_table("mock/band_edges")["environments"][row]
    filled = levels.occupations > 0.5
    top, bottom = levels.eigenvalues[filled].max(), levels.eigenvalues[~filled].min()
    assert top - vacuum == pytest.approx(entry["valence"], abs=0.01)
    assert bottom - vacuum == pytest.approx(entry["conduction"], abs=0.01)
    assert top < levels.fermi < bottom
    at_fermi = np.interp(levels.fermi, dos.energies, dos.integrated[0])
    assert at_fermi == pytest.approx(settings.nelect, abs=0.02)
    curve_edges = edges(dos, np.arange(len(structure.symbols)), levels.fermi)
    np.testing.assert_allclose(curve_edges, [top, bottom], atol=0.15)


def test_published_rows_restate_the_publications():
    table = read_table("mock/band_edges")["environments"]
    perovskite, layered, sulfide = (
        table[k] for k in ("halide perovskite", "layered halide perovskite", "CdS")
    )
    assert perovskite["valence"] == pytest.approx(-(4.56 + 1.40))
    assert perovskite["conduction"] - perovskite["valence"] == pytest.approx(2.37)
    assert layered["valence"] == pytest.approx(-(4.85 + 0.45))
    assert layered["conduction"] - layered["valence"] == pytest.approx(3.06)
    assert sulfide["conduction"] - perovskite["conduction"] == pytest.approx(-(1.0 - 0.9))
    assert sulfide["valence"] - perovskite["valence"] == pytest.approx(-(1.6 - 1.4))
    assert all(row["source"] for row in table.values())


def alignment(first, second):
    """Type I, II or III from the table's two rows, by their definitions."""
    (v1, c1), (v2, c2) = first, second
    if max(v1, v2) > min(c1, c2):
        return "III"
    return "I" if (v1 - v2) * (c1 - c2) < 0 else "II"


def molybdenum_oxide():
    """Mo and O in rock-salt positions: only the surroundings matter here."""
    return bulk("MoO", "rocksalt", a=4.3, cubic=True)


@pytest.mark.parametrize(
    ("lower", "upper", "expected"),
    [
        ("PbS-galena", "CsPbBr3-cubic", "I"),
        ("CdS-zincblende", "CsPbBr3-cubic", "II"),
        (None, "CsPbBr3-cubic", "III"),
    ],
)
def test_the_kinds_of_alignment_can_be_told_apart(lower, upper, expected):
    base = molybdenum_oxide() if lower is None else crystal(lower)
    structure, side = stacked(base * (1, 1, 2), crystal(upper) * (1, 1, 3), 2.9, 15)
    levels, dos, _, _ = solve(structure, SIGMA=0.02, EMIN=-20, EMAX=15, NEDOS=7001)
    total = dos.projected.sum(axis=(1, 2))
    found = []
    for name in ("lower", "upper"):
        atoms = np.nonzero(np.array(side) == name)[0]
        if expected == "III":
            curve = total[atoms].sum(axis=0) / len(atoms)
            rows = [levels.bands[a] for a in atoms]
            gap = _gap_near(dos.energies, curve, rows)
        else:
            gap = edges(dos, atoms, levels.fermi)
        found.append(gap)
    assert alignment(*found) == expected


def _gap_near(energies, curve, rows):
    """The widest empty interval above the deepest and below the highest states of a group."""
    inside = (energies > min(b.low for r in rows for b in r)) & (
        energies < max(b.high for r in rows for b in r)
    )
    empty = inside & (curve < 0.02)
    runs = np.split(np.nonzero(empty)[0], np.nonzero(np.diff(np.nonzero(empty)[0]) > 1)[0] + 1)
    upper = [run for run in runs if len(run)][-1]
    return energies[upper[0]], energies[upper[-1]]


def test_layered_perovskites_and_their_cations_are_recognised():
    layered = crystal("PMA2PbBr4")
    names = environments(
        as_structure(layered),
        find_molecules(
            as_structure(layered).symbols, as_structure(layered).positions, np.array(layered.cell)
        ),
    )
    symbols = np.array(as_structure(layered).symbols)
    assert {n for n, s in zip(names, symbols, strict=True) if s in ("Pb", "Br")} == {
        "layered halide perovskite"
    }
    assert {n for n, s in zip(names, symbols, strict=True) if s in ("C", "N", "H")} == {"molecule"}


def test_three_dimensional_and_layered_perovskite_keep_their_names_in_one_cell():
    """Half a cell of PMA2PbBr4 beside two cells of CsPbBr3 along the stacking axis (a)."""
    layered = crystal("PMA2PbBr4")
    layered = layered[layered.get_scaled_positions()[:, 0] < 0.49]
    bulk_like = crystal("CsPbBr3-cubic") * (2, 1, 1)
    bulk_like.positions[:, 0] += layered.positions[:, 0].max() + 3.0
    both = Atoms(
        [*layered.symbols, *bulk_like.symbols],
        positions=np.concatenate([layered.positions, bulk_like.positions]),
        cell=[bulk_like.positions[:, 0].max() + 15.0, 8.1466, 8.1232],
        pbc=True,
    )
    structure = as_structure(both)
    is_bulk = np.argsort(both.numbers, kind="stable") >= len(layered)
    found = find_molecules(structure.symbols, structure.positions, structure.cell)
    names = np.array(environments(structure, found))
    lead = np.array(structure.symbols) == "Pb"
    assert lead[is_bulk].sum() == lead[~is_bulk].sum() == 2
    assert set(names[is_bulk & lead]) == {"halide perovskite"}
    assert set(names[~is_bulk & lead]) == {"layered halide perovskite"}


def test_every_atom_of_an_interface_keeps_the_name_of_its_own_crystal():
    lower, upper = crystal("CsPbBr3-cubic") * (1, 1, 2), crystal("CdS-zincblende") * (1, 1, 2)
    for shift in (0.0, 1.5, 2.9):
        moved = upper.copy()
        moved.positions[:, 0] += shift
        structure, side = stacked(lower, moved, 2.4, 15)
        found = find_molecules(structure.symbols, structure.positions, structure.cell)
        names = np.array(environments(structure, found))
        assert set(names[np.array(side) == "lower"]) == {"halide perovskite"}
        assert set(names[np.array(side) == "upper"]) == {"CdS"}


def test_projections_stay_below_the_total_and_leave_an_interstitial_part():
    structure = as_structure(crystal("CsPbBr3-Pnma"))
    _, dos, _settings, _ = solve(structure)
    inside = dos.projected.sum(axis=(0, 2))
    assert (inside <= dos.total + 1e-12).all()
    share = inside.sum() / dos.total.sum()
    assert share == pytest.approx(read_table("mock/band_edges")["bands"]["projected_share"])
    step = dos.energies[1] - dos.energies[0]
    np.testing.assert_allclose(
        np.diff(dos.integrated[0]), 0.5 * step * (dos.total[0][1:] + dos.total[0][:-1]), atol=0.02
    )


@pytest.mark.parametrize("ispin", [1, 2])
@pytest.mark.parametrize("nelect", [80.0, 81.0])
def test_occupations_add_up_to_nelect(ispin, nelect):
    structure = as_structure(crystal("PbS-galena"))
    levels, dos, _settings, _ = solve(structure, ISPIN=ispin, NELECT=nelect)
    per_point = levels.occupations.sum(axis=(0, 2)) * (2 if ispin == 1 else 1)
    np.testing.assert_allclose(per_point, nelect, atol=1e-9)
    assert levels.moment == pytest.approx(nelect % 2 if ispin == 2 else 0.0)
    assert dos.total.shape[0] == ispin
    assert (np.diff(levels.eigenvalues, axis=2) >= 0).all()


def test_smearing_widens_the_edges():
    structure = as_structure(crystal("CdS-zincblende"))
    gaps = []
    for sigma in (0.02, 0.2):
        levels, dos, _, _ = solve(structure, SIGMA=sigma, NEDOS=6001)
        low, high = edges(dos, np.arange(8), levels.fermi)
        gaps.append(high - low)
    assert gaps[1] < gaps[0] - 0.1


def test_emin_and_emax_are_obeyed():
    structure = as_structure(Atoms("PbS", positions=[[0, 0, 0], [2.97, 0, 0]], cell=[5.94] * 3))
    _, dos, _, _ = solve(structure, EMIN=-7, EMAX=9, NEDOS=161)
    assert dos.energies[0] == -7
    assert dos.energies[-1] == 9
    assert len(dos.energies) == 161
