"""Runs put together: image, machine, evidence and conformance make one boot, boots make a study.

`boot.Boot` is one boot; `runs.run` does several side by side; `offline.check_file` judges a log without
QEMU.  Nothing is imported here: QEMU is spawned before anything heavy is.
"""
