"""One boot: spawn QEMU, and while it starts, load what judges it; then watch it to its end.

The order matters.  `Boot(...)` spawns QEMU (paused) before anything heavy is imported, so that QEMU's own
start and our imports share the two cores of a small machine.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, TYPE_CHECKING

from smssboot.errors import InfrastructureError, SmssbootError
from smssboot.image.built import DISK, BuiltImage
from smssboot.machine.errors import InfrastructureError as MachineFailure
from smssboot.machine.errors import QemuMissing
from smssboot.machine.launch import QemuProcess
from smssboot.machine.plan import Outcome, Policy
from smssboot.study.options import Options
from smssboot.study.prepare import VARIABLES, WRITE_LOG, Prepared, prepare
from smssboot.study.replays.recording import FOLDER

if TYPE_CHECKING:
    from smssboot.conformance.findings import Report
    from smssboot.conformance.monitor import Monitor
    from smssboot.machine.vm import Machine
    from smssboot.model.expectation import Expectation
    from smssboot.study.exactness import Stillness
    from smssboot.study.results.cache import Result
    from smssboot.timeline.items import Item

Observer = Callable[["Boot", "Item"], None]


class Boot:
    """One boot from start to verdict.

    `error` is set when nothing could be said about the guest.  `outcome` and `report` are None until the
    boot has ended, and `report` also when the boot failed for reasons that are not the guest's.  `recalled`
    is the earlier boot that stands for this one, which then spawns no QEMU; `key` is what the result will be
    known by, None for a boot that need not repeat.
    """

    def __init__(self, prepared: Prepared, options: Options) -> None:
        self.prepared = prepared
        self.options = options
        self.process: QemuProcess | None = None
        self.items: list[Item] = []
        self.outcome: Outcome | None = None
        self.report: Report | None = None
        self.expected: Expectation | None = None
        self.monitor: Monitor | None = None
        self.error: SmssbootError | None = None
        self.error_kind = "qemu-died"
        self.stillness: Stillness | None = None
        self.notes: list[str] = []
        self.key: str | None = None
        self.recalled: Result | None = None

    @classmethod
    def spawn(cls, image: BuiltImage, options: Options, recording: Path | None = None) -> Boot:
        """Plant the nonce and spawn QEMU, paused.  What is wrong with QEMU is kept for the report.

        `recording`: where the boot is recorded, if it is and not in its own folder.
        """
        key = None
        if options.deterministic and not options.record:
            from smssboot.study.results import cache, ingredients

            key = ingredients.key(image, options, cache.folder())
            result = cache.find(key) if key is not None and options.cache else None
            if result is not None:
                from smssboot.study.results.recall import recall

                if (known := recall(image, options, result)) is not None:
                    return known
        boot = cls(prepare(image, options, recording), options)
        boot.key = key
        try:
            boot.process = QemuProcess(boot.prepared.plan)
            if boot.prepared.restored is not None:  # while QEMU starts
                boot.prepared.restored.fill(boot.process)
        except (MachineFailure, OSError) as error:
            boot._failed(error)
        return boot

    @property
    def image(self) -> BuiltImage:
        """What is booted."""
        return self.prepared.image

    @property
    def argv(self) -> tuple[str, ...]:
        """QEMU's command line; empty when it could not be spawned."""
        if self.outcome is not None:
            return self.outcome.argv
        return self.process.argv if self.process is not None else ()

    def load(self) -> None:
        """Everything else that the boot needs; called while QEMU starts.  Raises UsageError."""
        from smssboot.study.expect import expectation

        memory = self.prepared.plan.ram_bytes >> 20
        restored = self.prepared.restored
        if restored is not None and restored.expected is not None:
            self.expected = restored.expected
            return
        self.expected = expectation(self.image, self.prepared.profile, self.prepared.nonce, memory)
        if restored is not None:
            restored.expected = self.expected

    async def run(self, observer: Observer | None = None) -> None:
        """Let the guest run to its end, and judge it."""
        if self.recalled is not None:
            self.judge()
        if self.process is None:
            return
        from smssboot import conformance
        from smssboot.machine import supervisor

        assert self.expected is not None
        self.monitor = monitor = conformance.Monitor(self.expected)
        recorder = _Recorder(self, observer)

        async def before_start(_vm: Machine) -> None:
            from smssboot.study.witness import static_evidence

            for event in static_evidence(self.image):
                recorder.see(event)
                monitor.feed(event)
            if self.prepared.restored is not None:
                self.prepared.restored.check_files()

        self.stillness = self.standstill()

        async def on_steady(vm: Machine) -> Iterable[Item]:
            from smssboot.study.witness import memory_evidence

            return await memory_evidence(vm, self.image)

        try:
            self.outcome = await supervisor.run(
                self.prepared.plan,
                recorder.see,
                self.policy(),
                monitor,
                on_steady,
                before_start,
                self.process,
                self.stillness,
            )
        except (MachineFailure, OSError) as error:
            self._failed(error)
            return
        except InfrastructureError as error:
            self._damaged(error)
            return
        else:
            self._check_state()
            if self.prepared.plan.disk is not None and self.error is None:
                self._inspect_disk(recorder)
        finally:
            recorder.close()
        if self.error is not None:
            return
        self.judge()
        if self.prepared.plan.record is not None:
            from smssboot.study.replays import recording

            self.end_process()
            recording.complete(self)
        if self.key is not None:
            from smssboot.study.results import cache

            cache.store(self.key, self)

    def judge(self) -> None:
        """The verdict on everything that was seen, of this boot or of the earlier one."""
        from smssboot import conformance
        from smssboot.timeline.order import guest_order

        assert self.expected is not None
        self.items = guest_order(self.items)
        self.report = conformance.check(self.expected, self.items)

    def standstill(self) -> Stillness | None:
        """What tells when the guest stands still; None for a boot whose times need not be exact."""
        plan = self.prepared.plan
        if not plan.deterministic or plan.inexact or self.image.replay:
            return None
        from smssboot.study.exactness import Stillness

        return Stillness(self.image.symbols)

    def _check_state(self) -> None:
        """Nothing is said about a guest that went on from a damaged state which QEMU took as good."""
        restored, outcome = self.prepared.restored, self.outcome
        if restored is None or outcome is None:
            return
        from smssboot.machine.causes import is_infrastructure

        if not is_infrastructure(outcome.cause.kind):  # else QEMU has said why
            try:
                restored.check_files(state=True)
            except InfrastructureError as error:
                self._damaged(error)

    def _inspect_disk(self, recorder: _Recorder) -> None:
        """What is on the disk now that QEMU is gone, as readers see it that are not ours."""
        from smssboot.evidence import disk

        self.end_process()
        path = self.prepared.plan.disk
        assert path is not None
        try:
            for event in disk.inspect(path, self.image.volumes):
                recorder.see(event)
        except InfrastructureError as error:  # a reader is not installed
            self.error = error

    def end_process(self) -> None:
        """End QEMU if it still runs."""
        if self.process is not None:
            self.process.close()

    def close(self) -> None:
        """End QEMU if it still runs; keep or remove the boot's folder."""
        self.end_process()
        if self.prepared.keep:
            self._keep()
        elif self.recalled is None:
            shutil.rmtree(self.prepared.run_dir, ignore_errors=True)

    def policy(self) -> Policy:
        """When this boot is called off, and how it is asked to end."""
        default = Policy(
            power_off="sac" if self.options.power_off == "sac" else "powerdown",
            operator=self.options.operator,
        )
        if self.options.firmware == "uefi":  # which takes seconds before anything of ours runs
            default = default._replace(first_record_s=60.0, total_s=120.0)
        limit = self.options.timeout_s
        if limit is None:
            return default
        return default._replace(
            total_s=limit,
            first_record_s=min(limit, default.first_record_s),
            silence_s=min(limit, default.silence_s),
        )

    def _damaged(self, error: InfrastructureError) -> None:
        """The snapshot is not what was saved: whatever became of the boot, it says nothing."""
        self.error, self.error_kind, self.outcome = error, "snapshot-damaged", None

    def _failed(self, error: Exception) -> None:
        """Remember why nothing can be said about the guest."""
        if isinstance(error, MachineFailure):
            self.error_kind = "qemu-missing" if isinstance(error, QemuMissing) else error.kind
        hint = "run ci/setup.sh, or smssboot doctor" if self.error_kind == "qemu-missing" else None
        self.error = InfrastructureError(str(error), hint=hint)

    def _keep(self) -> None:
        """What stays of a kept boot: the context, so that its log can be judged again, and the command."""
        from smssboot.study.expect import context, context_json

        folder = self.prepared.run_dir
        memory = self.prepared.plan.ram_bytes >> 20
        ground = context(self.image, self.prepared.profile, self.prepared.nonce, memory)
        kept = {**context_json(ground), "recipe": self.image.name}
        (folder / "context.json").write_text(json.dumps(kept, indent=1), "utf-8")
        if self.argv:
            from smssboot.machine.argv import quoted

            (folder / "argv").write_text(quoted(self.argv) + "\n", "utf-8")
        for name in ("modules.cpio", VARIABLES):
            (folder / name).unlink(missing_ok=True)


