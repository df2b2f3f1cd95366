"""What holds for every test."""

from hypothesis import settings

# A slow machine is no failure. Everything else stays as the environment says (CI is derandomized).
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
