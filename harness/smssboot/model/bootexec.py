r"""Steps S14 and S20: the commands of BootExecute and SetupExecute, and what autochk does to each volume."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from smssboot.model.context import Context, FileInfo, Volume
from smssboot.model.registry import BOOT_ENVIRONMENT, MANAGER, environment, setting, strings
from smssboot.model.store import Store, store_of, win32

KEYWORDS: Final = ("autocheck", "async", "debug")
DEFAULTS: Final[Mapping[str, list[str]]] = {"BootExecute": ["autocheck AutoChk.exe *"]}
_NO_IMAGE: Final = ("0xC000012F", "0xC000007B", "0xC0000020")


def boot_commands(
    ground: Context,
    name: str = "BootExecute",
) -> list[dict[str, Any]]:
    """Every command of a list, in its order.

    `statuses` are those that its end may show; `created` says that a process comes to be, `runs` that it is
    also let run, `waited` that its end is waited for. `program` is the file's name, `arguments` what follows.
    """
    found = setting(ground.registry, MANAGER, name)
    listed = DEFAULTS.get(name, []) if found is None else strings(found)
    store = store_of(ground)
    path = dict(environment(ground.registry)).get("Path", "")
    folders = [folder for folder in path.split(";") if folder] or [BOOT_ENVIRONMENT["SystemRoot"]]
    return [_command(index, entry, store, folders) for index, entry in enumerate(listed)]


def _command(index: int, entry: str, store: Store, folders: Sequence[str]) -> dict[str, Any]:
    keywords, program, arguments = split_command(entry)
    path, info = _search(store, program, folders)
    statuses: Sequence[str] = ("0x0",)
    kind = info.kind.removesuffix("-damaged") if info is not None else ""
    if not program:
        statuses = ("0xC0000033",)
    elif info is None:
        statuses = ("0xC0000034", "0xC000003A")
    elif not kind:
        statuses = _NO_IMAGE
    elif kind != "native":
        statuses = ("0xC0000131",) if kind != "dll" else ("0xC0000131", *_NO_IMAGE)
    return {
        "index": index,
        "command": entry,
        "program": path.rpartition("\\")[2],
        "path": path,
        "arguments": arguments,
        "statuses": list(statuses),
        "created": kind not in ("", "dll"),
        "runs": kind == "native",
        "waited": kind == "native" and "async" not in keywords,
    }


def split_command(entry: str) -> tuple[list[str], str, str]:
    """(keywords in lower case, program, the rest) of a command such as `autocheck autochk *`."""
    keywords: list[str] = []
    rest = entry.strip(" ")
    while True:
        if rest.startswith('"'):
            program, _, tail = rest[1:].partition('"')
            return keywords, program, tail.strip(" ")
        word, _, tail = rest.partition(" ")
        if word.casefold() not in KEYWORDS:
            return keywords, word, tail.strip(" ")
        keywords.append(word.casefold())
        rest = tail.strip(" ")


def _search(store: Store, program: str, folders: Sequence[str]) -> tuple[str, FileInfo | None]:
    r"""The program's path and file: `.exe` is put to a bare name; a path is taken as it is."""
    name = program if "." in program.rpartition("\\")[2] else program + ".exe"
    whole = name[1:2] == ":" or name.startswith("\\")
    places = [name] if whole else [folder.rstrip("\\") + "\\" + name for folder in folders]
    for place in places:
        info = store.find(place)
        if program and info is not None and not info.directory:
            return place, info
    return places[0], None


def autochk_runs(commands: Sequence[Mapping[str, Any]]) -> list[int]:
    """The indices of the commands that run autochk and wait for it."""
    return [c["index"] for c in commands if c["waited"] and c["program"].casefold() == "autochk.exe"]


def checked_volumes(
    commands: Sequence[Mapping[str, Any]], volumes: Sequence[Volume]
) -> list[dict[str, Any]]:
    """What autochk does to the volumes that its arguments name: one, or `*` for all but those of `/k:CD`.

    A dirty volume is checked, with `/p` or `/r` any; what it is damaged by is put right. Damage that is not
    of a known kind (`raw`) may be none at all. A volume that was checked once is clean for the next command.
    """
    out: list[dict[str, Any]] = []
    mended: set[str] = set()
    for index in autochk_runs(commands):
        words = str(commands[index]["arguments"]).upper().split()
        options = [word[1:] for word in words if word[:1] in ("/", "-")]
        names = [win32(word) for word in words if word[:1] not in ("/", "-")]
        named = [name for name in names if name != "*"]
        left_out = "".join(option[2:] for option in options if option.startswith("K:"))
        for volume in volumes:
            letter = volume.letter.upper()
            chosen = letter == named[-1] if named else "*" in names and letter[:1] not in left_out
            if not letter or not chosen:
                continue
            dirty = volume.dirty and letter not in mended
            checked = dirty or bool({"P", "R"} & set(options))
            problems = volume.problems if checked and letter not in mended else ()
            out.append(_check(index, volume, dirty, checked, problems))
            if checked:
                mended.add(letter)
    return out


def _check(
    index: int, volume: Volume, dirty: bool, checked: bool, problems: Sequence[str]
) -> dict[str, Any]:
    known = sorted({kind for kind in problems if kind != "raw"})
    done = ["repaired"] if known else ["clean", "repaired"]
    return {
        "command": index,
        "volume": volume.letter,
        "device": volume.device,
        "dirty": dirty,
        "checked": checked,
        "results": done if checked else ["clean", "skipped"],
        "problems": known,
    }


def boot_marks(commands: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The marks that `bootmark ARGUMENT FILE` leaves: which file, of which argument."""
    out: list[dict[str, Any]] = []
    for command in commands:
        words = str(command["arguments"]).split(" ", 1)
        if command["runs"] and command["program"].casefold() == "bootmark.exe" and len(words) == 2:
            path = win32(words[1].strip(' "'))
            out.append({"command": command["index"], "file": path, "argument": words[0]})
    return out
