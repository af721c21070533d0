"""Finding and reading the models that come with the package."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType

from smssboot.model import marks
from smssboot.model.catalogue import statements
from smssboot.model.draft import Draft
from smssboot.model.errors import Mark, ModelError, Problem, expected
from smssboot.model.language import Model
from smssboot.model.reader import Reader

SCHEMA = "1"
_HOME = "smssboot.model"


def profiles() -> tuple[str, ...]:
    """Names of the profiles that exist: `win11/documented`."""
    root = files(_HOME).joinpath("versions")
    found: list[str] = []
    for version in sorted(root.iterdir(), key=lambda entry: entry.name):
        if version.is_dir() and not version.name.startswith((".", "_")):
            for file in sorted(version.iterdir(), key=lambda entry: entry.name):
                # A profile is a file with a `model` key; the files it includes have none.
                if file.name.endswith(".yaml") and file.read_text(encoding="utf-8").startswith("model:"):
                    found.append(f"{version.name}/{file.name.removesuffix('.yaml')}")
    return tuple(found)


def _read(name: str) -> str | None:
    """Text of a model file by its path below `versions`, or None."""
    place = files(_HOME).joinpath("versions")
    for part in name.split("/"):
        if part in ("", ".", ".."):
            return None
        place = place.joinpath(part)
    return place.read_text(encoding="utf-8") if place.is_file() else None


@lru_cache(maxsize=8)
def load(profile: str = "win11/documented") -> Model:
    """The model of a profile. Raises ModelError for an unknown profile or a faulty file."""
    text = _read(f"{profile}.yaml") if profile in profiles() else None
    if text is None:
        raise ModelError([expected(None, "a profile", profile, profiles())])
    return load_text(text, f"{profile}.yaml", _read, profile)


def load_text(
    text: str,
    file: str = "model.yaml",
    find: Callable[[str], str | None] = _read,
    profile: str | None = None,
) -> Model:
    """A model from YAML text; `find` gives the text of included files. Raises ModelError."""
    draft = Draft({s.id: s.sentence for s in statements().values()})
    reader = Reader(draft)
    root = marks.read(text, file, draft.problems)
    _head(root, file, profile, reader)
    names = [file]
    roots = [root]
    for include in reader.texts(root.get("include"), "`include`"):
        found = find(include.value)
        if found is None:
            draft.problems.append(Problem(include.mark, f"no file `{include.value}`"))
            continue
        names.append(include.value)
        roots.append(marks.read(found, include.value, draft.problems))
    for tree in roots:
        reader.file(tree)
    draft.resolve()
    if draft.problems:
        raise ModelError(sorted(draft.problems, key=_place))
    name = reader.text(root.get("model"), "`model`")
    steady = draft.steady
    return Model(
        profile=profile or ("" if name is None else name.value),
        lets=MappingProxyType(draft.lets),
        actors=MappingProxyType(draft.actors),
        keys=MappingProxyType(draft.keys),
        events=MappingProxyType(draft.events),
        phases=MappingProxyType(draft.phases),
        chains=tuple(draft.chains),
        timings=tuple(draft.timings),
        nevers=tuple(draft.nevers),
        allows=tuple(draft.allows),
        choices=tuple(draft.choices),
        steady=None if steady is None else steady.value,
        files=tuple(names),
        sentences=MappingProxyType({s.id: s.sentence for s in statements().values()}),
        open_statements=MappingProxyType(draft.open_statements),
    )


def _head(root: marks.Table, file: str, profile: str | None, reader: Reader) -> None:
    problems = reader.problems
    name = reader.text(root.get("model"), "`model`")
    if name is None:
        problems.append(Problem(Mark(file, 1, 1), "expected `model: <version>/<profile>`"))
    elif profile is not None and name.value != profile:
        problems.append(expected(name.mark, f"`{profile}`, the name of the file", name.value))
    schema = reader.text(root.get("schema"), "`schema`")
    if schema is not None and schema.value != SCHEMA:
        problems.append(expected(schema.mark, f"schema {SCHEMA}", schema.value))


def _place(problem: Problem) -> tuple[str, int, int]:
    mark = problem.mark
    return ("", 0, 0) if mark is None else (mark.file, mark.line, mark.column)
