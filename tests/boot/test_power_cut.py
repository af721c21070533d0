"""The power goes at any write of a boot: the next boot conforms, and everything is there that was promised.

What a cut may leave, before the next mount: the dirty bit, and a complete journal whose sectors are not all
in their places yet. Then others than fastfat see copies of the FAT that differ, a wrong count of free
clusters, clusters that are lost or shared and names that are there twice or not at all; nothing of it once
the journal is applied. Without a complete journal fsck.vfat finds the dirty bit and nothing else.

But autochk writes to the volume itself, past the journal: when the power goes between the two clean marks
that it sets at its end, the copies of the FAT differ in that bit alone, and the next boot makes them alike.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path

import cut_help
import pytest
from cut_help import Cut, Recording, Seen, Trees

from smssboot.image.build import build
from smssboot.study import runs
from smssboot.study.boot import Boot
from smssboot.study.options import Options
from smssboot.timeline.items import Event

CUT = "cut.raw"
PARTS = 8
ARCHES = ("x86_64", "aarch64")


class Judge:
    """Knows what the recorded boot did to the disk, and judges what a cut leaves of it."""

    def __init__(self, recording: Recording, folder: Path, *, after_cut: bool = False) -> None:
        self.recording, self.folder, self.after_cut = recording, folder, after_cut
        self.before = cut_help.see(recording.base, recording.volume, folder)
        self.states = cut_help.states(self.before.files, recording.pairs)
        self._prefixes: dict[int, Trees] = {}

    def see(self, cut: Cut) -> Seen:
        """The disk after the cut, as others see it."""
        disk = self.recording.make(cut, self.folder / CUT)
        return cut_help.see(disk, self.recording.volume, self.folder)

    def step(self, seen: Seen) -> int:
        """After how many pairs the disk is like this.  Fails when no number of them makes it so."""
        part = cut_help.renamed_part(seen.files, self.states)
        found = [n for n, state in enumerate(self.states)
                 if cut_help.renamed_part(state, self.states) == part]  # fmt: skip
        assert found, f"a rename is done by half: {sorted(part)}"
        return found[-1]

    def judge(self, cut: Cut) -> Seen:
        """What must be true of the disk as it lies there."""
        seen = self.see(cut)
        marks = self.after_cut and seen.marks_differ and seen.health.problems == 1
        assert seen.health.verdict in ("clean", "dirty") or marks, (seen.health.first, seen.journal)
        assert seen.raw.verdict in ("clean", "dirty") or seen.journal == "replayed" or marks, seen.raw.first
        step = self.step(seen)
        if seen.pending != cut_help.LISTS:
            assert seen.pending == ()
            assert step == len(self.recording.pairs), "the list of renames went before they were done"
        self._judge_hives(cut, seen)
        self.recording.make(cut, self.folder / CUT)
        return seen

    def _judge_hives(self, cut: Cut, seen: Seen) -> None:
        """Each hive is as it was at the last flush, or as it is when all writes since then are there."""
        if cut.lost or cut.torn:
            old = self._prefix(self.recording.log.epoch_start(cut.count))
            new = self._prefix(cut.count)
            for name, tree in seen.hives.items():
                assert tree in (old[name], new[name]), f"{name} is neither old nor new"
        else:
            self._prefixes[cut.count] = seen.hives

    def _prefix(self, count: int) -> Trees:
        """The hives after so many entries of the log, when nothing is lost."""
        if count not in self._prefixes:
            self._prefixes[count] = self.see(Cut(count)).hives
        return self._prefixes[count]


@pytest.fixture(scope="module", params=ARCHES)
def judge(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judge]:
    """A recorded boot."""
    folder = tmp_path_factory.mktemp(f"power-cut-{request.param}")
    scratch = folder / "scratch"
    scratch.mkdir()
    yield Judge(cut_help.record(request.param, folder), scratch)
    cut_help.forget(folder)


def said(boot: Boot, name: str, **data: str) -> list[Mapping[str, str]]:
    """The data of the events of that name that carry these."""
    events = [item for item in boot.items if isinstance(item, Event) and item.name == name]
    return [event.data for event in events if all(event.data.get(key) == data[key] for key in data)]


def again(judge: Judge) -> Path:
    """A recipe of the disk that the last cut has left."""
    recipe = judge.folder / "again.yaml"
    recipe.write_text(f"name: again\ndisk: {{}}\nimage: {judge.folder / CUT}\n")
    return recipe


def boots_again(judge: Judge, cut: Cut, seen: Seen) -> None:
    """The next boot from the disk of this cut conforms, and finishes what was begun."""
    recording = judge.recording
    image = build(again(judge), recording.arch)
    kept = judge.folder / "again"
    boots = runs.run([image], Options(keep=kept))
    view = runs.view(boots)
    assert view.verdict == "conforms", [str(finding) for run in view.runs for finding in run.findings]
    (boot,) = boots
    assert said(boot, "volume.mount", letter="C:")[0]["journal"] == seen.journal
    assert [check["problems"] for check in said(boot, "autochk.volume.end", volume="C:")] == ["0"]
    (folder,) = kept.iterdir()
    after = cut_help.see(folder / "disk.raw", recording.volume, judge.folder)
    assert (after.raw.verdict, after.journal, after.pending) == ("clean", "clean", ())
    assert judge.step(after) == len(recording.pairs), "a rename is lost"
    assert r"\Product\ReadMe.txt" in after.names  # whose case alone has changed
    cut_help.forget(kept, image.dir)


def test_the_recorded_boot_has_everything_to_be_cut(judge: Judge) -> None:
    recording = judge.recording
    assert len(recording.pairs) == 14
    assert len(recording.log.writes) >= 50
    whole = judge.see(Cut(len(recording.log.entries)))
    assert (whole.raw.verdict, whole.journal, whole.pending) == ("clean", "clean", ())
    last = cut_help.see(recording.final, recording.volume, judge.folder)
    assert last == whole  # what QEMU wrote and what its log says are the same
    assert judge.before.pending == cut_help.LISTS
    assert whole.files[r"\pagefile.sys"] is not None
    assert r"\windows\temp\bootmark.txt" in whole.files


def chosen(judge: Judge, place: str) -> Cut:
    """Where it matters most: amid the renames' sectors, before and after the write that takes their list."""
    log = judge.recording.log
    if place == "renames":
        starts = sorted({log.epoch_start(count) for count in range(len(log.entries))})
        start, end = max(itertools.pairwise(starts), key=lambda epoch: epoch[1] - epoch[0])
        return Cut(end - 2, tuple(range(start, end - 2, 2)))
    gone = bisect.bisect_left(range(len(log.entries) + 1), 1, key=lambda n: judge.see(Cut(n)).pending == ())
    return Cut(gone - 1 if place == "list there" else gone)


