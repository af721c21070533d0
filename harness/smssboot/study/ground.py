"""A context from a built image, and as JSON: what the model is grounded in, with the volumes and programs.

Everything here happens once per image, when its expectation is made, or for a kept boot.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from smssboot.image import pekind
from smssboot.image.built import PLACEHOLDER, SHORT, BuiltImage, with_nonce
from smssboot.image.volumes import VolumeInfo

if TYPE_CHECKING:
    from smssboot.model.context import Context, ImageInfo, Volume

SCHEMA: Final = "smssboot.context/2"
_SHORT_TEXT: Final = 4096


def context(image: BuiltImage, profile: str, nonce: str, memory_mib: int | None = None) -> Context:
    """What is known of this boot before power-on.  `memory_mib` None: what the image or its machine has."""
    from smssboot.model.context import Context

    return Context(
        arch=image.arch,
        registry=image.registry_for(nonce),
        nonce=nonce,
        image=image.id,
        files=tuple(image.files),
        profile=profile,
        memory_mib=memory_mib or image.memory_mib or _machine_memory(image),
        volumes=volumes(image, nonce),
        images=images(image),
    )


def _machine_memory(image: BuiltImage) -> int:
    from smssboot.machine.targets import DEFAULT_TARGET, TARGETS

    target = TARGETS.get(image.target or "", DEFAULT_TARGET[image.arch])
    return target.memory_mib


def images(image: BuiltImage) -> dict[str, ImageInfo]:
    """Kind and imports of the image's programs, by their names in lower case."""
    from smssboot.evidence import pe
    from smssboot.model.context import ImageInfo

    found: dict[str, ImageInfo] = {}
    for name, path in image.files.items():
        if name.lower().endswith((".exe", ".dll", ".sys")):
            kind = pekind.kind(path.read_bytes())
            found[name.lower()] = ImageInfo(kind, pe.imports(path) if kind == "dll" else ())
    return found


def volumes(image: BuiltImage, nonce: str) -> tuple[Volume, ...]:
    """The disk's volumes as the model knows them, with the nonce in names and short texts."""
    from smssboot.model.context import DumpInfo, FileInfo, Volume

    out: list[Volume] = []
    for built in image.volumes:
        texts = _texts(image, built)
        told = VolumeInfo.from_json(json.loads(with_nonce(json.dumps(built.to_json()), nonce)))
        known = {with_nonce(path, nonce): with_nonce(text, nonce) for path, text in texts.items()}
        dump = None if told.dump is None else DumpInfo(told.dump.path, told.dump.bytes, told.dump.sha256)
        files = {
            path: FileInfo(f.size, f.directory, f.readonly, f.sha256, f.kind, known.get(path))
            for path, f in told.files.items()
        }
        out.append(
            Volume(
                letter=told.letter,
                device=told.device,
                bytes=told.bytes,
                free=told.free,
                cluster=told.cluster,
                dirty=told.dirty,
                problems=told.problems,
                files=files,
                dump=dump,
                filesystem=told.filesystem,
                serial=told.serial,
                label=told.label,
            )
        )
    return tuple(out)


def _texts(image: BuiltImage, volume: VolumeInfo) -> dict[str, str]:
    """The short texts that hold the placeholder of the nonce: their digest is known only at the boot."""
    wanted = [
        path for path, f in volume.files.items()
        if not f.directory and not f.sha256 and 0 < f.size <= _SHORT_TEXT
    ]  # fmt: skip
    if not wanted or image.disk is None:
        return {}
    from smssboot.evidence.fatvolume import contents

    out: dict[str, str] = {}
    sizes = {path: volume.files[path].size for path in wanted}
    for path, data in contents(image.disk, volume.offset, sizes).items():
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            continue
        if PLACEHOLDER[:SHORT] in text:
            out[path] = text
    return out


def to_json(ground: Context) -> dict[str, Any]:
    """A context as JSON, so that a kept log can be judged again on its own."""
    registry = {
        key: {
            name: [kind, {"hex": data.hex()} if isinstance(data, bytes) else data]
            for name, (kind, data) in values.items()
        }
        for key, values in ground.registry.items()
    }
    return {
        "schema": SCHEMA,
        "arch": ground.arch,
        "profile": ground.profile,
        "nonce": ground.nonce,
        "image": ground.image,
        "memory_mib": ground.memory_mib,
        "files": list(ground.files),
        "images": {name: [known.kind, list(known.imports)] for name, known in ground.images.items()},
        "volumes": [_volume_json(volume) for volume in ground.volumes],
        "registry": registry,
    }


def _volume_json(volume: Volume) -> dict[str, Any]:
    from dataclasses import asdict

    files = {path: list(info) for path, info in volume.files.items()}
    dump = None if volume.dump is None else list(volume.dump)
    return {**asdict(volume), "files": files, "problems": list(volume.problems), "dump": dump}


def from_json(data: dict[str, Any]) -> Context:
    """The reverse of `to_json`.  Raises KeyError, TypeError or ValueError when it is none."""
    from smssboot.model.context import Context, DumpInfo, FileInfo, ImageInfo, Volume

    if data["schema"] != SCHEMA:
        raise ValueError(data["schema"])
    registry = {
        key: {
            name: (kind, bytes.fromhex(value["hex"]) if isinstance(value, dict) else value)
            for name, (kind, value) in values.items()
        }
        for key, values in data["registry"].items()
    }
    known = tuple(
        Volume(
            **{
                **told,
                "problems": tuple(told["problems"]),
                "files": {path: FileInfo(*entry) for path, entry in told["files"].items()},
                "dump": None if told["dump"] is None else DumpInfo(*told["dump"]),
            }
        )
        for told in data["volumes"]
    )
    return Context(
        arch=data["arch"],
        registry=registry,
        nonce=data["nonce"],
        image=data["image"],
        files=tuple(data["files"]),
        profile=data["profile"],
        memory_mib=int(data["memory_mib"]),
        volumes=known,
        images={name: ImageInfo(kind, tuple(dlls)) for name, (kind, dlls) in data["images"].items()},
    )

