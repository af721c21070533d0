"""Declared damage on a FAT volume: wrong in exactly one known way, so that a checker can be held to it."""

from __future__ import annotations

from smssboot.image.fat import FatError, File, Volume

_FOLDER = "Damage"
LOST_CLUSTERS = 5
FREE_ERROR = 100
"""Clusters by which FSInfo's count is wrong."""


def plant(root: File, kind: str, cluster: int) -> None:
    """Before the layout: the files that a kind of damage needs when the recipe names none."""
    names = {"cross-link": ("CROSS1.BIN", "CROSS2.BIN"), "bad-size": ("SIZE.BIN",)}.get(kind, ())
    if names:
        folder = root.find(_FOLDER)
        if folder is None:
            folder = _FOLDER
            assert root.children is not None
            root.children[folder] = File.directory()
        assert root.children is not None
        inside = root.children[folder].children
        if inside is None:
            raise FatError(f"damage: \\{_FOLDER} is no directory")
        for number, name in enumerate(names, start=1):
            inside[name] = File.of(bytes([0xC0 + number]) * (2 * cluster))


def do(volume: Volume, kind: str, path: str) -> None:
    """After the layout, before writing.  `path` names the file, if the recipe does.  Raises FatError."""
    g = volume.geometry
    if kind == "lost-chain":
        volume.take(LOST_CLUSTERS)
    elif kind == "free-count":
        free = volume.free_clusters
        volume.told_free = free - FREE_ERROR if free >= FREE_ERROR else free + FREE_ERROR
    elif kind == "fat-mismatch":
        # The copy tells of a chain of one cluster where the FAT has free space.
        if len(volume.table) >= g.clusters + 2:
            raise FatError("damage: fat-mismatch needs a free cluster")
        volume.second[len(volume.table)] = 0x0FFF_FFFF if g.bits == 32 else 0xFFFF
    elif kind == "cross-link":
        first = _file(volume, f"\\{_FOLDER}\\CROSS1.BIN")
        second = _file(volume, path or f"\\{_FOLDER}\\CROSS2.BIN")
        if second is first or first.clusters < 2 or second.clusters < 2:
            raise FatError("damage: cross-link needs a file of two clusters or more")
        _cut(volume, second, 1)
        volume.table[second.first] = first.first + 1
        second.claimed = 2 * g.cluster_bytes
    elif kind == "bad-size":
        node = _file(volume, path or f"\\{_FOLDER}\\SIZE.BIN")
        node.claimed = (node.clusters + 3) * g.cluster_bytes + 7
    else:
        raise AssertionError(kind)


def _file(volume: Volume, path: str) -> File:
    node = volume.root
    for name in filter(None, path.split("\\")):
        known = node.find(name)
        if known is None or node.children is None:
            raise FatError(f"damage: there is no file {path!r}")
        node = node.children[known]
    if node.children is not None or not node.clusters:
        raise FatError(f"damage: {path!r} is no file with content")
    return node


def _cut(volume: Volume, node: File, keep: int) -> None:
    """Free all but the first clusters of a file that lies in one piece."""
    for cluster in range(node.first + keep, node.first + node.clusters):
        volume.table[cluster] = 0
