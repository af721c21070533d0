"""The model language: what it says, and how it complains."""
# ruff: noqa: E501 (a complaint stands on one line with what causes it)

from __future__ import annotations

import pytest

from smssboot.model import Context, ModelError, ground, load, load_text, profiles
from smssboot.model.expectation import UNBOUNDED, Expectation
from smssboot.model.expr import ExprError, evaluate, fill
from smssboot.model.functions import FUNCTIONS

HEAD = "model: test/one\nschema: 1\n"


def grounded(text: str, **known: object) -> Expectation:
    return ground(load_text(HEAD + text), Context(arch="x86_64", **known))  # type: ignore[arg-type]


def labels(expected: Expectation) -> list[str]:
    return [node.label for node in expected.nodes if node.voice]


def arrows(expected: Expectation) -> set[tuple[str, str]]:
    """Order between visible events, joins resolved."""
    out = set()
    for node in expected.nodes:
        stack, seen = [node.index], set()
        while stack:
            here = stack.pop()
            for edge in expected.edges:
                if edge.first == here and edge.then not in seen:
                    seen.add(edge.then)
                    then = expected.nodes[edge.then]
                    if then.voice:
                        out.add((node.label, then.label))
                    else:
                        stack.append(edge.then)
    return {(a, b) for a, b in out if a != "join"}


def complaint(text: str) -> str:
    with pytest.raises(ModelError) as caught:
        load_text(HEAD + text, "m.yaml")
    return str(caught.value)


def test_counts_and_voices() -> None:
    expected = grounded(
        "events:\n"
        "  a: {claim: a, count: 2}\n"
        "  b: {fact: b, count: 1..*}\n"
        "  c: {evidence: c, optional: true}\n"
        "  d: {fact: d, count: '=1 + 2'}\n"
    )
    found = {node.name: (node.voice, node.low, node.high) for node in expected.nodes}
    assert found["a"] == ("claim", 2, 2)
    assert found["b"] == ("fact", 1, UNBOUNDED)
    assert found["c"] == ("evidence", 0, 1)
    assert found["d"] == ("fact", 3, 3)


def test_each_expands_and_lists_keep_their_order() -> None:
    expected = grounded("events:\n  e: {each: n in numbers(3), data: {n: <n>}}\n")
    assert labels(expected) == ["e n=0", "e n=1", "e n=2"]
    assert arrows(expected) == {("e n=0", "e n=1"), ("e n=1", "e n=2")}
    free = grounded("events:\n  e: {each: n in numbers(3), order: any, data: {n: <n>}}\n")
    assert arrows(free) == set()


def test_bindings_select_the_same_the_next_the_first_and_the_last() -> None:
    text = (
        "events:\n"
        "  s: {claim: s, each: n in numbers(3), order: any, data: {n: <n>}}\n"
        "  e: {claim: e, each: n in numbers(3), order: any, data: {n: <n>}}\n"
        "  z: {claim: z}\n"
        "order:\n"
    )
    same = arrows(grounded(text + "  - s(n) -> e(n)\n"))
    assert same == {(f"s n={n}", f"e n={n}") for n in range(3)}
    after = arrows(grounded(text + "  - e(n) -> s(next n)\n"))
    assert after == {("e n=0", "s n=1"), ("e n=1", "s n=2")}
    assert arrows(grounded(text + "  - s(1) -> z\n")) == {("s n=1", "z")}
    assert arrows(grounded(text + "  - s(first) -> z -> e(last)\n")) == {("s n=0", "z"), ("z", "e n=2")}
    assert arrows(grounded(text + "  - s(n) -> e(n = 2)\n")) == {(f"s n={n}", "e n=2") for n in range(3)}


def test_every_with_every_goes_through_one_join() -> None:
    text = "events:\n  a: {each: n in numbers(40), order: any, data: {n: <n>}}\n"
    text += "  b: {each: n in numbers(50), order: any, data: {n: <n>}}\norder: [a -> b]\n"
    expected = grounded(text)
    assert len(expected.edges) == 90
    assert ("a n=0", "b n=49") in arrows(expected)


def test_a_chain_closes_over_what_is_switched_off() -> None:
    text = "events:\n  a: {}\n  b: {when: arch == 'aarch64'}\n  c: {}\norder: [a -> b -> c]\n"
    assert arrows(grounded(text)) == {("a", "c")}


