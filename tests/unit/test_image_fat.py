"""FAT volumes: what our writer writes, fsck.vfat finds sound, and mtools and dissect.fat read back."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from fat_help import MIB, dissected, fsck, mtools, tree, volume, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smssboot.image import damage, fat, fatlayout, fatnames, fatread

FILES = {
    r"\README.TXT": b"plain",
    r"\smss.exe": b"MZ" * 3000,
    r"\empty": b"",
    r"\Windows\System32\config\SYSTEM": bytes(range(256)) * 100,
    r"\Windows\System32\a name with blanks and.dots.txt": b"long",
    r"\Windows\Temp\Grüße, 世界 🜁.txt": "Grüße".encode(),
    r"\Windows\Temp\thirteen.chars": b"13 units fill one entry exactly",
    r"\Windows\Temp\.hidden": b"dot first",
    r"\Windows\Temp\+plus=equals;.a,b": b"not in 8.3",
    r"\Windows\Temp" + "\\" + "n" * 255: b"the longest name",
}


def test_three_readers_find_every_file(tmp_path: Path) -> None:
    path = write(volume(tree(FILES)), tmp_path / "v")
    status, said = fsck(path)
    assert status == 0, said
    assert dissected(path) == FILES
    out = tmp_path / "out"
    out.mkdir()
    mtools("mcopy", "-s", "-n", "-Q", "-i", str(path), "::/", str(out))
    found = {"\\" + str(p.relative_to(out)).replace("/", "\\"): p for p in out.rglob("*") if p.is_file()}
    # The characters of mtools end with the Basic Multilingual Plane.
    astral = r"\Windows\Temp\Grüße, 世界 🜁.txt"
    assert {name: p.read_bytes() for name, p in found.items() if "世界" not in name} == {
        name: data for name, data in FILES.items() if name != astral
    }


_UNITS = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters='"*/:<>?\\|')
_NAMES = st.text(_UNITS, min_size=1, max_size=60).filter(lambda name: fatnames.complaint(name) is None)


@given(names=st.lists(_NAMES, max_size=40, unique_by=fatnames.folded))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_names_come_back(names: list[str], tmp_path: Path) -> None:
    files = {f"\\d\\{name}": name.encode() for name in names}
    path = write(volume(tree(files)), tmp_path / "v")
    assert dissected(path) == files
    status, said = fsck(path)
    assert status == 0, said


def test_aliases_are_8_3_and_differ() -> None:
    taken: set[bytes] = set()
    for i in range(200):
        alias = fatnames.short(f"A rather long name {i}.text", taken)
        assert alias not in taken
        assert alias[8:] == b"TEX"
        taken.add(alias)
    assert fatnames.short("smss.exe", set()) == b"SMSS    EXE"
    assert fatnames.short("smss.exe", {b"SMSS    EXE"}) == b"SMSS~1  EXE"
    assert not fatnames.needs_long("SMSS.EXE", b"SMSS    EXE")
    assert fatnames.needs_long("smss.exe", b"SMSS    EXE")


@pytest.mark.parametrize("name", ["", ".", "..", "a:b", "a?", "dot.", "blank ", "a\tb", "\ud800", "x" * 256])
def test_names_that_fat_forbids(name: str) -> None:
    assert fatnames.complaint(name)


@pytest.mark.parametrize(
    ("mib", "cluster"), [(34, 512), (64, 512), (128, 1024), (250, 2048), (300, 4096), (3000, 4096)]
)
def test_clusters_are_as_many_as_fat32_asks_for(mib: int, cluster: int) -> None:
    geometry = fatlayout.fat32(mib * MIB // 512, 0)
    assert geometry.cluster_bytes == cluster
    assert geometry.clusters >= 65525
    assert geometry.reserved == 2048
    # The FAT has room for every cluster, and the volume for every sector.
    assert geometry.fat * 512 >= (geometry.clusters + 2) * 4
    assert geometry.data + geometry.clusters * geometry.per_cluster <= geometry.sectors


@pytest.mark.parametrize("sectors", [0, 10_000, 33 * MIB // 512, 1 << 32])
def test_sizes_that_are_no_fat32(sectors: int) -> None:
    with pytest.raises(ValueError, match="FAT32"):
        fatlayout.fat32(sectors, 0)


def test_many_files_in_one_directory(tmp_path: Path) -> None:
    files = {f"\\many\\file number {i}.dat": b"%d" % i for i in range(1500)}
    path = write(volume(tree(files)), tmp_path / "v")
    assert dissected(path) == files
    assert fsck(path)[0] == 0


def test_a_large_file_of_zeros_takes_no_space(tmp_path: Path) -> None:
    root = tree({r"\after.txt": b"behind"})
    assert root.children is not None
    root.children = {"big.bin": fat.File(b"head", size=3 << 30), **root.children}
    path = write(volume(root, 4 << 30), tmp_path / "v")
    assert path.stat().st_blocks * 512 < 16 * MIB
    status, said = fsck(path)
    assert status == 0, said
    assert mtools("mtype", "-i", str(path), "::/after.txt") == b"behind"


def test_a_tree_that_does_not_fit_is_refused() -> None:
    with pytest.raises(fat.FatError, match="do not fit"):
        volume(tree({r"\a": bytes(50 * MIB)}))


def test_a_small_volume_is_fat16(tmp_path: Path) -> None:
    made = fat.Volume(fatlayout.fat16(8192, 0), tree({r"\EFI\BOOT\boot.cfg": b"line"}), "EFI", 1)
    made.layout()
    path = write(made, tmp_path / "v")
    assert fsck(path)[0] == 0
    assert dissected(path) == {r"\EFI\BOOT\boot.cfg": b"line"}


def test_attributes_label_and_serial(tmp_path: Path) -> None:
    root = tree({r"\a": b"1"})
    assert root.children is not None
    root.children["a"].attributes |= fat.READ_ONLY | fat.HIDDEN | fat.SYSTEM
    path = write(volume(root), tmp_path / "v")
    flags = mtools("mattrib", "-i", str(path), "::/a").decode().partition("::")[0]
    assert set(flags.split()) == {"A", "SHR"}
    said = mtools("mdir", "-a", "-i", str(path), "::/").decode()
    assert "TEST" in said
    assert "1234-5678" in said


def test_what_is_told_of_a_volume_is_what_fsck_counts(tmp_path: Path) -> None:
    made = volume(tree(FILES))
    path = write(made, tmp_path / "v")
    told = fatread.volume(lambda at, length: path.read_bytes()[at : at + length])
    assert (told.bits, told.cluster, told.clusters) == (32, 512, made.geometry.clusters)
    assert told.free == made.free_clusters
    assert f"{told.clusters - told.free}/{told.clusters} clusters" in fsck(path)[1]
    assert (told.dirty, told.label, told.serial) == (False, "TEST", 0x12345678)


def test_the_dirty_bit_is_seen_by_others(tmp_path: Path) -> None:
    path = write(volume(tree(FILES), dirty=True), tmp_path / "v")
    status, said = fsck(path)
    assert status == 1
    assert "Dirty bit is set" in said
    assert fatread.volume(lambda at, length: path.read_bytes()[at : at + length]).dirty


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("lost-chain", "Reclaimed 5 unused clusters"),
        ("cross-link", "share clusters"),
        ("free-count", "Free cluster summary wrong"),
        ("fat-mismatch", "FATs differ"),
        ("bad-size", "File size is"),
    ],
)
def test_damage_is_what_fsck_calls_it(kind: str, said: str, tmp_path: Path) -> None:
    root = tree(FILES)
    made = fat.Volume(fatlayout.fat32(40 * MIB // 512, 0), root, "TEST", 1)
    damage.plant(root, kind, made.geometry.cluster_bytes)
    made.layout()
    sound = write(made, tmp_path / "sound")
    assert fsck(sound)[0] == 0
    damage.do(made, kind, "")
    status, words = fsck(write(made, tmp_path / "v"))
    assert status == 1
    assert said in words
    others = {"lost-chain": "unused clusters", "cross-link": "share", "fat-mismatch": "differ"}
    assert not [other for name, other in others.items() if name != kind and other in words]


def test_damage_to_a_file_that_is_not_there() -> None:
    made = volume(tree(FILES))
    with pytest.raises(fat.FatError, match="there is no file"):
        damage.do(made, "bad-size", r"\nowhere")
    with pytest.raises(fat.FatError, match="no file with content"):
        damage.do(made, "bad-size", r"\empty")


def test_hostile_boot_sectors_are_refused() -> None:
    for sector in (b"", bytes(512), b"\xff" * 512, bytes(510) + b"\x55\xaa"):
        with pytest.raises(ValueError):
            fatread.volume(lambda at, length, sector=sector: sector[at : at + length])


def test_mtools_can_write_to_it(tmp_path: Path) -> None:
    """Free space is really free, and where FSInfo says."""
    path = write(volume(tree(FILES)), tmp_path / "v")
    (tmp_path / "new").write_bytes(b"new" * 10_000)
    subprocess.run(["mcopy", "-i", str(path), str(tmp_path / "new"), "::/New file.bin"], check=True)
    assert fsck(path)[0] == 0
    assert dissected(path) == {**FILES, r"\New file.bin": b"new" * 10_000}
