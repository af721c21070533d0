"""A boot that is not done again: put together from what an earlier, equal one left in the cache."""

from __future__ import annotations

import shutil
from pathlib import Path

from smssboot.errors import InfrastructureError
from smssboot.image.built import DISK, BuiltImage
from smssboot.machine.plan import Durations, Outcome
from smssboot.study.boot import Boot
from smssboot.study.options import Options, run_directory
from smssboot.study.prepare import Prepared, draft
from smssboot.study.results.cache import Result
from smssboot.timeline import jsonl
from smssboot.timeline.items import Cause, Start


def recall(image: BuiltImage, options: Options, result: Result) -> Boot | None:
    """The boot with all that was seen, not yet judged; None when the result is of no use after all.

    With `options.keep` its folder is made again.  Raises UsageError for a folder that cannot be made, and
    InfrastructureError without space.
    """
    causes = tuple(item for item in result.items if isinstance(item, Cause))
    start = next((item for item in result.items if isinstance(item, Start)), None)
    if not causes or start is None:
        return None
    plan = draft(image, options)
    artifacts: dict[str, Path] = {}
    if options.keep is not None:
        plan = plan._replace(run_dir=run_directory(options.keep, f"{image.recipe.stem}-{image.arch}"))
        try:
            artifacts = _write_folder(image, plan.run_dir, result)
        except ValueError:
            shutil.rmtree(plan.run_dir, ignore_errors=True)
            return None
        except OSError as error:
            raise InfrastructureError(f"cannot write to {plan.run_dir}: {error.strerror}") from None
    boot = Boot(Prepared(image, plan.profile, plan.nonce, plan, options.keep is not None), options)
    boot.recalled = result
    boot.items = result.items
    boot.outcome = Outcome(
        cause=causes[0],
        causes=causes,
        durations=Durations(**result.durations),
        steady=result.steady,
        qemu_version=start.qemu_version,
        qemu_status=result.status,
        argv=start.argv,
        artifacts=artifacts,
    )
    return boot


def _write_folder(image: BuiltImage, folder: Path, result: Result) -> dict[str, Path]:
    """What a kept boot leaves behind, made again; the files by kind.  Raises OSError, ValueError."""
    with (folder / "timeline.jsonl").open("w", encoding="ascii") as stream:
        writer = jsonl.Writer(stream)
        for item in result.items:
            writer.write(item)
    artifacts = {}
    for kind, (name, content) in result.files.items():
        artifacts[kind] = folder / Path(name).name
        artifacts[kind].write_bytes(content)
    if result.disk is not None and image.disk is not None:
        from smssboot.image import diskdelta

        diskdelta.apply(image.disk, result.disk, folder / DISK)
    return artifacts
