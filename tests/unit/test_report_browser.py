"""The HTML report in a browser: search, filters, keys, colours, phone, paper, ten thousand events, and
guests that try to get out of it.
"""

from __future__ import annotations

import re
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

sys.path.insert(0, str(Path(__file__).parent))
import report_boots as boots
from browser_help import Browser, chromium

from smssboot.report.html import html
from smssboot.report.view import StudyView

LARGE = 5_000
"""Further events for each of two runs."""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("profile")) as running:
        yield running


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    studies = {
        "plain": boots.study(),
        "conforms": StudyView([boots.run("x86_64"), boots.run("aarch64")]),
        "hostile": boots.study(boots.hostile()),
        "failed": boots.error(boots.hostile()),
        "large": boots.study(extra=LARGE),
    }
    made = {}
    for name, study in studies.items():
        made[name] = folder / f"{name}.html"
        made[name].write_text(html(study), "utf-8")
    return made


@pytest.fixture
def page(browser: Browser, pages: dict[str, Path]) -> Iterator[Browser]:
    """The report with findings, in a light screen; nothing may have gone wrong in it in the end."""
    browser.media()
    browser.open(pages["plain"])
    yield browser
    assert browser.complaints() == []


# --- search and filters


def test_search_finds_in_every_part_and_says_how_much(page: Browser) -> None:
    rows = len(page.shown("#events tbody tr"))
    said = page.search("smss.boot-command")
    assert said == "Found: 4 events, 1 finding, 1 phase"
    assert all("smss.boot-command" in row for row in page.shown("#events tbody tr"))
    assert page.shown("#console li") == []
    assert page.search("checking").startswith("Found: 1 finding, 2 console lines")
    assert page.search("-device").startswith("Found: ")
    assert page.search("no such words") == "Nothing found"
    page.press(Keys.ESCAPE)
    assert page.text("#hits") == ""
    assert len(page.shown("#events tbody tr")) == rows


def test_what_is_found_is_whole(page: Browser) -> None:
    before = page.shown("#findings .finding:first-of-type *")
    page.search("came too early")
    assert page.shown("#findings .finding:first-of-type *") == before
    page.press(Keys.ESCAPE)
    assert page.run("return document.querySelectorAll('main [hidden]').length") == 0


def test_all_words_must_occur_and_those_with_a_minus_must_not(page: Browser) -> None:
    both = page.search("claim smss.session")
    assert both.startswith("Found: 8 events")
    assert page.search("claim smss.session -begin").startswith("Found: 4 events")


def test_what_is_found_is_marked_in_the_text_and_in_the_timeline(page: Browser) -> None:
    page.search("boot-execute")
    assert page.run("return CSS.highlights.get('hit').size") >= 4
    dim = page.run("return [...document.querySelectorAll('.plot .bar:not(.dim)')].map(e => e.textContent)")
    assert len(dim) == 2 and all("smss.boot-execute" in title for title in dim)


def test_filters_narrow_the_events(page: Browser) -> None:
    page.click("input[value=fact]")
    page.click("input[value=evidence]")
    assert set(page.shown("#events tbody td:nth-child(4)")) == {"claim"}
    page.run("const s = document.querySelector('select[name=run]'); s.value = '1';"
             "s.dispatchEvent(new Event('change', {bubbles: true}))")  # fmt: skip
    assert page.shown("#events .run:has(tbody tr:not([hidden])) h3") == ["aarch64 24 events"]
    shown = len(page.shown("#events tbody tr"))
    assert page.text("#hits") == f"{shown} events shown"
    page.click("#filters button[type=reset]")
    page.run("return new Promise(done => setTimeout(done, 50))")
    assert set(page.shown("#events tbody td:nth-child(4)")) == {"claim", "fact", "evidence"}


def test_events_that_are_not_ok_can_be_told_apart(page: Browser) -> None:
    page.run("const s = document.querySelector('select[name=status]'); s.value = '!ok';"
             "s.dispatchEvent(new Event('change', {bubbles: true}))")  # fmt: skip
    assert page.shown("#events tbody td:nth-child(7)") == ["out of order"]


