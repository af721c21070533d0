"""What a boot is asked for, beyond its image."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from smssboot.errors import InfrastructureError, UsageError
from smssboot.image.built import PLACEHOLDER, new_nonce

if TYPE_CHECKING:
    from smssboot.study.snapshots.snapshot import Snapshot

_TRIES: Final = 1000


class Options(NamedTuple):
    """`profile`, `target` and `memory_mib` override the recipe's, `cpu` the target's (QEMU's `-cpu`);
    `timeout_s` is the time to the steady state; `keep` a folder that gets each boot's artifacts; `nonce`
    repeats an earlier boot's; `power_off` is how the guest is asked to end: power button, or `shutdown` on
    its second serial port (sac); `operator` are lines typed there before, at the steady state; `disk`
    overrides the recipe's transport, `firmware` says who loads the kernel; `log_writes` keeps the order of
    the disk's writes (evidence/writelog.py); with `cache` a boot that repeats exactly is not done again while
    its result is known (study/results/cache.py); `record` makes a kept boot one that can be replayed, and
    needs `deterministic`; `restore` holds the snapshots, by architecture, from which boots go on instead of
    from power-on."""

    profile: str | None = None
    target: str | None = None
    memory_mib: int | None = None
    accel: str = "tcg"
    deterministic: bool = False
    timeout_s: float | None = None
    keep: Path | None = None
    nonce: str | None = None
    qemu: str | None = None
    power_off: Literal["button", "sac"] = "button"
    disk: Literal["virtio", "memory"] | None = None
    firmware: Literal["direct", "uefi"] = "direct"
    log_writes: bool = False
    cpu: str | None = None
    cache: bool = False
    record: bool = False
    operator: tuple[str, ...] = ()
    restore: Mapping[str, Snapshot] = MappingProxyType({})

    def draw_nonce(self) -> str:
        """The nonce of the next boot."""
        if self.nonce is None:
            return "0" * len(PLACEHOLDER) if self.deterministic else new_nonce()
        if len(self.nonce) != len(PLACEHOLDER) or not self.nonce.isascii() or not self.nonce.isdecimal():
            raise UsageError(f"nonce {self.nonce!r}: expected {len(PLACEHOLDER)} decimal digits")
        return self.nonce


def run_directory(keep: Path | None, name: str) -> Path:
    """A new folder of one boot alone: below `keep`, else a private temporary one."""
    if keep is None:
        return _private_directory()
    try:
        keep.mkdir(parents=True, exist_ok=True)
        for number in range(1, _TRIES):
            path = keep / (name if number == 1 else f"{name}.{number}")
            try:
                path.mkdir()
            except FileExistsError:
                continue
            return path.absolute()
    except OSError as error:
        raise UsageError(f"cannot write to {keep}: {error.strerror}") from None
    raise UsageError(f"{keep}: too many runs of {name}", hint="choose another folder")


def _private_directory() -> Path:
    base = os.environ.get("TMPDIR") or "/tmp"
    for _ in range(_TRIES):
        path = f"{base}/smssboot-{os.urandom(6).hex()}"
        try:
            os.mkdir(path, 0o700)
        except FileExistsError:
            continue
        except OSError as error:
            raise InfrastructureError(f"cannot make a folder below {base}: {error.strerror}") from None
        return Path(path)
    raise InfrastructureError(f"cannot make a folder below {base}")
