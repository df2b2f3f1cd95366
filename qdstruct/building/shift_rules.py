"""Where a film is put on a substrate when nobody says: rules for the in-plane shift and the gap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from qdstruct.building.contact import contact_heights
from qdstruct.building.ionic_model import IonicPhase, ionic_phase
from qdstruct.building.slab_attraction import interaction_energies
from qdstruct.errors import BuildError
from qdstruct.model import Phase

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["SHIFT_RULES", "FacingSlabs", "ShiftRule"]

ShiftRule = Literal["closest", "ionic", "geometric"]

SHIFT_RULES: Final = get_args(ShiftRule)
"""Names of the rules."""

AROUND_CONTACT = np.array([-0.3, 0.0, 0.3, 0.6])
"""Å: gaps beside the contact at which the ionic model compares shifts."""

LEAST_ATTRACTION = 6e-4
"""eV/Å² (0.01 J/m²): weaker attraction says nothing about the registry."""

IONIC_GAPS = np.arange(1.2, 5.01, 0.05)
"""Å: gaps among which the ionic model looks for the best."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FacingSlabs:
    """Two slabs in their common cell, before the film has its place."""

    lower: Atoms
    """The substrate's slab."""
    upper: Atoms
    """The film's slab."""
    cell: NDArray[np.float64]
    """(2, 2) common in-plane cell, Å."""
    film: Phase
    """The film's crystal."""
    substrate: Phase
    """The substrate's crystal."""

    def best_shift(
        self, rule: ShiftRule, shifts: NDArray[np.float64]
    ) -> tuple[tuple[float, float], str]:
        """Choose one of several shifts.

        Parameters
        ----------
        rule : {"closest", "ionic", "geometric"}
            "ionic": the least energy of the ionic model within −0.3 to 0.6 Å of contact.
            "geometric": the least height at which the slabs touch, whatever their charges.
            "closest": ionic where the model knows both crystals, the slabs are neutral and attract
            each other, else geometric.
        shifts : (n, 2) array
            In-plane shifts of the film in fractions of the cell.

        Returns
        -------
        shift, rule
            And the rule that decided.

        Raises
        ------
        BuildError
            For an unknown rule; for "ionic" where the model does not apply.
        """
        if rule not in SHIFT_RULES:
            raise BuildError(
                f"there is no rule '{rule}' for the shift", hint=f"one of {', '.join(SHIFT_RULES)}"
            )
        heights = contact_heights(self.lower, self.upper, self.cell, shifts)
        if rule != "geometric":
            try:
                energies = self._attraction(shifts, heights)
                return _chosen(shifts, energies), "ionic"
            except BuildError:
                if rule == "ionic":
                    raise
        return _chosen(shifts, heights), "geometric"

    def _attraction(
        self, shifts: NDArray[np.float64], heights: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the least energy of each shift near contact, eV; refuse where nothing attracts."""
        near = self._energies(shifts, heights[:, None] + AROUND_CONTACT)
        energies = np.asarray(near.min(axis=1))
        if not np.isfinite(energies).any():
            raise BuildError(
                "the two slabs interlock, which the ionic rule cannot compare",
                hint="use the geometric rule",
            )
        area = abs(float(np.linalg.det(self.cell)))
        if energies.min() > -LEAST_ATTRACTION * area:
            raise BuildError(
                "in the ionic model the two slabs hardly attract each other at any shift",
                hint="use the geometric rule, or scan the registry with another calculator",
            )
        return energies

    def ionic_gap(self, shift: tuple[float, float]) -> float:
        """Return the gap of least energy of the ionic model at one shift, Å.

        Raises
        ------
        BuildError
            Where the model does not apply, or finds no minimum from 1.2 to 5 Å.
        """
        energies = self._energies(np.array([shift]), IONIC_GAPS[None])[0]
        k = int(np.argmin(energies))
        if not 0 < k < len(IONIC_GAPS) - 1 or energies[k] > -1e-3:
            raise BuildError(
                "the ionic model finds no gap at which the two slabs attract each other",
                hint="try another shift or termination, or leave the gap to the radii",
            )
        a, b, _ = np.polyfit(IONIC_GAPS[k - 1 : k + 2], energies[k - 1 : k + 2], 2)
        return float(-b / (2 * a))

    def _energies(
        self, shifts: NDArray[np.float64], gaps: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        crystals: tuple[IonicPhase, IonicPhase] = (
            ionic_phase(self.substrate), ionic_phase(self.film),
        )  # fmt: skip
        return interaction_energies(
            self.lower, self.upper, self.cell, shifts, gaps, crystals=crystals
        )


def _chosen(shifts: NDArray[np.float64], values: NDArray[np.float64]) -> tuple[float, float]:
    """Return the shift of the lowest value, the first of several."""
    best = shifts[int(np.argmin(np.round(values, 6)))]
    return float(best[0]), float(best[1])
