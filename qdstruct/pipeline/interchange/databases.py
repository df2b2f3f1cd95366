"""Structures by their number in a database that speaks OPTIMADE, Materials Project among them."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from qdstruct.errors import InputError

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["PROVIDERS", "fetch_structure", "structure_of"]

PROVIDERS = {
    "mp": "https://optimade.materialsproject.org",
    "cod": "https://www.crystallography.net/cod/optimade",
    "oqmd": "https://oqmd.org/optimade",
    "alexandria": "https://alexandria.icams.rub.de/pbe",
}
"""Short name → address of an OPTIMADE service (https://www.optimade.org/providers-dashboard)."""
SECONDS = 60.0


def fetch_structure(
    number: str, *, provider: str = "mp", get: Callable[[str], bytes] | None = None
) -> Atoms:
    """Ask a database for one structure.

    Parameters
    ----------
    number : str
        Its number there, for example ``mp-600089``.
    provider : str
        A key of `PROVIDERS`, or the address of any OPTIMADE service.
    get : callable, optional
        Address → bytes of the answer; by default over the network.

    Returns
    -------
    ase.Atoms
        With ``info["source"]``: the address that was asked.

    Raises
    ------
    InputError
        Without network, for an unknown provider or number, and for a structure that cannot be used
        as it is (disordered sites, missing positions).
    """
    if not re.fullmatch(r"[\w.:-]+", number):
        raise InputError(f"'{number}' is not a number in a database", hint="e.g. mp-600089")
    base = PROVIDERS.get(provider, provider)
    if not base.startswith(("https://", "http://")):
        raise InputError(
            f"there is no provider called '{provider}'",
            hint=f"providers: {', '.join(PROVIDERS)}, or an address that begins with https://",
        )
    address = f"{base.rstrip('/')}/v1/structures/{urllib.parse.quote(number)}"
    try:
        document = json.loads((get or _download)(address))
    except urllib.error.HTTPError as error:
        raise InputError(
            f"{address}: {error.code} {error.reason}", hint="is it the number?"
        ) from None
    except (OSError, urllib.error.URLError) as error:
        raise InputError(f"{address}: no answer: {error}", hint="is there a network?") from None
    except ValueError:
        raise InputError(f"{address}: the answer is not JSON") from None
    atoms = structure_of(document, address)
    atoms.info["source"] = address
    return atoms


def _download(address: str) -> bytes:
    request = urllib.request.Request(address, headers={"Accept": "application/json"})
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        return bytes(answer.read())


def structure_of(document: Any, address: str) -> Atoms:
    """Turn an OPTIMADE answer for one structure into atoms (specification 1.1, section 7.2).

    Raises
    ------
    InputError
        If it holds none, or one that is not ordered.
    """
    from ase import Atoms as Structure

    entry = document.get("data") if isinstance(document, dict) else None
    if isinstance(entry, list):
        entry = entry[0] if entry else None
    if not entry:
        raise InputError(f"{address}: there is no such structure")
    attributes = entry.get("attributes", {})
    try:
        species = {each["name"]: each for each in attributes["species"]}
        symbols = [_symbol(species[name], address) for name in attributes["species_at_sites"]]
        positions = np.array(attributes["cartesian_site_positions"], dtype=float)
        cell = np.array(attributes["lattice_vectors"], dtype=float)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{address}: the answer lacks {error}") from None
    periodic = [bool(flag) for flag in attributes.get("dimension_types", (1, 1, 1))]
    if cell.shape != (3, 3) or positions.shape != (len(symbols), 3) or not len(symbols):
        raise InputError(f"{address}: cell and positions are not those of a crystal")
    return Structure(symbols, positions=positions, cell=cell, pbc=periodic)


def _symbol(species: Any, address: str) -> str:
    symbols, parts = species["chemical_symbols"], species.get("concentration", [1.0])
    if len(symbols) != 1 or abs(float(parts[0]) - 1) > 1e-6 or symbols[0] in ("X", "vacancy"):
        raise InputError(
            f"{address}: the site '{species['name']}' is disordered",
            hint="take an ordered structure of the same crystal",
        )
    return str(symbols[0])
