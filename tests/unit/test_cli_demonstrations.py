"""`smssboot model coverage` names the tests that demonstrate a statement, from their markers."""

from __future__ import annotations

from pathlib import Path

from smssboot.cli.demonstrations import demonstrations
from smssboot.model import coverage, load, statements

TESTS = Path(__file__).resolve().parents[1]
SAMPLE = '''
import pytest
statements = pytest.mark.statements
CASES = {"one": (1, statements("S-001")), "two": (2, None)}
@pytest.mark.parametrize("x", [pytest.param("three", marks=pytest.mark.statements("S-002", "S-003"))])
@pytest.mark.statements("S-001")
def test_a(x): ...
def test_b(): ...
'''


def test_markers_of_tests_and_of_cases(tmp_path: Path) -> None:
    (tmp_path / "boot").mkdir()
    (tmp_path / "boot" / "test_x.py").write_text(SAMPLE)
    (tmp_path / "boot" / "help.py").write_text(SAMPLE)
    case = ("boot/test_x.py[three]",)
    both = ("boot/test_x.py[one]", "boot/test_x.py::test_a")
    assert demonstrations(tmp_path) == {"S-001": both, "S-002": case, "S-003": case}
    assert demonstrations(tmp_path / "not there") == {}


def test_this_projects_markers_name_statements_and_are_shown() -> None:
    found = demonstrations(TESTS)
    assert set(found) <= set(statements())
    assert "boot/test_mutants.py[smss-missing]" in found["S-008"]
    assert "boot/test_boot_commands.py::test_boot_execute_in_order" in found["S-021"]
    table = coverage(load(), found)
    assert {row.id: row.tests for row in table if row.tests} == found
    assert "       test boot/test_boot_commands.py::test_boot_execute_in_order\n" in str(table)


def test_what_tests_show_is_covered_by_rules() -> None:
    """A demonstration is judged by the model, so rules must speak of the statement."""
    covered = {row.id for row in coverage(load()) if row.rules}
    assert set(demonstrations(TESTS)) <= covered
