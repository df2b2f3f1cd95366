"""The fits that go beside structures: decays, temperature series, band edges, sizes, diffusion."""

from qdstruct.simulation.spectra.band_edges import (
    HE_I,
    TRANSITIONS,
    band_levels,
    band_offsets,
    fit_tauc,
    fit_ups,
    wavelength_to_energy,
)
from qdstruct.simulation.spectra.brus import brus_energy, brus_size, fit_brus
from qdstruct.simulation.spectra.diffusion import diffusion_length, fit_diffusion, mobility
from qdstruct.simulation.spectra.kinetics import average_lifetimes, decay, fit_kinetics
from qdstruct.simulation.spectra.table import DataTable, read_table
from qdstruct.simulation.spectra.temperature import ENERGY_MODELS, fit_energy, fit_linewidth
from qdstruct.simulation.spectra.tunnelling import barrier_height, decay_constant, fit_tunnelling

__all__ = [
    "ENERGY_MODELS",
    "HE_I",
    "TRANSITIONS",
    "DataTable",
    "average_lifetimes",
    "band_levels",
    "band_offsets",
    "barrier_height",
    "brus_energy",
    "brus_size",
    "decay",
    "decay_constant",
    "diffusion_length",
    "fit_brus",
    "fit_diffusion",
    "fit_energy",
    "fit_kinetics",
    "fit_linewidth",
    "fit_tauc",
    "fit_tunnelling",
    "fit_ups",
    "mobility",
    "read_table",
    "wavelength_to_energy",
]
