"""What people write without a harness: spawn QEMU, wait for the last line, expect the end.

`python pexpect_rival.py LAST-LINE-PATTERN QEMU-ARGV...`: the console is on standard input and output. With
`--no-delay` before it, without the tenth of a second that pexpect sleeps in `close()`.
"""

from __future__ import annotations

import sys

import pexpect


def main() -> int:
    """Boots once; QEMU's exit status, or pexpect's error when the line does not come."""
    tuned = sys.argv[1] == "--no-delay"
    pattern, program, *arguments = sys.argv[2 if tuned else 1 :]
    child = pexpect.spawn(program, arguments, timeout=60, echo=False)
    if tuned:
        child.ptyproc.delayafterclose = 0  # type: ignore[attr-defined]
    child.expect(pattern)
    child.expect(pexpect.EOF)
    child.close()
    return int(child.exitstatus or 0)


if __name__ == "__main__":
    sys.exit(main())
