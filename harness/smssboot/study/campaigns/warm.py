"""Loads everything that a boot and its report need: imported by the server that forks the jobs' processes."""

from __future__ import annotations

import gc

import pefile  # noqa: F401
import regipy.registry  # noqa: F401

import smssboot.conformance.checker
import smssboot.conformance.monitor
import smssboot.evidence.disk
import smssboot.evidence.memory
import smssboot.evidence.pe
import smssboot.image.build
import smssboot.image.overlay
import smssboot.machine.supervisor
import smssboot.model.context
import smssboot.model.expectation
import smssboot.report.document
import smssboot.study.expect
import smssboot.study.results.cache
import smssboot.study.results.ingredients
import smssboot.study.results.recall
import smssboot.study.runs
import smssboot.study.view
import smssboot.study.witness  # noqa: F401

gc.collect()
gc.freeze()  # nothing of this is looked at again, so the forked processes share its memory
