"""The pages: links that lead somewhere, commands that the program takes, recipes and events that exist.

How commands are written, `docs/README.md` says: a line that begins with `smssboot`, `.venv/bin/smssboot` or
either behind `$ ` is a command, up to a pipe, a redirection or a comment; `...` leaves something out.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from markdown_it import MarkdownIt

from smssboot import cli, model
from smssboot.errors import UsageError
from smssboot.image.recipe import KEYS

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*(ROOT / "docs").glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])
EVERY_PAGE = pytest.mark.parametrize("page", PAGES, ids=[path.relative_to(ROOT).as_posix() for path in PAGES])
COMMAND = re.compile(r"^(?:\$ )?(?:\.venv/bin/)?smssboot (?P<rest>.*)$")
_MARKDOWN = MarkdownIt("commonmark").enable("table")


class Block(NamedTuple):
    """A fenced block and the line on which it begins."""

    language: str
    text: str
    line: int


def blocks(page: Path) -> list[Block]:
    tokens = _MARKDOWN.parse(page.read_text("utf-8"))
    return [Block(t.info.strip(), t.content, (t.map or [0])[0] + 1) for t in tokens if t.type == "fence"]


def links(page: Path) -> list[str]:
    inline = [token for token in _MARKDOWN.parse(page.read_text("utf-8")) if token.type == "inline"]
    children = [child for token in inline for child in token.children or []]
    return [str(child.attrs["href"]) for child in children if child.type == "link_open"]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    tokens = _MARKDOWN.parse(page.read_text("utf-8"))
    found: set[str] = set()
    for at, token in enumerate(tokens):
        if token.type == "heading_open":
            inside = tokens[at + 1].children or []
            title = "".join(each.content for each in inside if each.type in ("text", "code_inline"))
            slug = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
            number = 0
            while (name := f"{slug}-{number}" if number else slug) in found:
                number += 1
            found.add(name)
    return found


def commands(page: Path) -> Iterator[tuple[int, list[str]]]:
    """Every `smssboot ...` of a page's blocks, with its line."""
    for block in blocks(page):
        if block.language in ("yaml", "c", "json", "python", "text"):
            continue
        lines = re.sub(r"\\\n\s*", " ", block.text).split("\n")
        for at, line in enumerate(lines):
            found = COMMAND.match(line.strip())
            if found:
                yield block.line + 1 + at, words(found["rest"])


def words(line: str) -> list[str]:
    """The arguments of a command line, without what the shell does with it."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|<>;&")
    lexer.whitespace_split = True
    lexer.commenters = ""
    kept: list[str] = []
    for word in lexer:
        if word.startswith("#") or set(word) <= set("|<>;&"):
            break
        kept.append(word)
    return [word for word in kept if word != "..."]


@EVERY_PAGE
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in links(page):
        if re.match(r"https?:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), f"{page.name}: {link}"
        assert target.is_relative_to(ROOT)
        if anchor:
            assert anchor in anchors(target), f"{page.name}: {link} has no such heading"


@EVERY_PAGE
def test_every_command_is_one_that_the_program_takes(page: Path) -> None:
    for line, arguments in commands(page):
        try:
            cli.parse(arguments)
        except UsageError as error:
            pytest.fail(f"{page.name}:{line}: {error}")
        except SystemExit as end:  # --help
            assert end.code == 0


def test_commands_are_found_and_a_wrong_one_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "```\n$ smssboot run --jsn x | cat\nsmssboot check a.log \\\n    --arch x86_64  # note\nverdict: x\n"
        "```\n"
        "```yaml\nsmssboot nothing\n```\n"
    )
    assert list(commands(page)) == [(2, ["run", "--jsn", "x"]), (3, ["check", "a.log", "--arch", "x86_64"])]
    with pytest.raises(pytest.fail.Exception, match=r"page\.md:2: .*--json"):
        test_every_command_is_one_that_the_program_takes(page)
    assert sum(len(list(commands(page))) for page in PAGES) > 25


def test_the_index_names_every_page() -> None:
    index = {link.partition("#")[0] for link in links(ROOT / "docs/README.md")}
    assert {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"} <= index


@EVERY_PAGE
def test_every_recipe_is_made_of_keys_that_there_are(page: Path) -> None:
    for block in blocks(page):
        if block.language != "yaml":
            continue
        keys = re.findall(r"^([a-z]+):", block.text, re.MULTILINE)
        if "extends" not in keys:
            continue
        assert set(keys) <= set(KEYS), f"{page.name}:{block.line}"
        yaml.safe_load(block.text.replace("{...}", "{}").replace("[...]", "[]"))


def test_recipes_names_every_key() -> None:
    page = (ROOT / "docs/recipes.md").read_text("utf-8")
    for key in KEYS:
        assert re.search(rf"^\s*{key}:|`{key}(:[^`]*)?`", page, re.MULTILINE), key


def known_events() -> set[str]:
    """The names of all events that a rule of any profile speaks of."""
    files = (ROOT / "harness/smssboot/model/versions").rglob("*.yaml")
    text = "\n".join(path.read_text("utf-8") for path in files)
    return set(re.findall(r"[a-z0-9]+(?:[.-][a-z0-9]+)+|hello|bye|bugcheck", text))


@pytest.mark.parametrize("name", ["design.md", "volume.md"])
def test_every_event_of_the_tables_is_known_to_the_model(name: str) -> None:
    known = known_events()
    rows = (ROOT / "docs" / name).read_text("utf-8").split("\n")
    found = 0
    for row in rows:
        if not re.match(r"\| *(\S{0,6} *\| *)?`[a-z]+[.-][a-z.-]+`", row):
            continue
        cell = next(part for part in row.split("|")[1:3] if "`" in part)
        for event in re.findall(r"`([a-z]+(?:[.-][a-z0-9]+)+)`", cell):
            if event.endswith((".c", ".h", ".py", ".yaml", ".exe", ".sys", ".dll")):
                continue
            found += 1
            sources = event in known or any(word.startswith(f"{event}.") for word in known)
            assert sources or said_by_the_guest(event), f"{name}: {event}"
    assert found > 20


def said_by_the_guest(event: str) -> bool:
    """Whether guest or harness say it: what the model allows by a pattern has no rule of its own."""
    folders = (ROOT / "guest", ROOT / "harness/smssboot/evidence", ROOT / "harness/smssboot/machine")
    files = [path for folder in folders for path in folder.rglob("*") if path.suffix in (".c", ".py")]
    return any(f'"{event}' in path.read_text("utf-8") for path in files)


def test_profiles_of_the_pages_exist() -> None:
    for page in PAGES:
        for profile in set(re.findall(r"\bwin11/(?:documented|observed)\b", page.read_text("utf-8"))):
            model.load(profile)


def test_files_that_adding_names_exist() -> None:
    """`docs/adding.md` says which files to touch: they are there, for every architecture."""
    text = (ROOT / "docs/adding.md").read_text("utf-8")
    made = {
        "guest/user/smss/smpgreet.c", "guest/drivers/zero/zero.c", "tests/boot/mutants/greeting-not-made.yaml"
    }  # fmt: skip
    paths = set(re.findall(r"`((?:guest|harness|tests|images|ci)/[A-Za-z0-9_./-]*)`", text)) - made
    assert len(paths) > 25
    for path in paths:
        for arch in ("x86_64", "aarch64") if "ARCH" in path else ("",):
            assert (ROOT / path.replace("ARCH", arch)).exists(), path


