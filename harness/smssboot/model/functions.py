r"""The functions that a model may name: pure, from what is known before the boot to what the boot must show.

Every function takes and returns plain values. `registry` is always the mapping of `Context.registry`; the
steps that a disk takes part in have modules of their own (bootexec, renames, knowndlls, paging, drivers).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from smssboot.model import bootexec, disk, drivers, knowndlls, logbook, paging, pressure, renames
from smssboot.model.context import Registry
from smssboot.model.registry import (
    BOOT_ENVIRONMENT as BOOT_ENVIRONMENT,
)
from smssboot.model.registry import (
    MANAGER,
    control_set,
    dos_devices,
    environment,
    object_directories,
    setting,
    strings,
    unique,
    values,
)

BUGCHECKS: Final[Mapping[int, str]] = {
    0x64: "SYMBOLIC_INITIALIZATION_FAILED",
    0x6B: "PROCESS1_INITIALIZATION_FAILED",
    0x6D: "SESSION1_INITIALIZATION_FAILED",
    0x6E: "SESSION2_INITIALIZATION_FAILED",
    0x6F: "SESSION3_INITIALIZATION_FAILED",
    0x70: "SESSION4_INITIALIZATION_FAILED",
    0x71: "SESSION5_INITIALIZATION_FAILED",
    0x74: "BAD_SYSTEM_CONFIG_INFO",
    0x77: "KERNEL_STACK_INPAGE_ERROR",
    0x7A: "KERNEL_DATA_INPAGE_ERROR",
    0x7B: "INACCESSIBLE_BOOT_DEVICE",
    0xEF: "CRITICAL_PROCESS_DIED",
    0xF4: "CRITICAL_OBJECT_TERMINATION",
    0xC000021A: "STATUS_SYSTEM_PROCESS_TERMINATED",
}
MACHINES: Final[Mapping[str, str]] = {"x86_64": "AMD64", "aarch64": "ARM64"}


def initial_sessions(registry: Registry, override: Any = None) -> list[int]:
    """Session numbers from 0, as many as NumberOfInitialSessions asks for (2 when it is silent)."""
    if override is not None:
        return [int(number) for number in override]
    count = setting(registry, MANAGER, "NumberOfInitialSessions", 2)
    count = count if isinstance(count, int) else 2
    return list(range(max(1, count)))


def base_name(command: str) -> str:
    r"""File name of the program in a command line: `%SystemRoot%\system32\csrss.exe ...` -> `csrss.exe`."""
    text = command.strip()
    program = text[1:].split('"')[0] if text.startswith('"') else text.split(" ")[0]
    return program.replace("/", "\\").rsplit("\\", 1)[-1]


def initial_command(registry: Registry, session: int) -> str:
    """File name of a session's first program: S0InitialCommand for 0, the last of Execute for others."""
    if session == 0:
        return base_name(str(setting(registry, MANAGER, "S0InitialCommand", "") or "wininit.exe"))
    listed = strings(setting(registry, MANAGER, "Execute"))
    return base_name(listed[-1]) if listed else "winlogon.exe"


def subsystems(registry: Registry) -> list[list[str]]:
    """[name, program] of each required subsystem that has a command line (Debug has none)."""
    key = rf"{MANAGER}\SubSystems"
    required = strings(setting(registry, key, "Required")) or ["Debug", "Windows"]
    out: list[list[str]] = []
    for name in unique(required):
        command = setting(registry, key, name)
        if isinstance(command, str) and command.strip():
            out.append([name, base_name(command)])
    return out


def kmode(registry: Registry) -> str:
    """The kernel part of the Windows subsystem."""
    default = r"\SystemRoot\System32\win32k.sys"
    return str(setting(registry, rf"{MANAGER}\SubSystems", "Kmode") or default)


def server_dlls(registry: Registry) -> list[list[Any]]:
    """[name, how often] of each ServerDll on the Windows subsystem's command line, in its order."""
    command = str(setting(registry, rf"{MANAGER}\SubSystems", "Windows") or "")
    counts: dict[str, int] = {}
    for name in re.findall(r"\bServerDll=([^,:\s]+)", command, re.IGNORECASE):
        counts[name] = counts.get(name, 0) + 1
    return [[name, count] for name, count in counts.items()]


def subsystem_directory(registry: Registry, session: int) -> str:
    r"""Where csrss of a session keeps its ports: ObjectDirectory= of its command line."""
    command = str(setting(registry, rf"{MANAGER}\SubSystems", "Windows") or "")
    found = re.search(r"\bObjectDirectory=(\S+)", command, re.IGNORECASE)
    path = found.group(1) if found else r"\Windows"
    return path if session == 0 else rf"\Sessions\{session}{path}"


