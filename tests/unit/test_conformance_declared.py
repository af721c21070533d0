"""Declared divergences: what one covers, and what it does not."""

from __future__ import annotations

import pytest

from smssboot.conformance.comparison import Divergence
from smssboot.conformance.declared import Declared, sort_out

ARCHES = ("x86_64", "aarch64")
KEY = r"\Registry\Machine\ARM64"
ALONE = Divergence("presence", f"registry.open key={KEY}", "registry.open", "fact", "b", data={"key": KEY})
OTHER = Divergence(
    "data", "file.size path=C", "file.size", "fact", key="size", a="1", b="2", data={"path": "C", "size": "1"}
)


@pytest.mark.parametrize(
    ("declared", "divergence", "covered"),
    [
        (Declared("registry.open", "w"), ALONE, True),
        (Declared("registry.*", "w"), ALONE, True),
        (Declared("registry.opened", "w"), ALONE, False),
        (Declared("registry.open", "w", only="aarch64"), ALONE, True),
        (Declared("registry.open", "w", only="x86_64"), ALONE, False),
        (Declared("registry.open", "w", {"key": r"\registry\machine\arm*"}), ALONE, True),
        (Declared("registry.open", "w", {"key": r"\Registry\User*"}), ALONE, False),
        (Declared("registry.open", "w", {"nokey": "x"}), ALONE, False),
        (Declared("file.size", "w"), OTHER, True),
        (Declared("file.size", "w", {"size": "2"}), OTHER, True),
        (Declared("file.size", "w", {"size": "3"}), OTHER, False),
        (Declared("file.size", "w", only="aarch64"), OTHER, False),
    ],
)
def test_what_a_declaration_covers(declared: Declared, divergence: Divergence, covered: bool) -> None:
    found = sort_out([divergence], [declared], ARCHES)
    assert bool(found.declared) == covered
    assert bool(found.undeclared) != covered
    assert bool(found.unused) != covered


def test_the_first_declaration_is_the_reason_and_others_are_not_unused() -> None:
    first, second = Declared("registry.open", "first"), Declared("*", "second")
    found = sort_out([ALONE], [first, second], ARCHES)
    assert found.declared == ((ALONE, first),)
    assert found.unused == ()
