"""`smssboot report`: recorded runs in any format, by the real program."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from lxml import etree, html

sys.path.insert(0, str(Path(__file__).parent))
import report_boots as boots
from test_cli import refused, smssboot

from smssboot import report
from smssboot.report.html import html as page
from smssboot.report.svg import svg
from smssboot.report.view import StudyView


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A JSON report for each architecture; the second one alone has statements."""
    found = boots.study()
    one, other = tmp_path / "x86_64.json", tmp_path / "aarch64.json"
    one.write_text(report.to_json(StudyView(found.runs[:1])), "utf-8")
    other.write_text(report.to_json(StudyView(found.runs[1:], found.statements)), "utf-8")
    return one, other


def test_the_runs_of_several_files_are_one_study(files: tuple[Path, Path], tmp_path: Path) -> None:
    to_html, to_svg, to_json = (tmp_path / f"all.{suffix}" for suffix in ("html", "svg", "json"))
    done = smssboot("report", *files, "--html", to_html, "--svg", to_svg, "--json", to_json)
    assert done.returncode == 1, "what is shown deviates"
    assert done.stderr == ""
    study = boots.study()
    assert to_html.read_text("utf-8") == page(study)
    assert to_svg.read_text("utf-8") == svg(study)
    assert json.loads(to_json.read_text("utf-8")) == json.loads(report.to_json(study))
    assert done.stdout.endswith("verdict: deviates (exit 1)\n")


@pytest.mark.parametrize("form", ["html", "svg"])
def test_a_document_alone_is_on_standard_output(files: tuple[Path, Path], form: str) -> None:
    done = smssboot("report", files[0], f"--{form}", "-")
    parse = html.document_fromstring if form == "html" else etree.fromstring
    assert "x86_64" in "".join(parse(done.stdout.encode()).itertext())
    assert "verdict: deviates" in done.stderr


def test_a_kept_log_can_be_shown(tmp_path: Path) -> None:
    from smssboot.timeline.wire import encode

    log = tmp_path / "serial.log"
    start = {"proto": "1", "arch": "x86_64", "profile": "win11/documented", "image": "i", "nonce": "0"}
    log.write_bytes(encode(0, 5, 0, 4, "fact", "hello", start) + b"<script>\r\n")
    done = smssboot("report", log, "--html", tmp_path / "log.html")
    assert done.returncode == 3, "nobody judged it"
    root = html.document_fromstring((tmp_path / "log.html").read_text("utf-8"))
    assert root.xpath("string(//ol[@class='console']/li)") == "<script>"
    assert "not judged" in root.xpath("string(//section[@id='verdict'])")


def test_what_cannot_be_read_is_one_line(files: tuple[Path, Path], tmp_path: Path) -> None:
    assert "No such file" in refused("report", tmp_path / "nothing.json")
    broken = tmp_path / "broken.json"
    broken.write_text('{"schema": "smssboot.report/1",\n "runs": ]}', "utf-8")
    assert f"{broken}:2:" in refused("report", files[0], broken)
    assert "cannot write to /nowhere/x.html" in refused("report", files[0], "--html", "/nowhere/x.html")
    assert "both want standard output" in refused("report", files[0], "--html", "-", "--svg", "-")
    assert "FILE" in refused("report")
    assert "did you mean '--html'?" in refused("report", files[0], "--htlm", "x")
