"""What the recipes of the system volume are about, seen in claim, fact and evidence of real boots."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from boot_help import Boot, Result

MIB = 1 << 20
NOT_FOUND, COLLISION, DISK_FULL, NOT_NATIVE = "0xC0000034", "0xC0000035", "0xC000007F", "0xC0000131"


def sha256(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def conforming(boot: Boot, name: str) -> Result:
    result = boot(name)
    assert result.code == 0, result.stderr
    return result


def file(result: Result, path: str) -> dict[str, str] | None:
    """What the host found at a path after power-off; its name has to be exactly this."""
    found = result.events("disk.file", "evidence", path=path)
    assert len(found) < 2
    return dict(found[0]["data"]) if found else None


def check_files(result: Result, contents: dict[str, str | None]) -> None:
    """Each path holds that text, or (None) nothing."""
    found = {path: file(result, path) for path in contents}
    told = {path: known and known["sha256"] for path, known in found.items()}
    assert told == {path: None if text is None else sha256(text) for path, text in contents.items()}


def check_logged(result: Result, text: str, status: str, times: int = 1) -> None:
    """smss said it and the event log on the disk has it."""
    assert len(result.events("smss.log", "claim", text=text, status=status)) == times
    assert len(result.events("event-log.record", "evidence", source="smss", text=text)) == times


def check_clean(result: Result) -> None:
    """All volumes were shut down, and fsck.vfat has nothing to say."""
    assert result.data("disk.volume", "fsck") == {"clean"}
    assert result.data("disk.volume", "dirty") == {"0"}


def statuses(result: Result) -> list[str]:
    """Of the pending renames, in their order, without that of the nonce."""
    claims = result.events("smss.rename", "claim")
    return [e["data"]["status"] for e in claims if "smssboot-nonce" not in e["data"]["source"]]


def test_many_renames(boot: Boot) -> None:
    result = conforming(boot, "many-renames")
    ok = "0x0"
    assert statuses(result) == [
        ok, ok, COLLISION, ok, NOT_FOUND, NOT_FOUND, ok, ok, ok, ok, ok, ok, ok,
    ]  # fmt: skip
    moved = [e["data"]["to"].rpartition("\\")[2] for e in result.events("file.rename", "fact")]
    assert moved[:3] == ["tool.dll", "core.dll", "chain-2"]
    assert result.data("file.rename", "replaced", to=r"\Device\HarddiskVolume2\Product\core.dll") == {"1"}
    product, setup = "C:\\Product\\", "C:\\Setup\\"
    check_files(result, {
        product + "tool.dll": "new tool", setup + r"new\tool.dll": None,
        product + "core.dll": "new core", setup + r"new\core.dll": None,
        product + "keep.dll": "old keep", setup + r"new\keep.dll": "new keep",
        setup + "old.tmp": None, setup + "readonly.tmp": None,
        setup + "chain-1": None, setup + "chain-2": None, setup + "chain-3": "chain",
        product + "ReadMe.txt": "read me", product + "readme.TXT": None,
        product + "inner.txt": "inner", product + r"folder\other.txt": "other",
        product + r"folder\inner.txt": None, product + "second.txt": "second list",
    })  # fmt: skip
    assert not result.events("disk.directory", None, path=setup + "folder")
    check_logged(result, "A pending file operation failed: " + setup + r"new\keep.dll", COLLISION)
    check_logged(result, "A pending file operation failed: " + setup + "absent.tmp", NOT_FOUND)
    gone = {"PendingFileRenameOperations", "PendingFileRenameOperations2"}
    assert result.data("hive.no-value", "name") >= gone
    assert not result.data("hive.value", "name") & gone
    check_clean(result)


def test_a_read_only_target_goes_only_when_it_may_be_replaced(boot: Boot) -> None:
    result = conforming(boot, "read-only-target")
    assert statuses(result) == ["0x0", COLLISION]
    setup, product = "C:\\Setup\\", "C:\\Product\\"
    check_files(result, {
        setup + "new.dll": None, product + "readonly.dll": "new",
        setup + "newer.dll": "newer", product + "fixed.dll": "old",
    })  # fmt: skip
    replaced, kept = file(result, product + "readonly.dll"), file(result, product + "fixed.dll")
    assert replaced is not None and "R" not in replaced["attributes"]
    assert kept is not None and kept["attributes"] == "AHR"
    check_logged(result, "A pending file operation failed: " + setup + "newer.dll", COLLISION)


def test_long_names_and_those_that_are_not_ascii(boot: Boot) -> None:
    result = conforming(boot, "long-names")
    assert statuses(result) == ["0x0"] * 4
    folder = "C:\\Langer Name\\"
    long = (
        "Ein sehr langer Name mit vielen Wörtern, der in keinem kurzen Namen Platz findet "
        "und deshalb viele Einträge im Verzeichnis braucht.text"
    )
    check_files(result, {
        folder + long: "Köln", folder + "Grüße aus Köln.txt": None,
        r"C:\世界\さようなら.txt": "世界", r"C:\世界\こんにちは.txt": None, r"C:\世界\пока.txt": None,
        folder + "LANGER~1.TXT": "looks like a short name",
        folder + "langer name 1.txt": "third", folder + "langer name 2.txt": "second",
        folder + "langer name 3.txt": None,
    })  # fmt: skip
    assert result.events("file.rename", "fact", to="\\Device\\HarddiskVolume2\\Langer Name\\" + long)
    check_clean(result)


def test_autochk_repairs_a_dirty_volume_and_leaves_the_rest(boot: Boot) -> None:
    result = conforming(boot, "dirty-volume")
    kinds = {"lost-chain", "cross-link", "free-count", "fat-mismatch", "bad-size"}
    assert result.data("volume.mount", "dirty", letter="C:") == {"1"}
    assert result.events("autochk.volume.begin", "claim", volume="C:", dirty="1")
    assert result.data("autochk.problem", "kind") == kinds
    (end,) = result.events("autochk.volume.end", "claim", volume="C:", result="repaired")
    assert int(end["data"]["problems"]) == len(result.events("autochk.problem", "claim")) >= len(kinds)
    assert result.events("volume.lock", "fact", name="autochk.exe")
    assert result.events("volume.unlock", "fact", name="autochk.exe")
    check_clean(result)
    check_files(result, {r"C:\Data\untouched.txt": "what is whole stays whole"})
    report = file(result, r"C:\Data\report.txt")
    assert report is not None and int(report["size"]) == 2048, "its chain is one cluster long"
    found = file(result, r"C:\FOUND.000\FILE0000.CHK")
    assert found is not None and int(found["size"]) % 2048 == 0


def test_an_unclean_shutdown_that_left_nothing_wrong(boot: Boot) -> None:
    result = conforming(boot, "unclean-shutdown")
    assert result.events("autochk.volume.begin", "claim", volume="C:", dirty="1")
    assert result.events("volume.lock", "fact", name="autochk.exe"), "it was really checked"
    assert result.data("autochk.volume.end", "problems") == {"0"}
    assert not result.events("autochk.problem")
    check_clean(result)


def test_three_paging_files_on_two_volumes(boot: Boot) -> None:
    result = conforming(boot, "three-paging-files")
    sizes = {
        r"C:\pagefile.sys": (17 * MIB, 33 * MIB, "listed"),
        r"D:\pagefile.sys": (24 * MIB, 24 * MIB, "listed"),
        r"C:\Windows\Temp\swap.sys": (96 * MIB, 192 * MIB, "managed"),  # 1.5 and 3 times the memory
    }
    for path, (minimum, maximum, kind) in sizes.items():
        asked = {"minimum": str(minimum), "maximum": str(maximum)}
        assert result.events("smss.paging-file", "claim", path=path, kind=kind, status="0x0", **asked)
        made = {"size": str(minimum), "maximum": str(maximum)}
        assert result.events("paging-file.create", "fact", path=path, **made)
        kept = file(result, path)
        assert kept is not None and int(kept["size"]) == minimum
        assert kept["attributes"] == "AHS"
    check_clean(result)


def test_a_disk_that_is_nearly_full_gets_the_emergency_file(boot: Boot) -> None:
    result = conforming(boot, "nearly-full-disk")
    path = r"C:\pagefile.sys"
    assert result.events("smss.paging-file", "claim", path=path, kind="listed", status=DISK_FULL)
    assert result.events("smss.paging-file", "claim", path=path, kind="emergency", status="0x0")
    made = file(result, path)
    assert made is not None and int(made["size"]) == 16 * MIB
    check_logged(result, "A paging file was not made: " + path, DISK_FULL)


def test_a_full_disk_gets_no_paging_file_and_boots(boot: Boot) -> None:
    result = conforming(boot, "full-disk")
    path = r"C:\pagefile.sys"
    assert result.data("smss.paging-file", "kind", status=DISK_FULL) == {"listed", "emergency"}
    assert not result.events("paging-file.create")
    assert file(result, path) is None
    check_logged(result, "A paging file was not made: " + path, DISK_FULL, times=2)
    check_clean(result)


def test_the_dump_of_an_earlier_crash_is_saved_and_told(boot: Boot) -> None:
    result = conforming(boot, "crash-dump")
    dump = r"C:\Windows\MEMORY.DMP"
    assert result.events("smss.crash-dump.end", "claim", found="1", dump=dump, bytes=str(2 * MIB))
    saved = file(result, dump)
    assert saved is not None and int(saved["size"]) == 2 * MIB
    (record,) = result.events("event-log.record", "evidence", id="1001")
    assert "0x00000050 (0x0000000000001000, 0x0000000000000002" in record["data"]["text"]
    assert dump in record["data"]["text"]
    assert result.events("paging-file.create", "fact", path=r"C:\pagefile.sys", size=str(32 * MIB))


def exits(result: Result, command: str = "smss.boot-command.end") -> list[tuple[str, str | None]]:
    """Status and exit status of each command, without that of the nonce."""
    found = [(e["data"]["status"], e["data"].get("exit")) for e in result.events(command, "claim")]
    return found[:-1] if command.startswith("smss.boot") else found


def test_three_programs_in_boot_execute_and_one_in_setup_execute(boot: Boot) -> None:
    result = conforming(boot, "boot-commands")
    assert exits(result) == [("0x0", "0x0"), ("0x0", "0xC00000BB"), ("0x0", "0x0")]
    assert exits(result, "smss.setup-command.end") == [("0x0", "0x0")]
    assert result.events("autoconv.refused", "claim", volume="C:", status="0xC00000BB")
    for argument in ("first", "setup"):
        path, digest = rf"C:\Windows\Temp\{argument}.txt", sha256(argument)
        assert result.events("bootmark.mark", "claim", file=path, argument=argument, digest=digest)
        check_files(result, {path: digest})
    started = {e["data"]["name"] for e in result.events("process.create", "fact", parent="smss.exe")}
    assert {"autochk.exe", "autoconv.exe", "bootmark.exe"} <= started


def test_a_program_of_the_windows_subsystem_never_runs(boot: Boot) -> None:
    result = conforming(boot, "foreign-boot-command")
    assert exits(result) == [("0x0", "0x0"), (NOT_NATIVE, None), (NOT_FOUND, None)]
    assert result.events("process.create", "fact", name="windowed.exe"), "it is made ..."
    assert result.events("process.exit", "fact", name="windowed.exe"), "... ended ..."
    assert not result.events("process.resume", "fact", name="windowed.exe"), "... and did not run"
    check_logged(result, "A command did not run: windowed", NOT_NATIVE)
    check_logged(result, "A command did not run: missing", NOT_FOUND)


def test_a_missing_autochk_is_told_and_the_boot_goes_on(boot: Boot) -> None:
    result = conforming(boot, "missing-autochk")
    assert exits(result) == [(NOT_FOUND, None)]
    assert not result.events("autochk.volume.begin")
    check_logged(result, "A command did not run: autocheck autochk *", NOT_FOUND)
    assert file(result, r"C:\Windows\System32\autochk.exe") is None


def test_a_damaged_known_dll_stops_the_boot(boot: Boot) -> None:
    result = conforming(boot, "damaged-known-dll")
    assert result.run["cause"] == "bugcheck"
    assert result.events("hard-error", "fact", status="0xC000021A")
    assert result.events("bugcheck", "fact", code="0xC000021A", p2="0xC0000221")
    assert not result.events("object.create", "fact", path=r"\KnownDlls\damaged.dll")
    assert not result.events("smss.session.begin"), "no session was begun"
    (volume,) = result.events("disk.volume", "evidence", volume="C:")
    assert volume["data"]["fsck"] == "dirty" and volume["data"]["problems"] == "0"


def test_memory_that_does_not_fit_goes_to_the_paging_file_and_comes_back(boot: Boot) -> None:
    result = conforming(boot, "memory-pressure")
    (nonce,) = result.data("hello", "nonce")
    touched, memory = 64 * MIB // 4096, 32 * MIB // 4096
    assert result.events("memtouch.done", "claim", pages=str(touched), bad="0")
    last = result.events("paging-file.use", "fact", path=r"C:\pagefile.sys")[-1]["data"]
    assert int(last["pages-out"]) >= touched - memory
    assert int(last["pages-in"]) >= touched - memory
    (found,) = result.events("disk.pattern", "evidence", path=r"C:\pagefile.sys", nonce=nonce, wrong="0")
    assert touched - memory <= int(found["data"]["pages"]) <= touched
    assert exits(result, "smss.setup-command.end") == [("0x0", "0x0")]


@pytest.mark.parametrize(("name", "driver"), [("disk", "viostor"), ("memory-disk", "ivshmdsk")])
def test_either_transport_serves_the_disk(name: str, driver: str, boot: Boot) -> None:
    result = conforming(boot, name)
    assert result.data("disk.attach", "driver") == {driver}
    check_clean(result)


def test_dissect_recognises_the_system_after_its_boot(restored: Boot, arch: str, tmp_path: Path) -> None:
    from dissect.target import Target

    result = restored("--keep", tmp_path)
    assert result.code == 0, result.stderr
    (disk,) = tmp_path.rglob("disk.raw")
    target = Target.open(disk)
    assert (target.os, target.hostname) == ("windows", "NTBOX")
    assert target.version == "Windows 11 Pro (NT 10.0) 22631.1"
    assert {"x86_64": "amd64", "aarch64": "arm64"}[arch] in target.architecture
    assert {"viostor", "fastfat", "Null"} <= {service.name for service in target.services()}
    key = target.registry.key(r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Environment")
    held = {value.name: value.value for value in key.values()}
    for event in result.events("smss.environment-dynamic", "claim"):
        assert held[event["data"]["name"]] == event["data"]["value"], "what only this boot knew"
