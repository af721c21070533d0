"""What is booted: the default image, the one without a disk, the smallest guest; as bare QEMU lines."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from bench.measure import Command
from smssboot.image.build import build
from smssboot.image.built import DISK, PLACEHOLDER, BuiltImage
from smssboot.image.guest import plain_dir
from smssboot.machine import argv
from smssboot.machine.plan import LaunchPlan, Transport
from smssboot.machine.targets import DEFAULT_TARGET, MICROVM, Target

SHUTDOWN: Final = b"shutdown\r"
"""What an operator types on the second serial port to power the guest off. It waits there from the start, and
the guest keeps the request until winlogon listens."""

LAST_WORDS: Final = b" fact bye "
GREETING: Final = b"smallest guest\r\n"

DEFAULTS: Final = tuple(DEFAULT_TARGET.values())
EVERY: Final = (DEFAULT_TARGET["x86_64"], MICROVM, DEFAULT_TARGET["aarch64"])


@dataclass(frozen=True, slots=True)
class Guest:
    """An image for one machine, in a folder for its logs and its disk; `transport` leads to the disk."""

    target: Target
    image: BuiltImage
    folder: Path
    transport: Transport = "virtio"

    @classmethod
    def on(cls, target: Target, folder: Path, recipe: str | None = None) -> Guest:
        """Builds the recipe if need be; None: the default one, without its disk where a machine has no place
        for one. Raises SmssbootError."""
        recipe = recipe or ("diskless" if target.disk is None else "default")
        own = folder / f"{target.name}-{recipe}"
        own.mkdir(exist_ok=True)
        return cls(target, build(recipe, target.arch), own)

    @property
    def plan(self) -> LaunchPlan:
        """The full boot."""
        image = self.image
        return LaunchPlan(
            target=self.target,
            run_dir=self.folder,
            kernel=image.stub,
            initrd=image.modules,
            append=self.line,
            memory_mib=image.memory_mib,
            disk=None if image.disk is None else self.folder / DISK,
            transport=self.transport,
        )

    @property
    def line(self) -> str:
        """The kernel's command line."""
        image = self.image
        words = f"profile={image.profile} image={image.id} nonce={PLACEHOLDER}"
        return words if image.disk is None else f"{words} systempartition={image.disk_guid}"

    def fresh(self) -> None:
        """A disk as the image has it: the last boot wrote on it. For all contenders, so in nobody's time."""
        if self.image.disk is not None:
            self.image.plant_disk(PLACEHOLDER, self.folder / DISK, self.line)

    def over(self, transport: Transport) -> Guest:
        """The same with its disk behind another device, in the same folder."""
        return replace(self, transport=transport)

    def full(self) -> Command:
        """QEMU alone from its start to its exit; the guest boots and powers off in order."""
        self.fresh()  # the line has the size of a disk that is memory
        log = self.folder / "full.log"
        line = argv.for_shell(self.plan, f"file,path={argv.escape(str(log))}", "stdio,signal=off")
        return Command(line, stdin=SHUTDOWN, proof=LAST_WORDS, log=log, ready=self.fresh)

    def tiny(self) -> Command:
        """The same machine with the smallest guest: it prints a line and powers off."""
        words, log = self.folder / "line", self.folder / "tiny.log"
        words.write_bytes(GREETING)
        kind = self.image.stub.suffix
        kernel = plain_dir(self.target.arch) / f"tiny-{self.target.arch}{kind}"
        plan = self.plan._replace(kernel=kernel, initrd=words, append="", disk=None)
        line = argv.for_shell(plan, f"file,path={argv.escape(str(log))}", "stdio,signal=off")
        return Command(line, proof=GREETING, log=log)

    def in_shell(self) -> Command:
        """The full boot as a person starts it."""
        bare = self.full()
        return replace(bare, argv=("/bin/sh", "-c", argv.quoted(tuple(bare.argv))))

    def typed(self) -> str:
        """The operator's port as a file that was typed into beforehand, for who needs standard input."""
        path = self.folder / "operator"
        path.with_suffix(".in").write_bytes(SHUTDOWN)
        path.with_suffix(".out").write_bytes(b"")
        return f"pipe,path={argv.escape(str(path))}"
