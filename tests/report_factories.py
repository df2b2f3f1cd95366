"""A small finished study with invented curves, for tests of the report only."""

from __future__ import annotations

import numpy as np
import xarray
from ase import Atoms
from ase.build import bulk

from qdstruct.model import (
    BandAlignment,
    BandEdges,
    CalculatedResults,
    ChargeDifference,
    ChargeField,
    CoincidenceMatch,
    ConservationCheck,
    EnergyPerArea,
    Interface,
    JobStatus,
    Phase,
    PotentialProfile,
    PotentialResult,
    PowderPattern,
    PowderPeak,
    PublishedComparison,
    Slab,
    Spot,
    SpotPattern,
    StateDensity,
    StateOverlap,
    StudyResults,
    VacuumLevel,
)


def make_phase(name: str = "PbS-galena", a: float = 5.9315) -> Phase:
    return Phase(
        name=name, formula="PbS", atoms=bulk("PbS", "rocksalt", a=a, cubic=True),
        space_group_number=225, space_group_symbol="Fm-3m", setting="standard", formula_units=4,
        density=7.6, citation="Noda et al., Acta Cryst. C43, 1443 (1987)", temperature=298.0,
        caveats=("a caveat with <angle brackets>",),
    )  # fmt: skip


def make_match(area: float = 35.0, strain: float = 0.01) -> CoincidenceMatch:
    return CoincidenceMatch(
        film_hkl=(1, 0, 0), substrate_hkl=(0, 0, 1),
        film_plane_vectors=4.19 * np.eye(2, 3), substrate_plane_vectors=5.87 * np.eye(2, 3),
        film_transform=np.array([[1, 1], [-1, 1]]), substrate_transform=np.eye(2, dtype=np.int64),
        area=area, strain=strain * np.eye(2), principal_strains=(strain, -strain / 2),
        rotation=-45.0, film_directions=np.array([[0, 1.0, 0], [0, 0, 1.0]]),
        substrate_directions=np.array([[1.0, 0, 0], [0, -1.0, 0.5]]), n_atoms_per_layer_pair=9,
    )  # fmt: skip


def _slab(phase: Phase) -> Slab:
    return Slab(
        atoms=phase.atoms, phase_name=phase.name, hkl=(1, 0, 0),
        plane_vectors=4.19 * np.eye(2, 3), n_layers=2, thickness=2.97, bottom_termination="PbS",
        top_termination="PbS", vacuum=12.0,
    )  # fmt: skip


def make_interface() -> Interface:
    phase = make_phase()
    below, above = phase.atoms.copy(), phase.atoms.copy()
    above.positions[:, 2] += 6.5
    atoms = Atoms(below + above, cell=[5.9315, 5.9315, 27.0], pbc=True)
    atoms.set_array("region", np.array(["substrate"] * 8 + ["film"] * 8))
    atoms.set_array("layer", np.array([0, 0, 0, 0, 1, 1, 1, 1] * 2))
    return Interface(
        atoms=atoms, geometry="vertical", film=_slab(phase), substrate=_slab(phase),
        match=make_match(), film_strain=0.01 * np.eye(2), substrate_strain=np.zeros((2, 2)),
        gap=3.0, shift=(0.0, 0.0), vacuum=15.0, interface_height=4.7,
    )  # fmt: skip


def _dos(groups: list[str]) -> xarray.DataArray:
    energy = np.linspace(-10, 10, 401)
    values = [
        np.where((energy < -1 - 0.3 * i) | (energy > 1.2 + 0.2 * i), 3 + np.sin(4 * energy) + i, 0)
        for i in range(len(groups))
    ]
    return xarray.DataArray(
        np.array(values), dims=("group", "energy"), coords={"group": groups, "energy": energy},
        attrs={"unit": "states/eV", "reference": "Fermi level"},
    )  # fmt: skip


def _powder(name: str) -> PowderPattern:
    angle = np.arange(10, 60, 0.05)
    profile = 100 * np.exp(-(((angle - 30.4) / 0.2) ** 2)) + 40 * np.exp(
        -(((angle - 43.6) / 0.2) ** 2)
    )
    peaks = (
        PowderPeak(two_theta=30.4, d=2.937, hkl=((0, 0, 2),), multiplicity=6, intensity=100.0),
        PowderPeak(
            two_theta=43.6, d=2.07, hkl=((2, -2, 0), (2, 2, 0)), multiplicity=12, intensity=40.0
        ),
    )
    return PowderPattern(
        phase=name, wavelength=1.54056, anode="CuKa1", peaks=peaks,
        pattern=xarray.DataArray(profile, dims="two_theta", coords={"two_theta": angle}),
    )  # fmt: skip


def _spots() -> SpotPattern:
    spots = tuple(
        Spot(
            hkl=(h, k, 0),
            g=(h / 5.87, k / 5.87),
            length=float(np.hypot(h, k) / 5.87),
            angle=float(np.degrees(np.arctan2(k, h))),
            intensity=100.0 / (h * h + k * k),
            forbidden=(h + k) % 2 == 1,
        )
        for h in range(-4, 5)
        for k in range(-4, 5)
        if (h, k) != (0, 0) and np.hypot(h, k) / 5.87 <= 0.7
    )
    return SpotPattern(phase="CsPbBr3-cubic", zone=(0, 0, 1), spots=spots, max_g=0.7)