class _Recorder:
    """Keeps every item, and with --keep writes it out at once, a line each."""

    def __init__(self, boot: Boot, observer: Observer | None) -> None:
        self._boot = boot
        self._observer = observer
        self._file: IO[str] | None = None
        if boot.prepared.keep:
            from smssboot.timeline import jsonl

            self._file = (boot.prepared.run_dir / "timeline.jsonl").open("w", encoding="ascii")
            self._writer = jsonl.Writer(self._file)

    def see(self, item: Item) -> None:
        """One more item."""
        self._boot.items.append(item)
        if self._file is not None:
            self._writer.write(item)
        if self._observer is not None:
            self._observer(self._boot, item)

    def close(self) -> None:
        """No more items."""
        if self._file is not None:
            self._file.close()


def artifact_paths(boot: Boot) -> dict[str, Path]:
    """What a kept boot left behind, by what it is."""
    if not boot.prepared.keep:
        return {}
    folder = boot.prepared.run_dir
    names = {"timeline": "timeline.jsonl", "serial": "serial.log", "argv": "argv", "context": "context.json"}
    names.update(disk=DISK, writes=WRITE_LOG, recording=FOLDER)
    found = {kind: folder / name for kind, name in names.items()}
    if boot.outcome is not None:
        found.update(boot.outcome.artifacts)
    return {kind: path for kind, path in found.items() if path.exists()}