@pytest.mark.parametrize("place", ["renames", "list there", "list gone"])
def test_a_few_cuts(judge: Judge, place: str) -> None:
    cut = chosen(judge, place)
    seen = judge.judge(cut)
    if place == "renames":
        assert seen.journal == "replayed"
        assert seen.raw.problems > 1
    else:
        assert bool(seen.pending) == (place == "list there")
    boots_again(judge, cut, seen)


@pytest.mark.full
def test_the_boot_after_a_cut_is_cut_too(judge: Judge, tmp_path: Path) -> None:
    judge.judge(chosen(judge, "renames"))
    recording = cut_help.record(judge.recording.arch, tmp_path, again(judge))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    second = Judge(recording, scratch, after_cut=True)
    assert second.before.journal == "replayed"
    marks = 0
    for number, (kept, lossy) in enumerate(recording.cuts()[:32]):  # replay, autochk, the renames again
        for cut in (kept, lossy):
            seen = second.judge(cut)
            if number % 8 == 0 or (seen.marks_differ and not marks):
                boots_again(second, cut, seen)
            marks += seen.marks_differ
    assert marks
    cut_help.forget(tmp_path)


@pytest.mark.full
@pytest.mark.parametrize("part", range(PARTS))
def test_every_cut(judge: Judge, part: int) -> None:
    cuts = judge.recording.cuts()
    assert len(cuts) >= 50
    for number in range(len(cuts) * part // PARTS, len(cuts) * (part + 1) // PARTS):
        kept, lossy = cuts[number]
        for cut in (kept, lossy) if number % 2 else (lossy, kept):
            try:
                seen = judge.judge(cut)
            except AssertionError as error:
                raise AssertionError(f"cut after {cut}: {error}") from error
        try:
            boots_again(judge, cut, seen)  # the second of the two
        except AssertionError as error:
            raise AssertionError(f"boot after {cut}: {error}") from error
