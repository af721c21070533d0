"""The only code that touches QEMU: targets, launch, QMP, serial ports and the supervisor.

`plan` holds the dataclasses, `vm.Machine` is one running QEMU, `supervisor.supervise` drives a boot to
its cause. Nothing is imported here: the command line spawns QEMU before it pays for asyncio.
"""