def test_a_chain_closes_over_single_values_that_are_absent() -> None:
    text = (
        "events:\n"
        "  a: {each: n in numbers(2), order: any, data: {n: <n>}}\n"
        "  b: {each: n in numbers(1), data: {n: <n>}}\n"
        "  c: {each: n in numbers(2), order: any, data: {n: <n>}}\n"
        "order: [a(n) -> b(n) -> c(n)]\n"
    )
    assert arrows(grounded(text)) == {("a n=0", "b n=0"), ("b n=0", "c n=0"), ("a n=1", "c n=1")}


def test_a_phase_encloses_its_proofs_and_what_is_within() -> None:
    expected = grounded(
        "phases:\n"
        "  p:\n"
        "    proof:\n"
        "      done: {fact: object.create, data: {path: x}}\n"
        "      seen: {evidence: memory.object, data: {path: x}}\n"
        "events:\n"
        "  inner: {within: p}\n"
        "  later: {}\n"
        "order: [p -> later]\n"
    )
    found = arrows(expected)
    assert {("p.begin", "object.create"), ("object.create", "p.end"), ("p.begin", "inner")} <= found
    assert ("p.end", "later") in found
    names = {node.name: node for node in expected.nodes}
    begin = names["p.begin"].index
    assert names["object.create"].proves == (begin,)
    assert names["memory.object"].proves == (begin,)
    assert not any("memory.object" in pair for pair in found)
    assert names["p.end"].head == begin


def test_values_are_texts_templates_or_expressions() -> None:
    expected = grounded(
        "let: {who: '=\"a\" + \"b\"'}\n"
        "events:\n"
        "  e: {data: {plain: 0x61, full: 'x<who>y', sum: =1 + 1, none: =none, no: no}}\n"
    )
    data = {key: match.args[0] for key, match in expected.nodes[0].data}
    assert data == {"plain": "0x61", "full": "xaby", "sum": "2", "no": "no"}


def test_one_of_and_never_and_timing_are_grounded() -> None:
    expected = grounded(
        "events: {a: {}, b: {}, c: {}}\n"
        "one_of: [{choose: [[a], [b]]}]\n"
        "never: [{fact: boom, before: c}, {event: '*', after: c, except: net.*}]\n"
        "timing: [a .. c <= 2 s, b .. c in 1 ms .. 1 s]\n"
    )
    assert expected.choices == (((0,), (1,)),)
    assert [never.name for never in expected.nevers] == ["boom", "*"]
    assert [(b.low, b.high) for b in expected.bounds] == [(0, 2_000_000_000), (1_000_000, 1_000_000_000)]


def test_everything_after_the_request_belongs_to_the_shutdown() -> None:
    text = "events: {a: {}, ask: {}, z: {}}\norder: [a -> ask -> z]\nsteady: ask\n"
    found = {node.name: node.after_steady for node in grounded(text).nodes}
    assert found == {"a": False, "ask": True, "z": True}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("events:\n  a: {cuont: 2}\n", "m.yaml:4:7: expected a field of the event `a`, found `cuont` (did you mean `count`?)"),
        ("events: {a: {}}\norder: [a -> bb]\n", "m.yaml:4:14: expected an event or a phase, found `bb`"),
        ("events: {start: {}}\norder: [start -> strat]\n", "did you mean `start`?"),
        ("events: {a: {}}\norder: [a > a]\n", "m.yaml:4:11: expected `->`, found `>`"),
        ("events: {a: {}}\norder: [a -> a(]\n", "expected a binding"),
        ("events: {a: {count: many}}\n", "m.yaml:3:21: expected a count, found `many`"),
        ("events: {a: {count: 3..1}}\n", "contradicts itself"),
        ("events: {a: {data: {x: '=1 +'}}}\n", "m.yaml:3:26: cannot read the expression"),
        ("events: {a: {data: {x: '=lenn(1)'}}}\n", "expected a function of the model, found `lenn` (did you mean `len`?)"),
        ("events: {a: {data: {x: '=__import__(1)'}}}\n", "expected a function of the model, found `__import__`"),
        ("events: {a: {data: {x: '=(1).real.__class__'}}}\n", "`__class__` is not allowed"),
        ("events: {a: {data: {x: '=[n for n in 1]'}}}\n", "`ListComp` is not allowed"),
        ("events: {a: {data: {x: {globb: y}}}}\n", "expected a kind of condition, found `globb` (did you mean `glob`?)"),
        ("events: {a: {by: nobody}}\nactors: {somebody: {}}\n", "expected an actor, found `nobody` (did you mean `somebody`?)"),
        ("events: {a: {within: p}}\n", "expected a phase, found `p`"),
        ("events: {a: {statements: S-999}}\n", "expected the id of a statement, found `S-999`"),
        ("events: {a: {}, a: {}}\n", "m.yaml:3:17: `a` appears twice (first at line 3)"),
        ("events: {a: {claim: a, fact: b}}\n", "expected one voice, found claim and fact"),
        ("events: [a]\n", "m.yaml:3:9: expected a mapping for `events`, found a list"),
        ("events: {a: {order: whatever}}\n", "expected `any` or `listed`"),
        ("events: {a: {each: many}}\n", "expected `name in list`, found `many`"),
        ("events: {a: {}}\ntiming: [a .. a <= soon]\n", "expected a time such as `20 s`"),
        ("events: {a: {}}\ntiming: ['a .. a in 2 s .. 1 s']\n", "the bounds contradict each other"),
        ("events: {a: {}}\norder: [a(n) -> a]\n", "expected a loop variable of `a`, found `n`"),
        ("steady: nothing\n", "expected an event, found `nothing`"),
        ("evnts: {}\n", "m.yaml:3:1: expected a field of a model, found `evnts` (did you mean `events`?)"),
        ("events: {a: {}\n", "m.yaml:4:1: not YAML"),
        ("include: [elsewhere.yaml]\n", "m.yaml:3:11: no file `elsewhere.yaml`"),
    ],
)  # fmt: skip
def test_complaints_have_a_place_and_a_hint(text: str, wanted: str) -> None:
    assert wanted in complaint(text)


