"""Judges a recorded timeline or a serial log, without QEMU."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from smssboot.errors import InputError, UsageError
from smssboot.timeline.items import Event, Item, Start

if TYPE_CHECKING:
    from smssboot.model.context import Context
    from smssboot.report.view import StudyView


def check_file(path: Path, *, recipe: str | None, profile: str | None, arch: str | None) -> StudyView:
    """The verdict on one log.  Raises UsageError or InputError when it cannot be judged."""
    from smssboot import conformance
    from smssboot.study.expect import ground_context
    from smssboot.study.view import log_view, study_view
    from smssboot.timeline.sniff import read_items

    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    items = read_items(data, str(path))
    ground = find_context(path, items, recipe=recipe, profile=profile, arch=arch)
    report = conformance.check(ground_context(ground), items)
    view = log_view(items, report, arch=ground.arch, profile=ground.profile, log=path.name)
    return study_view([view])


def find_context(
    path: Path, items: Sequence[Item], *, recipe: str | None, profile: str | None, arch: str | None
) -> Context:
    """What was known before that boot: kept beside the log, else from the recipe it was made with.

    The log's own words are believed only for what nobody else knows: the architecture and, for a log
    without kept context, the nonce.
    """
    from smssboot.image.build import build
    from smssboot.study import expect

    said = _said(items)
    kept = path.parent / "context.json"
    if recipe is None and kept.is_file():
        try:
            ground = expect.context_from_json(json.loads(kept.read_bytes()))
        except (KeyError, TypeError, ValueError, OSError) as error:
            raise InputError(str(kept), None, None, f"not a context of a kept boot: {error}") from None
        return replace(ground, profile=profile or ground.profile, arch=arch or ground.arch)
    found = arch or said.get("arch")
    if found is None:
        raise UsageError(f"{path}: no record says which architecture this is", hint="give --arch")
    image = build(recipe or "default", found)
    nonce = said.get("nonce", "")
    usable = nonce if nonce.isascii() and nonce.isdecimal() and len(nonce) == 16 else "0" * 16
    ground = expect.context(image, profile or said.get("profile") or image.profile, usable)
    return replace(ground, nonce=nonce or None, image=None)


def _said(items: Sequence[Item]) -> dict[str, str]:
    """Architecture, profile and nonce as the log has them."""
    for item in items:
        if isinstance(item, Start) and item.arch:
            return {"arch": item.arch, "profile": item.profile, "nonce": item.nonce}
        if isinstance(item, Event) and item.name == "hello":
            return {key: item.data[key] for key in ("arch", "profile", "nonce") if key in item.data}
    return {}
