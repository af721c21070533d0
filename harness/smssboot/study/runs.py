"""Several boots side by side, as many at a time as the host has processors for."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeAlias

from smssboot.image.built import BuiltImage
from smssboot.study.boot import Boot, Observer
from smssboot.study.options import Options

if TYPE_CHECKING:
    from smssboot.report.view import StudyView

Wanted: TypeAlias = tuple[BuiltImage, Options]

_PARALLEL: Final = 2
"""Boots at a time: more on a loaded host only make each slower, and deadlines count processor time."""


def run(images: Sequence[BuiltImage], options: Options, observer: Observer | None = None) -> list[Boot]:
    """Boot all images; the boots come back in the same order.  Raises UsageError."""
    return run_each([(image, options) for image in images], observer)


def run_each(wanted: Sequence[Wanted], observer: Observer | None = None) -> list[Boot]:
    """The same, each image with options of its own.

    The first QEMUs are spawned before the event loop is even imported.
    """
    boots: dict[int, Boot] = {}
    try:
        running = 0
        for number, (image, options) in enumerate(wanted):
            if running == _PARALLEL:
                break
            boots[number] = boot = Boot.spawn(image, options)
            running += boot.recalled is None
        for boot in boots.values():
            boot.load()
        for boot in boots.values():
            if boot.recalled is not None:
                boot.judge()
        if not running:
            return [boots[number] for number in sorted(boots)]
        _load_the_rest()
        import asyncio
        import threading

        if any(image.disk is not None for image, _ in wanted):
            threading.Thread(target=_load_readers, daemon=True).start()
        asyncio.run(_all(boots, wanted, observer))
    finally:
        for boot in boots.values():
            boot.close()
    return [boots[number] for number in sorted(boots)]


def _load_the_rest() -> None:
    """What is needed when the guests have ended; they still boot, on the other processor."""
    import smssboot.conformance.checker
    import smssboot.evidence.memory
    import smssboot.machine.supervisor
    import smssboot.report.terminal
    import smssboot.study.view
    import smssboot.study.witness  # noqa: F401


def _load_readers() -> None:
    """What looks into a disk when its guest has ended.  By a thread: no guest that is up waits for it."""
    with suppress(ImportError):  # whoever needs it imports it again, and says so
        import regipy.registry  # noqa: F401

        import smssboot.evidence.disk  # noqa: F401


async def _all(boots: dict[int, Boot], wanted: Sequence[Wanted], observer: Observer | None) -> None:
    """Watch the boots that are spawned, and spawn one more whenever one has ended."""
    import asyncio

    waiting = iter(range(len(boots), len(wanted)))

    async def worker(boot: Boot) -> None:
        await boot.run(observer)
        boot.end_process()
        await _record(boot)
        for number in waiting:
            boots[number] = boot = Boot.spawn(*wanted[number])
            boot.load()
            await boot.run(observer)
            boot.end_process()
            await _record(boot)

    await asyncio.gather(*(worker(boot) for boot in list(boots.values()) if boot.recalled is None))


async def _record(boot: Boot) -> None:
    """A deterministic boot that went wrong and is kept is recorded at once, by doing it again."""
    if not boot.options.deterministic or boot.options.record or not boot.prepared.keep or boot.image.replay:
        return
    from smssboot.study.view import run_view

    if run_view(boot).verdict == "deviates":
        from smssboot.study.replays import recording

        await recording.again(boot)


def view(boots: Sequence[Boot]) -> StudyView:
    """The study that a report shows."""
    from smssboot.study.view import run_view, study_view

    return study_view([run_view(boot) for boot in boots])
