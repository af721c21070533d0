r"""Step S15: PendingFileRenameOperations, done to the files that are there, and what is left in the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from smssboot.model.context import Context, FileInfo, Registry
from smssboot.model.registry import MANAGER, control_set, find, setting
from smssboot.model.store import Store, store_of, win32

LISTS: Final = ("PendingFileRenameOperations", "PendingFileRenameOperations2")
_READ_ONLY: Final = ("0xC00000A2", "0xC0000022", "0xC0000121", "0xC00000BB", "0xC0000010")
_INSIDE_ITSELF: Final = ("0xC0000022", "0xC000000D", "0xC000003A", "0xC0000033")


@dataclass(slots=True)
class Pair:
    """One pending operation. `target` is empty for a deletion. Paths as in claims."""

    source: str
    target: str
    replace: bool


def rename_pairs(registry: Registry) -> list[Pair]:
    """The pairs of both lists, without their markers: `!` replaces, `@` and `*1` mean nothing here."""
    words: list[str] = []
    for name in LISTS:
        value = setting(registry, MANAGER, name)
        listed = [value] if isinstance(value, str) else list(value or [])
        words += [str(word) for word in listed]
    pairs = []
    for source, target in zip(words[::2], words[1::2], strict=False):
        plain, _ = _unmarked(source)
        goal, replace = _unmarked(target)
        pairs.append(Pair(win32(plain), win32(goal), replace))
    return pairs


def _unmarked(path: str) -> tuple[str, bool]:
    replace = False
    while path:
        if path[0] in "!@":
            replace = replace or path[0] == "!"
            path = path[1:]
        elif path[0] == "*" and path[1:2].isdigit():
            path = path[2:]
        else:
            break
    return path, replace


def mini_nt(registry: Registry) -> bool:
    """Whether this is the system of an installer, whose list is not its own."""
    return find(registry, rf"{control_set(registry)}\Control\MiniNT") is not None


@dataclass(slots=True)
class Outcome:
    """Everything that the renames come to: one row per pair, and the files as they are then."""

    rows: list[dict[str, Any]]
    store: Store
    touched: list[str]


def run(ground: Context) -> Outcome:  # fmt: skip
    """Do the pairs one after the other, each whatever became of those before it."""
    store = store_of(ground)
    rows: list[dict[str, Any]] = []
    touched: list[str] = []
    for index, pair in enumerate([] if mini_nt(ground.registry) else rename_pairs(ground.registry)):
        there = bool(pair.target) and store.find(pair.target) is not None
        source = store.device(pair.source)
        statuses = _perform(store, pair)
        done = statuses == ("0x0",)
        same = pair.source.casefold() == pair.target.casefold()
        if done and not same:
            touched += [pair.source, *([pair.target] if pair.target else [])]
        rows.append({
            "index": index,
            "source": pair.source,
            "target": pair.target,
            "replace": pair.replace,
            "statuses": list(statuses),
            "renamed": done and bool(pair.target),
            "deleted": done and not pair.target,
            "replaced": there and not same,
            "origin": source,
            "goal": store.device(pair.target) if pair.target else "",
        })  # fmt: skip
    return Outcome(rows, store, touched)


def _perform(store: Store, pair: Pair) -> tuple[str, ...]:
    """Do one pair to the store; the statuses that may come of it (a single `0x0`: it is done)."""
    found = store.find(pair.source)
    if found is None:
        return store.missing(pair.source)
    if not store.writable:
        return _READ_ONLY
    if not pair.target:
        if store.below(pair.source):
            return ("0xC0000101",)
        store.remove(pair.source)  # read only or not: the attribute goes, and it is tried again
        return ("0x0",)
    return _rename(store, pair, found)


def _rename(store: Store, pair: Pair, found: FileInfo) -> tuple[str, ...]:
    if pair.target[:2].casefold() != pair.source[:2].casefold():
        letters = pair.target[1:2] == ":" and pair.target[:2].upper() not in store.devices
        return ("0xC000003A", "0xC0000034", "0xC00000D4") if letters else ("0xC00000D4",)
    if pair.target.casefold().startswith(pair.source.casefold() + "\\"):
        return _INSIDE_ITSELF
    above = store.find(pair.target.rpartition("\\")[0])
    if above is None or not above.directory:
        return ("0xC000003A", "0xC0000034")
    other = store.find(pair.target)
    if other is not None and pair.target.casefold() != pair.source.casefold():
        if not pair.replace:
            return ("0xC0000035",)
        if other.directory or found.directory:
            return ("0xC0000022", "0xC0000035")
        store.remove(pair.target)
    # Read only or not: what keeps a file from it is asked again without the attribute.
    store.move(pair.source, pair.target)
    return ("0x0",)


def rename_rows(ground: Context) -> list[dict[str, Any]]:
    """Every pair with its expected statuses."""
    return run(ground).rows


def renamed_files(ground: Context) -> list[dict[str, Any]]:
    """The files that lie under a new name in the end."""
    outcome = run(ground)
    out: dict[str, dict[str, Any]] = {}
    for path in outcome.touched:
        entry = outcome.store.entries.get(path.casefold())
        if entry is not None and not entry.info.directory:
            out[path.casefold()] = {"path": path, **content(entry.info)}
    return list(out.values())


def content(info: FileInfo) -> dict[str, Any]:
    """What is known of a file's content: `size`, `sha256` (None: unknown), `text` when the nonce is in it."""
    return {"size": info.size, "sha256": info.sha256 or None, "text": info.text}


def vanished_files(ground: Context) -> list[str]:
    """Paths that were there before the renames, or for a while, and must be gone in the end."""
    outcome = run(ground)
    return list(dict.fromkeys(p for p in outcome.touched if outcome.store.find(p) is None))


def pending_names(registry: Registry) -> list[str]:
    """The values that S11 takes out of the registry, of those that are there."""
    return [name for name in LISTS if setting(registry, MANAGER, name) is not None]
