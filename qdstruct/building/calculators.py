"""What can compute the energy of an interface: the embedded model, or an optional package."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qdstruct.errors import BuildError
from qdstruct.model import Phase

if TYPE_CHECKING:
    from ase.calculators.calculator import Calculator

__all__ = ["CALCULATORS", "interface_calculator"]

CALCULATORS = ("ionic", "chgnet")
"""Names of the calculators."""


def interface_calculator(name: str, film: Phase, substrate: Phase) -> Calculator:
    """Return a calculator for a film on a substrate with vacuum.

    Parameters
    ----------
    name : {"ionic", "chgnet"}
        ``ionic``: point charges and Born–Mayer repulsion (`qdstruct.building.ionic_model`), always
        there. ``chgnet``: the pretrained graph network of Deng et al., Nat. Mach. Intell. 5, 1031
        (2023), an optional extra whose wheel carries its weights; runs on the CPU.
    film, substrate : Phase
        The crystals; the ionic model derives its parameters from them.

    Raises
    ------
    BuildError
        For an unknown name, a missing package, or crystals that the model does not know.
    """
    if name == "ionic":
        from qdstruct.building.ionic_model import IonicModel, ionic_phase

        regions = {"film": ionic_phase(film), "substrate": ionic_phase(substrate)}
        return IonicModel(regions, slab=True)
    if name == "chgnet":
        return _chgnet()
    raise BuildError(f"the calculator '{name}' is unknown", hint=f"one of {', '.join(CALCULATORS)}")


def _chgnet() -> Calculator:
    try:
        from chgnet.model.dynamics import CHGNetCalculator
    except ImportError as error:
        raise BuildError(
            f"the calculator 'chgnet' needs the package chgnet, which is not installed ({error})",
            hint='pip install "qdstruct[chgnet]", or use --calculator ionic',
        ) from None
    calculator = CHGNetCalculator(use_device="cpu")
    calculator.name = "CHGNet"
    return calculator
