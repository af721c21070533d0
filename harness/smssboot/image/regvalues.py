"""The `registry:` part of a recipe: keys and values that are set or deleted.

    registry:
      set:
        CurrentControlSet\\Control\\Session Manager\\DOS Devices:
          COM9: \\Device\\Serial8                            text: REG_SZ
          Level: 3                                         a number: REG_DWORD
          Names: [a, "", b]                                a list: REG_MULTI_SZ
          Path: {type: REG_EXPAND_SZ, data: '%SystemRoot%'}
      delete:
        - CurrentControlSet\\Services\\Beep                  a key with all below it
        - {key: CurrentControlSet\\Control, value: Flag}    one value

`CurrentControlSet` is the control set that `Select\\Current` names, as in a running system.
"""

from __future__ import annotations

from typing import Final

from smssboot.errors import did_you_mean
from smssboot.image import regf
from smssboot.image.document import Node

_NAME_LIMIT: Final = 255  # characters of a key's name
_VALUE_LIMIT: Final = 16383  # characters of a value's name
_CURRENT: Final = "CurrentControlSet"


def apply(node: Node, root: regf.Key) -> None:
    """Change the tree below `root` as the node says: deletions first."""
    fields = node.fields(("set", "delete"))
    if "delete" in fields:
        for item in fields["delete"].items():
            _delete(item, root)
    if "set" in fields:
        for path, (key, values) in fields["set"].pairs().items():
            _check_path(key, path)
            target = root.open(resolve(root, path), create=True)
            assert target is not None
            for name, (value_key, value) in values.pairs().items():
                if len(name) > _VALUE_LIMIT:
                    value_key.fail(f"registry: a value's name has at most {_VALUE_LIMIT} characters")
                target.values[_same_name(target.values, name)] = _value(value)


def resolve(root: regf.Key, path: str) -> str:
    """The path with `CurrentControlSet` replaced by the control set that Select names."""
    first, _, rest = path.partition("\\")
    if first.casefold() != _CURRENT.casefold():
        return path
    select = root.open("Select")
    number = select.values.get("Current") if select else None
    current = number.data if number and isinstance(number.data, int) else 1
    return f"ControlSet{current:03}" + ("\\" + rest if rest else "")


def _same_name(names: dict[str, regf.Value], name: str) -> str:
    """The name as it is already there, whatever its case."""
    return next((known for known in names if known.casefold() == name.casefold()), name)


def _check_path(node: Node, path: str) -> None:
    names = path.split("\\")
    if not all(names):
        node.fail(f"registry: {path!r} is no key path below the hive's root")
    for name in names:
        if len(name) > _NAME_LIMIT:
            node.fail(f"registry: a key's name has at most {_NAME_LIMIT} characters")


def _delete(node: Node, root: regf.Key) -> None:
    if node.kind == "str":
        path = resolve(root, node.text())
        parent, _, name = path.rpartition("\\")
        holder = root.open(parent)
        names = holder.subkeys if holder else {}
        found = next((known for known in names if known.casefold() == name.casefold()), None)
        if holder is None or found is None:
            node.fail(f"registry: there is no key {path!r} to delete", hint=did_you_mean(name, names))
        del holder.subkeys[found]
        return
    fields = node.fields(("key", "value"), required=("key", "value"))
    path, name = resolve(root, fields["key"].text()), fields["value"].text()
    key = root.open(path)
    if key is None:
        fields["key"].fail(f"registry: there is no key {path!r}")
    found = _same_name(key.values, name)
    if found not in key.values:
        hint = did_you_mean(name, key.values)
        fields["value"].fail(f"registry: {path!r} has no value {name!r} to delete", hint=hint)
    del key.values[found]


def _value(node: Node) -> regf.Value:
    if node.kind == "str":
        value = regf.Value("REG_SZ", _text(node))
    elif node.kind == "int":
        value = regf.Value("REG_DWORD", node.integer())
    elif node.kind == "seq":
        value = regf.Value("REG_MULTI_SZ", [_text(item) for item in node.items()])
    elif node.kind == "map":
        value = _typed(node)
    else:
        node.fail(f"{node.where}: expected text, a number, a list or {{type, data}}; quote text like 'no'")
    try:
        regf.encode(value)
    except ValueError as error:
        node.fail(f"{node.where}: {error}")
    return value


def _typed(node: Node) -> regf.Value:
    """A value with its type: `data`, or the raw bytes of any type as `hex`."""
    fields = node.fields(("type", "data", "hex"), required=("type",))
    kind = fields["type"].choice(regf.TYPES)
    if "hex" in fields:
        if "data" in fields:
            fields["data"].fail(f"{node.where}: has both 'data' and 'hex'")
        return regf.Value(kind, hexadecimal(fields["hex"]))
    if "data" not in fields:
        if kind == "REG_NONE":
            return regf.Value(kind, b"")
        node.fail(f"{node.where}: 'data' is missing")
    data = _data(fields["data"])
    return regf.Value(kind, b"" if data == [] and kind != "REG_MULTI_SZ" else data)


def hexadecimal(node: Node) -> bytes:
    """Bytes written as text like `de ad be ef`."""
    text = node.raw() if node.kind in ("str", "int") else node.text()
    try:
        return bytes.fromhex(text)
    except ValueError:
        node.fail(f"{node.where}: expected pairs of hexadecimal digits, found {text[:40]!r}")


def _data(node: Node) -> regf.Data:
    if node.kind == "int":
        return node.integer()
    if node.kind == "seq":
        items = node.items()
        if items and all(item.kind == "int" for item in items):
            return bytes(item.integer(0, 255) for item in items)
        return [_text(item) for item in items]
    if node.kind == "binary":
        import base64

        return base64.b64decode(node.raw())
    return _text(node)


def _text(node: Node) -> str:
    text = node.text()
    if "\0" in text:
        node.fail(f"{node.where}: text must not contain a NUL")
    return text