def test_a_link_into_what_is_filtered_away_shows_it_again(page: Browser) -> None:
    page.search("qmp")
    target = page.run(
        "const a = document.querySelector('.where a'); location.hash = a.hash; return a.hash.slice(1)"
    )
    page.run("return new Promise(done => setTimeout(done, 50))")
    assert page.run("return document.getElementById(arguments[0]).checkVisibility()", target)


def test_phases_can_be_sorted(page: Browser) -> None:
    before = page.shown(".phases tbody th")
    page.click(".phases thead th:nth-child(2) button")
    times = [float(text.replace(",", "")) for text in page.shown(".phases tbody td:nth-child(2)")]
    assert times == sorted(times, reverse=True)
    assert page.run("return document.querySelector('.phases th:nth-child(2)').ariaSort") == "descending"
    page.click(".phases thead th:nth-child(2) button")
    page.click(".phases thead th:nth-child(2) button")
    assert page.shown(".phases tbody th") == before


# --- by the keyboard alone


def test_the_first_stop_skips_to_the_report(page: Browser) -> None:
    page.press(Keys.TAB)
    assert page.focused() == "skip"
    assert page.run("return document.activeElement.getBoundingClientRect().top >= 0")
    page.press(Keys.ENTER)
    assert page.focused() == "main"


def test_the_order_of_focus_is_that_of_the_page(page: Browser) -> None:
    stops = []
    for _ in range(5):
        page.press(Keys.TAB)
        stops.append(page.focused())
    assert stops == ["skip", "brand", "q", "theme", "help"]


def test_slash_searches_and_escape_leaves(page: Browser) -> None:
    page.press("/")
    assert page.focused() == "q"
    page.press("win", Keys.ESCAPE)
    assert page.run("return document.querySelector('#q').value") == ""
    assert page.focused() == "body"


def test_question_mark_shows_the_keys(page: Browser) -> None:
    page.press("?")
    assert page.run("return document.querySelector('#keys').open")
    assert "search everything" in page.text("#keys")
    page.press(Keys.ESCAPE)
    assert not page.run("return document.querySelector('#keys').open")


def test_findings_and_sections_by_keys(page: Browser) -> None:
    page.press("n", "n")
    assert "E101" in page.run("return document.activeElement.textContent")
    page.press("p")
    assert "E102" in page.run("return document.activeElement.textContent")
    page.press("5")
    assert page.run("return location.hash") == "#events"
    assert page.run("const t = document.querySelector('#events').getBoundingClientRect().top;"
                    "return t >= 0 && t < 200")  # fmt: skip


def test_the_timeline_zooms_and_pans_by_keys(page: Browser) -> None:
    wide = "return document.querySelector('.plot').getBoundingClientRect().width"
    left = "return document.querySelector('.scroll').scrollLeft"
    begin = page.run(wide)
    page.press("+", "+", "+")
    assert page.run(wide) == pytest.approx(8 * begin, rel=0.01)
    assert page.run("return document.querySelector('.plot').dataset.level") == "3"
    middle = page.run(left)
    assert middle > 0
    page.press(Keys.HOME)
    assert page.run(left) == 0
    page.press(Keys.ARROW_RIGHT)
    page.run("return new Promise(done => setTimeout(done, 300))")
    assert page.run(left) > 0
    page.press("0")
    assert page.run(wide) == begin


def test_zooming_shows_more_labels_and_finer_times(page: Browser) -> None:
    labels = "return [...document.querySelectorAll('.plot .label')].filter(e => e.checkVisibility()).length"
    ticks = "return [...document.querySelectorAll('.plot .tick')].map(e => e.textContent)"
    few, coarse = page.run(labels), page.run(ticks)
    page.press(*"++++++")
    assert page.run(labels) > few
    fine = page.run(ticks)
    assert all(text.endswith(" ms") for text in fine)
    assert max(len(text) for text in fine) > max(len(text) for text in coarse)


