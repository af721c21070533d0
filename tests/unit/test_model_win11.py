"""win11/documented: grounded in the image's own registry, covering the statements, predicting the boot."""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "property"))

from diskworld import disk_context, pressed, volumes
from diskworld import hive as disk_hive

from smssboot.model import Context, coverage, ground, load, predict, statements
from smssboot.model import functions as f
from smssboot.model.audit import impossible_bounds, lint
from smssboot.model.context import Registry
from smssboot.model.expectation import Expectation, Node

MANAGER = r"ControlSet001\Control\Session Manager"


def hive(**changes: dict[str, Any]) -> Registry:
    base: dict[str, dict[str, Any]] = {
        "Select": {"Current": ("REG_DWORD", 1)},
        MANAGER: {"ObjectDirectories": ("REG_MULTI_SZ", [r"\Windows", r"\RPC Control"])},
        rf"{MANAGER}\DOS Devices": {"NUL": ("REG_SZ", r"\Device\Null")},
        rf"{MANAGER}\Environment": {
            "ComSpec": ("REG_EXPAND_SZ", r"%SystemRoot%\system32\cmd.exe"),
            "Twice": ("REG_EXPAND_SZ", "%comspec%;%Unknown%"),
            "Raw": ("REG_SZ", "%SystemRoot%"),
            "Number": ("REG_DWORD", 3),
        },
        rf"{MANAGER}\SubSystems": {
            "Required": ("REG_MULTI_SZ", ["Debug", "Windows"]),
            "Windows": (
                "REG_EXPAND_SZ",
                r"%SystemRoot%\system32\csrss.exe ServerDll=basesrv,1 ServerDll=winsrv:A,3",
            ),
        },
    }
    for key, values in changes.items():
        base.setdefault({"manager": MANAGER}.get(key, rf"{MANAGER}\{key}"), {}).update(values)
    return base


def expected(registry: Registry | None = None, **known: Any) -> Expectation:
    return ground(load(), Context(arch=known.pop("arch", "x86_64"), registry=registry or hive(), **known))


def named(grounded: Expectation, name: str) -> list[Node]:
    return [node for node in grounded.nodes if node.name == name]


def test_a_dos_device_is_claim_fact_and_evidence() -> None:
    grounded = expected(hive(**{"DOS Devices": {"NEW": ("REG_SZ", r"\Device\New")}}))
    found = [node for node in grounded.nodes if "NEW" in node.label]
    assert {node.voice for node in found} == {"claim", "fact", "evidence"}
    assert all(dict(node.data)["target"].args == (r"\Device\New",) for node in found)
    end = named(grounded, "smss.dos-devices.end")[0]
    assert dict(end.data)["count"].args == ("2",)


def test_an_object_directory_is_claim_fact_and_evidence_in_listed_order() -> None:
    grounded = expected(hive(manager={"ObjectDirectories": ("REG_MULTI_SZ", [r"\B", r"\A", r"\b"])}))
    claims = [dict(node.key or ())["path"] for node in named(grounded, "smss.object-directory")]
    assert claims == [r"\B", r"\A"]
    made = [
        dict(n.key)["path"] for n in named(grounded, "object.create") if dict(n.key)["type"] == "Directory"
    ]
    assert {r"\A", r"\B"} <= set(made)


def test_the_environment_is_expanded_in_order() -> None:
    assert f.environment(hive()) == [
        ["ComSpec", r"C:\Windows\system32\cmd.exe"],
        ["Twice", r"C:\Windows\system32\cmd.exe;%Unknown%"],
        ["Raw", "%SystemRoot%"],
    ]
    block = predict(Context(arch="aarch64", registry=hive())).environment
    assert r"ComSpec=C:\Windows\system32\cmd.exe" in block
    assert "PROCESSOR_ARCHITECTURE=ARM64" in block
    assert "PROCESSOR_LEVEL=*" in block


def test_a_registry_variable_that_the_boot_sets_too_has_the_boot_s_value() -> None:
    registry = hive(Environment={"OS": ("REG_SZ", "Something else")})
    assert "OS=Windows_NT" in predict(Context(arch="x86_64", registry=registry)).environment


@pytest.mark.parametrize(("number", "sessions"), [(1, [0]), (2, [0, 1]), (4, [0, 1, 2, 3])])
def test_sessions_are_as_many_as_the_registry_asks_for(number: int, sessions: list[int]) -> None:
    registry = hive(manager={"NumberOfInitialSessions": ("REG_DWORD", number)})
    prediction = predict(Context(arch="x86_64", registry=registry))
    assert list(prediction.sessions) == sessions
    csrss = [process.session for process in prediction.processes if process.name == "csrss.exe"]
    winlogon = [process.session for process in prediction.processes if process.name == "winlogon.exe"]
    assert (csrss, winlogon) == (sessions, sessions[1:])
    assert f.initial_sessions(registry, (0, 5)) == [0, 5]


def test_initial_commands_come_from_the_registry() -> None:
    registry = hive(
        manager={
            "S0InitialCommand": ("REG_EXPAND_SZ", r"%SystemRoot%\system32\wininit.exe"),
            "Execute": ("REG_MULTI_SZ", ["winlogon.exe", r'"C:\Program Files\shell.exe" -x']),
        }
    )
    assert f.initial_command(registry, 0) == "wininit.exe"
    assert f.initial_command(registry, 1) == "shell.exe"
    assert f.initial_command({}, 0) == "wininit.exe"
    assert f.initial_command({}, 3) == "winlogon.exe"


