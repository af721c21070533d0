"""Real boots side by side: both architectures, mutants of one, and what a recipe declares."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from boot_help import MUTANTS, Done, smssboot

from smssboot.image.recipe import recipe_names

SCHEMA: dict[str, Any] = json.loads(
    files("smssboot.report").joinpath("comparison.schema.json").read_text("utf-8")
)
COSTS: dict[str, Any] = json.loads(files("smssboot.report").joinpath("costs.schema.json").read_text("utf-8"))

# A kernel of ARM64 alone that says one thing more; the model allows it, so each boot conforms.
ONLY_ARM64 = r"""
extends: default
edit:
  - file: kernel/arch/aarch64/procinfo.c
    find: "#include <ke.h>"
    replace: |
      #include <ex.h>
      #include <ke.h>
  - file: kernel/arch/aarch64/procinfo.c
    find: "    Information->ProcessorFeatureBits = 0;"
    replace: |-2
          Information->ProcessorFeatureBits = 0;
          ExRecordFact("registry.open", "key=%s", "\\Registry\\Machine\\ARM64");
"""

def compared(*arguments: str | Path, code: int) -> dict[str, Any]:
    """The document of `smssboot compare`, held against its schema."""
    done = smssboot("compare", *arguments, "--json", "-")
    assert done.returncode == code, done.stderr + done.stdout
    document: dict[str, Any] = json.loads(done.stdout)
    jsonschema.validate(document, SCHEMA)
    assert document["exit_code"] == code
    return document


@pytest.fixture(scope="module")
def default(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the default image on both architectures."""
    path = tmp_path_factory.mktemp("compare") / "default.json"
    done = smssboot("run", "--deterministic", "--json", path)
    assert done.returncode == 0, done.stderr
    return path


def mutant(name: str, folder: Path, arch: str = "aarch64") -> Path:
    """The report of a mutant on one architecture."""
    path = folder / "mutant.json"
    done = smssboot("run", MUTANTS / f"{name}.yaml", "--arch", arch, "--deterministic", "--json", path)
    assert done.returncode == 1, done.stderr
    return path


def test_both_architectures_of_the_default_image_are_the_same_to_the_model() -> None:
    found = compared(code=0)
    assert (found["a"]["arch"], found["b"]["arch"], found["by_model"]) == ("x86_64", "aarch64", True)
    assert found["divergences"] == []
    assert found["matched"] > 600
    architecture = [one for one in found["allowed"] if (one["a"], one["b"]) == ("AMD64", "ARM64")]
    assert {one["why"] for one in architecture} == {"model"}
    phases = {row["key"]: row for row in found["phases"]}
    assert phases["csrss.start session=1"]["a_ns"] > 0
    assert phases["smss.paging-files"]["a_instructions"] > 1000
    assert 0.3 < phases["smss.paging-files"]["ratio"] < 3
    assert all(None not in (row["a_ns"], row["b_ns"]) for row in phases.values())


QUICK = ("dirty-volume", "three-paging-files")


@pytest.mark.parametrize(
    "name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.full) for n in recipe_names()]
)
def test_no_recipe_of_the_project_diverges_between_the_architectures(name: str) -> None:
    assert compared(name, code=0)["divergences"] == []


def test_a_report_compares_with_itself_and_by_architecture(default: Path) -> None:
    same = compared(f"{default}#aarch64", f"{default}#aarch64", code=0)
    assert (same["allowed"], same["reordered"]) == ([], 0)
    assert all(row["ratio"] in (1.0, None) for row in same["phases"])
    assert compared(default, code=0)["b"]["arch"] == "aarch64"


