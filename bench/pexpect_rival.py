"""What people write without a harness: spawn QEMU, wait for the last line, expect the end.

`python pexpect_rival.py LAST-LINE-PATTERN QEMU-ARGV...`: the console is on standard input and output.
"""

from __future__ import annotations

import sys

import pexpect


def main() -> int:
    """Boots once; QEMU's exit status, or pexpect's error when the line does not come."""
    pattern, program, *arguments = sys.argv[1:]
    child = pexpect.spawn(program, arguments, timeout=60, echo=False)
    child.delaybeforesend = None
    child.expect(pattern)
    child.expect(pexpect.EOF)
    child.close()
    return int(child.exitstatus or 0)


if __name__ == "__main__":
    sys.exit(main())
