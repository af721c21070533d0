"""Baselines: a regression of 0.1 % in one phase is found and named, and nothing else is called one."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from boot_help import Done, smssboot
from regression_help import PLACES, busy, slower

from smssboot.image.build import build
from smssboot.report.checked import Checked
from smssboot.study.gates import baselinefile, baselines
from smssboot.study.options import Options

CHECK: dict[str, Any] = json.loads(
    files("smssboot.report").joinpath("baseline-check.schema.json").read_text("utf-8")
)
QUICK = ("smss.dos-devices", "csrss.start session=1")
DETERMINISTIC = Options(deterministic=True)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the baseline `default` of both architectures, saved by the real program."""
    folder = tmp_path_factory.mktemp("saved") / "baselines"
    done = smssboot("baseline", "save", "default", "--dir", folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may change."""
    copy = tmp_path / "baselines"
    copy.mkdir()
    for path in saved.glob("*.yaml"):
        (copy / path.name).write_bytes(path.read_bytes())
    return copy


def baseline(*arguments: str | Path) -> Done:
    done = smssboot("baseline", *arguments)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def checked(folder: Path, arch: str, recipe: Path, tolerance: float = 0.0) -> Checked:
    """Hold a recipe against the baseline, in this process."""
    known = baselinefile.read(folder / f"default.{arch}.yaml")
    return baselines.check_image(known, build(recipe, arch), str(recipe), DETERMINISTIC, tolerance)


@pytest.mark.parametrize(
    "phase", [p if p in QUICK else pytest.param(p, marks=pytest.mark.full) for p in PLACES]
)
def test_a_tenth_of_a_percent_of_the_boot_is_found_and_named(
    phase: str, folder: Path, arch: str, tmp_path: Path
) -> None:
    known = baselinefile.read(folder / f"default.{arch}.yaml").reference.measured
    wanted = known.total // 1000
    found = checked(folder, arch, slower(tmp_path, phase, wanted))
    assert found.result == "slower"
    first = found.comparison.causes[0]
    assert first.phase == phase
    assert abs(first.delta - wanted) < 0.1 * wanted, "the loop is not what the test believes"
    assert len(found.comparison.causes) == 1, found.comparison.causes
    assert found.comparison.divergence is not None


@pytest.mark.full
@pytest.mark.parametrize("phase", ["smss.paging-files", "smss.registry-ready", "smss.known-dlls", "System"])
def test_a_tenth_of_a_percent_of_a_large_phase_is_found_and_named(
    phase: str, folder: Path, arch: str, tmp_path: Path
) -> None:
    known = baselinefile.read(folder / f"default.{arch}.yaml").reference.measured
    found = checked(folder, arch, slower(tmp_path, phase, known.phases[phase] // 1000))
    assert found.result == "slower"
    assert found.comparison.causes[0].phase == phase


def no_false_alarm(folder: Path, arch: str, boots: int) -> None:
    known = baselinefile.read(folder / f"default.{arch}.yaml")
    image = build("default", arch)
    doubted = 0
    with busy():
        until = known.reference.measured.until
        for sample in baselines.boots(image, DETERMINISTIC, boots, until):
            found = baselines.check(known, [sample], "default", log=False)
            if found.result != "same":  # QEMU's clock can skip too far (docs/determinism.md); then a check
                doubted += 1  # ... boots again, and says what came twice
                found = baselines.check_image(known, image, "default", DETERMINISTIC, log=False)
            assert (found.result, found.comparison.delta) == ("same", 0), (found.cause, found.comparison)
    assert doubted <= max(1, boots // 100), "exact boots differ far too often"


def test_a_busy_machine_raises_no_false_alarm(folder: Path, arch: str) -> None:
    no_false_alarm(folder, arch, 5)


@pytest.mark.full
@pytest.mark.timeout(1200)
def test_two_hundred_boots_of_a_busy_machine_raise_no_false_alarm(folder: Path, arch: str) -> None:
    no_false_alarm(folder, arch, 200)


def test_check_and_accept_by_the_program(folder: Path, tmp_path: Path) -> None:
    same = baseline("check", "default", "--dir", folder)
    assert same.returncode == 0, same.stdout + same.stderr
    assert same.stdout.count("as accepted") == 2

    recipe = slower(tmp_path, "smss.dos-devices", 18_000)
    slow = baseline("check", "default", recipe, "--dir", folder, "--json", "-")
    assert slow.returncode == 1
    assert "smss.dos-devices: +18,0" in slow.stderr
    document = json.loads(slow.stdout)
    jsonschema.validate(document, CHECK)
    for found in document["checks"]:
        assert found["result"] == "slower"
        assert found["causes"][0]["phase"] == "smss.dos-devices"
        assert found["order_same"] is True
        assert found["first_divergence"]["now"]["cost"] > found["first_divergence"]["before"]["cost"]

    loose = baseline("check", "default", recipe, "--dir", folder, "--tolerance", "20")
    assert loose.returncode == 0, loose.stdout

    baseline("check", "default", recipe, "--dir", folder)
    accepted = baseline("accept", "default", "--why", "devices cost more now", "--dir", folder)
    assert accepted.returncode == 0, accepted.stderr
    assert accepted.stdout.count("as checked") == 2
    again = baseline("check", "default", recipe, "--dir", folder)
    assert again.returncode == 0, again.stdout
    faster = baseline("check", "default", "default", "--dir", folder)
    assert faster.returncode == 0
    assert faster.stdout.count("faster") == 2
    assert "baseline accept default" in faster.stdout
    history = baseline("list", "default", "--dir", folder).stdout
    assert history.count("devices cost more now") == 2
    assert "smss.dos-devices: " in history


def test_a_boot_that_deviates_is_no_baseline_and_fails_a_check(folder: Path, arch: str) -> None:
    mutant = Path(__file__).parent / "mutants" / "claimed-not-done.yaml"
    refused = baseline("save", "broken", mutant, "--arch", arch, "--dir", folder)
    assert refused.returncode == 1
    assert "not saved" in refused.stderr
    assert not list(folder.glob("broken*"))
    held = baseline("check", "default", mutant, "--arch", arch, "--dir", folder)
    assert held.returncode == 1
    assert "deviates" in held.stdout
    kept = baseline("accept", "default", "--arch", arch, "--why", "no", "--dir", folder)
    assert kept.returncode == 1
    assert "not accepted" in kept.stderr


def test_another_image_with_more_to_do_is_told_by_its_events(folder: Path, arch: str) -> None:
    held = baseline("check", "default", "dos-device", "--arch", arch, "--dir", folder)
    assert held.returncode == 1
    assert "changed" in held.stdout
    assert r"new: claim smss.dos-device name=UNC" in held.stdout


def test_another_machine_is_refused(folder: Path) -> None:
    path = folder / "default.x86_64.yaml"
    text = path.read_text("utf-8")
    line = 1 + next(n for n, row in enumerate(text.splitlines()) if row.startswith("  qemu: "))
    path.write_text(text.replace('qemu: "', 'qemu: "9.'), "utf-8")
    held = baseline("check", "default", "--arch", "x86_64", "--dir", folder)
    assert held.returncode == 2
    assert f"default.x86_64.yaml:{line}:" in held.stderr
    assert "QEMU version" in held.stderr
    assert "--replace" in held.stderr
    other = baseline("check", "default", "diskless", "--arch", "aarch64", "--dir", folder)
    assert other.returncode == 2
    assert "disk: the baseline is for disk 'memory', this boot has 'none'" in other.stderr


def test_a_recorded_run_is_checked(folder: Path, arch: str, tmp_path: Path) -> None:
    report, kept = tmp_path / "report.json", tmp_path / "kept"
    done = smssboot("run", "--arch", arch, "--deterministic", "--json", report, "--keep", kept)
    assert done.returncode == 0, done.stderr
    kept = kept.rename(tmp_path / "elsewhere")  # the report alone does not hold what the model wanted
    by_report = baseline("check", "default", "--run", report, "--arch", arch, "--dir", folder)
    assert by_report.returncode == 0, by_report.stdout + by_report.stderr
    assert "the order of events was not compared" in by_report.stdout
    by_folder = baseline("check", "default", "--run", kept, "--arch", arch, "--dir", folder)
    assert by_folder.returncode == 0, by_folder.stdout + by_folder.stderr
    assert "not compared" not in by_folder.stdout


WAYS = {
    "--no-icount": "instructions are not counted",
    "--disk=virtio": "a virtio disk answers at the host's pace",
}


@pytest.mark.parametrize("way", [pytest.param("--no-icount", marks=pytest.mark.full), "--disk=virtio"])
def test_boots_that_are_not_exact_get_a_band(way: str, arch: str, tmp_path: Path) -> None:
    done = baseline("save", "loose", way, "--arch", arch, "--dir", tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"a band: {WAYS[way]}" in done.stdout
    known = baselinefile.read(tmp_path / f"loose.{arch}.yaml")
    assert not known.reference.exact
    assert known.reference.band >= known.reference.measured.total // 200
    wide = with_bands(known, 1_000_000_000_000)
    assert hold(wide, arch).result == "same"
    narrow = hold(with_bands(known, 1), arch)  # no two boots are so alike: the median of five is asked for
    assert (narrow.boots, narrow.exact) == (5, False)


def with_bands(known: baselinefile.Baseline, width: int) -> baselinefile.Baseline:
    """The same baseline with other bands, so that nothing depends on how busy the machine is."""
    bands = dict.fromkeys(known.reference.bands, width)
    return replace(known, reference=replace(known.reference, bands=bands, band=width))


def hold(known: baselinefile.Baseline, arch: str) -> Checked:
    return baselines.check_image(known, build("default", arch), "default", Options(), log=False)
