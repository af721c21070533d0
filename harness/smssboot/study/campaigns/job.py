"""One boot as pure data, to be done anywhere, and what came of it, as pure data again.

A `Job` and a `Result` survive pickling and JSON.  `run` does a job in this process; whoever executes jobs
elsewhere calls it there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from smssboot.errors import SmssbootError, UsageError

if TYPE_CHECKING:
    from smssboot.image.built import BuiltImage
    from smssboot.report.view import RunView
    from smssboot.study.options import Options

State = Literal["done", "usage", "infrastructure"]

_OPTIONS: Final = (
    "profile", "target", "memory_mib", "cpu", "accel", "deterministic", "timeout_s", "nonce", "qemu",
    "power_off", "disk", "firmware", "cache",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Job:
    """A recipe (a name, or an absolute path), what is changed in it, an architecture, and boot options.

    `changes` are laid over the recipe one after another (image/overlay.py); `base` is the folder to which
    files in them are relative.  `options` are fields of `study.options.Options`.  `keep` is a folder for what
    the boot leaves behind, where the executor shares the file system; `name` only labels.
    """

    name: str
    recipe: str
    arch: str
    changes: tuple[Mapping[str, Any], ...] = ()
    base: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    keep: str = ""

    def to_json(self) -> str:
        """As one line of JSON, the same for the same job."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Job:
        """The job of such a line.  Raises ValueError for anything else."""
        data = json.loads(text)
        try:
            return cls(**{**data, "changes": tuple(data["changes"])})
        except (TypeError, KeyError) as error:
            raise ValueError(f"no job: {error}") from None


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a job.  `state` other than `done`: nothing can be said about the guest, and `error` why.

    `report` is the JSON report of the boot (docs/json.md), None without a boot; `attempts` counts how often
    it was tried, `seconds` is the wall time of the last attempt.
    """

    state: State
    error: str = ""
    report: Mapping[str, Any] | None = None
    attempts: int = 1
    seconds: float = 0.0

    def to_json(self) -> str:
        """As one line of JSON."""
        # Not asdict(), which copies the whole report: that takes longer than to write it.
        return json.dumps({field.name: getattr(self, field.name) for field in fields(self)})

    @classmethod
    def from_json(cls, text: str) -> Result:
        """The result of such a line.  Raises ValueError for anything else."""
        try:
            return cls(**json.loads(text))
        except TypeError as error:
            raise ValueError(f"no result: {error}") from None


def image(job: Job, folder: Path) -> BuiltImage:
    """The job's image, built if need be; overlays go into `folder`.  Raises SmssbootError."""
    from smssboot.image.build import build
    from smssboot.image.overlay import overlay

    recipe: str | Path = job.recipe
    for changes in job.changes:
        rest = {key: value for key, value in changes.items() if key != "name"}
        recipe = overlay(recipe, rest, folder, name=str(changes.get("name", "")), base=Path(job.base))
    return build(recipe, job.arch)


def options(job: Job) -> Options:
    """The job's boot options.  Raises UsageError for one that a job cannot have."""
    from smssboot.study.options import Options

    for key in job.options:
        if key not in _OPTIONS:
            raise UsageError(f"{job.name}: a job has no option {key!r}")
    return Options(**job.options, keep=Path(job.keep) if job.keep else None)


def run(job: Job) -> Result:
    """Build and boot in this process.  What is anybody's mistake or trouble is a result, too."""
    from smssboot.image.paths import build_dir
    from smssboot.report.document import to_document
    from smssboot.study import runs

    try:
        boots = runs.run([image(job, build_dir() / "overlays")], options(job))
        view = runs.view(boots)
    except UsageError as error:
        return Result("usage", str(error))
    except SmssbootError as error:
        return Result("infrastructure", str(error))
    (only,) = view.runs
    report = to_document(view)
    if only.verdict == "error":
        return Result("infrastructure", _trouble(only), report)
    return Result("done", report=report)


def _trouble(run: RunView) -> str:
    return f"{run.cause.kind}: {run.cause.text}" if run.cause.text else run.cause.kind

