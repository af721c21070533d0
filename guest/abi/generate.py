"""Makes everything that is derived from services.yaml: stubs, the dispatch table and the prototypes.

    python generate.py --arch x86_64|aarch64 --out DIR

leaves in DIR:

    nt_services.h       prototypes of every service, for the kernel and for user mode
    ntdll_stubs.S       user-mode stubs for the architecture
    ntdll_services.def  the Nt and Zw export lines of ntdll.def
    service_table.c     KiServiceTable, KiArgumentTable and KiServiceLimit for the kernel
"""

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ARCHITECTURES = ("x86_64", "aarch64")
MAX_ARGUMENTS = 16
NUMBER_LIMIT = 512
_ARGUMENT = re.compile(r"(?P<type>[A-Z][A-Z0-9_]*(?: \*)?)\s*(?P<name>[A-Z][A-Za-z0-9]*)")


class AbiError(Exception):
    """services.yaml says something that cannot be generated."""


@dataclass(frozen=True, slots=True)
class Service:
    """One system service as services.yaml describes it."""

    number: int
    name: str
    file: str
    args: tuple[str, ...]

    @property
    def parameters(self) -> str:
        """The C parameter list, `VOID` when there is none."""
        return ", ".join(self.args) or "VOID"


def _service(entry: dict[str, Any]) -> Service:
    unknown = set(entry) - {"number", "name", "file", "args"}
    if unknown:
        raise AbiError(f"{entry.get('name', entry)}: unknown key {', '.join(sorted(unknown))}")
    service = Service(int(entry["number"]), str(entry["name"]), str(entry["file"]), tuple(entry["args"]))
    if not 0 < service.number < NUMBER_LIMIT:
        raise AbiError(f"{service.name}: number {service.number} is outside 1..{NUMBER_LIMIT - 1}")
    if len(service.args) > MAX_ARGUMENTS:
        raise AbiError(f"{service.name}: {len(service.args)} arguments, at most {MAX_ARGUMENTS} are copied")
    for argument in service.args:
        if not _ARGUMENT.fullmatch(argument):
            raise AbiError(f"{service.name}: '{argument}' is not 'TYPE Name'")
    return service


def load(path: Path) -> list[Service]:
    """Reads and checks services.yaml; the services come back ordered by number."""
    services = sorted((_service(entry) for entry in yaml.safe_load(path.read_text("utf-8"))["services"]),
                      key=lambda service: service.number)
    for field in ("number", "name"):
        values = [getattr(service, field) for service in services]
        for value in values:
            if values.count(value) > 1:
                raise AbiError(f"{field} {value} is used twice")
    return services


def check_sources(services: list[Service], kernel: Path) -> None:
    """Raises AbiError when a service is not defined in the file that services.yaml names."""
    texts: dict[str, str] = {}
    for service in services:
        if service.file not in texts:
            path = kernel / service.file
            texts[service.file] = path.read_text("utf-8") if path.is_file() else ""
        if f"\nNTSTATUS NTAPI {service.name}(" not in texts[service.file]:
            raise AbiError(f"{service.name}: kernel/{service.file} does not define it")


def prototypes(services: list[Service]) -> str:
    """nt_services.h: what the kernel implements and user mode calls; include NT's types first."""
    lines = ["/* Prototypes of the system services. Made from services.yaml; do not edit. */",
             "#pragma once", ""]
    for service in services:
        lines.append(f"NTSTATUS NTAPI {service.name}({service.parameters});")
    return "\n".join(lines) + "\n"


def stubs(services: list[Service], arch: str) -> str:
    """ntdll_stubs.S: one function per service, entered with the C calling convention."""
    lines = ["// User-mode stubs of the system services. Made from services.yaml; do not edit.", "    .text"]
    if arch == "x86_64":
        lines.insert(1, "    .intel_syntax noprefix")
        body = "    mov r10, rcx\n    mov eax, {number}\n    syscall\n    ret"
    else:
        body = "    svc #{number}\n    ret"
    for service in services:
        lines += [f"    .globl {service.name}", f"    .def {service.name}; .scl 2; .type 32; .endef",
                  "    .p2align 4", f"{service.name}:", body.format(number=service.number)]
    return "\n".join(lines) + "\n"


def exports(services: list[Service]) -> str:
    """ntdll_services.def: the EXPORTS lines, each service under its Nt and its Zw name."""
    lines = [f"    {s.name}\n    Zw{s.name[2:]} = {s.name}" for s in sorted(services, key=lambda s: s.name)]
    return "\n".join(lines) + "\n"


def dispatch_table(services: list[Service]) -> str:
    """service_table.c: indexed by service number; an empty slot is STATUS_INVALID_SYSTEM_SERVICE."""
    limit = services[-1].number + 1
    lines = ["/* The kernel's dispatch table. Made from services.yaml; do not edit. */",
             "#include <nt.h>", '#include "nt_services.h"', "",
             f"const ULONG KiServiceLimit = {limit};", "", f"const PVOID KiServiceTable[{limit}] = {{"]
    lines += [f"    [{s.number}] = (PVOID){s.name}," for s in services]
    lines += ["};", "", f"const UCHAR KiArgumentTable[{limit}] = {{"]
    lines += [f"    [{s.number}] = {len(s.args)}," for s in services]
    return "\n".join(lines) + "\n};\n"


def _write(path: Path, text: str) -> None:
    """Leaves an up-to-date file alone, so that make does not rebuild what did not change."""
    if not path.exists() or path.read_text("utf-8") != text:
        path.write_text(text, "utf-8")


def main(argv: list[str] | None = None) -> int:
    """Command line; exit status 2 and one line on standard error when services.yaml is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--arch", choices=ARCHITECTURES, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(argv)
    source = Path(__file__).with_name("services.yaml")
    try:
        services = load(source)
        check_sources(services, source.parent.parent / "kernel")
    except (AbiError, KeyError, TypeError, ValueError, yaml.YAMLError) as error:
        print(f"{source.name}: {error}", file=sys.stderr)
        return 2
    options.out.mkdir(parents=True, exist_ok=True)
    _write(options.out / "nt_services.h", prototypes(services))
    _write(options.out / "ntdll_stubs.S", stubs(services, options.arch))
    _write(options.out / "ntdll_services.def", exports(services))
    _write(options.out / "service_table.c", dispatch_table(services))
    return 0


if __name__ == "__main__":
    sys.exit(main())