def test_the_timeline_zooms_and_pans_by_the_mouse(page: Browser) -> None:
    page.run("document.querySelector('.scroll').scrollIntoView({block: 'center'})")
    x, y = page.run("const b = document.querySelector('.scroll').getBoundingClientRect();"
                    "return [b.left + b.width * 0.75, b.top + b.height / 2]")  # fmt: skip
    under = (
        "const p = document.querySelector('.plot').getBoundingClientRect();"
        "return [(arguments[0] - p.left) / p.width, p.width, document.querySelector('.scroll').scrollLeft]"
    )
    place, width, _ = page.run(under, x)
    page.cdp("Input.dispatchMouseEvent", type="mouseWheel", x=x, y=y, deltaX=0, deltaY=-480, modifiers=2)
    page.run("return new Promise(done => setTimeout(done, 200))")
    now, wider, left = page.run(under, x)
    assert wider == pytest.approx(4 * width, rel=0.02)
    assert now == pytest.approx(place, abs=0.005), "what is under the pointer stays there"
    page.cdp("Input.dispatchMouseEvent", type="mousePressed", x=x, y=y, button="left", clickCount=1)
    page.cdp("Input.dispatchMouseEvent", type="mouseMoved", x=x - 30, y=y, button="left", buttons=1)
    page.cdp("Input.dispatchMouseEvent", type="mouseMoved", x=x - 100, y=y, button="left", buttons=1)
    page.cdp("Input.dispatchMouseEvent", type="mouseReleased", x=x - 100, y=y, button="left", clickCount=1)
    assert page.run(under, x)[2] == pytest.approx(left + 100, abs=2)
    assert re.fullmatch(r"\d\.\d{6} s", page.text(".time"))


def test_a_mark_in_the_timeline_leads_to_its_finding(page: Browser) -> None:
    page.run("document.querySelector('.plot a').focus()")
    page.press(Keys.ENTER)
    assert page.run("return location.hash") == "#f0-0"
    assert page.run("return getComputedStyle(document.querySelector('.finding')).boxShadow") != "none"


# --- light and dark


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_follow_the_system_and_the_switch(page: Browser, scheme: str) -> None:
    page.media(scheme=scheme)
    paper = "return getComputedStyle(document.body).backgroundColor"
    colours = {"light": "rgb(245, 246, 248)", "dark": "rgb(14, 18, 23)"}
    assert page.run(paper) == colours[scheme]
    page.press("t")
    assert (page.run(paper), page.text("#theme")) == (colours["light"], "Light")
    page.press("t")
    assert (page.run(paper), page.text("#theme")) == (colours["dark"], "Dark")
    page.run("return new Promise(done => setTimeout(done, 300))")  # the store is written behind our back
    page.session.refresh()
    assert page.run(paper) == colours["dark"], "the choice is remembered"
    page.press("t")
    assert (page.run(paper), page.text("#theme")) == (colours[scheme], "Auto")


# --- small, on paper, without script


@pytest.mark.parametrize("name", ["plain", "conforms", "hostile", "failed"])
@pytest.mark.parametrize("width", [360, 800, 1600])
def test_nothing_is_wider_than_the_screen(
    browser: Browser, pages: dict[str, Path], name: str, width: int
) -> None:
    browser.media()
    browser.open(pages[name], width=width, height=740)
    assert browser.run("return document.documentElement.scrollWidth") <= width
    out = browser.run(
        "return [...document.querySelectorAll('main *')]"
        ".filter(e => e.getBoundingClientRect().right > innerWidth + 1"
        " && !e.closest('.scroll, .wide, pre, svg, .hidden')).map(e => e.outerHTML.slice(0, 90))"
    )
    assert out == []


def test_it_can_be_touched_on_a_phone(browser: Browser, pages: dict[str, Path]) -> None:
    browser.media()
    browser.open(pages["plain"], width=360, height=740)
    small = browser.run(
        "return [...document.querySelectorAll('button, select, .sections a')].filter(e => e.checkVisibility()"
        " && !e.closest('th') && e.getBoundingClientRect().height < 28).map(e => e.outerHTML)"
    )
    assert small == []
    assert browser.run(
        "const s = document.querySelector('.scroll'); return s.scrollWidth > s.clientWidth * 2"
    )


