"""vaspout.h5 as py4vasp's schema describes it, and what broken ones say."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from band_factories import KPOINTS, LM, WEIGHTS, band_data
from vasp_factories import rock_salt_pair

from qdstruct.errors import OutputError
from qdstruct.outputs import (
    read_band_energies,
    read_projected_dos,
    read_vaspout,
    read_vaspout_bands,
    read_vaspout_dos,
    read_vaspout_projections,
)

h5py = pytest.importorskip("h5py")

ENERGIES = np.linspace(-3, 3, 31)


def contents(spins: int = 1, tables: int = 1) -> dict[str, Any]:
    """The data sets of a small calculation by name."""
    atoms = rock_salt_pair()
    energies, occupations, values = band_data(spins=spins, tables=tables, ions=4)
    projected = values.reshape(spins * tables, *values.shape[2:])
    generator = np.random.default_rng(spins + tables)
    dos = generator.uniform(0, 4, (spins * tables, 4, 9, 31))
    return {
        "version/major": 6, "version/minor": 4, "version/patch": 2,
        "results/positions/ion_types": np.array([b"Pb", b"S "]),
        "results/positions/number_ion_types": np.array([2, 2]),
        "intermediate/ion_dynamics/scale": 1.0,
        "intermediate/ion_dynamics/lattice_vectors": np.array([np.asarray(atoms.cell)] * 2),
        "intermediate/ion_dynamics/position_ions": np.array([atoms.get_scaled_positions()] * 2),
        "intermediate/ion_dynamics/forces": generator.normal(size=(2, 4, 3)),
        "intermediate/ion_dynamics/energies": np.array([[-1.0, -2.0, -3.0], [-4.0, -5.0, -6.0]]),
        "intermediate/ion_dynamics/energies_tags": np.array(
            [b"free energy    TOTEN   ", b"energy without entropy ", b"energy(sigma->0)       "]
        ),
        "results/electron_dos/efermi": 0.75,
        "results/electron_dos/energies": ENERGIES,
        "results/electron_dos/dos": generator.uniform(0, 9, (spins if tables == 1 else 4, 31)),
        "results/electron_dos/dospar": dos,
        "results/projectors/lchar": np.array([name.encode().ljust(5) for name in LM]),
        "results/projectors/par": np.ascontiguousarray(projected.transpose(0, 3, 4, 1, 2)),
        "results/electron_eigenvalues/eigenvalues": energies,
        "results/electron_eigenvalues/fermiweights": occupations,
        "results/electron_eigenvalues/kpoint_coords": KPOINTS,
        "results/electron_eigenvalues/kpoints_symmetry_weight": WEIGHTS,
    }  # fmt: skip


def write(path: Path, data: dict[str, Any]) -> Path:
    with h5py.File(path, "w") as file:
        for name, value in data.items():
            file[name] = value
    return path


@pytest.mark.parametrize(("spins", "tables"), [(1, 1), (2, 1), (1, 4)])
def test_densities_and_bands_are_labelled(tmp_path: Path, spins: int, tables: int) -> None:
    data = contents(spins, tables)
    write(tmp_path / "vaspout.h5", data)
    dos = read_projected_dos(tmp_path)
    raw = data["results/electron_dos/dospar"]
    labels = {1: ["total"], 2: ["up", "down"], 4: ["total", "x", "y", "z"]}[spins * tables]
    assert dos.projected["spin"].values.tolist() == labels
    mine = dos.projected.sel(atom=2, orbital="dx2-y2", spin=labels[-1])
    assert np.array_equal(mine, raw[-1, 2, 8].astype(np.float32))
    assert dos.total.shape == (spins, 31)
    assert dos.fermi_level == 0.75
    assert dos.atoms.get_chemical_formula() == "Pb2S2"
    energies, _, values = band_data(spins=spins, tables=tables, ions=4)
    found = read_vaspout_projections(tmp_path)
    assert found.projections.dims == ("spin", "kpoint", "band", "atom", "orbital")
    expected = values.reshape(spins * tables, *values.shape[2:]).astype(np.float32)
    assert np.array_equal(found.projections, expected)
    assert np.array_equal(read_band_energies(tmp_path).energies, energies)


def test_facts_are_those_of_the_last_step(tmp_path: Path) -> None:
    data = contents()
    facts = read_vaspout(write(tmp_path / "vaspout.h5", data))
    assert (facts.energy, facts.fermi_level, facts.version) == (-6.0, 0.75, "6.4.2")
    assert facts.n_ionic_steps == 2
    assert np.array_equal(facts.forces, data["intermediate/ion_dynamics/forces"][1])  # type: ignore[arg-type]


def test_it_reads_what_py4vasp_writes(tmp_path: Path) -> None:
    """py4vasp's own demonstration file, and its own reader as the judge."""
    demo = pytest.importorskip("py4vasp.demo")
    theirs = demo.calculation(tmp_path / "demo")
    read = theirs.dos.read(selection="1(px) s")
    ours = read_vaspout_dos(tmp_path / "demo")
    energies = ours.projected["energy"] - ours.fermi_level
    assert np.allclose(energies, read["energies"])
    assert np.allclose(ours.total.sum("spin"), read["total"])
    name = next(key for key in read if key.endswith("_px"))
    assert np.allclose(ours.projected.sel(atom=0, orbital="px").sum("spin"), read[name], atol=1e-6)
    assert np.allclose(ours.projected.sel(orbital="s").sum(("spin", "atom")), read["s"], atol=1e-5)


