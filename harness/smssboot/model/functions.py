r"""The functions that a model may name: pure, from the registry of the image to what a boot must show.

Every function takes and returns plain values. `registry` is always the mapping of `Context.registry`.
Key and value names are compared without regard to case, as the registry itself does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from smssboot.model.context import Registry

MANAGER: Final = r"Control\Session Manager"
_VARIABLE: Final = re.compile(r"%([^%]+)%")

BOOT_ENVIRONMENT: Final[Mapping[str, str]] = {"SystemDrive": "C:", "SystemRoot": r"C:\Windows"}
"""What the kernel gives to smss (step K4), apart from Path."""

BUGCHECKS: Final[Mapping[int, str]] = {
    0x64: "SYMBOLIC_INITIALIZATION_FAILED",
    0x6B: "PROCESS1_INITIALIZATION_FAILED",
    0x6D: "SESSION1_INITIALIZATION_FAILED",
    0x6E: "SESSION2_INITIALIZATION_FAILED",
    0x6F: "SESSION3_INITIALIZATION_FAILED",
    0x70: "SESSION4_INITIALIZATION_FAILED",
    0x71: "SESSION5_INITIALIZATION_FAILED",
    0xEF: "CRITICAL_PROCESS_DIED",
    0xF4: "CRITICAL_OBJECT_TERMINATION",
    0xC000021A: "STATUS_SYSTEM_PROCESS_TERMINATED",
}
MACHINES: Final[Mapping[str, str]] = {"x86_64": "AMD64", "aarch64": "ARM64"}


def _find(table: Mapping[str, Any], name: str) -> Any:
    """The entry of that name, or None; names fold case."""
    if name in table:
        return table[name]
    folded = name.casefold()
    for key, value in table.items():
        if key.casefold() == folded:
            return value
    return None


def control_set(registry: Registry) -> str:
    """The name of the control set that boots: `ControlSet001`."""
    select = _find(registry, "Select") or {}
    current = _find(select, "Current")
    number = current[1] if current is not None and isinstance(current[1], int) else 1
    return f"ControlSet{number:03d}"


def values(registry: Registry, key: str) -> dict[str, Any]:
    """Values of a key below the current control set, in the order of the hive; {} without the key."""
    found = _find(registry, f"{control_set(registry)}\\{key}") or {}
    return {name: value for name, (_, value) in found.items()}


def setting(registry: Registry, key: str, name: str, default: Any = None) -> Any:
    """One value below the current control set, or the default."""
    found = _find(values(registry, key), name)
    return default if found is None else found


def strings(value: Any) -> list[str]:
    """A REG_MULTI_SZ or REG_SZ as a list, without empty items."""
    if value is None:
        return []
    if isinstance(value, str):
        return [value] if value else []
    return [str(item) for item in value if str(item)]


def unique(items: list[str]) -> list[str]:
    """Each item once, the first spelling wins; case is folded."""
    seen: dict[str, str] = {}
    for item in items:
        seen.setdefault(item.casefold(), item)
    return list(seen.values())


def expand(text: str, environment: Mapping[str, str]) -> str:
    """Replace `%NAME%`; a variable that is not set stays as it is written."""

    def one(found: re.Match[str]) -> str:
        value = _find(environment, found.group(1))
        return found.group(0) if value is None else str(value)

    return _VARIABLE.sub(one, text)


def object_directories(registry: Registry) -> list[str]:
    """Paths of ObjectDirectories, in listed order."""
    return unique(strings(setting(registry, MANAGER, "ObjectDirectories")))


def dos_devices(registry: Registry) -> list[list[str]]:
    """[name, target] of each DOS device."""
    found = values(registry, rf"{MANAGER}\DOS Devices")
    return [[name, str(target)] for name, target in found.items() if isinstance(target, str)]


def environment(registry: Registry) -> list[list[str]]:
    """[name, value] of each registry variable, expanded with those that were set before it."""
    found = _find(registry, rf"{control_set(registry)}\{MANAGER}\Environment") or {}
    known: dict[str, str] = dict(BOOT_ENVIRONMENT)
    out: list[list[str]] = []
    for name, (kind, raw) in found.items():
        if kind not in ("REG_SZ", "REG_EXPAND_SZ") or not isinstance(raw, str):
            continue
        value = expand(raw, known) if kind == "REG_EXPAND_SZ" else raw
        for other in [n for n in known if n.casefold() == name.casefold()]:
            del known[other]
        known[name] = value
        out.append([name, value])
    return out


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
    "base_name": base_name,
    "bugcheck_name": bugcheck_name,
    "control_set": control_set,
    "base_named_objects": base_named_objects,
    "csrss_directories": csrss_directories,
    "csrss_ports": csrss_ports,
    "dos_devices": dos_devices,
    "environment": environment,
    "fault_code": fault_code,
    "hex": hexadecimal,
    "initial_command": initial_command,
    "initial_sessions": initial_sessions,
    "items": items,
    "kmode": kmode,
    "len": len,
    "lower": lambda text: str(text).lower(),
    "machine_name": MACHINES.get,
    "numbers": numbers,
    "object_directories": object_directories,
    "reversed": lambda listed: list(listed)[::-1],
    "sb_api_port": sb_api_port,
    "server_dlls": server_dlls,
    "setting": setting,
    "strings": strings,
    "subsystems": subsystems,
    "values": values,
    "without": without,
}
"""By the names that YAML uses."""
