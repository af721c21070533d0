"""What a boot must be: the statements, the language, and the expectation for one boot.

    model = load("win11/documented")
    expectation = ground(model, Context(arch="x86_64", registry=...))
    blob = expectation.to_cache(); Expectation.from_cache(blob)      # no YAML on the hot path

Errors in model files and unknown profiles raise `ModelError`, whose text is written for people.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smssboot.model.audit import coverage as coverage
    from smssboot.model.catalogue import statements as statements
    from smssboot.model.context import Context as Context
    from smssboot.model.errors import ModelError as ModelError
    from smssboot.model.expectation import Expectation as Expectation
    from smssboot.model.grounding import ground as ground
    from smssboot.model.language import Model as Model
    from smssboot.model.loader import load as load
    from smssboot.model.loader import load_text as load_text
    from smssboot.model.loader import profiles as profiles
    from smssboot.model.prediction import predict as predict

_HOMES = {
    "Context": "context",
    "coverage": "audit",
    "ModelError": "errors",
    "Expectation": "expectation",
    "ground": "grounding",
    "Model": "language",
    "load": "loader",
    "load_text": "loader",
    "profiles": "loader",
    "predict": "prediction",
    "statements": "catalogue",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    """Import on first use: a cached expectation needs neither YAML nor the language."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(name)
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{home}"), name)
