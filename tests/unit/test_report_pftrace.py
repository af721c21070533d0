"""Perfetto's own format, read back by Perfetto's own definitions, and by Perfetto."""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from perfetto.protos.perfetto.trace import perfetto_trace_pb2 as protos

from smssboot.report.pftrace import pftrace
from smssboot.report.trace import trace
from smssboot.report.tracks import read_tracks
from smssboot.report.view import EventView, StudyView
from smssboot.timeline.items import Event

sys.path.insert(0, str(Path(__file__).parent))
import perfetto_help
import report_samples as samples

EVERY = pytest.mark.parametrize("study", samples.ALL.values(), ids=samples.ALL.keys())


def packets(study: StudyView) -> list[Any]:
    """The packets; nothing in them is unknown to Perfetto's definitions."""
    data = pftrace(study)
    read = protos.Trace()
    read.ParseFromString(data)
    assert len(read.SerializeToString()) == len(data)
    for packet in read.packet:
        assert packet.trusted_packet_sequence_id == 1
    return list(read.packet)


@EVERY
def test_slices_nest_and_everything_has_its_track(study: StudyView) -> None:
    described = {}
    stacks: dict[int, list[str]] = defaultdict(list)
    for packet in packets(study):
        if packet.HasField("track_descriptor"):
            track = packet.track_descriptor
            assert track.uuid not in described
            assert not track.HasField("parent_uuid") or track.parent_uuid in described
            described[track.uuid] = track
            continue
        event = packet.track_event
        assert event.track_uuid in described and packet.HasField("timestamp")
        if event.type == event.TYPE_SLICE_BEGIN:
            stacks[event.track_uuid].append(event.name)
        elif event.type == event.TYPE_SLICE_END:
            stacks[event.track_uuid].pop()
    assert not any(stacks.values())


@EVERY
def test_it_says_what_the_json_trace_says(study: StudyView) -> None:
    tracks = read_tracks(study)
    read = packets(study)
    named = {p.track_descriptor.uuid: p.track_descriptor for p in read if p.HasField("track_descriptor")}
    processes = {t.process.pid: t.process.process_name for t in named.values() if t.HasField("process")}
    assert processes == {group.pid: group.name for group in tracks.groups}
    counter = protos.TrackEvent.TYPE_COUNTER
    events = [p for p in read if p.HasField("track_event") and p.track_event.type != counter]
    kinds = {"begin": 1, "end": 2, "instant": 3}
    for packet, mark in zip(events, tracks.marks, strict=True):
        event = packet.track_event
        assert (packet.timestamp, event.type) == (mark.time_ns, kinds[mark.edge])
        track = named[event.track_uuid]
        assert (track.name, track.parent_uuid) == (mark.track.name, mark.track.pid)
        assert mark.edge == "end" or (event.name, list(event.categories)) == (mark.name, [mark.category])
        said = {a.name: getattr(a, a.WhichOneof("value")) for a in event.debug_annotations}
        assert said == mark.args
    counted = [p.track_event.counter_value for p in read if p.track_event.type == counter]
    assert counted == [value for count in tracks.counts for value in count.values.values()]


def test_perfetto_reads_both_formats_alike() -> None:
    odd = Event("claim", "x", {"path": "\\a\\", "text": "\u4e2d \"'<"}, 6, 3, 2_000_001, 0, 232, 5)
    run = samples.run(arch="aarch64", events=[*samples.EVENTS, EventView(odd)])
    study = StudyView([*samples.DEVIATES.runs, run])
    slices = "select ts, dur, name, category, depth from slice"
    found = []
    for data in (trace(study).encode(), pftrace(study)):
        with perfetto_help.opened(data) as perfetto:
            trouble = "select name, value from stats where severity != 'info' and value > 0"
            assert perfetto.query(trouble) == []
            processes = perfetto.query("select pid, name from process where pid > 0 order by pid")
            counters = perfetto.query("select max(value) from counter group by track_id order by 1")
            found.append((sorted(map(plain, perfetto.query(slices))), processes, counters))
            said = perfetto.query("select display_value from args where key like '%data_path'")
    assert found[0] == found[1]
    assert len(found[0][1]) == 9 and len(found[0][2]) == 9
    assert ("\\a\\",) in said and ("\\SmApiPort",) in said  # of the last one, without escapes


def plain(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Perfetto shows what JSON escapes as it stands in the file."""
    return tuple(cell.replace("\\\\", "\\") if isinstance(cell, str) else cell for cell in row)
