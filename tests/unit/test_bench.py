"""The bench's own arithmetic: fair races, goals, and the table."""

from __future__ import annotations

import json
import math
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # `bench` is no part of what is installed

from bench.__main__ import SECTIONS, document, main  # noqa: E402
from bench.engine import growth  # noqa: E402
from bench.measure import BenchError, Command, Sample, best, race, ratio  # noqa: E402
from bench.regions import Map, region, written  # noqa: E402
from bench.rivals import _without  # noqa: E402
from bench.table import Figure, render  # noqa: E402
from smssboot.evidence.writelog import FLUSH, LogEntry, WriteLog  # noqa: E402
from smssboot.image import fat, fatlayout, sparse  # noqa: E402
from smssboot.image.volumes import VolumeInfo  # noqa: E402


def test_a_slow_minute_of_the_host_cancels_out() -> None:
    quiet, loaded = (1.0, 2.0), (10.0, 20.0)
    of, to = zip(quiet, quiet, loaded, loaded, quiet, strict=True)
    assert ratio(Sample(to), Sample(of)) == 2.0
    assert ratio(Sample(of), Sample(to)) == 0.5
    assert Sample((3.0, 1.0, 2.0)).median == 2.0


def test_rounds_of_different_length_are_no_race() -> None:
    with pytest.raises(ValueError):
        ratio(Sample((1.0, 2.0)), Sample((1.0,)))


def test_contenders_take_turns_and_the_first_round_does_not_count() -> None:
    seen: list[str] = []

    def run(name: str, seconds: float) -> None:
        seen.append(name)
        time.sleep(0.2 if len(seen) <= 2 else seconds)

    times = race({"a": lambda: run("a", 0.0), "b": lambda: run("b", 0.01)}, 3)
    assert seen == ["a", "b"] * 4
    assert len(times["a"].seconds) == len(times["b"].seconds) == 3
    assert min(times["b"].seconds) >= 0.01


def test_what_only_computes_is_timed_without_what_it_waits_for() -> None:
    seen: list[int] = []
    assert best(lambda: (seen.append(1), time.sleep(0.05)), 2) < 0.05
    assert best(lambda: sum(range(1_000_000)), 2) > 0.001
    assert len(seen) == 2


def test_a_command_has_to_prove_that_it_did_its_work(tmp_path: Path) -> None:
    log = tmp_path / "log"
    Command(("/bin/sh", "-c", "cat"), stdin=b"said", proof=b"said")()
    Command(("/bin/sh", "-c", f"echo done > {log}"), proof=b"done", log=log)()
    with pytest.raises(BenchError, match="lacks b'more'"):
        Command(("/bin/sh", "-c", "cat"), stdin=b"said", proof=b"more")()
    with pytest.raises(BenchError, match=r"ended with 7:\nwhy"):
        Command(("/bin/sh", "-c", "echo why; exit 7"))()
    with pytest.raises(BenchError, match="No such file"):
        Command((str(tmp_path / "none"),))()


@pytest.mark.parametrize(
    ("value", "reach", "aim", "more", "mark"),
    [
        (2.9, 5, 3, False, "met"),
        (3.0, 5, 3, False, "met"),
        (3.1, 5, 3, False, "reached"),
        (5.1, 5, 3, False, "NOT MET"),
        (1.6, None, 1.5, False, "NOT MET"),
        (1.5, None, 1.5, False, "met"),
        (7.0, None, None, False, ""),
        (9.0, 10, None, True, "NOT MET"),
        (11.0, 10, None, True, "met"),
    ],
)
def test_a_goal_is_met_reached_or_missed(
    value: float, reach: float | None, aim: float | None, more: bool, mark: str
) -> None:
    assert Figure("s", "n", value, reach=reach, aim=aim, more=more).mark == mark


def test_the_table_stands_side_by_side() -> None:
    figures = [
        Figure("boot", "full / tiny", 3.5, "q35", reach=5, aim=3),
        Figure("boot", "full", 123.4, "q35", form=".0f", unit=" ms"),
        Figure("boot", "full / tiny", 5.25, "virt", reach=5, aim=3),
        Figure("boot", "full", 99.6, "virt", form=".0f", unit=" ms"),
        Figure("decoder", "records per second", 123456.0, reach=200_000, more=True, form=",.0f"),
    ]
    assert render(figures).splitlines() == [
        "                         q35    virt     host",
        "",
        "boot",
        "  full / tiny           3.50    5.25            "
        "at most 5, aim at 3: NOT MET on virt, aim missed on q35",
        "  full                123 ms  100 ms",
        "",
        "decoder",
        "  records per second                  123,456   at least 200,000: NOT MET",
    ]
    assert render([]) == ""


def test_growth_is_one_for_n_log_n() -> None:
    def n_log_n(n: int) -> float:
        return n * math.log(n)

    assert growth(n_log_n(10_000), n_log_n(100_000)) == pytest.approx(1.0)
    assert growth(10_000, 100_000) < 1.0
    assert growth(10_000.0**2, 100_000.0**2) > 5.0


