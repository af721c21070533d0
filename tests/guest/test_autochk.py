"""autochk's checker, compiled for this machine, on damaged images; fsck.vfat and mtools are the judges.

Undefined behaviour traps, and every allocation of the checker ends at a page that must not be touched.
"""

from __future__ import annotations

import random
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from fatdamage_help import FILES, LAST, Fat, content, fsck, make, read

from smssboot.image.guest import llvm_version

GUEST = Path(__file__).resolve().parents[2] / "guest"
CLANG = f"clang-{llvm_version()}"
WARNINGS = "-Wall -Wextra -Werror -fsanitize=undefined -fsanitize-trap=undefined"
FLAGS = f"-std=gnu11 -O1 -g -fno-strict-aliasing {WARNINGS}"
SEEDS = 300


@pytest.fixture(scope="session")
def checker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("autochk")
    sources = [*sorted(GUEST.glob("user/autochk/fat*.c")), GUEST / "tests/autochk/host.c"]
    includes = [f"-I{GUEST / path}" for path in ("include", "user/autochk", "tests/autochk")]
    objects = [out / f"{source.stem}.o" for source in sources]
    for source, target in zip(sources, objects, strict=True):
        command = [CLANG, *FLAGS.split(), "-fshort-wchar", *includes, "-c", source, "-o", target]
        subprocess.run(list(map(str, command)), check=True)
    main = ["-D_GNU_SOURCE", GUEST / "tests/autochk/main.c"]
    command = [CLANG, *FLAGS.split(), *main, *objects, "-o", out / "fatchk"]
    subprocess.run(list(map(str, command)), check=True)
    return out / "fatchk"


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = tmp_path_factory.mktemp("image")
    make(work / "base", work)
    return work / "base"


@pytest.fixture
def image(base: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(base, tmp_path / "image"))


