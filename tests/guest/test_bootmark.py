"""bootmark's SHA-256 against hashlib's."""

from __future__ import annotations

import hashlib
import random
import subprocess
from pathlib import Path

from smssboot.image.guest import llvm_version

GUEST = Path(__file__).resolve().parents[2] / "guest"
FLAGS = "-std=gnu11 -O1 -Wall -Wextra -Werror -fsanitize=undefined -fsanitize-trap=undefined"


def test_digests(tmp_path: Path) -> None:
    program = tmp_path / "sha256"
    includes = [f"-I{GUEST}/include", f"-I{GUEST}/user/bootmark"]
    objects = [tmp_path / "sha256.o", tmp_path / "main.o"]
    sources = [GUEST / "user/bootmark/sha256.c", GUEST / "tests/bootmark/main.c"]
    clang = f"clang-{llvm_version()}"
    for source, target in zip(sources, objects, strict=True):
        # The guest's headers want its own wchar_t; nothing wide passes between the two.
        command = [clang, *FLAGS.split(), "-fshort-wchar", *includes, "-c", source, "-o", target]
        subprocess.run(list(map(str, command)), check=True)
    subprocess.run([clang, *map(str, objects), "-o", str(program)], check=True)
    chance = random.Random(1)
    for size in [*range(130), 1000, 65536, 100001]:
        data = chance.randbytes(size)
        done = subprocess.run([program], input=data, capture_output=True, check=True)
        assert done.stdout.decode() == hashlib.sha256(data).hexdigest(), size