def test_all_complaints_at_once_in_the_order_of_the_file() -> None:
    told = complaint("events:\n  a: {cuont: 2}\n  b: {whn: 1}\norder: [a -> c]\n").splitlines()
    assert [line.split(":")[1] for line in told] == ["4", "5", "6"]


def test_a_cycle_is_refused_with_its_rules() -> None:
    model = load_text(HEAD + "events: {a: {}, b: {}}\norder: [a -> b, b -> a]\n", "m.yaml")
    with pytest.raises(ModelError, match=r"m\.yaml:4:9: order\[0\]: `a` before `b` is on a cycle"):
        ground(model, Context(arch="x86_64"))


def test_a_name_that_is_unknown_while_grounding_has_a_place() -> None:
    model = load_text(HEAD + "events: {a: {when: arhc == 'x'}}\n", "m.yaml")
    with pytest.raises(ModelError, match=r"m\.yaml:3:20: unknown name `arhc` \(did you mean `arch`\?\)"):
        ground(model, Context(arch="x86_64"))


def test_an_unknown_profile_names_the_nearest() -> None:
    with pytest.raises(ModelError, match="did you mean `win11/documented`"):
        load("win11/documentd")
    with pytest.raises(ModelError, match=r"expected a profile, found `\.\./x`"):
        load("../x")
    assert profiles() == ("win11/documented", "win11/observed")


def test_an_unknown_architecture_is_refused() -> None:
    with pytest.raises(ModelError, match="expected an architecture, found `arm64`"):
        ground(load(), Context(arch="arm64"))


def test_expressions_compute_and_refuse() -> None:
    scope = {"a": 2, "names": ["x", "y"], "hive": {"Key": 7}}
    assert evaluate("1 if a == 2 and 'x' in names else 0", scope, FUNCTIONS) == 1
    assert evaluate("hive.Key + len(names) * 2", scope, FUNCTIONS) == 11
    assert evaluate("not a or none", scope | {"none": None}, FUNCTIONS) is None
    assert fill(r"\S\<a>\<names[1]>", scope, FUNCTIONS) == r"\S\2\y"
    for bad in ("'x' * 9", "names.sort", "a / 0", "a[0]", "missing", "hive.Kex", "10 ** 9"):
        with pytest.raises(ExprError):
            evaluate(bad, scope, FUNCTIONS)


def test_a_cached_expectation_is_the_same_and_a_damaged_one_is_none() -> None:
    expected = grounded("events: {a: {}, b: {}}\norder: [a -> b]\n")
    blob = expected.to_cache()
    assert Expectation.from_cache(blob) == expected
    assert Expectation.from_cache(blob[:-9]) is None
    assert Expectation.from_cache(b"") is None
    assert Expectation.from_cache(b"nothing of the kind") is None
    assert expected.with_nonce("ff").nonce == "ff"
