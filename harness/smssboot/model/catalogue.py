"""The numbered statements of the two source documents (`statements.yaml`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Statement:
    """One testable statement. `text` holds the document's own words in double quotes."""

    id: str
    document: str
    section: str
    text: str
    status: str
    evidence: str

    @property
    def sentence(self) -> str:
        """How findings quote it."""
        return f"{self.id}, {self.document}, {self.section}: {self.text}"


@lru_cache(maxsize=1)
def statements() -> Mapping[str, Statement]:
    """All statements by id, in the order of the file."""
    import yaml

    text = files("smssboot.model").joinpath("statements.yaml").read_text(encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    out: dict[str, Statement] = {}
    for entry in yaml.load(text, Loader=loader):
        if not re.fullmatch(r"S-\d{3}", entry["id"]) or entry["id"] in out:
            raise ValueError(f"statements.yaml: bad or repeated id {entry['id']}")
        out[entry["id"]] = Statement(
            id=entry["id"],
            document=entry["document"],
            section=entry["section"],
            text=entry["statement"],
            status=entry["status"],
            evidence=entry["evidence"],
        )
    return MappingProxyType(out)