def test_server_dlls_come_from_the_command_line() -> None:
    assert f.server_dlls(hive()) == [["basesrv", 1], ["winsrv", 1]]
    assert f.server_dlls({}) == []
    assert f.subsystems(hive()) == [["Windows", "csrss.exe"]]


def test_the_control_set_is_the_selected_one() -> None:
    registry = {
        "select": {"current": ("REG_DWORD", 2)},
        r"ControlSet002\Control\session manager": {"x": ("REG_SZ", "y")},
    }
    assert f.setting(registry, f.MANAGER, "X") == "y"
    grounded = expected(registry)
    opened = named(grounded, "registry.open")[0]
    assert r"\ControlSet002\\"[:-1] in dict(opened.key)["key"]


def test_prediction_tells_processes_links_and_the_end() -> None:
    prediction = predict(Context(arch="x86_64", registry=hive(), action="reset"))
    told = {(p.name, p.parent, p.session): p.stays for p in prediction.processes}
    assert told[("smss.exe", "System", 0)]
    assert not told[("smss.exe", "smss.exe", 1)]
    assert told[("lsass.exe", "wininit.exe", 0)]
    assert prediction.links[r"\GLOBAL??\NUL"] == r"\Device\Null"
    assert r"\SmApiPort" in prediction.ports
    assert prediction.end == "reset"
    text = str(prediction)
    assert "    smss.exe  session 1  (transient)\n      csrss.exe  session 1\n" in text
    assert prediction.to_json()["sessions"] == [0, 1]


def test_an_expected_bugcheck_ends_the_expectation() -> None:
    grounded = expected(fault="bugcheck 0x6F")
    bugcheck = named(grounded, "bugcheck")[0]
    assert bugcheck.terminal
    assert dict(bugcheck.data)["code"].args == ("0x6F",)
    assert not [n for n in named(grounded, "process.create") if dict(n.key)["parent"] == "System"]


def test_every_statement_is_known_and_coverage_names_rules_or_a_reason() -> None:
    table = coverage(load())
    assert len(table) == len(statements()) == 119
    by_id = {row.id: row for row in table}
    assert by_id["S-024"].voices == ("claim", "evidence", "fact")
    assert by_id["S-001"].status == "contradicted"
    assert by_id["S-001"].rules
    disk = ("S-005", "S-017", "S-021", "S-023", "S-051", "S-055", "S-056", "S-066", "S-090", "S-103", "S-113")
    assert {by_id[name].status for name in disk} == {"covered"}
    assert all(row.rules or row.note for row in table)
    assert "S-024" in str(table)


def test_every_step_of_the_profile_is_there() -> None:
    steps = {event.step for event in load().events.values()}
    wanted = {
        "K1",
        "K3",
        "K4",
        "K5",
        "K6",
        "S1",
        "S2",
        "S4",
        "S5",
        "S6",
        "S7",
        "S8",
        "S10",
        "S11",
        "S12",
        "S13",
    }
    wanted |= {"S3", "S9", "S14", "S15", "S16", "S17", "S18", "S20"}
    assert wanted | {"S19", "S21", "S22", "S23", "S24/C3", "S25", "C1", "C3", "C4", "M2"} <= steps


def test_lint_is_clean_over_the_matrix() -> None:
    contexts = [
        Context(arch=arch, registry=hive(), action=action, fault=fault, sessions=sessions)
        for arch, action, fault, sessions in product(
            ("x86_64", "aarch64"), ("poweroff", "reset"), ("", "bugcheck 0xEF"), (None, (0, 1, 2))
        )
    ]
    contexts += [disk_context(), disk_context(registry=disk_hive(BootExecute=("REG_MULTI_SZ", [])))]
    contexts.append(disk_context(volumes=volumes(dirty=False)))
    no_dll = {rf"{MANAGER}\KnownDLLs": {"mark": ("REG_SZ", "bootmark.exe")}}
    contexts.append(disk_context(registry=disk_hive() | no_dll))
    contexts.append(disk_context(registry=pressed(), memory_mib=32))
    too_much = ("REG_MULTI_SZ", ["memtouch 0 4096"])
    contexts.append(disk_context(registry=pressed(SetupExecute=too_much), memory_mib=32))
    observed = {"kernel.started-load", "kernel.started", "kernel.refused", "system.shutdown.observed"}
    observed |= {"known-dlls.early-directory", "known-dlls.early-link"}
    told = [str(problem) for problem in lint(load(), contexts)]
    assert len(told) == len(observed), told
    assert all(any(f"`{o}`" in t for t in told) for o in observed)
    contexts = [replace(context, profile="win11/observed") for context in contexts]
    documented = {"smss.drivers.begin", "smss.drivers.end", "smss.driver", "driver.loaded", "driver.started"}
    documented |= {"driver.refused", "known-dlls.directory", "known-dlls.link", "system.shutdown"}
    told = [str(problem) for problem in lint(load("win11/observed"), contexts)]
    assert len(told) == len(documented), told
    assert all(any(f"`{d}`" in t for t in told) for d in documented)


def test_bounds_that_contradict_the_order_are_found() -> None:
    from smssboot.model import load_text

    text = (
        "model: x/y\nevents: {a: {}, b: {}, c: {}}\norder: [a -> b -> c]\n"
        "timing: [a .. c <= 1 s, a .. b >= 800 ms, b .. c >= 300 ms]\n"
    )
    grounded = ground(load_text(text, "m.yaml"), Context(arch="x86_64"))
    assert "contradict" in str(impossible_bounds(grounded)[0])


def test_grounding_repeats_itself_and_knows_no_nonce() -> None:
    assert expected(nonce="aa").key == expected(nonce="bb").key
    assert expected(arch="aarch64").key != expected().key
