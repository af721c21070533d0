"""Settings for all tests."""

from __future__ import annotations

from hypothesis import settings

# Found counterexamples are reported; nothing is remembered between runs, so that a run repeats.
settings.register_profile("smssboot", database=None, print_blob=True)
settings.load_profile("smssboot")
