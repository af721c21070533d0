"""The timeline as a picture: well formed, self-contained, and drawn by a renderer that is not ours."""

from __future__ import annotations

import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

sys.path.insert(0, str(Path(__file__).parent))
import report_boots as boots
import report_samples as samples

from smssboot.report.palette import DARK, LIGHT, resolved
from smssboot.report.svg import WIDTH, axis, duration, svg, tick_text
from smssboot.report.view import StudyView

NS = "{http://www.w3.org/2000/svg}"


def parse(study: StudyView) -> Any:
    return etree.fromstring(svg(study).encode(), etree.XMLParser(resolve_entities=False, no_network=True))


@pytest.mark.parametrize(
    "study",
    [
        boots.study(),
        boots.error(),
        boots.study(boots.hostile()),
        boots.error(boots.hostile()),
        *samples.ALL.values(),
    ],
)
def test_it_is_well_formed_and_needs_nothing_else(study: StudyView) -> None:
    root = parse(study)
    assert root.tag == f"{NS}svg"
    assert int(root.get("width")) == WIDTH
    for element in root.iter():
        assert element.tag.startswith(NS)
        assert element.tag.removeprefix(NS) in {
            "svg",
            "g",
            "path",
            "rect",
            "line",
            "text",
            "tspan",
            "title",
            "desc",
            "style",
        }
        assert not [
            name for name in element.attrib if name.startswith("on") or name.endswith(("href", "style"))
        ]
    assert "var(" not in root.findtext(f"{NS}style")


def test_it_says_what_it_shows() -> None:
    root = parse(boots.study())
    assert root.get("role") == "img"
    ids = root.get("aria-labelledby").split()
    assert [root.find(f"{NS}{tag}").get("id") for tag in ("title", "desc")] == ids
    assert "x86_64: deviates, 3 findings; aarch64: deviates, 1 finding" in root.findtext(f"{NS}desc")


def test_text_is_text() -> None:
    texts = {"".join(element.itertext()) for element in parse(boots.study()).iter(f"{NS}text")}
    assert {"Session 0", "Session 1", "x86_64", "aarch64", "boot-execute", "session 0"} <= texts


def test_bars_are_where_their_times_are() -> None:
    root = parse(boots.study())
    told = {}
    for rect in root.iter(f"{NS}rect"):
        title = rect.findtext(f"{NS}title") or ""
        if title.startswith("x86_64: smss.boot-"):
            told[title.split()[1]] = float(rect.get("x").rstrip("%")), float(rect.get("width").rstrip("%"))
    outer, inner = told["smss.boot-execute"], told["smss.boot-command"]
    assert outer[0] < inner[0] and inner[0] + inner[1] < outer[0] + outer[1]


def test_the_same_study_gives_the_same_bytes() -> None:
    assert svg(boots.study()) == svg(boots.study())


def test_a_renderer_draws_it(tmp_path: Path) -> None:
    source, target = tmp_path / "t.svg", tmp_path / "t.png"
    text = svg(boots.study())
    source.write_text(text, "utf-8")
    done = subprocess.run(["rsvg-convert", source, "-o", target], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    width, height, pixels = png(target.read_bytes())
    root = etree.fromstring(text.encode())
    assert (width, height) == (WIDTH, int(root.get("height")))
    for name in ("paper", "run0", "run1", "bad"):
        colour = bytes.fromhex(LIGHT[name][1:])
        assert pixels.count(colour) > 20, f"nothing is drawn in {name}"


def png(data: bytes) -> tuple[int, int, list[bytes]]:
    """Size and RGB of every pixel; 8 bits, RGB or RGBA, as rsvg-convert writes it."""
    at, packed, header = 8, b"", b""
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + 8 + length]
        header = body if kind == b"IHDR" else header
        packed += body if kind == b"IDAT" else b""
        at += 12 + length
    width, height, depth, colours = struct.unpack_from(">IIBB", header)
    assert depth == 8
    size = {2: 3, 6: 4}[colours]
    raw, row = zlib.decompress(packed), bytearray(width * size)
    pixels = []
    for y in range(height):
        start = y * (width * size + 1)
        method, line = raw[start], bytearray(raw[start + 1 : start + 1 + width * size])
        for x in range(width * size):
            left = line[x - size] if x >= size else 0
            corner = row[x - size] if x >= size else 0
            line[x] = (line[x] + _predict(method, left, row[x], corner)) & 255
        pixels += [bytes(line[x : x + 3]) for x in range(0, width * size, size)]
        row = line
    return width, height, pixels


def _predict(method: int, left: int, up: int, corner: int) -> int:
    if method < 4:
        return (0, left, up, (left + up) // 2)[method]
    guess = left + up - corner
    return min((left, up, corner), key=lambda each: abs(guess - each))


def test_colours_without_variables() -> None:
    css = resolved(".a { fill: var(--ink); x: 1px; }\n.b { y: 2px; }\n")
    assert css.startswith(f".a {{ fill: {LIGHT['ink']}; x: 1px; }}")
    assert f"@media (prefers-color-scheme:dark){{.a{{fill: {DARK['ink']}}}}}" in css


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_text_can_be_read(colours: dict[str, str]) -> None:
    """A contrast of 4.5 at least: WCAG 2, level AA."""
    surfaces = ("paper", "page", "raised", "band")
    pairs = [
        (ink, surface) for ink in ("ink", "quiet", "accent", "bad", "good", "warn") for surface in surfaces
    ]
    pairs += [
        (ink, surface) for ink in ("claim", "fact", "evidence") for surface in ("raised", "band", "page")
    ]
    pairs += [(f"run{n}", surface) for n in range(4) for surface in ("paper", "raised", "band", "page")]
    pairs += [("on-run", f"run{n}") for n in range(4)] + [
        ("ink", "hit"),
        ("ink", "sunken"),
        ("quiet", "sunken"),
    ]
    pairs += [(word, f"{word}-soft") for word in ("good", "bad", "warn")] + [
        ("ink", "good-soft"),
        ("ink", "bad-soft"),
    ]
    short = {pair: round(contrast(*(colours[name] for name in pair)), 2) for pair in pairs}
    assert not {pair: value for pair, value in short.items() if value < 4.5}


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_axis_has_round_times() -> None:
    from smssboot.report.lanes import chart

    words = [text for _, text in axis(chart([boots.run("x86_64")]).scale)]
    assert words[:3] == ["0 ms", "2 ms", "4 ms"]


@pytest.mark.parametrize(
    ("ns", "said"),
    [(0, "0 ns"), (999, "999 ns"), (1500, "1.50 µs"), (12_345_678, "12.3 ms"), (10**12, "1000 s")],
)
def test_durations(ns: int, said: str) -> None:
    assert duration(ns) == said


@pytest.mark.parametrize(
    ("ns", "step", "said"),
    [(20_000_000, 10_000_000, "20 ms"), (1_500_000, 100_000, "1.5 ms"), (12 * 10**9, 5 * 10**9, "12 s")],
)
def test_ticks(ns: int, step: int, said: str) -> None:
    assert tick_text(ns, step) == said
