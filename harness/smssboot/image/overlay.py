"""A recipe with something changed: what a fault is, in a campaign's matrix and in a test.

The changes are a mapping of recipe keys, as a recipe that `extends:` another one says them.  They become such
a recipe, in a file whose name tells its content, so that whoever asks for the same again finds the same file,
and the image that was built from it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from smssboot.errors import UsageError, did_you_mean
from smssboot.image.recipe import KEYS, find_recipe

_FILES: Final = ("hive", "image")
"""Recipe keys whose value is a file of the user's."""

_HOLD_FILES: Final = ("programs", "files", "volumes", "boot")
"""Recipe keys that name files further down, as `file:` or `replay:`.  (`edit:` names one of the guest's.)"""


def overlay(
    recipe: str | Path,
    changes: Mapping[str, object],
    folder: Path,
    *,
    name: str = "",
    base: Path | None = None,
) -> Path:
    """Write `recipe` with `changes` as a recipe into `folder`; its path.

    `recipe` is a name in images/ or a file.  `name` is what the new one is called (not given: as `recipe`).
    Files that the changes name are relative to `base` (not given: to the current folder).  The same content
    is the same file, which is not written again.  Raises UsageError for what no recipe can hold.
    """
    import yaml

    under = find_recipe(str(recipe)).resolve()
    for key in changes:
        if key == "extends":
            raise UsageError("changes of a recipe cannot say what it extends", hint="leave 'extends' out")
        if key not in KEYS:
            hint = did_you_mean(str(key), [k for k in KEYS if k != "extends"])
            raise UsageError(f"changes of {under.name}: unknown key {str(key)!r}", hint=hint)
    called = name or under.stem
    beside = (base or Path()).absolute()
    said = {key: _plain(value, beside, key, key in _FILES) for key, value in changes.items()}
    document = {"name": called, "extends": str(under), **said}
    try:
        text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=10**6)
    except yaml.YAMLError as error:
        raise UsageError(f"changes of {under.name}: {error}") from None
    return _write(folder / f"{_safe(called)}-{hashlib.sha256(text.encode()).hexdigest()[:8]}.yaml", text)


def _plain(value: object, base: Path, key: str, is_file: bool = False) -> object:
    """The value below the recipe's `key` as YAML knows it, with the user's files made absolute."""
    if isinstance(value, Path):
        return str(base / value)
    if isinstance(value, str):
        return str(base / value) if is_file else value
    if isinstance(value, Mapping):
        files = ("file", "replay") if key in _HOLD_FILES else ()
        return {str(name): _plain(item, base, key, name in files) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, base, key) for item in value]
    return value


def _write(path: Path, text: str) -> Path:
    """Write a file at once, unless it is there: a changed time would look like a changed recipe."""
    data = text.encode("utf-8")
    try:
        if path.is_file() and path.read_bytes() == data:
            return path.absolute()
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{os.getpid()}")
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        raise UsageError(f"cannot write to {path.parent}: {error.strerror}") from None
    return path.absolute()


def _safe(name: str) -> str:
    """The name as part of a file's name."""
    kept = "".join(char if char.isalnum() or char in "-_." else "-" for char in name)
    return kept[:64].lstrip(".") or "recipe"