@pytest.mark.parametrize(
    ("name", "kind", "says"),
    [
        ("phases-swapped", "order", {"smss.environment-template.begin", "smss.api-threads.begin"}),
        ("dos-device-missing", "presence", {"memory.object", "object.delete"}),
        ("boot-mark-of-another-text", "data", {"bootmark.mark"}),
        pytest.param("smss-missing", "presence", {"bugcheck"}, marks=pytest.mark.full),
    ],
)
def test_a_mutant_of_one_architecture_is_told(
    name: str, kind: str, says: set[str], default: Path, tmp_path: Path
) -> None:
    report = mutant(name, tmp_path)
    refused = smssboot("compare", f"{default}#x86_64", report)
    assert refused.returncode == 2
    assert f"recipe: default and {name}" in refused.stderr
    found = compared(f"{default}#x86_64", report, "--anyway", code=1)
    assert found["by_model"]
    assert found["anyway"] == [f"recipe: default and {name}"]
    told = {(one["kind"], one["event"]) for one in found["divergences"]}
    assert says & {event for what, event in told if what == kind}, told
    assert ("verdict", "verdict") in told


def recipe(folder: Path, declared: str) -> Path:
    path = folder / "arm.yaml"
    path.write_text(f"description: ARM64 alone says something.\n{ONLY_ARM64}{declared}", "utf-8")
    return path


def test_a_declared_divergence_is_told_apart_and_a_wrong_declaration_is_noted(tmp_path: Path) -> None:
    undeclared = compared(recipe(tmp_path, ""), code=1)
    (one,) = undeclared["divergences"]
    assert (one["kind"], one["event"], one["only"]) == ("presence", "registry.open", "b")
    assert one["declared"] is None
    assert one["data"]["key"] == r"\Registry\Machine\ARM64"

    entry = r"""
divergences:
  - event: registry.open
    data: {key: '\Registry\Machine\ARM*'}
    only: %s
    why: the ARM64 kernel reads a key of its own
"""
    known = compared(recipe(tmp_path, entry % "aarch64"), code=0)
    (one,) = known["divergences"]
    assert one["declared"]["why"] == "the ARM64 kernel reads a key of its own"
    assert known["not_seen"] == []

    path = recipe(tmp_path, entry % "x86_64")
    wrong = compared(path, code=1)
    assert [one["declared"] for one in wrong["divergences"]] == [None]
    assert [one["only"] for one in wrong["not_seen"]] == ["x86_64"]
    line = path.read_text("utf-8").splitlines().index("  - event: registry.open") + 1
    assert wrong["not_seen"][0]["place"] == f"{path}:{line}"


def costs(command: str, *arguments: str | Path) -> list[dict[str, Any]]:
    done = smssboot(command, *arguments, "--json", "-")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    jsonschema.validate(document, COSTS)
    return list(document["runs"])


def test_time_blame_and_chain_of_a_boot_agree_with_each_other(default: Path) -> None:
    stages = costs("time")
    assert [run["arch"] for run in stages] == ["x86_64", "aarch64"]
    for run, blamed, chained in zip(stages, costs("blame"), costs("critical-chain"), strict=True):
        assert run["deterministic"]
        spent = sum(phase["own_ns"] for phase in blamed["phases"])
        assert spent == blamed["total_ns"]
        assert abs(spent - run["startup_ns"] - run["shutdown_ns"]) < run["startup_ns"] / 10
        assert blamed["phases"][0]["own_ns"] == max(phase["own_ns"] for phase in blamed["phases"])
        assert sum(link["own_ns"] for link in chained["links"]) == chained["links"][0]["time_ns"]
        assert chained["by_model"] and chained["links"][-1]["label"] == "hello"
        assert chained["links"][0]["time_ns"] <= run["startup_ns"]
        assert all(sum(link["spent_on"].values()) == link["own_ns"] for link in chained["links"])
    assert costs("blame", default) == costs("blame"), "a report says what the boot did"


def plain(*arguments: str | Path) -> Done:
    done = smssboot(*arguments, env={"NO_COLOR": "1"})
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    return done


def test_what_people_see(default: Path) -> None:
    lines = plain("time", default).stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["kernel", "x86_64", "aarch64"]
    blame = plain("blame", default, "--arch", "x86_64", "--top", "3").stdout
    assert len([line for line in blame.splitlines() if " ms " in line and "%" in line]) == 3
    asked = ("--event", "smss.session session=1")
    chain = plain("critical-chain", default, "--arch", "aarch64", *asked).stdout
    assert "smss.session.end session=1 @" in chain
    assert "\u2514\u2500" in chain
    assert "no divergence (exit 0)" in plain("compare", default).stdout
