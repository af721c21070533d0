"""The expectation of a boot, grounded once per image and kept as bytes.

Grounding sees the placeholder where the nonce will be; a boot takes the kept bytes and puts its own nonce
in, which changes neither their length nor their order.
"""

from __future__ import annotations

import os
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from smssboot.errors import UsageError, did_you_mean
from smssboot.image.built import PLACEHOLDER, BuiltImage, bytes_with_nonce
from smssboot.image.paths import build_dir
from smssboot.study.ground import context as context
from smssboot.study.ground import from_json as context_from_json
from smssboot.study.ground import to_json as context_json
from smssboot.study.prepare import recipe_error

__all__ = [
    "check_profile", "context", "context_from_json", "context_json", "expectation", "ground_context",
]  # fmt: skip

if TYPE_CHECKING:
    from smssboot.model.context import Context
    from smssboot.model.expectation import Expectation


def expectation(
    image: BuiltImage, profile: str, nonce: str, memory_mib: int | None = None
) -> Expectation:
    """What a boot of this image with this nonce must be, on a machine with so much memory (None: as the image
    says).  Raises UsageError for an unknown profile."""
    from smssboot.model.expectation import Expectation

    path = build_dir() / "expectations" / f"{_model_mark()}-{image.sha256[:24]}-{_safe(profile)}"
    if memory_mib is not None:
        path = path.with_name(f"{path.name}-{memory_mib}")
    try:
        found = Expectation.from_cache(bytes_with_nonce(path.read_bytes(), nonce))
    except OSError:
        found = None
    if found is None:
        check_profile(image, profile)
        blob = ground_context(context(image, profile, PLACEHOLDER, memory_mib)).to_cache()
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{os.getpid()}")
        part.write_bytes(blob)
        part.replace(path)
        found = Expectation.from_cache(bytes_with_nonce(blob, nonce))
    assert found is not None
    return found.with_nonce(nonce, image.id)


def check_profile(image: BuiltImage, profile: str) -> None:
    """Raise UsageError for a profile that does not exist; it points at the recipe if that names it."""
    from smssboot import model

    known = model.profiles()
    if profile in known:
        return
    message, hint = f"unknown profile {profile!r}", did_you_mean(profile, known)
    if profile == image.profile:
        raise recipe_error(image, "profile", message, hint)
    raise UsageError(message, hint=hint)


def ground_context(ground: Context) -> Expectation:
    """Load the profile's model and ground it.  Raises UsageError."""
    from smssboot import model

    try:
        return model.ground(model.load(ground.profile), ground)
    except model.ModelError as error:
        raise UsageError(str(error)) from None


def _model_mark() -> str:
    """Changes whenever a file of the model changes."""
    from smssboot.image.guest import listing

    return f"{zlib.crc32(listing(Path(__file__).parent.parent / 'model').encode()):08x}"


def _safe(profile: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in profile)
