"""The HTML page and the picture of real boots."""

from __future__ import annotations

from pathlib import Path

import pytest
from boot_help import MUTANTS, smssboot
from lxml import etree, html


@pytest.mark.parametrize(("recipe", "code"), [("default", 0), (MUTANTS / "csrss0-exits.yaml", 1)])
def test_the_page_of_a_boot_and_the_one_of_its_record_are_the_same(
    recipe: str | Path, code: int, tmp_path: Path
) -> None:
    page, picture, record = (tmp_path / f"boot.{suffix}" for suffix in ("html", "svg", "json"))
    done = smssboot("run", recipe, "--arch", "all", "--html", page, "--svg", picture, "--json", record)
    assert done.returncode == code, done.stderr
    again = smssboot("report", record, "--html", tmp_path / "again.html", "--svg", tmp_path / "again.svg")
    assert again.returncode == code, again.stderr
    assert page.read_bytes() == (tmp_path / "again.html").read_bytes()
    assert picture.read_bytes() == (tmp_path / "again.svg").read_bytes()

    root = html.document_fromstring(page.read_text("utf-8"))
    verdict = root.xpath("string(//section[@id='verdict'])")
    assert ("conforms" if code == 0 else "CRITICAL_PROCESS_DIED") in verdict
    phases = root.xpath(
        "//table[contains(@class, 'phases')]//tbody/tr[th = 'smss.paging-files']/td[@class='num']"
    )
    x86_64, aarch64, _ = (float(cell.text_content()) for cell in phases)
    assert x86_64 > 0 < aarch64
    names = {"".join(text.itertext()) for text in etree.parse(picture).iter("{*}text")}
    assert {"Session 0", "Session 1"} <= names
    assert any(name.startswith("csrss.exe") for name in names)
    marks = root.xpath("//figure//a/@href | //p[@class='homeless']/a/@href")
    assert (len(marks) > 0) == (code == 1)
