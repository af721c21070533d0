"""Projecting an expectation onto what a source can show.

A serial log holds no evidence, a recording of process creations no claims. What a source cannot show is
neither missing nor proved; its place in the order stays.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Final

from smssboot.model.expectation import Expectation

EVERYTHING: Final = ("claim:*", "fact:*", "evidence:*")
WIRE: Final = ("claim:*", "fact:*")
"""What a serial log alone can show."""


def visible(sources: Iterable[str], voice: str, name: str) -> bool:
    """Whether one of the sources, `voice:glob`, can show an event."""
    return any(fnmatchcase(f"{voice}:{name}", source) for source in sources)


def project(expectation: Expectation, sources: Iterable[str]) -> Expectation:
    """The same expectation without the events that no source can show."""
    shown = tuple(sources)
    if shown == EVERYTHING:
        return expectation
    nodes = tuple(
        node
        if not node.voice or visible(shown, node.voice, node.name)
        else node._replace(voice="", low=0, high=0, proves=(), data=(), key=())
        for node in expectation.nodes
    )
    hidden = {node.index for node in nodes if not node.voice}
    bounds = tuple(b for b in expectation.bounds if b.start not in hidden and b.end not in hidden)
    choices = tuple(
        tuple(tuple(node for node in branch if node not in hidden) for branch in choice)
        for choice in expectation.choices
    )
    return replace(expectation, nodes=nodes, bounds=bounds, choices=choices)
