"""What the boot tests share besides fixtures."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

SCHEMA: dict[str, Any] = json.loads(files("smssboot.report").joinpath("schema.json").read_text("utf-8"))