def test_a_compressed_file_is_unpacked_in_memory(tmp_path: Path) -> None:
    path = write(tmp_path / "vaspout.h5", contents())
    expected = read_vaspout_bands(path)
    (tmp_path / "vaspout.h5.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    assert read_vaspout_bands(tmp_path).energies.equals(expected.energies)


@pytest.mark.parametrize("name", sorted(set(contents()) - {"version/major", "version/patch"}))
def test_what_is_missing_or_no_number_is_named(tmp_path: Path, name: str) -> None:
    readers = (read_vaspout, read_vaspout_dos, read_vaspout_projections)
    data = contents()
    kept = {other: value for other, value in data.items() if other != name}
    outcomes = [_outcome(reader, write(tmp_path / "vaspout.h5", kept)) for reader in readers]
    optional = name.endswith(("scale", "forces", "ion_dynamics/energies", "minor"))
    assert any(outcomes) or optional
    if np.issubdtype(np.asarray(data[name]).dtype, np.floating):
        broken = np.array(data[name], dtype=float)
        broken.flat[-1] = np.nan
        write(tmp_path / "vaspout.h5", {**data, name: broken})
        outcomes = [_outcome(reader, tmp_path / "vaspout.h5") for reader in readers]
        assert any("no finite number" in outcome for outcome in outcomes)
        if broken.ndim:
            write(tmp_path / "vaspout.h5", {**data, name: np.array(data[name])[..., :-1]})
            assert any(_outcome(reader, tmp_path / "vaspout.h5") for reader in readers)


def _outcome(reader: Any, path: Path) -> str:
    try:
        reader(path)
    except OutputError as error:
        message = error.message
    else:
        return ""
    assert path.name in message
    return message


def test_what_is_no_hdf5_file_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "vaspout.h5", contents())
    whole = path.read_bytes()
    for size in (0, 4, 8, 100, len(whole) // 2, len(whole) - 100):
        path.write_bytes(whole[:size])
        with pytest.raises(OutputError, match=r"vaspout\.h5"):
            read_vaspout_dos(path)
    path.write_text("<modeling>")
    with pytest.raises(OutputError, match="no HDF5 file"):
        read_vaspout(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(OutputError, match="is a directory"):
        read_vaspout_dos(tmp_path)


@pytest.mark.parametrize("packed", [False, True])
def test_cut_anywhere_it_is_refused(tmp_path: Path, packed: bool) -> None:
    path = write(tmp_path / "vaspout.h5", contents())
    whole = path.read_bytes()
    data = gzip.compress(whole, 1) if packed else whole
    for cut in np.linspace(1, len(data) - 1, 14).astype(int):
        path.write_bytes(data[:cut])
        for read in (read_vaspout, read_vaspout_dos, read_vaspout_bands):
            with pytest.raises(OutputError, match=r"vaspout\.h5"):
                read(path)
