"""Logs as boots would leave them, for tests that read logs: no compiler and no QEMU."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from smssboot.conformance.synthesis import linearise, synthesise
from smssboot.image import build as building
from smssboot.image import guest
from smssboot.model.expectation import Node
from smssboot.study import expect
from smssboot.timeline.items import Start
from smssboot.timeline.jsonl import Writer

NONCE = "0123456789012345"

Wanted = Callable[[Node], bool]


def no_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A guest build without a compiler."""
    folder = tmp_path / "binaries"
    folder.mkdir()
    for name in ("boot-x86_64.elf", "boot-aarch64.img", "smss.exe", "ntoskrnl.exe"):
        (folder / name).write_bytes(b"MZ")
    (folder / "ntoskrnl.symbols.json").write_text("{}")
    monkeypatch.setenv("SMSSBOOT_BUILD", str(tmp_path / "build"))
    monkeypatch.setattr(guest, "build", lambda arch, edits=(): folder)


def recorded(folder: Path, arch: str, wanted: Wanted = lambda node: True, *, keep: bool = True) -> Path:
    """A timeline as a good boot would leave it, less the events that are not wanted."""
    image = building.build("default", arch)
    ground = expect.context(image, image.profile, NONCE)
    start = Start(arch=arch, profile=image.profile, image=image.id, nonce=NONCE, target="virt")
    expected = expect.ground_context(ground)
    order = [index for index in linearise(expected) if wanted(expected.nodes[index])]
    path = folder / "timeline.jsonl"
    with path.open("w") as file:
        writer = Writer(file)
        for item in [start, *synthesise(expected, order)]:
            writer.write(item)
    if keep:
        (folder / "context.json").write_text(json.dumps(expect.context_json(ground)))
    return path
