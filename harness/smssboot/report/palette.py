"""The colours of the HTML page and of the SVG, light and dark, and the style sheets that use them.

A style sheet says `var(--name)`.  The page defines the variables; a picture by itself has the values put in,
because renderers of SVG other than browsers know no variables.  Text has a contrast of 4.5 or more on the
surfaces it is used on (WCAG 2, level AA); a test holds that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Final

LIGHT: Final[Mapping[str, str]] = {
    "paper": "#ffffff",
    "page": "#f5f6f8",
    "raised": "#ffffff",
    "sunken": "#eef1f5",
    "band": "#f7f8fa",
    "line": "#dde2e9",
    "strong-line": "#b9c2ce",
    "ink": "#18202c",
    "quiet": "#566273",
    "accent": "#2f54b8",
    "focus": "#2f54b8",
    "good": "#17703f",
    "good-soft": "#e3f4ea",
    "bad": "#b3202f",
    "bad-soft": "#fdebec",
    "warn": "#8a5300",
    "warn-soft": "#fdf1da",
    "hit": "#fff0a8",
    "run0": "#3f5fc4",
    "run1": "#0b756b",
    "run2": "#8a42a6",
    "run3": "#7d5c0a",
    "on-run": "#ffffff",
    "claim": "#5a3fb0",
    "fact": "#2a6170",
    "evidence": "#8a5300",
    "claim-tick": "#2c2350",
    "fact-tick": "#8fa0ae",
    "cut": "#e6eaef",
}
DARK: Final[Mapping[str, str]] = {
    "paper": "#141920",
    "page": "#0e1217",
    "raised": "#151b23",
    "sunken": "#1c232d",
    "band": "#171d25",
    "line": "#28313d",
    "strong-line": "#414d5c",
    "ink": "#e2e8f0",
    "quiet": "#9aa7b8",
    "accent": "#8fb0ff",
    "focus": "#8fb0ff",
    "good": "#6bd596",
    "good-soft": "#14301f",
    "bad": "#ff8089",
    "bad-soft": "#3a171c",
    "warn": "#f2b95c",
    "warn-soft": "#372808",
    "hit": "#574a08",
    "run0": "#84a1f7",
    "run1": "#45c9b6",
    "run2": "#d39aea",
    "run3": "#d9b854",
    "on-run": "#0c1118",
    "claim": "#b7a4ff",
    "fact": "#7fc4d6",
    "evidence": "#f2b95c",
    "claim-tick": "#e2dcff",
    "fact-tick": "#5d6b7b",
    "cut": "#1f2731",
}

_VARIABLE: Final = re.compile(r"var\(--([a-z0-9-]+)\)")
_COLOURS: Final = re.compile(r"([^{}]+)\{([^{}]*)\}")


def asset(name: str) -> str:
    """A file of the package's `templates`."""
    return files("smssboot.report").joinpath("templates", name).read_text("utf-8")


def variables() -> str:
    """Definitions for a page: by the reader's system, or by `data-theme` on the root; paper is light."""
    light, dark = _define(LIGHT), _define(DARK)
    return (
        f":root{{color-scheme:light;{light}}}\n"
        f'@media screen and (prefers-color-scheme:dark){{:root:not([data-theme="light"])'
        f"{{color-scheme:dark;{dark}}}}}\n"
        f'@media screen{{:root[data-theme="dark"]{{color-scheme:dark;{dark}}}}}\n'
    )


def resolved(css: str) -> str:
    """A style sheet without variables: everything in light colours, and what differs in dark ones."""
    dark = []
    for selector, body in _COLOURS.findall(css):
        declarations = [each for each in body.split(";") if _VARIABLE.search(each)]
        if declarations:
            dark.append(f"{selector.strip()}{{{_values(';'.join(declarations), DARK).strip()}}}")
    return f"{_values(css, LIGHT)}@media (prefers-color-scheme:dark){{{' '.join(dark)}}}"


def _define(colours: Mapping[str, str]) -> str:
    return "".join(f"--{name}:{value};" for name, value in colours.items())


def _values(css: str, colours: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda match: colours[match[1]], css)
