"""The pytest plugin without guests: what is collected, what markers mean, what is booted."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from plugin_fakes import Fake, fake

from plugin_help import run_pytest
from smssboot.image import build as building
from smssboot.image.recipe import load_recipe
from smssboot.study.options import Options
from smssboot.timeline.items import Event

__all__ = ["fake"]

pytest_plugins = ["pytester"]


def collected(pytester: pytest.Pytester, *arguments: str) -> list[str]:
    result = run_pytest(pytester, "--collect-only", "-q", *arguments)
    return [line for line in result.outlines if "::" in line]


# What is collected


def test_a_test_is_made_for_each_architecture(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_it="def test_one(boot): pass\ndef test_two(arch): pass\ndef test_none(): pass")
    both = [
        "test_it.py::test_one[x86_64]",
        "test_it.py::test_one[aarch64]",
        "test_it.py::test_two[x86_64]",
        "test_it.py::test_two[aarch64]",
        "test_it.py::test_none",
    ]
    assert collected(pytester) == both
    assert collected(pytester, "-k", "aarch64") == both[1:4:2]
    assert collected(pytester, "--smssboot-arch", "aarch64") == [*both[1:4:2], both[4]]
    assert collected(pytester, "--smssboot-arch=aarch64,x86_64") == both
    assert collected(pytester, "-m", "boot") == both[:2]
    pytester.makeini("[pytest]\nsmssboot_arch = x86_64")
    assert collected(pytester) == [*both[0:3:2], both[4]]
    assert collected(pytester, "--smssboot-arch", "all") == both


def test_a_marker_chooses_the_architecture(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_it="""
        import pytest
        @pytest.mark.arch("aarch64")
        def test_one(boot): pass
        @pytest.mark.arch("x86_64")
        class TestClass:
            def test_two(self, boot): pass
            @pytest.mark.arch("aarch64", "x86_64")
            def test_nearest(self, boot): pass
        @pytest.mark.parametrize("n", [1, pytest.param(2, marks=pytest.mark.arch("x86_64"))])
        def test_param(n, arch): pass
        """
    )
    assert collected(pytester) == [
        "test_it.py::test_one[aarch64]",
        "test_it.py::TestClass::test_two[x86_64]",
        "test_it.py::TestClass::test_nearest[aarch64]",
        "test_it.py::TestClass::test_nearest[x86_64]",
        "test_it.py::test_param[x86_64-1]",
        "test_it.py::test_param[x86_64-2]",
        "test_it.py::test_param[aarch64-1]",
    ]
    result = run_pytest(pytester, "--smssboot-arch", "x86_64")
    result.assert_outcomes(passed=4, deselected=1)


def test_several_images_and_profiles_make_several_tests(pytester: pytest.Pytester, fake: Fake) -> None:
    pytester.makepyfile(
        test_it="""
        import pytest
        @pytest.mark.image("default", "diskless")
        @pytest.mark.profile("win11/documented", "win11/observed")
        @pytest.mark.arch("x86_64")
        def test_many(boot):
            assert boot().conforms
        """
    )
    result = run_pytest(pytester, "-v")
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(["*test_many?x86_64-default-documented? PASSED*"])
    assert [(name, options.profile) for name, _, options in fake.asked] == [
        ("default", "win11/documented"),
        ("default", "win11/observed"),
        ("diskless", "win11/documented"),
        ("diskless", "win11/observed"),
    ]


def test_fixtures_of_the_same_names_are_left_alone(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_it="""
        import pytest
        @pytest.fixture(params=["riscv"])
        def arch(request): return request.param
        @pytest.fixture
        def boot(arch): return lambda: arch
        def test_mine(boot): assert boot() == "riscv"
        @pytest.mark.parametrize("boot", [7])
        def test_given(boot): assert boot == 7
        """
    )
    result = run_pytest(pytester, "--smssboot-arch", "x86_64", "-m", "not boot")
    result.assert_outcomes(passed=2)


def test_an_architecture_of_ones_own_is_what_boot_takes(pytester: pytest.Pytester, fake: Fake) -> None:
    pytester.makepyfile(
        test_it="""
        import pytest
        @pytest.fixture
        def arch(): return "aarch64"
        def test_mine(boot): assert boot().arch == "aarch64"
        @pytest.mark.parametrize("arch", ["x86_64"])
        def test_given(boot, arch): assert boot().arch == "x86_64"
        """
    )
    run_pytest(pytester).assert_outcomes(passed=2)


def test_markers_are_registered(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_it="""
        import pytest
        pytestmark = [pytest.mark.image("default"), pytest.mark.arch("x86_64"),
                      pytest.mark.boot(memory_mib=96),
                      pytest.mark.profile("win11/documented"), pytest.mark.fault("f", memory="80 MiB")]
        def test_it(boot): boot()
        """
    )
    run_pytest(pytester, "--strict-markers", "--strict-config").assert_outcomes(passed=1)
    said = run_pytest(pytester, "--markers").stdout.str()
    for name in ("boot(**options)", "image(*recipes)", "arch(*arches)", "profile(*profiles)", "fault(name"):
        assert f"@pytest.mark.{name}" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--smssboot-arch", "arm64"], "--smssboot-arch: unknown architecture 'arm64' (did you mean"),
        (["-o", "smssboot_arch=x86"], "smssboot_arch: unknown architecture 'x86' (did you mean 'x86_64'?)"),
        (["--smssboot-cpus", "0"], "--smssboot-cpus: expected a number from 1 on, found '0'"),
        (["--smssboot-artifacts", "/proc/x"], "--smssboot-artifacts: cannot write to /proc/x: "),
        (["--smssboot-cpus", "two"], "--smssboot-cpus: expected a number from 1 on, found 'two'"),
    ],
)
def test_wrong_options_are_one_line(arguments: list[str], said: str, pytester: pytest.Pytester) -> None:
    result = run_pytest(pytester, *arguments, apart=True)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = [line for line in result.errlines if line.strip()]
    assert line.startswith(f"ERROR: {said}")


@pytest.mark.parametrize(
    ("marker", "said"),
    [
        ("arch('arm64')", "marker 'arch': unknown architecture 'arm64' (did you mean 'aarch64'?)"),
        ("image()", "marker 'image': expected one or more names"),
        ("profile(name='x')", "marker 'profile': expected one or more names"),
        ("boot('default')", "marker 'boot': expected options by name"),
        ("fault('only-a-name')", "marker 'fault': expected a name and recipe keys"),
        ("fault('a', 'b', memory='1 GiB')", "marker 'fault': expected a name and recipe keys"),
    ],
)
def test_wrong_markers_are_one_line(marker: str, said: str, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_it=f"import pytest\n@pytest.mark.{marker}\ndef test_it(boot): pass")
    result = run_pytest(pytester, "--smssboot-arch", "x86_64")
    assert result.ret != 0
    said_lines = [line for line in result.outlines if "marker '" in line]
    assert said in said_lines[0], result.stdout.str()
    assert "Traceback" not in result.stdout.str() and "def test_it" not in result.stdout.str()


# What is booted


def test_what_markers_and_arguments_ask_for(pytester: pytest.Pytester, fake: Fake) -> None:
    pytester.makefile(".yaml", mine="extends: default\nmemory: 96 MiB\n")
    pytester.makepyfile(
        test_it="""
        import pytest
        pytestmark = pytest.mark.arch("x86_64")
        def test_default(boot): boot()
        @pytest.mark.image("mine.yaml")
        @pytest.mark.boot(memory_mib=128, deterministic=True)
        def test_marked(boot):
            boot()
            boot("diskless", arch="aarch64", profile="win11/observed", memory_mib=64, timeout_s=9.0)
        """
    )
    run_pytest(pytester).assert_outcomes(passed=2)
    first, second, third = fake.asked
    assert first[:2] == ("default", "x86_64")
    assert first[2] == Options(keep=first[2].keep, cache=True)
    assert second[:2] == ("mine", "x86_64")
    assert second[2] == Options(keep=second[2].keep, memory_mib=128, deterministic=True, cache=True)
    assert third[:2] == ("diskless", "aarch64")
    assert third[2] == Options(
        keep=third[2].keep,
        memory_mib=64,
        deterministic=True,
        profile="win11/observed",
        timeout_s=9.0,
        cache=True,
    )
    assert len({options.keep for _, _, options in fake.asked}) == 3


def test_everything_can_be_deterministic(pytester: pytest.Pytester, fake: Fake) -> None:
    pytester.makepyfile(test_it="def test_it(boot):\n    boot()\n    boot(deterministic=False)")
    run_pytest(pytester, "--smssboot-deterministic", "--smssboot-arch=x86_64").assert_outcomes(passed=1)
    assert [options.deterministic for _, _, options in fake.asked] == [True, False]


def test_results_that_are_known_can_be_left_aside(pytester: pytest.Pytester, fake: Fake) -> None:
    pytester.makepyfile(test_it="def test_it(boot):\n    boot()\n    boot(cache=True)")
    run_pytest(pytester, "--smssboot-no-cache", "--smssboot-arch=x86_64").assert_outcomes(passed=1)
    assert [options.cache for _, _, options in fake.asked] == [False, True]


def test_faults_lie_over_the_image(
    pytester: pytest.Pytester, fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMSSBOOT_BUILD", str(pytester.path / "build"))
    seen: list[Any] = []

    def build(recipe: str, arch: str) -> SimpleNamespace:
        seen.append(load_recipe(recipe))
        return SimpleNamespace(name=seen[-1].name, arch=arch)

    monkeypatch.setattr(building, "build", build)
    pytester.makefile(".bin", tool="MZ")
    pytester.makepyfile(
        test_it="""
        import pytest
        @pytest.mark.arch("x86_64")
        @pytest.mark.image("diskless")
        @pytest.mark.fault("class", {"memory": "80 MiB", "programs": {"lsass.exe": "removed"}})
        class TestFaults:
            @pytest.mark.fault("near", memory="96 MiB")
            def test_it(self, boot):
                boot(fault={"programs": {"tool.exe": {"file": "tool.bin"}}})
        @pytest.mark.parametrize("n", [pytest.param(i, marks=pytest.mark.fault(programs={"lsass.exe": w}))
                                       for i, w in enumerate(["removed", "built"])])
        @pytest.mark.arch("x86_64")
        def test_each(n, boot): boot()
        """
    )
    run_pytest(pytester).assert_outcomes(passed=3)
    piled, removed, built = seen
    assert piled.name == "diskless+class+near+fault"
    assert piled.memory_mib == 96
    assert piled.programs["lsass.exe"].removed
    assert piled.programs["tool.exe"].file == pytester.path / "tool.bin"
    assert (removed.programs["lsass.exe"].removed, built.programs["lsass.exe"].removed) == (True, False)


def test_a_shared_boot_is_booted_once(pytester: pytest.Pytester, fake: Fake) -> None:
    pytester.makepyfile(
        test_it="""
        import pytest
        pytestmark = pytest.mark.arch("x86_64")
        seen = []
        @pytest.mark.parametrize("n", range(3))
        def test_same(n, boot):
            seen.append(boot.shared())
            assert seen[-1] is seen[0] and seen[0].serial == "serial.log"
        def test_other(boot):
            assert boot.shared(memory_mib=128) is not seen[0]
            assert boot.shared("diskless") is not seen[0]
            assert boot() is not seen[0]
        """
    )
    run_pytest(pytester).assert_outcomes(passed=4)
    assert [options.deterministic for _, _, options in fake.asked] == [True, True, True, False]


def test_a_boot_is_forgotten_with_its_test(pytester: pytest.Pytester) -> None:
    pytester.makefile(".yaml", mine="extends: default\n")
    pytester.makepyfile(
        test_it="""
        import gc, weakref
        from smssboot.pytest_plugin import Run
        seen = []
        def test_one(boot):
            seen.append(weakref.ref(boot()))
        def test_two():
            gc.collect()
            assert seen[0]() is None
            assert "mine" not in [each.image for each in gc.get_objects() if isinstance(each, Run)]
        """
    )
    run_pytest(pytester, "mine.yaml", "test_it.py", "--smssboot-arch", "x86_64").assert_outcomes(passed=3)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("boot('nowhere.yaml')", "UsageError: nowhere.yaml: no such recipe (paths are relative to "),
        ("boot('defualt')", "UsageError: unknown recipe 'defualt' (did you mean 'default'?)"),
        ("boot(memory=3)", "UsageError: unknown option 'memory' of a boot (did you mean 'memory_mib'?)"),
        ("boot(keep='x')", "UsageError: unknown option 'keep' of a boot"),
        ("boot(fault={'programms': {}})", "unknown key 'programms' (did you mean 'programs'?)"),
        ("asyncio.run(waits(boot))", "UsageError: boot() waits for its guest, so no async test can call it"),
    ],
)
def test_wrong_use_shows_the_tests_own_line(call: str, said: str, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_it=f"import asyncio\nasync def waits(boot): boot()\ndef test_it(boot):\n    run = {call}\n"
    )
    result = run_pytest(pytester, "--smssboot-arch", "x86_64")
    result.assert_outcomes(failed=1)
    text = result.stdout.str()
    assert said in text
    assert f">       run = {call}" in text or f">   run = {call}" in text
    assert "machines.py" not in text and "boots.py" not in text, "our own frames explain nothing"


def test_events_are_found_by_name_and_data() -> None:
    from smssboot.pytest_plugin import Events

    events = Events(
        [
            Event("claim", "a", {"path": "\\x", "session": "1"}),
            Event("fact", "a", {"user-mode": "1"}),
            Event("evidence", "b", {"user-mode": "2", "user_mode": "3"}),
        ]
    )
    assert [event.voice for event in events("a")] == ["claim", "fact"]
    assert events("a", session=1)[0].voice == "claim"
    assert events(user_mode=1)[0].voice == "fact"
    assert events(user_mode=3)[0].voice == "evidence"
    assert not events("c") and not events("a", path="\\y")
    assert events.values("user-mode") == ["1", "2"]
    assert repr(events("a")) == "<2 events: a path=\\x session=1, a user-mode=1>"
    assert repr(events("c")) == "<0 events>"


def test_nothing_but_the_plugin_needs_pytest() -> None:
    code = (
        "import sys; sys.modules['pytest'] = sys.modules['_pytest'] = None\n"
        "import smssboot.cli.run, smssboot.study.runs, smssboot.study.budget, smssboot.report.document\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_plugin_loads_nothing_heavy() -> None:
    code = (
        "import sys, smssboot.pytest_plugin\n"
        "heavy = {'yaml', 'rich',"
        " 'asyncio.subprocess', 'qemu', 'regipy', 'pefile', 'jinja2', 'smssboot.model',"
        " 'smssboot.study.boot', 'smssboot.conformance.checker', 'smssboot.image.recipe'}\n"
        "print(*sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_other_plugins_find_at_a_recipe_what_they_look_for_at_a_test(
    pytester: pytest.Pytester, fake: Fake
) -> None:
    pytester.makeconftest("def pytest_runtest_setup(item): assert 'strategy' not in item.fixturenames")
    (pytester.path / "one.yaml").write_text("extends: default\n")
    result = run_pytest(pytester, "one.yaml", "--smssboot-arch", "x86_64")
    result.assert_outcomes(passed=1)