def test_options_leave_a_command_line_with_their_values() -> None:
    line = ("-machine", "q35", "-S", "-m", "64", "-initrd", "modules")
    assert _without(line, "-machine", "-m") == ("-S", "-initrd", "modules")


def test_the_document_is_json_and_names_what_failed() -> None:
    made = document([Figure("s", "n", 6.0, "q35", reach=5)], ["rivals"])
    assert json.loads(json.dumps(made)) == made
    assert made["figures"][0]["mark"] == "NOT MET"
    assert made["failed"] == ["rivals"]


def test_a_section_that_fails_fails_the_bench(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(rounds: int, scratch: Path) -> list[Figure]:
        raise BenchError("QEMU is gone")

    monkeypatch.setattr("bench.boots.figures", broken)
    monkeypatch.setattr("bench.again.figures", lambda rounds, scratch: [Figure("s", "n", 9.0, aim=1.0)])
    assert main(["again"]) == 0  # a goal that is missed is no failure
    assert "aim at 1: NOT MET" in capsys.readouterr().out
    assert main(["boots", "again", "--json", str(tmp_path / "f.json")]) == 1
    said = capsys.readouterr()
    assert "QEMU is gone" in said.err
    assert "aim at 1: NOT MET" in said.out
    assert json.loads((tmp_path / "f.json").read_text())["failed"] == ["boots"]


def test_what_a_race_uses_up_is_made_ready_in_nobodys_time(tmp_path: Path) -> None:
    seen: list[float] = []

    def ready() -> None:
        time.sleep(0.05)
        seen.append(time.monotonic())

    times = race({"a": Command(("/bin/true",), ready=ready)}, 3)
    assert len(seen) == 4
    assert min(times["a"].seconds) < 0.05


@pytest.fixture
def disk(tmp_path: Path) -> tuple[Path, VolumeInfo, fat.Volume]:
    """A disk with one volume 1 MiB from its start."""
    offset, size = 1 << 20, 40 << 20
    system = fat.File.directory()
    system.children = {
        "SYSTEM": fat.File.of(b"h" * 1500),
        "SYSTEM.LOG1": fat.File.of(b"l" * 700),
        "A long name.txt": fat.File.of(b"x" * 5000),
    }
    tree = fat.File.directory()
    tree.children = {"pagefile.sys": fat.File(size=1 << 20)}
    for name in ("config", "System32", "Windows"):
        above = fat.File.directory()
        above.children = {name: system}
        system = above
    tree.children |= system.children
    made = fat.Volume(fatlayout.fat32(size // 512, offset // 512), tree, "TEST", 1)
    made.layout()
    path = tmp_path / "disk"
    with sparse.SparseFile(path, offset + size) as out:
        made.write(lambda at, data: out.write(offset + at, data))
    told = VolumeInfo("C:", "", "", "FAT32", "", "", offset, size, 0, 0, 0, False, (), {}, None)
    return path, told, made


def test_every_sector_of_a_disk_is_in_its_region(disk: tuple[Path, VolumeInfo, fat.Volume]) -> None:
    path, told, made = disk
    regions, first, g = Map(path, told), told.offset // 512, made.geometry
    assert regions[0] == "other volumes"
    assert [regions[first + n] for n in (0, 1, 32)] == ["boot sector, FSInfo"] * 2 + ["journal"]
    assert [regions[first + g.reserved], regions[first + g.data - 1]] == ["FAT", "FAT"]
    assert regions[first + g.data] == "directories"  # the root's cluster
    places = {
        "\\pagefile.sys": "paging file",
        "\\Windows\\System32\\config\\SYSTEM": "hives",
        "\\Windows\\System32\\config\\SYSTEM.LOG1": "hives' logs",
    }
    for name, wanted in places.items():
        assert regions[first + made.offset(name) // 512] == wanted, name
    assert regions[first + g.sectors - 1] == "files that are gone"
    assert regions.run("pagefile.sys", 1 << 20) == told.offset + made.offset("\\pagefile.sys")
    with pytest.raises(BenchError, match="clusters"):
        regions.run("pagefile.sys", 2 << 20)


def test_a_write_counts_in_each_region_that_it_touches(disk: tuple[Path, VolumeInfo, fat.Volume]) -> None:
    path, told, made = disk
    first = told.offset // 512
    entries = (
        LogEntry(first + 31, 2, 0, 0),
        LogEntry(0, 0, FLUSH, 0),
        LogEntry(first + made.geometry.reserved, 3, 0, 0),
    )
    found = written(WriteLog(path, 512, entries), Map(path, told))
    assert found == {"FAT": (1, 1536), "boot sector, FSInfo": (1, 512), "journal": (1, 512)}


def test_files_are_told_by_what_they_are_for() -> None:
    assert region("pagefile.sys") == "paging file"
    assert region("windows/system32/config/sysevent.evt") == "event log"
    assert region("windows/system32/smss.exe") == "files"


@pytest.mark.parametrize("arguments", [["--rounds", "0"], ["--rounds", "many"], ["nonsense"]])
def test_nonsense_is_refused_before_anything_is_measured(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2


def test_every_section_is_there() -> None:
    from importlib import import_module

    for name in SECTIONS:
        assert callable(import_module(f"bench.{name}").figures)
