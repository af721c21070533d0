"""The matrix of a campaign: its cells, their names, and what is wrong with one that is wrong."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from smssboot.errors import InputError, UsageError
from smssboot.study.campaigns.axes import AXES, NAMES
from smssboot.study.campaigns.job import Job
from smssboot.study.campaigns.matrix import KEYS, Matrix, load

TODAY = date(2026, 7, 1)
FAULT = "faults:\n  gone:\n    changes: {programs: {smss.exe: removed}}\n    expect: {bugcheck: 0x6F}\n"


def matrix(folder: Path, text: str) -> Matrix:
    path = folder / "matrix.yaml"
    path.write_text(text, "utf-8")
    return load(path, TODAY)


def ids(folder: Path, text: str) -> list[str]:
    return [cell.id for cell in matrix(folder, text).cells]


def test_a_matrix_of_nothing_is_the_default_image_on_both(tmp_path: Path) -> None:
    assert ids(tmp_path, "name: small\n") == ["default/x86_64", "default/aarch64"]


def test_the_product_in_a_fixed_order_whatever_is_written_first(tmp_path: Path) -> None:
    one = "axes:\n  image: [default, diskless]\n  arch: [x86_64, aarch64]\n  memory: [default, 96 MiB]\n"
    two = "axes:\n  memory: [default, 96 MiB]\n  arch: [x86_64, aarch64]\n  image: [default, diskless]\n"
    found = ids(tmp_path, one)
    assert found == ids(tmp_path, two)
    assert found[:4] == [
        "default/x86_64", "default/x86_64/memory=96MiB", "default/aarch64", "default/aarch64/memory=96MiB",
    ]  # fmt: skip
    assert len(found) == 8


def test_a_further_axis_renames_nothing(tmp_path: Path) -> None:
    before = ids(tmp_path, "axes: {image: [diskless]}\n")
    after = ids(tmp_path, "axes: {image: [diskless], cpu: [default, max], disk: [default]}\n")
    assert set(before) < set(after)


def test_every_axis_reaches_the_boot(tmp_path: Path) -> None:
    text = (
        "axes: {image: diskless, arch: x86_64, profile: win11/observed, target: microvm, cpu: max,\n"
        "       memory: 1 GiB, disk: memory, firmware: uefi, fault: gone}\n"
        "deterministic: true\npower-off: sac\naccel: tcg\ntimeout: 9\n" + FAULT
    )
    (cell,) = matrix(tmp_path, text).cells
    assert cell.id == (
        "diskless/x86_64/profile=win11/observed/target=microvm/cpu=max/memory=1024MiB/disk=memory/firmware=uefi"
        "/fault=gone"
    )
    assert cell.job.options == {
        "profile": "win11/observed", "target": "microvm", "cpu": "max", "memory_mib": 1024, "disk": "memory",
        "firmware": "uefi", "deterministic": True, "power_off": "sac", "accel": "tcg", "timeout_s": 9,
        "cache": True,
    }  # fmt: skip
    assert cell.job.changes == ({"programs": {"smss.exe": "removed"}, "name": "diskless-gone"},)
    assert list(cell.axes) == list(NAMES)
    assert Job.from_json(cell.job.to_json()) == cell.job


def test_a_value_for_one_architecture_is_no_cell_on_the_other(tmp_path: Path) -> None:
    cpus = "axes: {cpu: [{x86_64: Skylake-Client, aarch64: cortex-a72}, {x86_64: qemu64}]}\n"
    assert ids(tmp_path, cpus) == [
        "default/x86_64/cpu=Skylake-Client", "default/x86_64/cpu=qemu64", "default/aarch64/cpu=cortex-a72",
    ]  # fmt: skip
    assert ids(tmp_path, "axes: {image: diskless, target: [microvm, virt]}\n") == [
        "diskless/x86_64/target=microvm", "diskless/aarch64/target=virt",
    ]  # fmt: skip


def test_a_fault_is_tried_where_it_says(tmp_path: Path) -> None:
    axes = "axes: {image: [default, diskless], fault: [none, gone]}\n"
    found = ids(tmp_path, axes + FAULT + "    arches: [aarch64]\n    images: [diskless]\n    timeout: 5\n")
    assert [cell for cell in found if "fault=" in cell] == ["diskless/aarch64/fault=gone"]
    cells = matrix(tmp_path, (tmp_path / "matrix.yaml").read_text()).cells
    assert [cell.job.options.get("timeout_s") for cell in cells if "fault=" in cell.id] == [5.0]
    assert cells[-1].expected.bugcheck == 0x6F and cells[-1].expected.verdict == "deviates"


def test_a_fault_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "faults").mkdir()
    (tmp_path / "faults" / "gone.yaml").write_text("extends: diskless\nprograms: {smss.exe: removed}\n")
    text = "axes: {fault: gone}\nfaults: {gone: {file: faults/gone.yaml, expect: {finding: [E108, E101]}}}\n"
    (cell, _) = matrix(tmp_path, text).cells
    assert cell.job.changes == ({"programs": {"smss.exe": "removed"}, "name": "default-gone"},)
    assert cell.job.base == str(tmp_path / "faults")
    assert cell.expected.codes == ("E108", "E101")


def test_exclude_and_include(tmp_path: Path) -> None:
    text = (
        "axes: {image: [default, diskless], memory: [default, 96 MiB]}\n"
        "exclude:\n  - {image: diskless, memory: 96 MiB}\n  - {arch: x86_64, image: [default, diskless]}\n"
        "include:\n  - {image: diskless, arch: x86_64, target: microvm}\n"
    )
    assert ids(tmp_path, text) == [
        "default/aarch64", "default/aarch64/memory=96MiB", "diskless/aarch64",
        "diskless/x86_64/target=microvm",
    ]  # fmt: skip


def test_repetitions_are_cells_and_never_cached(tmp_path: Path) -> None:
    cells = matrix(tmp_path, "axes: {arch: x86_64}\nrepeat: 3\n").cells
    assert [cell.id for cell in cells] == ["default/x86_64#1", "default/x86_64#2", "default/x86_64#3"]
    assert [cell.repetition for cell in cells] == [1, 2, 3]
    assert not any(cell.job.options["cache"] for cell in cells)


def test_an_image_of_ones_own_that_may_deviate(tmp_path: Path) -> None:
    (tmp_path / "lab.yaml").write_text("extends: diskless\n")
    text = (
        "axes:\n  arch: x86_64\n  image:\n    - lab.yaml\n"
        "    - {recipe: ./lab.yaml, name: other, expect: {finding: E104, says: 'x+'}, timeout: 7}\n"
    )
    one, two = matrix(tmp_path, text).cells
    assert (one.id, two.id) == ("lab/x86_64", "other/x86_64")
    assert one.job.recipe == two.job.recipe == str(tmp_path / "lab.yaml")
    assert (two.expected.verdict, two.expected.codes, two.expected.says) == ("deviates", ("E104",), "x+")
    assert two.job.options["timeout_s"] == 7.0


BAD = {
    "axis: {}": "1:1: matrix: unknown key 'axis' (did you mean 'axes'?)",
    "axes: {images: [default]}": "1:8: matrix.axes: unknown key 'images' (did you mean 'image'?)",
    "axes: {image: defualt}": "1:15: matrix.axes.image: unknown recipe 'defualt' (did you mean 'default'?)",
    "axes: {image: no/such.yaml}": "1:15: matrix.axes.image: no such file",
    "axes: {image: []}": "1:15: matrix.axes.image: expected at least one value",
    "axes: {image: [default, default]}": "1:25: matrix.axes.image: 'default' is here twice",
    "axes: {image: {recipe: default, name: a/b}}": "'a/b' cannot be part of a cell's name",
    "axes: {arch: arm64}": "1:14: matrix.axes.arch: unknown value 'arm64' (did you mean 'aarch64'?)",
    "axes: {profile: win11/documentd}": "1:17: matrix.axes.profile: unknown profile 'win11/documentd'",
    "axes: {target: microvn}": "1:16: matrix.axes.target: unknown value 'microvn' (did you mean 'microvm'?)",
    "axes: {memory: 64}": "1:16: matrix.axes.memory: expected text, found a number (64)",
    "axes: {memory: 8 MiB}": "1:16: matrix.axes.memory: 8 MiB is not between 16 MiB and 2048 MiB",
    "axes: {cpu: {arm: x}}": "1:14: matrix.axes.cpu: unknown key 'arm'",
    "axes: {cpu: {}}": "1:13: matrix.axes.cpu: expected a value for an architecture",
    "axes: {disk: nvme}": "1:14: matrix.axes.disk: unknown value 'nvme'",
    "axes: {fault: gone}": "1:15: matrix.axes.fault: unknown value 'gone' (did you mean 'none'?)",
    "axes: {arch: x86_64, target: virt}": "1:7: matrix.axes: no value fits another one on x86_64",
    "faults: {none: {}}": "1:10: matrix.faults: a fault cannot be called 'none'",
    "faults: {a: {changes: {}}}": "1:13: matrix.faults.a: 'expect' is missing",
    "faults: {a: {expect: {finding: E101}}}": "1:13: matrix.faults.a: expected either 'changes' or 'file'",
    "faults: {a: {changes: {programms: {}}, expect: {finding: E101}}}": (
        "1:24: matrix.faults.a.changes: unknown key 'programms' (did you mean 'programs'?)"
    ),
    "faults: {a: {changes: {extends: x}, expect: {finding: E101}}}": "1:24: matrix.faults.a.changes: unknown",
    "faults: {a: {file: no.yaml, expect: {finding: E101}}}": "1:20: matrix.faults.a.file: ",
    "faults: {a: {changes: {}, expect: {}}}": "1:35: matrix.faults.a.expect: expected what is to be",
    "faults: {a: {changes: {}, expect: {finding: E1O1}}}": "1:45: matrix.faults.a.expect.finding",
    "faults: {a: {changes: {}, expect: {says: '('}}}": "1:42: matrix.faults.a.expect.says: no reg",
    "faults: {a: {changes: {}, expect: {cause: bugchek}}}": "(did you mean 'bugcheck'?)",
    "faults: {a: {changes: {}, expect: {verdict: conforms, finding: E101}}}": "has no finding",
    "faults: {a: {changes: {}, expect: {finding: E101}}}": "1:13: faults: no cell has the fault 'a'",
    "exclude: [{}]": "1:11: matrix.exclude[0]: expected axes",
    "exclude: [{image: diskles}]": "1:19: matrix.exclude[0].image: no cell has the image 'diskles'",
    "exclude: [{arch: x86_64}, {arch: x86_64}]": "1:34: matrix.exclude[1].arch: no cell",
    "exclude: [{image: default}]": "1:1: matrix: there is no cell",
    "include: [{arch: x86_64}]": "1:11: matrix: the cell 'default/x86_64' is there already",
    "repeat: 0": "1:9: matrix.repeat: 0 is not between 1 and 1000",
    "repeat: often": "1:9: matrix.repeat: expected a number, found text (often)",
    "deterministic: 1": "1:16: matrix.deterministic: expected true or false",
    "power-off: buton": "(did you mean 'button'?)",
    "retries: 99": "1:10: matrix.retries: 99 is not between 0 and 10",
    "timeout: 0": "1:10: matrix.timeout: 0 is not between",
    "quarantine: [{cell: '*', reason: x}]": "1:14: matrix.quarantine[0]: 'expires' is missing",
    "quarantine: [{cell: '*', expires: 2026-12-01}]": "1:14: matrix.quarantine[0]: 'reason' is missing",
    "quarantine: [{cell: '*', reason: ' ', expires: 2026-12-01}]": "1:34: matrix.quarantine[0].reason",
    "quarantine: [{cell: '*', reason: x, expires: soon}]": "expected a day like 2026-12-31, found 'soon'",
    "quarantine: [{cell: default/x86, reason: x, expires: 2026-12-01}]": (
        "1:21: matrix.quarantine[0].cell: no cell is 'default/x86' (did you mean 'default/x86_64'?)"
    ),
    "quarantine: [{cell: '*', reason: x, expires: 2026-06-30}]": (
        "1:46: matrix.quarantine[0].expires: expired on 2026-06-30, today is 2026-07-01"
    ),
    "axes: [}": "not YAML",
}


@pytest.mark.parametrize("text", BAD)
def test_what_is_wrong_is_named_with_its_place(text: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        matrix(tmp_path, text + "\n")
    said = str(caught.value)
    assert said.startswith(f"{tmp_path / 'matrix.yaml'}:1:")
    assert BAD[text] in said


def test_an_image_of_a_fault_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no cell has the image 'diskles'"):
        matrix(tmp_path, "axes: {fault: [none, gone]}\n" + FAULT + "    images: [diskles]\n")


def test_no_such_matrix(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        load(tmp_path / "none.yaml")


def test_a_quarantine_lasts_through_its_day(tmp_path: Path) -> None:
    path = tmp_path / "matrix.yaml"
    path.write_text("quarantine: [{cell: ['*/x86_64'], reason: a known fault, expires: 2026-12-01}]\n")
    found = load(path, date(2026, 12, 1))
    excuse = found.excuse("default/x86_64")
    assert excuse is not None and excuse.reason == "a known fault"
    assert found.excuse("default/aarch64") is None
    with pytest.raises(InputError, match="expired on 2026-12-01, today is 2026-12-02"):
        load(path, date(2026, 12, 2))


def test_every_axis_of_a_boot_sets_an_option_that_a_job_may_have() -> None:
    from smssboot.study.options import Options

    assert {axis.option for axis in AXES if axis.option} <= set(Options._fields)


def test_the_matrix_in_the_documentation_is_one(tmp_path: Path) -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "campaign.md").read_text()
    block = text.partition("```yaml\n")[2].partition("```")[0]
    found = matrix(tmp_path, block)
    assert (found.name, len(found.cells), len(found.quarantine)) == ("nightly", 27, 1)
    documented = {line.split(":")[0].strip() for line in block.splitlines()}
    assert set(KEYS) <= documented and set(NAMES) <= documented
