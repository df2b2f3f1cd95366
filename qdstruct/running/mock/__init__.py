"""A stand-in for VASP: deterministic, physically sensible, and marked as a mock everywhere."""
