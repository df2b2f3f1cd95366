"""The electronic steps of an ionic step: energies that approach the final one geometrically."""

from __future__ import annotations

from qdstruct.running.vaspfiles.facts import ElectronicStep

__all__ = ["electronic_steps"]


def electronic_steps(
    energy: float, n_atoms: int, ediff: float, nelm: int, *, first: bool, converges: bool
) -> tuple[list[ElectronicStep], bool]:
    """Return the electronic steps towards `energy`, and whether they met EDIFF.

    Parameters
    ----------
    energy : float
        Total energy of the model, eV.
    n_atoms : int
        Sets how far off the first step is.
    ediff : float
        Criterion, eV.
    nelm : int
        Most steps.
    first : bool
        The first ionic step starts farther away.
    converges : bool
        False keeps the change above `ediff` for ever.
    """
    off = (1.0 if first else 0.02) * n_atoms
    ratio = 0.25 if converges else 0.97
    steps: list[ElectronicStep] = []
    before = 0.0
    for number in range(1, nelm + 1):
        value = energy + off * ratio**number
        change = value - before
        residual = abs(off) * ratio ** (number / 2)
        steps.append(ElectronicStep(number=number, energy=value, change=change, residual=residual))
        if number > 2 and abs(change) < ediff and converges:
            steps[-1] = ElectronicStep(
                number=number, energy=energy, change=energy - before, residual=residual
            )
            return steps, True
        before = value
    return steps, False