def base_named_objects(session: int) -> str:
    r"""The directory of a session's named objects: session 0 has the global one."""
    return r"\BaseNamedObjects" if session == 0 else rf"\Sessions\{session}\BaseNamedObjects"


def csrss_directories(registry: Registry, session: int) -> list[str]:
    r"""The directories that csrss of a session makes (step S23), as far as they are not there already."""
    ports = subsystem_directory(registry, session)
    paths = [rf"\Sessions\{session}\DosDevices"]
    if ports.casefold() not in [path.casefold() for path in object_directories(registry)]:
        paths.append(ports)
    return [*paths, base_named_objects(session)]


def csrss_ports(registry: Registry, session: int) -> list[str]:
    """The ports of csrss: one for the session's programs, one for smss."""
    base = subsystem_directory(registry, session)
    return [rf"{base}\ApiPort", sb_api_port(registry, session)]


def sb_api_port(registry: Registry, session: int) -> str:
    """The port by which smss reaches csrss of a session."""
    return subsystem_directory(registry, session) + r"\SbApiPort"


def items(pairs: list[list[str]]) -> list[str]:
    """`NAME=value` of each pair; of a repeated name only the last. A value None becomes `*`, any."""
    last = {name.casefold(): f"{name}={'*' if value is None else value}" for name, value in pairs}
    return list(last.values())


def fault_code(fault: str) -> int | None:
    """The bugcheck that a fault such as `bugcheck 0x6F` expects, or None for another fault."""
    found = re.search(r"0x([0-9A-Fa-f]+)", fault)
    return int(found.group(1), 16) if found else None


def hexadecimal(number: int) -> str:
    """A status, bugcheck or protection code as the guest writes it."""
    return f"0x{number:X}"


def bugcheck_name(code: int) -> str | None:
    """NT's name of a bugcheck, or None when it is not one of ours."""
    return BUGCHECKS.get(code)


def numbers(count: int) -> list[int]:
    """0, 1, ... below `count`."""
    return list(range(count))


def without(listed: list[Any], *left_out: Any) -> list[Any]:
    """The list without some items."""
    return [item for item in listed if item not in left_out]


FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "autochk_runs": bootexec.autochk_runs,
    "base_name": base_name,
    "boot_commands": bootexec.boot_commands,
    "boot_marks": bootexec.boot_marks,
    "bugcheck_name": bugcheck_name,
    "checked_volumes": bootexec.checked_volumes,
    "column": disk.column,
    "control_set": control_set,
    "base_named_objects": base_named_objects,
    "csrss_directories": csrss_directories,
    "crash_dump": paging.crash_dump,
    "csrss_ports": csrss_ports,
    "device_of": disk.device_of,
    "dos_devices": dos_devices,
    "environment": environment,
    "expected_logs": logbook.expected_logs,
    "fault_code": fault_code,
    "hex": hexadecimal,
    "initial_command": initial_command,
    "initial_sessions": initial_sessions,
    "hives": disk.hives,
    "items": items,
    "known_dll_directory": knowndlls.known_dll_directory,
    "known_dlls": knowndlls.known_dlls,
    "known_dlls_fatal": knowndlls.known_dlls_fatal,
    "kmode": kmode,
    "len": len,
    "lower": lambda text: str(text).lower(),
    "lettered": disk.lettered,
    "machine_name": MACHINES.get,
    "mini_nt": renames.mini_nt,
    "memory_touches": pressure.memory_touches,
    "number": disk.number,
    "numbers": numbers,
    "object_directories": object_directories,
    "pages_out": pressure.pages_out,
    "paging_count": paging.descriptor_count,
    "paging_files": paging.paging_files,
    "pending_names": renames.pending_names,
    "rename_rows": renames.rename_rows,
    "renamed_files": renames.renamed_files,
    "reversed": lambda listed: list(listed)[::-1],
    "rows_of": disk.rows_of,
    "sb_api_port": sb_api_port,
    "server_dlls": server_dlls,
    "setting": setting,
    "strings": strings,
    "subsystems": subsystems,
    "system_drivers": drivers.system_drivers,
    "unchanged_files": disk.unchanged_files,
    "values": values,
    "vanished_files": renames.vanished_files,
    "where": disk.where,
    "without": without,
}
"""By the names that YAML uses."""
