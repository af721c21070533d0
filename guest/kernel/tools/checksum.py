"""Sets the CheckSum of a PE image, which the linker leaves at zero and the kernel demands of every driver.

    python checksum.py FILE
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path

_CHECKSUM_OFFSET = 4 + 20 + 64  # signature, file header, the field in the optional header


def image_checksum(image: bytes, field: int) -> int:
    """The checksum of an image whose CheckSum is at offset `field`: folded 16-bit words, plus the length."""
    data = image[:field] + b"\0\0\0\0" + image[field + 4 :] + b"\0" * (len(image) % 2)
    total: int = sum(struct.unpack(f"<{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total + len(image)


def main(path: Path) -> None:
    """Rewrite the image at `path` with its checksum."""
    image = bytearray(path.read_bytes())
    field = struct.unpack_from("<I", image, 0x3C)[0] + _CHECKSUM_OFFSET
    struct.pack_into("<I", image, field, image_checksum(bytes(image), field))
    path.write_bytes(image)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