def test_paper_has_everything_and_no_controls(browser: Browser, pages: dict[str, Path]) -> None:
    browser.media()
    browser.open(pages["plain"])
    browser.run("document.querySelectorAll('details').forEach(e => e.open = false)")
    browser.media("print", "dark")
    assert browser.shown("button:not(th button), input, select, nav, .skip") == []
    assert browser.run("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert browser.run("return getComputedStyle(document.body).color") == "rgb(24, 32, 44)"
    assert browser.run("return [...document.querySelectorAll('.kind table')].every(e => e.offsetHeight > 0)")
    browser.media()
    printed = browser.pdf()
    assert printed.startswith(b"%PDF-") and len(re.findall(rb"/Type\s*/Page\b", printed)) > 1
    assert browser.run("return [...document.querySelectorAll('details')].every(e => e.open)")


def test_without_script_all_content_is_there(browser: Browser, pages: dict[str, Path]) -> None:
    browser.media()
    browser.open(pages["plain"], scripts=False)
    said = browser.rendered()
    for words in (
        "deviates",
        "smss.object-directory",
        "likely cause",
        "Session 1",
        "boot-execute",
        "own time",
    ):
        assert words in said.lower() or words in said, words
    assert "Reset" not in said and "Copy" not in said and "Auto" not in said
    browser.media("print")
    said = browser.rendered()
    for words in ("guest-shutdown", "0.003000", "Checking file system on C:", "timeline hash", "-append"):
        assert words in said, words


# --- guests that would like to be in here


@pytest.mark.parametrize("name", ["hostile", "failed"])
def test_nothing_of_a_guest_runs(browser: Browser, pages: dict[str, Path], name: str) -> None:
    browser.media()
    browser.open(pages[name])
    browser.search("pwned")
    browser.press("n", "+", "t", "t", "t")
    browser.run("document.querySelectorAll('summary, th button').forEach(e => e.click())")
    browser.run("return new Promise(done => setTimeout(done, 100))")
    assert browser.run("return typeof pwned") == "undefined"
    assert (
        browser.run("return document.querySelectorAll('img, iframe, #pwned, [onload], [onerror]').length")
        == 0
    )
    assert browser.run("return document.scripts.length + document.styleSheets.length") == 3
    assert browser.run("return performance.getEntriesByType('resource').length") == 0
    assert browser.complaints() == []


def test_the_policy_would_stop_what_got_in(browser: Browser, pages: dict[str, Path], tmp_path: Path) -> None:
    """The second wall: were anything of a guest's ever written unescaped, the browser would refuse it."""
    broken = tmp_path / "broken.html"
    got_in = (
        "<script>window.pwned = 1</script><img src=https://localhost/x onerror='window.pwned = 1'>"
        "<b style='position: fixed; inset: 0'>x</b><base href=https://localhost/><script src=x.js></script>"
    )
    whole = pages["plain"].read_text("utf-8")
    broken.write_text(whole.replace("</main>", f"{got_in}</main>"), "utf-8")
    browser.media()
    browser.open(broken)
    assert browser.run("return typeof pwned") == "undefined"
    assert browser.run("return getComputedStyle(document.querySelector('main > b')).position") == "static"
    refused = set(browser.run("return window.violations"))
    assert refused >= {"script-src-elem", "script-src-attr", "style-src-attr", "img-src", "base-uri"}
    assert browser.run("try { document.body.innerHTML = '<p>'; return false } catch { return true }")


# --- ten thousand events


def test_ten_thousand_events_load_search_and_filter_quickly(browser: Browser, pages: dict[str, Path]) -> None:
    browser.media()
    began = time.monotonic()
    browser.open(pages["large"])
    assert browser.run("return document.querySelectorAll('#events tbody tr').length") > 10_000
    assert time.monotonic() - began < 10
    spent = browser.run(
        "const began = performance.now(), q = document.querySelector('#q'); q.value = 'bench\\\\4999';"
        "document.querySelector('#find').requestSubmit(); document.body.offsetHeight;"
        "return performance.now() - began"
    )
    assert browser.text("#hits").startswith("Found: 2 events")
    assert spent < 3_000
    assert browser.complaints() == []


# --- to look at


@pytest.mark.full
def test_pictures_are_not_blank(browser: Browser, pages: dict[str, Path], tmp_path: Path) -> None:
    for scheme in ("light", "dark"):
        for width in (1280, 360):
            browser.media(scheme=scheme)
            browser.open(pages["plain"], width=width)
            data = browser.screenshot()
            (tmp_path / f"{scheme}-{width}.png").write_bytes(data)
            assert len(zlib.compress(data)) > 10_000
