"""The calculations an analysis draws on: which directory holds which output of which system."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from qdstruct import analysis, outputs
from qdstruct.errors import OutputError, QdstructError
from qdstruct.model import AveragedGrid, BandEdges, FinishedCalculation, ProjectedDos

if TYPE_CHECKING:
    from ase import Atoms
    from xarray import DataArray

__all__ = ["Settings", "System", "Workbench"]

Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a user may set about an analysis."""

    threshold: float = analysis.THRESHOLD
    """States/eV per atom that count as zero when band edges are looked for."""
    broadening: float = 0.0
    """eV, standard deviation of a Gaussian put on the densities of states."""
    chemical_potentials: dict[str, tuple[float, ...]] = field(default_factory=dict)
    """Element → μ in eV per atom, or its lower and upper limit, for interfaces that hold more or
    less than whole formula units of their two crystals."""
    references: dict[str, tuple[float, str]] = field(default_factory=dict)
    """Element → energy per atom of the element itself in eV, and where it comes from."""


@dataclass(frozen=True, eq=False)
class System:
    """One structure, with the directories in which it was calculated."""

    role: str
    """``interface``, ``bulk-film``, ``slab-substrate``, ``difference/ligand``, …"""
    places: tuple[Mapping[str, Path], ...]
    """Of each directory: plain name (``CHGCAR``) → file, the best place for energies and densities
    first; ``dos`` names the vasprun.xml of a run made for its density of states."""
    regions: tuple[str, ...] = ()
    """Region of each atom, where the structure has several."""
    axis: int = 2
    """Cell vector along the normal."""

    def file(self, name: str) -> Path | None:
        """Return the first file called `name`."""
        return next((place[name] for place in self.places if name in place), None)

    @cached_property
    def facts(self) -> FinishedCalculation:
        """Structure, energy and Fermi level; OutputError where no vasprun.xml can be read."""
        return outputs.read_calculation(self.required("vasprun.xml"))

    @cached_property
    def atoms(self) -> Atoms:
        """The structure, with ``region`` where it is known."""
        atoms = self.facts.atoms
        if self.regions and len(self.regions) == len(atoms):
            atoms.set_array("region", np.array(self.regions))
        return atoms

    @cached_property
    def projected(self) -> ProjectedDos:
        """The projected DOS of the best place; OutputError where none has one."""
        return self._of_densities(lambda path: outputs.read_projected_dos(path, self.regions))

    @cached_property
    def total(self) -> DataArray:
        """The total DOS of the best place; OutputError where none has one."""
        return self._of_densities(outputs.read_total_dos)

    def _of_densities(self, read: Callable[[Path], Result]) -> Result:
        """Read the first file that can be: runs made for densities of states first."""
        files = [place["dos"] for place in self.places if "dos" in place]
        files += [place["vasprun.xml"] for place in self.places if "vasprun.xml" in place]
        trouble: OutputError | None = None
        for path in dict.fromkeys(files):
            try:
                return read(path)
            except OutputError as error:
                trouble = trouble or error
        raise trouble or OutputError(f"{self.role}: there is no vasprun.xml")

    @cached_property
    def potential(self) -> AveragedGrid:
        """LOCPOT averaged along the normal."""
        return outputs.read_averaged_grid(self.required("LOCPOT"), axis=self.axis)

    @cached_property
    def cores(self) -> outputs.OutcarFacts:
        """The facts of the first OUTCAR that states core potentials."""
        for place in self.places:
            if "OUTCAR" in place:
                facts = outputs.read_outcar(place["OUTCAR"])
                if facts.core_potentials is not None:
                    return facts
        raise OutputError(f"{self.role}: no OUTCAR states the potentials at the cores")

    def edges(self, group: str, threshold: float = analysis.THRESHOLD) -> BandEdges:
        """Band edges of the whole structure on the scale of its own potential, eV."""
        total = self.total
        edges = analysis.total_band_edges(
            total, len(self.facts.atoms), group=group, threshold=threshold
        )
        return analysis.shifted_edges(edges, float(total.attrs["fermi_level"]))

    def required(self, name: str) -> Path:
        """Return the first file called `name`; OutputError where there is none."""
        path = self.file(name)
        if path is None:
            raise OutputError(f"{self.role}: there is no {name}")
        return path


@dataclass
class Workbench:
    """The systems by role, and what is learned on the way."""

    systems: dict[str, System]
    """Role → system; only those with outputs."""
    absent: Callable[[str, str], str]
    """Words for what is missing, of a role and a file."""
    label: Callable[[Path], str]
    """A file's name in notes and sources."""
    settings: Settings = field(default_factory=Settings)
    """How the analysis is done."""
    subjects: dict[str, str] = field(
        default_factory=lambda: {
            "interface": "interface",
            "slab-film": "film slab",
            "slab-substrate": "substrate slab",
        }
    )
    """Role → what a figure of its potential calls it."""
    bader_place: Path | None = None
    """A calculation of the interface with all-electron densities, or with an ACF.dat."""
    relaxation: Path | None = None
    """The relaxation of the interface."""
    trajectory: Path | None = None
    """Directory with one numbered directory for each step of dynamics of the interface."""
    verb: str = "waiting for"
    """What leads from a result to what it lacks."""
    is_interface: bool = True
    """False where the system in the role of the interface has no two sides."""
    notes: list[str] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)

    def lacking(self, result: str, needs: Sequence[tuple[str, str]]) -> bool:
        """Note which (role, file) is missing for `result`; False when everything is there."""
        words = [
            self.absent(role, name)
            for role, name in needs
            if role not in self.systems or self.systems[role].file(name) is None
        ]
        if words:
            listed = ", ".join(dict.fromkeys(words))
            self.notes.append(f"{result}: not computed, {self.verb} {listed}.")
        return bool(words)

    def guard(self, result: str, error: QdstructError) -> None:
        """Note why a result could not be computed although its files are there."""
        self.notes.append(f"{result}: {error.message}" + (f" ({error.hint})" if error.hint else ""))

    def cite(self, result: str, *files: Path | None) -> tuple[str, ...]:
        """Record where a result comes from, and return the labels of the files."""
        labels = tuple(self.label(path) for path in files if path is not None)
        self.sources[result] = ", ".join(dict.fromkeys(labels))
        return labels

    @cached_property
    def is_mock(self) -> bool:
        """Whether the mock made any of the outputs."""
        places = {path.parent for system in self.systems.values()
                  for place in system.places for path in place.values()}  # fmt: skip
        return any(outputs.directory_is_mock(place) for place in places)

    @property
    def parts(self) -> dict[str, System]:
        """Film, substrate and every other part that was calculated alone in the same cell."""
        found = {
            role.removeprefix("difference/"): system
            for role, system in self.systems.items()
            if role.startswith("difference/")
        }
        first = [name for name in ("film", "substrate") if name in found]
        return {name: found[name] for name in (*first, *sorted(set(found) - set(first)))}
