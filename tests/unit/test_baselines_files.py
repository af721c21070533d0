"""Baselines as files: read back as written, refused with their place when damaged, with a history."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from smssboot.conformance.gate import Reference
from smssboot.errors import InputError, UsageError
from smssboot.study.gates import baselinefile, checklog, commits
from smssboot.study.gates.baselinefile import Baseline, Entry
from smssboot.timeline.measure import Measured, Record

KEY = {
    "arch": "x86_64", "profile": "win11/documented", "target": "q35", "cpu": "max", "memory_mib": "64",
    "accel": "tcg", "icount": "shift=3,sleep=off", "disk": "memory", "firmware": "direct", "qemu": "7.2.22",
    "model": "0123456789012345",
}  # fmt: skip
PHASES = {"System": 40, "smss.boot-command index=0": 20, 'odd: "name" # \u202e': 1}
RECORDS = (Record(40, "fact hello"), Record(21, r"fact object.create path=\GLOBAL??\C: type=SymbolicLink"))
MEASURED = Measured("instructions", "steady", 61, PHASES, RECORDS, step=2)
FIRST = Entry("2026-11-01T00:00:00Z", "1234567", "0123456789ab", 60, "first: 'baseline'")
SECOND = Entry(
    "2026-11-02T00:00:00Z", "12e4567+", "1113d873d28b", 61, "meant", {"System": (39, 40), "gone": (0, None)}
)
REFERENCE = Reference(MEASURED, order="ab")
BASELINE = Baseline("default", "default", "1113d873d28b", KEY, REFERENCE, (FIRST, SECOND))


def written(folder: Path, baseline: Baseline = BASELINE) -> Path:
    path = baselinefile.path_of(folder, baseline.name, baseline.arch)
    baselinefile.write(baseline, path)
    return path


def test_a_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = written(tmp_path)
    found = baselinefile.read(path)
    assert replace(found, path=None, places={}) == BASELINE
    lines = path.read_text().splitlines()
    assert all(lines[line - 1].startswith(f"  {key}:") for key, (line, _) in found.places.items())
    band = Reference(replace(MEASURED, unit="ns", records=()), False, {"System": 3}, 7, "")
    loose = replace(BASELINE, name="loose", reference=band)
    assert replace(baselinefile.read(written(tmp_path, loose)), path=None, places={}) == loose


def test_one_change_is_a_few_lines_of_a_diff(tmp_path: Path) -> None:
    before = written(tmp_path).read_text().splitlines()
    phases = PHASES | {"System": 45}
    now = replace(MEASURED, total=66, phases=phases, records=(Record(45, "fact hello"), RECORDS[1]))
    entry = Entry("2026-11-03T00:00:00Z", "", "1113d873d28b", 66, "", {"System": (40, 45)})
    changed = replace(BASELINE, reference=Reference(now, order="ab"), history=(FIRST, SECOND, entry))
    after = written(tmp_path, changed).read_text().splitlines()
    assert len(set(after) - set(before)) == 6  # total, phase, record; of the history date, total and phase
    assert len(set(before) - set(after)) == 3


def test_the_history_tells_what_a_phase_cost(tmp_path: Path) -> None:
    found = baselinefile.read(written(tmp_path))
    assert found.costs_at(0)["System"] == 39
    assert found.costs_at(0)["gone"] == 0
    assert "gone" not in found.costs_at(1)
    assert found.costs_at(1)["System"] == 40


@pytest.mark.parametrize(
    ("find", "put", "said"),
    [
        ("total: 61", "total: 66", "total: the phases add up to 61, not to 66"),
        ("  System: 40", "  System: much", "phases.System: expected a number, found text (much)"),
        ("phases:", "phasse:", "unknown key 'phasse' (did you mean 'phases'?)"),
        ("exact: true", "exact: maybe", "exact: expected true or false"),
        ("until: steady", "until: stedy", "did you mean 'steady'?"),
        ("smssboot.baseline/1", "smssboot.baseline/9", "schema: expected 'smssboot.baseline/1'"),
        ("  qemu: ", "  qmeu: ", "unknown key 'qmeu' (did you mean 'qemu'?)"),
        ("  40 fact hello", "  forty fact hello", "records: expected a cost and what was said"),
        ("[39, 40]", "[39]", "expected what it was and what it is"),
        ("step: 2", "<<<<<<< HEAD", "not YAML"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(find: str, put: str, said: str, tmp_path: Path) -> None:
    path = written(tmp_path)
    text = path.read_text()
    assert find in text
    path.write_text(text.replace(find, put, 1))
    with pytest.raises(InputError) as caught:
        baselinefile.read(path)
    assert said in str(caught.value)
    assert caught.value.line is not None
    broken = next(n for n, line in enumerate(path.read_text().splitlines(), 1) if put.strip() in line)
    assert abs(caught.value.line - broken) <= 1


def test_names_are_checked_and_the_nearest_is_told(tmp_path: Path) -> None:
    written(tmp_path)
    with pytest.raises(UsageError, match="did you mean 'default'"):
        baselinefile.find(tmp_path, "defualt", ["x86_64"])
    with pytest.raises(UsageError, match="is for x86_64, not for aarch64"):
        baselinefile.find(tmp_path, "default", ["aarch64"])
    with pytest.raises(UsageError, match="no name for a baseline"):
        baselinefile.find(tmp_path, "../default", ["x86_64"])
    with pytest.raises(UsageError, match="smssboot baseline save default"):
        baselinefile.find(tmp_path / "empty", "default", ["x86_64"])


def past(date: str, **changes: object) -> checklog.Past:
    known = checklog.Past(date, "abcdef1", "then", "default", "1113", "slower", "ab", KEY, PHASES, MEASURED)
    return replace(known, **changes)  # type: ignore[arg-type]


def test_checks_are_remembered_and_only_the_last_is_kept_whole(tmp_path: Path) -> None:
    path = written(tmp_path)
    for number in range(3):
        checklog.add(path, past(f"day {number}"))
    found = checklog.read(path)
    assert [each.date for each in found] == ["day 0", "day 1", "day 2"]
    assert [each.measured for each in found] == [None, None, MEASURED]
    log = checklog.path_of(path)
    log.write_text("{\n" + log.read_text())
    assert len(checklog.read(path)) == 3
    assert (log.parent / ".gitignore").read_text() == "*\n"


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.invalid", "-c", "commit.gpgsign=false"]
    command = ["git", *identity, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_commits_are_those_of_the_repository_around(tmp_path: Path) -> None:
    assert commits.current(tmp_path) == ""
    git(tmp_path, "init", "-q")
    assert commits.current(tmp_path) == ""
    (tmp_path / "a").write_text("1")
    git(tmp_path, "add", "a")
    git(tmp_path, "commit", "-qm", "first")
    first = commits.current(tmp_path / "baselines" / "not yet there")
    assert first == git(tmp_path, "rev-parse", "--short=12", "HEAD")
    (tmp_path / "a").write_text("2")
    folder = tmp_path / "baselines"
    assert commits.current(folder) == f"{first}+"
    folder.mkdir()
    assert commits.current(folder) == f"{first}+"
    assert commits.current(tmp_path) == first  # nothing differs outside of that folder
    git(tmp_path, "commit", "-qam", "second")
    assert [line.split(" ", 1)[1] for line in commits.between(tmp_path, first)] == ["second"]
    assert commits.between(tmp_path, "--output=x") == []
    assert commits.between(tmp_path, "0123456") == []
