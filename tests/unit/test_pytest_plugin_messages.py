"""The pytest plugin without guests: what a failed test says, and where the files of its boots are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import report_samples as samples
from junitparser import JUnitXml
from plugin_fakes import DEVIATES, ERROR, Fake, explained, fake

from plugin_help import run_pytest
from smssboot.pytest_plugin import keeping

__all__ = ["fake"]

pytest_plugins = ["pytester"]


@pytest.mark.parametrize(
    ("assertion", "first"),
    [
        ("run.conforms", "assert False"),
        ("run.verdict == 'conforms'", "assert 'deviates' == 'conforms'"),
        ("run.verdict != 'deviates'", "assert 'deviates' != 'deviates'"),
        ("not run.findings", "assert not ("),
        ("run.conforms, 'a message of my own'", "a message of my own"),
    ],
)
def test_a_failed_assertion_shows_the_findings(
    assertion: str, first: str, pytester: pytest.Pytester, fake: Fake
) -> None:
    fake.outcome = lambda arch: DEVIATES
    pytester.makepyfile(test_it=f"def test_it(boot):\n    run = boot()\n    assert {assertion}\n")
    result = run_pytest(pytester, "--smssboot-arch", "x86_64")
    result.assert_outcomes(failed=1)
    rows = [line[1:].strip() for line in result.outlines if line.startswith("E ")]
    assert rows[0].removeprefix("AssertionError: ").startswith(first)
    assert explained("\n".join(rows)), result.stdout.str()
    assert "smssboot findings" not in result.stdout.str(), "and only once"
    assert "\x1b" not in result.stdout.str()


def test_without_rewriting_or_an_assertion_the_findings_are_a_section(
    pytester: pytest.Pytester, fake: Fake
) -> None:
    fake.outcome = lambda arch: DEVIATES
    pytester.makepyfile(
        test_it="""
        import pytest
        def test_fail(boot):
            boot()
            pytest.fail("for another reason")
        def test_bool(boot):
            good = boot().conforms
            assert good
        """
    )
    result = run_pytest(pytester, "--smssboot-arch", "x86_64", "--assert=plain")
    result.assert_outcomes(failed=2)
    text = result.stdout.str()
    assert text.count("- smssboot findings -") == 2
    assert explained(text.split("- smssboot findings -")[1])
    assert explained(text.split("- smssboot findings -")[2])


def test_only_the_boot_that_the_assertion_is_about_is_explained(
    pytester: pytest.Pytester, fake: Fake
) -> None:
    fake.outcome = lambda arch: DEVIATES if arch == "x86_64" else {}
    pytester.makepyfile(
        test_it="""
        def test_good(boot):
            bad, good = boot(), boot(arch="aarch64")
            assert not good.conforms
        def test_expected(boot):
            run = boot()
            assert not run.conforms and run.findings[0].code == "E102"
        """
    )
    result = run_pytest(pytester, "--smssboot-arch", "x86_64")
    result.assert_outcomes(failed=1, passed=1)
    rows = "\n".join(line for line in result.outlines if line.startswith("E "))
    assert "<boot 2: aarch64 default, conforms>" in rows
    assert "error[" not in rows
    assert "smssboot findings" in result.stdout.str(), "the other boot of the test deviated as well"


def test_hostile_text_drives_no_terminal(pytester: pytest.Pytester, fake: Fake) -> None:
    hostile = samples.HOSTILE_STUDY.runs[0]
    fake.outcome = lambda arch: {
        "verdict": "deviates", "findings": hostile.findings, "cause": hostile.cause, "events": hostile.events,
    }  # fmt: skip
    pytester.makepyfile(
        test_it="""
        def test_it(boot):
            assert boot().conforms
        def test_event(boot):
            boot().event("smss.dos-device", name="x")
        def test_list(boot):
            assert not boot().claims("smss.dos-device")
        """
    )
    result = run_pytest(pytester, "--smssboot-arch", "x86_64", f"--junitxml={pytester.path / 'j.xml'}")
    result.assert_outcomes(failed=3)
    text = result.stdout.str()
    assert not [char for char in "\x1b\x07\x9b\u202e" if char in text]
    assert len(list(JUnitXml.fromfile(str(pytester.path / "j.xml")))) == 1


def test_the_event_that_is_not_there(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_it="""
        def test_data(boot):
            boot().event("smss.api-port.begin", path="\\\\Other")
        def test_name(boot):
            boot().event("smss.api-prt.begin")
        """
    )
    result = run_pytest(pytester, "--smssboot-arch", "x86_64")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "E*NoSuchEventError: <boot 1: x86_64 default, conforms> has no event smss.api-port.begin path=*",
            "E*of that name there are:",
            "E*  smss.api-port.begin path=?SmApiPort",
            "E*NoSuchEventError: <boot 2: x86_64 default, conforms> has no event smss.api-prt.begin",
            "E*none of that name (did you mean 'smss.api-port.begin'?)",
        ]
    )


def test_trouble_under_us_is_an_error_and_no_failure(pytester: pytest.Pytester, fake: Fake) -> None:
    fake.outcome = lambda arch: ERROR
    pytester.makefile(".yaml", mine="extends: default\n")
    pytester.makepyfile(
        test_it="""
        import pytest
        from smssboot.pytest_plugin import BootError
        def test_it(boot):
            assert not boot().conforms
        def test_known(boot):
            with pytest.raises(BootError, match="qemu-died"):
                boot()
        def test_other(boot):
            with pytest.raises(BootError):
                boot()
            assert 0
        """
    )
    xml = pytester.path / "j.xml"
    result = run_pytest(pytester, "mine.yaml", "test_it.py", "--smssboot-arch", "x86_64", f"--junitxml={xml}")
    result.assert_outcomes(errors=2, failed=1, passed=1)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at setup of mine.yaml on x86_64*",
            "x86_64 mine: qemu-died: QEMU ended with status 1",
            "*ERROR at call of test_it?x86_64?*",
            "E*BootError: x86_64 default: qemu-died: QEMU ended with status 1",
            "smssboot: 2 tests say nothing about the guest: QEMU or the host failed*",
        ]
    )
    (suite,) = JUnitXml.fromfile(str(xml))
    kinds = {case.name: [type(r).__name__ for r in case.result] for case in suite}
    assert kinds["x86_64"] == ["Error"]


# Where the files are


def failing(pytester: pytest.Pytester, fake: Fake) -> None:
    fake.outcome = lambda arch: DEVIATES
    pytester.makepyfile(
        test_it="""
        def test_bad(boot):
            assert boot().conforms
        def test_good(boot):
            assert boot().serial == "serial.log"
        """
    )


def test_files_of_a_failed_test_stay_and_are_named(pytester: pytest.Pytester, fake: Fake) -> None:
    failing(pytester, fake)
    result = run_pytest(pytester, "--smssboot-arch", "x86_64")
    result.assert_outcomes(failed=1, passed=1)
    kept = {
        line.split()[0]: Path(line.split()[1])
        for line in result.outlines
        if line.startswith("  ") and len(line.split()) == 2 and "boot-" in line and "-->" not in line
    }
    assert set(kept) == {"serial", "timeline", "report", "disk"}
    assert all((pytester.path / path).is_file() for path in kept.values())
    assert result.stdout.str().count("- smssboot artifacts -") == 1
    assert f"--> {kept['serial']}:3" in result.stdout.str(), "the finding points into the log that was kept"
    bad, good = (options.keep for _, _, options in fake.asked)
    assert bad is not None and bad.is_dir()
    assert good is not None and not good.exists()


def test_files_go_to_the_folder_that_is_given(pytester: pytest.Pytester, fake: Fake) -> None:
    failing(pytester, fake)
    (name,) = {keeping.folder_name("test_it.py::test_bad[x86_64]")}
    for _ in range(2):  # a second session replaces what the first one left
        stale = pytester.path / "kept" / name / "boot-7"
        stale.mkdir(parents=True)
        result = run_pytest(pytester, "--smssboot-arch", "x86_64", "--smssboot-artifacts", "kept")
        result.assert_outcomes(failed=1, passed=1)
        files = sorted(str(p.relative_to(pytester.path)) for p in (pytester.path / "kept").rglob("*.*"))
        assert [Path(file).name for file in files if Path(file).suffix] == [
            name, "serial.log", "timeline.jsonl", "report.json",
        ]  # fmt: skip
        assert f"  serial    kept/{name}/boot-1/default-x86_64/serial.log" in result.outlines
        assert f"--> kept/{name}/boot-1/default-x86_64/serial.log:3" in result.stdout.str()


def test_files_that_cannot_be_copied_stay_where_they_are(
    pytester: pytest.Pytester, fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object, **_more: object) -> None:
        raise OSError(28, "No space left on device")

    failing(pytester, fake)
    monkeypatch.setattr(keeping.shutil, "copytree", full)
    result = run_pytest(pytester, "--smssboot-arch", "x86_64", "--smssboot-artifacts", "kept")
    result.assert_outcomes(failed=1, passed=1)
    assert "  not all files could be kept: [Errno 28] No space left on device" in result.outlines
    serial = next(line.split()[1] for line in result.outlines if line.startswith("  serial "))
    assert (pytester.path / serial).is_file()


def test_names_of_folders_differ() -> None:
    ids = ["a.py::test[x]", "a.py::test[x ]", "a.py-test-x", "a" * 300, "a" * 301, "../../etc", "ü"]
    names = [keeping.folder_name(each) for each in ids]
    assert len(set(names)) == len(ids)
    assert all(0 < len(name) < 140 and "/" not in name and not name.startswith(".") for name in names)


@pytest.mark.parametrize("logging", ["no", "system-out"])
def test_junit_names_the_files(logging: str, pytester: pytest.Pytester, fake: Fake) -> None:
    failing(pytester, fake)
    xml = pytester.path / "junit.xml"
    arguments = ["--smssboot-arch=x86_64", "--smssboot-artifacts=kept", f"--junitxml={xml}"]
    run_pytest(pytester, *arguments, "-o", f"junit_logging={logging}").assert_outcomes(failed=1, passed=1)
    (suite,) = JUnitXml.fromfile(str(xml))
    bad, good = suite
    properties = properties_of(bad)
    assert properties["smssboot.boot"] == "boot 1: x86_64 default, deviates (powered-off)"
    for kind in ("serial", "timeline", "report"):
        assert (pytester.path / properties[f"smssboot.{kind}"]).is_file()
    assert explained(bad.result[0].text)
    assert properties_of(good) == {"smssboot.boot": "boot 2: x86_64 default, deviates (powered-off)"}
    attached = f"[[ATTACHMENT|{properties['smssboot.serial']}]]"
    assert (attached in (bad.system_out or "")) == (logging == "system-out")
    assert "ATTACHMENT" not in (good.system_out or "")
    assert "disk.raw" not in (bad.system_out or "")


def properties_of(case: Any) -> dict[str, str]:
    return {each.get("name"): each.get("value") for each in case._elem.iter("property")}


def test_a_shared_boot_is_kept_by_each_test_that_fails(pytester: pytest.Pytester, fake: Fake) -> None:
    fake.outcome = lambda arch: DEVIATES
    pytester.makepyfile(
        test_it="""
        import pytest
        def test_passes(boot): boot.shared()
        @pytest.mark.parametrize("n", range(2))
        def test_fails(n, boot): assert boot.shared().conforms
        """
    )
    result = run_pytest(pytester, "--smssboot-arch", "x86_64", "--smssboot-artifacts", "kept")
    result.assert_outcomes(failed=2, passed=1)
    assert len(fake.asked) == 1
    assert len(list((pytester.path / "kept").glob("*/boot-1/*/serial.log"))) == 2
    assert all(explained(part) for part in result.stdout.str().split("____ test_fails")[1:])