def _difference() -> ChargeDifference:
    z = np.linspace(0, 27, 200)
    profile = 0.002 * (z - 4.7) * np.exp(-((z - 4.7) ** 2))
    displaced = np.cumsum(profile) * (z[1] - z[0]) * 35.2
    return ChargeDifference(
        profile=xarray.DataArray(profile, dims="z", coords={"z": z}),
        displaced=xarray.DataArray(displaced, dims="z", coords={"z": z}),
        transferred=0.035, interface_height=4.7, area=35.2, integral=1.2e-9,
        n_electrons=(160.0, 80.0, 80.0), sources=("AB", "A", "B"),
    )  # fmt: skip


def _calculated(edges: tuple[BandEdges, ...]) -> CalculatedResults:
    film, substrate = edges
    z = np.linspace(0, 27, 270, endpoint=False)
    profile = xarray.DataArray(
        np.where((z > 1) & (z < 12), -4 + np.cos(4 * z), 2.0), dims="z", coords={"z": z},
        attrs={"height": 27.0},
    )  # fmt: skip
    vacuum = tuple(
        VacuumLevel(side=side, level=level, uncertainty=0.01, start=start, end=start + 3)
        for side, level, start in (("below", 2.0, 21.0), ("above", 2.5, 16.0))
    )
    wave = 0.002 * np.cos(2 * np.pi * np.arange(12) / 12)
    values = np.broadcast_to(wave[:, None, None], (12, 12, 40)).astype(np.float32)
    section = xarray.DataArray(
        values[:, :, 7], dims=("u", "v"), coords={"u": np.arange(12.0), "v": np.arange(12.0)},
        attrs={"axis": 2, "fraction": 0.175},
    )  # fmt: skip
    return CalculatedResults(
        dos_by_region=_dos(["film", "substrate"]), dos_by_element=_dos(["Pb", "S"]),
        dos_by_region_element=_dos(["film Pb", "film S", "substrate Pb"]),
        band_edges=edges, charge_difference=_difference(),
        alignments=(
            BandAlignment(
                method="local DOS", reference="Fermi level", film=film, substrate=substrate,
                valence_offset=0.3, conduction_offset=-0.2, uncertainty=0.14, kind="type I",
                reason="both edges of the film lie inside the gap", terms={"a term": -1.25},
                sources=("interface/dos/vasprun.xml",),
            ),
        ),
        potentials=(
            PotentialResult(
                subject="interface",
                profile=PotentialProfile(
                    profile=profile, macroscopic=profile, periods=(2.9, 5.8),
                    vacuum_levels=vacuum, dipole_step=0.5, fermi_level=-2.0, source="LOCPOT",
                ),
                extents={"substrate": (1.0, 4.5), "film": (5.0, 12.0)},
                plateaus={"substrate": (-4.0, 0.02), "film": (-4.1, 0.03)},
                edges=film,
            ),
        ),
        charge_field=ChargeField(
            values=values, atoms=make_interface().atoms, origin=(0.0, 0.0, -7.0),
            level=0.001, sections=(section,), file="charge-difference.vasp",
        ),
        energies=(
            EnergyPerArea(
                name="adhesion", value=0.05, area=35.2, n_interfaces=1,
                terms={"E(film)": -10.0, "−E(interface)": 11.76}, convention="positive: gained",
            ),
        ),
        states=(
            StateDensity(name="PARCHG.0012", electrons=2.0, source="interface/states",
                         fractions={"substrate": 0.9, "film": 0.1}),
        ),
        overlaps=(StateOverlap(first="PARCHG.0012", second="PARCHG.0013", value=0.0321),),
        checks=(
            ConservationCheck(name="∫Δρ over the cell", found=1e-9, expected=0.0,
                              unit="electrons", tolerance=1e-3, source="CHGCAR"),
        ),
    )  # fmt: skip


def make_results(*, is_mock: bool = True, finished: bool = True) -> StudyResults:
    edges = tuple(
        BandEdges(group=g, valence_maximum=v, conduction_minimum=c, threshold=0.01, uncertainty=0.1)
        for g, v, c in (("film", -1.0, 1.2), ("substrate", -1.3, 1.4))
    )
    jobs = tuple(
        JobStatus(
            name=name,
            kind="static",
            subject="a slab",
            state=state,
            attempts=1,
            path=name,
            n_atoms=16,
            energy=-123.456,
            converged=True,
            max_force=0.02,
            seconds=2.5,
        )
        for name, state in (("interface/static", "done"), ("interface/dos", "failed"))
    )
    return StudyResults(
        study="a-test-study", description="A study with <b>invented</b> curves & a long title.",
        film=make_phase(), substrate=make_phase("CsPbBr3-cubic", 5.874),
        matches=tuple(make_match(35.0 * n, 0.01 / n) for n in range(1, 6)), chosen_match=0,
        interface=make_interface(), settings_summary={"Film plane": "(1 0 0)"}, jobs=jobs,
        calculated=_calculated(edges) if finished else CalculatedResults(),
        powder=(_powder("PbS-galena"), _powder("CsPbBr3-cubic")), spots=(_spots(), _spots()),
        published=(
            PublishedComparison(
                system="PbS", quantity="2θ (200)", published="29.78", ours="30.10", unit="°",
                verdict="differs", reason="the printed line implies a = 5.99 Å", source="a thesis",
            ),
        ),
        notes=("a note",), sources={"dos": "interface/dos/vasprun.xml"},
        versions={"qdstruct": "0.1.0"}, engine="mock", is_mock=is_mock,
    )  # fmt: skip
