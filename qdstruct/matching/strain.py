"""Strain of a match: polar decomposition, principal stretches and its partition."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdstruct.errors import MatchError
from qdstruct.matching.elasticity import plane_stress_stiffness
from qdstruct.model import CoincidenceMatch, StrainPartition

__all__ = [
    "deformation_gradient",
    "partition_strain",
    "plane_frame",
    "polar_decomposition",
    "symmetric_power",
]


def plane_frame(vectors: ArrayLike) -> NDArray[np.float64]:
    """Return the (3, 3) rotation into the frame of a plane: x along its first vector, z normal.

    Parameters
    ----------
    vectors : (2, 3) array
        In-plane vectors, Cartesian, Å. ``vectors @ frame.T`` has zero third components.
    """
    a, b = np.asarray(vectors, dtype=float)
    x = a / np.linalg.norm(a)
    z = np.cross(a, b)
    z /= np.linalg.norm(z)
    return np.array([x, np.cross(z, x), z])


def polar_decomposition(
    deformation: ArrayLike,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Split F = R·U into a rotation and a symmetric stretch.

    Parameters
    ----------
    deformation : (n, n) array
        F with positive determinant, acting on column vectors.

    Returns
    -------
    rotation, stretch : (n, n) arrays
        R proper orthogonal, U = (FᵀF)^½ symmetric positive definite.

    Raises
    ------
    ValueError
        If det F ≤ 0: a mirror image is no deformation of a body.
    """
    F = np.asarray(deformation, dtype=float)
    if np.linalg.det(F) <= 0:
        raise ValueError("a deformation gradient has a positive determinant")
    left, stretches, right = np.linalg.svd(F)
    return left @ right, right.T @ np.diag(stretches) @ right


def symmetric_power(matrix: ArrayLike, exponent: float) -> NDArray[np.float64]:
    """Raise a symmetric positive definite matrix to a real power."""
    values, vectors = np.linalg.eigh(np.asarray(matrix, dtype=float))
    return np.asarray((vectors * values**exponent) @ vectors.T)


def deformation_gradient(match: CoincidenceMatch) -> NDArray[np.float64]:
    """Return F of a match: (2, 2), from the film's plane frame to the substrate's.

    Film supercell vectors f and substrate supercell vectors s, as columns in the plane frames
    (x along the first primitive plane vector, z along the normal), obey ``s = F @ f``.
    """
    film, substrate = match.film_plane_vectors, match.substrate_plane_vectors
    f = match.film_transform @ (film @ plane_frame(film).T)[:, :2]
    s = match.substrate_transform @ (substrate @ plane_frame(substrate).T)[:, :2]
    return np.asarray(np.linalg.solve(f, s).T)


def partition_strain(
    match: CoincidenceMatch,
    on: str = "film",
    *,
    film_stiffness: ArrayLike | None = None,
    substrate_stiffness: ArrayLike | None = None,
    thickness_ratio: float = 1.0,
) -> StrainPartition:
    """Share the strain of a match between film and substrate.

    Parameters
    ----------
    match : CoincidenceMatch
        The coincidence cell.
    on : {"film", "substrate", "both", "elastic"}
        Who gives way: one side alone; both by the geodesic midpoint (the logarithmic strain is
        halved); or the split of least elastic energy.
    film_stiffness, substrate_stiffness : (6, 6) arrays, optional
        Elastic stiffness in GPa, Voigt order xx yy zz yz xz xy, in the Cartesian frame of each
        phase's file; needed for "elastic".
    thickness_ratio : float
        Film thickness over substrate thickness, for "elastic".

    Returns
    -------
    StrainPartition
        Both in-plane strains, and for "elastic" the energy density.

    Raises
    ------
    MatchError
        For an unknown word, or "elastic" without both tensors or with a ratio that is not
        positive.

    Notes
    -----
    With F = R·U the film is stretched by U^t and the substrate by (R·U·Rᵀ)^(t−1); both then
    coincide for any t. "elastic" minimises ½ ε_f·C_f·ε_f·h_f + ½ ε_s·C_s·ε_s·h_s over the
    film's share of the logarithmic strain e (ε_s = ε_f − e, plane stress), which gives
    ε_f = (h_f C_f + h_s C_s)⁻¹ h_s C_s e with all tensors in the film's plane frame.
    """
    R, U = polar_decomposition(deformation_gradient(match))
    shares = {"film": 1.0, "substrate": 0.0, "both": 0.5}
    if on in shares:
        film = symmetric_power(U, shares[on])
        substrate = symmetric_power(R @ U @ R.T, shares[on] - 1)
        return StrainPartition(
            on=on, film_strain=film - np.eye(2), substrate_strain=substrate - np.eye(2)
        )
    if on != "elastic":
        raise MatchError(
            f"strain cannot be put on '{on}'", hint="choose film, substrate, both or elastic"
        )
    if film_stiffness is None or substrate_stiffness is None or not thickness_ratio > 0:
        raise MatchError(
            "the elastic partition needs the stiffness of both crystals and a positive ratio of "
            "thicknesses",
            hint="give film_stiffness and substrate_stiffness as 6 x 6 matrices in GPa",
        )
    film_plane = plane_stress_stiffness(film_stiffness, plane_frame(match.film_plane_vectors))
    turned = np.eye(3)
    turned[:2, :2] = R.T
    substrate_plane = plane_stress_stiffness(
        substrate_stiffness, turned @ plane_frame(match.substrate_plane_vectors)
    )
    return _least_energy(R, U, thickness_ratio * film_plane, substrate_plane)


def _least_energy(
    R: NDArray[np.float64],
    U: NDArray[np.float64],
    film: NDArray[np.float64],
    substrate: NDArray[np.float64],
) -> StrainPartition:
    """Split log U between two plane-stress stiffnesses, both in the film's frame."""
    values, vectors = np.linalg.eigh(U)
    total = (vectors * np.log(values)) @ vectors.T
    e = np.array([total[0, 0], total[1, 1], 2 * total[0, 1]])
    on_film = np.linalg.solve(film + substrate, substrate @ e)
    on_substrate = on_film - e
    energy = 0.5 * float(on_film @ film @ on_film + on_substrate @ substrate @ on_substrate)
    film_tensor, substrate_tensor = _tensor(on_film), R @ _tensor(on_substrate) @ R.T
    return StrainPartition(
        on="elastic",
        film_strain=_exponential(film_tensor) - np.eye(2),
        substrate_strain=_exponential(substrate_tensor) - np.eye(2),
        energy_density=energy,
    )


def _tensor(voigt: NDArray[np.float64]) -> NDArray[np.float64]:
    xx, yy, xy = voigt
    return np.array([[xx, xy / 2], [xy / 2, yy]])


def _exponential(symmetric: NDArray[np.float64]) -> NDArray[np.float64]:
    values, vectors = np.linalg.eigh(symmetric)
    return np.asarray((vectors * np.exp(values)) @ vectors.T)
