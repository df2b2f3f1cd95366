"""What can compute the energy of an interface: the embedded model, or an optional package."""

from __future__ import annotations

import contextlib
import sys
import warnings
from importlib import metadata
from typing import TYPE_CHECKING

from qdstruct.errors import BuildError
from qdstruct.model import Phase

if TYPE_CHECKING:
    from ase.calculators.calculator import Calculator

__all__ = ["CALCULATORS", "interface_calculator"]

CALCULATORS = ("ionic", "chgnet")
"""Names of the calculators."""


def interface_calculator(
    name: str, film: Phase | None = None, substrate: Phase | None = None
) -> Calculator:
    """Return a calculator for a film on a substrate with vacuum.

    Parameters
    ----------
    name : {"ionic", "chgnet"}
        ``ionic``: point charges and Born–Mayer repulsion (`qdstruct.building.ionic_model`), always
        there. ``chgnet``: the pretrained graph network of Deng et al., Nat. Mach. Intell. 5, 1031
        (2023), an optional extra whose wheel carries its weights; runs on the CPU.
    film, substrate : Phase, optional
        The crystals; the ionic model derives its parameters from them and cannot do without.

    Raises
    ------
    BuildError
        For an unknown name, a missing package, or crystals that the model does not know.
    """
    if name == "ionic":
        if film is None or substrate is None:
            raise BuildError(
                "the ionic model derives its parameters from the crystals, which are not known",
                hint="name them with --film and --substrate, or take --calculator chgnet",
            )
        from qdstruct.building.ionic_model import IonicModel, ionic_phase

        regions = {"film": ionic_phase(film), "substrate": ionic_phase(substrate)}
        return IonicModel(regions, slab=True)
    if name == "chgnet":
        return _chgnet()
    raise BuildError(f"the calculator '{name}' is unknown", hint=f"one of {', '.join(CALCULATORS)}")


def _chgnet() -> Calculator:
    """Return CHGNet's calculator; what it prints goes to stderr, for stdout is the caller's."""
    try:
        from chgnet.model.dynamics import CHGNetCalculator
    except ImportError as error:
        raise BuildError(
            f"the calculator 'chgnet' needs the package chgnet, which is not installed ({error})",
            hint='pip install "qdstruct[chgnet]", or use --calculator ionic',
        ) from None
    version = metadata.version("chgnet")
    warnings.filterwarnings("ignore", message="Converting a tensor with requires_grad")

    class NamedCalculator(CHGNetCalculator):  # type: ignore[misc]
        name = f"CHGNet {version}"

    with contextlib.redirect_stdout(sys.stderr):
        return NamedCalculator(use_device="cpu", on_isolated_atoms="ignore")