def check(checker: Path, image: Path, *options: str) -> list[str]:
    """The problems, and the result as the last line."""
    done = subprocess.run([checker, image, *options], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def lost(fat: Fat) -> None:
    for cluster, following in ((60000, 60001), (60001, LAST)):
        fat.set(cluster, following)
        fat.data[fat.offset(cluster) : fat.offset(cluster) + 512] = bytes([cluster & 0xFF]) * 512


def lost_ring(fat: Fat) -> None:
    for cluster, following in ((60000, 60001), (60001, 60002), (60002, 60000)):
        fat.set(cluster, following)


def cross_link(fat: Fat) -> None:
    one, two = fat.entry("windows/system32/one.exe"), fat.entry("windows/system32/two.dll")
    fat.set(fat.chain(fat.first(two))[3], fat.chain(fat.first(one))[2])


def loop(fat: Fat) -> None:
    chain = fat.chain(fat.first(fat.entry("windows/system32/two.dll")))
    fat.set(chain[5], chain[2])


def out_of_range(fat: Fat) -> None:
    fat.set(fat.chain(fat.first(fat.entry("windows/system32/two.dll")))[5], 0x0ABCDEF0)


def too_long(fat: Fat) -> None:
    struct.pack_into("<I", fat.data, fat.entry("windows/system32/two.dll") + 28, 100)


def too_short(fat: Fat) -> None:
    struct.pack_into("<I", fat.data, fat.entry("windows/system32/two.dll") + 28, 30000)


def mismatch_second(fat: Fat) -> None:
    fat.set(fat.chain(fat.first(fat.entry("windows/system32/two.dll")))[5], 0, copies=(1,))


def mismatch_first(fat: Fat) -> None:
    fat.set(fat.chain(fat.first(fat.entry("windows/system32/two.dll")))[5], 0, copies=(0,))


def orphan(fat: Fat) -> None:
    fat.data[fat.entry("afilew")] = 0xE5


def bad_name(fat: Fat) -> None:
    fat.data[fat.entry("windows/system32/two.dll") + 3] = ord("*")


def dots(fat: Fat) -> None:
    place = fat.offset(fat.first(fat.entry("windows/system32")))
    fat.set_first(place, 77)
    fat.data[place + 32] = ord("X")


def no_folder(fat: Fat) -> None:
    place = fat.offset(fat.first(fat.entry("data/deep/deeper/deepest")))
    fat.data[place : place + 64] = b"#" * 64


def free_count(fat: Fat) -> None:
    struct.pack_into("<I", fat.data, fat.sector + 488, 5)


def behind_the_end(fat: Fat) -> None:
    slots = fat.slots(fat.first(fat.entry("windows/system32")))
    fat.data[slots[-1] : slots[-1] + 32] = b"GHOST   TXT" + bytes(21)


TWO = "Windows/System32/two.dll"
DEEPEST = "data/deep/deeper/deepest/file.bin"
DAMAGE: list[tuple[Callable[[Fat], None], set[str], set[str]]] = [
    (lost, {"lost-chain 60000", "free-count 0"}, set()),
    (lost_ring, {"lost-chain 60000", "free-count 0"}, set()),
    (cross_link, {r"cross-link # \Windows\System32\TWO.DLL", "lost-chain #"}, {TWO}),
    (loop, {r"bad-chain # \Windows\System32\TWO.DLL", "lost-chain #"}, {TWO}),
    (out_of_range, {r"bad-chain # \Windows\System32\TWO.DLL", "lost-chain #"}, {TWO}),
    (too_long, {r"bad-size # \Windows\System32\TWO.DLL", "lost-chain #"}, {TWO}),
    (too_short, {r"bad-size # \Windows\System32\TWO.DLL"}, {TWO}),
    (mismatch_second, {"fat-mismatch 0"}, set()),
    (mismatch_first, {"fat-mismatch 0"}, set()),
    (orphan, {"bad-entry # \\", "lost-chain #"}, {"A file with a rather long name.dat"}),
    (bad_name, {r"bad-entry # \Windows\System32\TWO*.DLL"}, {TWO}),
    (dots, {r"bad-entry # \Windows\System32"}, set()),
    (no_folder, {r"bad-entry # \data\deep\deeper\deepest", "lost-chain #"}, {DEEPEST}),
    (free_count, {"free-count 0"}, set()),
    (behind_the_end, {r"bad-entry # \Windows\System32"}, set()),
]


@pytest.mark.statements("S-055")
@pytest.mark.parametrize(("damage", "problems", "touched"), DAMAGE, ids=[case[0].__name__ for case in DAMAGE])
def test_each_damage(
    checker: Path, image: Path, damage: Callable[[Fat], None], problems: set[str], touched: set[str]
) -> None:
    fat = Fat(image)
    damage(fat)
    fat.save()
    assert fsck(image)
    *found, result = check(checker, image)
    assert result.startswith("result repaired")
    for wanted in problems:
        kind, cluster, *path = wanted.split(" ", 2)
        assert any(
            line.split(" ", 2)[0] == kind
            and cluster in ("#", line.split(" ", 2)[1])
            and (not path or path[0].lower() == line.split(" ", 2)[2].lower())
            for line in found
        ), (wanted, found)
    kinds = {wanted.split()[0] for wanted in problems}
    assert {line.split()[0] for line in found} == kinds
    assert fsck(image) == ""
    assert not Fat(image).dirty()
    for path in FILES:
        assert path in touched or read(image, path) == content(path), path


def test_what_was_lost_is_found(checker: Path, image: Path) -> None:
    fat = Fat(image)
    lost(fat)
    fat.save()
    check(checker, image)
    assert read(image, "FOUND.000/FILE0000.CHK") == bytes([60000 & 0xFF]) * 512 + bytes([60001 & 0xFF]) * 512
    fat = Fat(image)
    fat.set(61000, LAST)
    fat.set_dirty()
    check(checker, image)
    assert read(image, "FOUND.001/FILE0000.CHK") is not None


def test_a_full_volume_frees_what_was_lost(checker: Path, image: Path) -> None:
    """One chain takes all free clusters and is lost: there is no room for a folder to save it in."""
    fat = Fat(image)
    free = [cluster for cluster in range(2, fat.end) if fat.get(cluster) == 0]
    for cluster, following in zip(free, [*free[1:], LAST], strict=True):
        fat.set(cluster, following)
    fat.save()
    assert check(checker, image)[-1].startswith("result repaired")
    assert fsck(image) == ""
    assert read(image, "FOUND.000/FILE0000.CHK") is None


def test_a_renamed_file_keeps_its_content(checker: Path, image: Path) -> None:
    fat = Fat(image)
    bad_name(fat)
    fat.save()
    check(checker, image)
    assert read(image, "Windows/System32/FILE0000.REN") == content(TWO)


def test_a_clean_volume_is_not_touched(checker: Path, image: Path) -> None:
    check(checker, image)
    fat = Fat(image)
    free_count(fat)
    fat.save()
    before = image.read_bytes()
    assert check(checker, image) == ["result clean problems 0"]
    assert image.read_bytes() == before
    assert check(checker, image, "/p") == ["free-count 0 ", "result repaired problems 1"]


def test_the_boot_sectors_mark_goes_with_the_backups(checker: Path, image: Path) -> None:
    fat = Fat(image)
    backup = struct.unpack_from("<H", fat.data, 50)[0] * fat.sector
    fat.data[65] |= 1
    fat.data[backup + 65] |= 1
    fat.save()
    assert check(checker, image) == ["result repaired problems 0"]
    assert fsck(image) == ""


def test_what_is_no_fat32_is_left_alone(checker: Path, tmp_path: Path) -> None:
    image = tmp_path / "image"
    for data in (bytes(512), bytes(65536), random.Random(1).randbytes(65536)):
        image.write_bytes(data)
        assert check(checker, image, "/p") == ["result skipped problems 0"]
        assert image.read_bytes() == data


def damage_at_random(fat: Fat, chance: random.Random) -> None:
    """Tables, directory slots and the information sector."""
    table = struct.unpack_from(f"<{fat.end}I", fat.data, fat.fat)
    used = [cluster for cluster in range(2, fat.end) if table[cluster]]
    folders = ("windows", "windows/system32", "windows/system32/config", "data", "data/deep", "many")
    firsts = [fat.root, *(fat.first(fat.entry(folder)) for folder in folders)]
    slots = [slot for first in firsts for slot in fat.slots(first)]
    for _ in range(chance.choice([1, 1, 2, 5, 20, 100])):
        somewhere = [chance.choice(used), chance.randrange(2, fat.end), chance.getrandbits(28)]
        anywhere = chance.choice([0, 1, 0x0FFFFFF7, *somewhere])
        slot = chance.choice(slots)
        match chance.randrange(6):
            case 0:
                fat.set(chance.choice(used), anywhere)
            case 1:
                fat.set(chance.choice(used), chance.choice(used), (chance.randrange(2),))
            case 2:
                fat.data[slot + chance.randrange(32)] ^= 1 << chance.randrange(8)
            case 3:
                fat.data[slot : slot + 32] = chance.randbytes(32)
            case 4:
                fat.data[fat.fat + chance.choice(used) * 4 + chance.randrange(4)] ^= 1 << chance.randrange(8)
            case 5:
                place = fat.sector + chance.choice([488, 492]) + chance.randrange(4)
                fat.data[place] ^= 1 << chance.randrange(8)
    fat.set_dirty()


def remaining(image: Path) -> str:
    """What fsck.vfat finds, but for two opinions that autochk does not share: a short name may be all
    letters of a code page (fsck.vfat takes more than six for damage), and nobody asks the boot sector for a
    label."""
    lines = fsck(image).splitlines()[1:-1]
    findings = [line for line in lines if line and not line.startswith((" ", "Leaving"))]
    details = [line.strip() for line in lines if line.startswith(" ")]
    names = sum("Bad short file name" in line and sum(c > "\x7f" for c in line) > 6 for line in details)
    labels = sum("abel" in line for line in findings)
    return "" if len(findings) == names + labels else "\n".join(lines)


@pytest.mark.parametrize("batch", range(10))
def test_random_damage(checker: Path, base: Path, tmp_path: Path, batch: int) -> None:
    image = tmp_path / "image"
    for seed in range(batch * SEEDS // 10, (batch + 1) * SEEDS // 10):
        shutil.copy(base, image)
        damage_at_random(Fat(image), random.Random(seed))
        assert check(checker, image)[-1].startswith("result repaired"), seed
        assert remaining(image) == "", seed
        assert check(checker, image, "/p") == ["result clean problems 0"], seed


@pytest.mark.parametrize("cache", [(), ("cached",)], ids=["at once", "cached"])
@pytest.mark.parametrize("seed", range(12))
def test_a_power_cut_in_the_repair(
    checker: Path, base: Path, tmp_path: Path, seed: int, cache: tuple[str, ...]
) -> None:
    """After any number of sectors the volume is still dirty or wholly repaired; the next check repairs it."""
    image, chance = tmp_path / "image", random.Random(seed)
    for _ in range(8):
        shutil.copy(base, image)
        damage_at_random(Fat(image), random.Random(seed))
        cut = check(checker, image, f"cut={chance.randrange(40)}", *cache)[-1] == "cut"
        assert not cut or Fat(image).dirty() or remaining(image) == "", seed
        assert check(checker, image)[-1].split()[1] in ("repaired", "clean"), seed
        assert remaining(image) == "", seed


@pytest.mark.parametrize("cache", [(), ("cached",)], ids=["at once", "cached"])
def test_the_copy_that_is_asked_is_the_last_to_be_clean(
    checker: Path, base: Path, tmp_path: Path, cache: tuple[str, ...]
) -> None:
    image, sectors, cut = tmp_path / "image", 0, True
    while cut:
        shutil.copy(base, image)
        Fat(image).set_dirty()
        cut = check(checker, image, f"cut={sectors}", *cache)[-1] == "cut"
        assert Fat(image).dirty() or fsck(image) == "", sectors
        sectors += 1
    assert sectors > 2


def test_random_boot_sectors(checker: Path, image: Path) -> None:
    """Whatever the boot sector says: an end, and a result."""
    before = image.read_bytes()[:512]
    for seed in range(200):
        chance = random.Random(seed)
        sector = bytearray(before)
        for _ in range(chance.choice([1, 2, 5])):
            sector[chance.choice(range(11, 72))] = chance.randrange(256)
        with image.open("r+b") as file:
            file.write(sector)
        assert check(checker, image, "/p")[-1].startswith("result "), seed
