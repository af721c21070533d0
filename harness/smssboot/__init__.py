"""smssboot: boots a guest in QEMU and judges its Session Manager against the documented sequence."""

from typing import Final

__version__: Final = "0.1.0"
