"""The pytest plugin without guests: recipes as tests."""

from __future__ import annotations

from dataclasses import replace

import pytest
import report_samples as samples
from plugin_fakes import DEVIATES, Fake, fake

from plugin_help import plugin, run_pytest
from smssboot.errors import InputError
from smssboot.image.paths import ARCHES
from smssboot.image.recipe import load_recipe
from smssboot.report import terminal
from smssboot.report.view import StudyView

__all__ = ["fake"]

pytest_plugins = ["pytester"]


def collected(pytester: pytest.Pytester, *arguments: str) -> list[str]:
    result = run_pytest(pytester, "--collect-only", "-q", *arguments)
    return [line for line in result.outlines if "::" in line]


def recipes(pytester: pytest.Pytester) -> None:
    folder = pytester.mkdir("images")
    for name in ("one", "two"):
        (folder / f"{name}.yaml").write_text("extends: default\n")
    (folder / "broken.yaml").write_text("extends: default\nregistery: {}\n")
    (pytester.path / "compose.yaml").write_text("services: {}\n")
    (folder / "below").mkdir()
    (folder / "below" / "deep.yaml").write_text("extends: default\n")
    pytester.makeini("[pytest]\nsmssboot_recipes = images/*.yaml")


def test_recipes_are_collected(pytester: pytest.Pytester) -> None:
    recipes(pytester)
    names = [f"images/{name}.yaml::{arch}" for name in ("broken", "one", "two") for arch in ARCHES]
    assert collected(pytester) == names
    assert collected(pytester, "images") == names
    assert collected(pytester, "-k", "aarch64 and two") == ["images/two.yaml::aarch64"]
    assert collected(pytester, "-m", "boot") == names
    assert collected(pytester, "--smssboot-arch=aarch64", "images/one.yaml") == ["images/one.yaml::aarch64"]
    assert collected(pytester, "images/one.yaml::x86_64") == ["images/one.yaml::x86_64"]
    deep = [f"images/below/deep.yaml::{arch}" for arch in ARCHES]
    assert collected(pytester, "images/below/deep.yaml") == deep
    pytester.makeini("[pytest]\nsmssboot_recipes =\n    images/below/*.yaml\n    images/o*.yaml")
    assert [name.rpartition("::")[0] for name in collected(pytester)[::2]] == [
        "images/below/deep.yaml", "images/one.yaml",
    ]  # fmt: skip


def test_without_configuration_nothing_is_taken_for_a_recipe(pytester: pytest.Pytester) -> None:
    recipes(pytester)
    pytester.makeini("[pytest]")
    assert collected(pytester) == []


def test_a_recipes_failure_is_what_the_terminal_report_says(pytester: pytest.Pytester, fake: Fake) -> None:
    recipes(pytester)
    fake.outcome = lambda arch: DEVIATES if arch == "x86_64" else {}
    result = run_pytest(pytester, "images/one.yaml", "images/broken.yaml", "-rA")
    result.assert_outcomes(passed=1, failed=1, errors=2)
    lines = result.outlines
    begin = next(n for n, line in enumerate(lines) if "__ images/one.yaml on x86_64 __" in line)
    view = samples.run(arch="x86_64", recipe="one", **DEVIATES)
    kept = next(line.split()[1] for line in lines if line.startswith("  serial "))
    expected = terminal.text(StudyView([replace(view, log=kept)], samples.STATEMENTS)).splitlines()
    assert lines[begin + 1 : begin + 1 + len(expected)] == expected
    assert "smssboot findings" not in result.stdout.str()
    with pytest.raises(InputError) as wrong:
        load_recipe(pytester.path / "images" / "broken.yaml")
    where = "ERROR at setup of images/broken.yaml on aarch64"
    place = next(n for n, line in enumerate(lines) if where in line)
    assert lines[place + 1] == str(wrong.value)
    assert lines[place + 2].startswith(("____", "====")), "one line, no traceback"
    short = "FAILED images/one.yaml::x86_64 - Failed: error[E102]: x86_64"
    assert any(line.startswith(short) for line in lines)
    assert "PASSED images/one.yaml::aarch64" in lines


def test_a_recipe_elsewhere_has_a_name_too(
    pytester: pytest.Pytester, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "it.yaml").write_text("extends: default\n")
    pytester.makeini("[pytest]")
    result = run_pytest(pytester, str(elsewhere / "it.yaml"), "--rootdir", str(pytester.path), "-v")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*elsewhere0/it.yaml::aarch64 PASSED*"])


def test_pytests_own_options_work(pytester: pytest.Pytester, fake: Fake) -> None:
    recipes(pytester)
    fake.outcome = lambda arch: DEVIATES
    result = run_pytest(pytester, "-x", "images/one.yaml", "images/two.yaml")
    result.assert_outcomes(failed=1)
    assert len(fake.asked) == 1


def test_last_failed(pytester: pytest.Pytester, fake: Fake) -> None:
    recipes(pytester)
    fake.outcome = lambda arch: DEVIATES if arch == "aarch64" else {}
    arguments = ["-p", "cacheprovider", "images/one.yaml", "images/two.yaml"]
    pytester.runpytest_inprocess(*plugin(), *arguments).assert_outcomes(failed=2, passed=2)
    fake.outcome = lambda arch: {}
    pytester.runpytest_inprocess(*plugin(), *arguments, "--lf").assert_outcomes(passed=2)
