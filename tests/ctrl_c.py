"""Ctrl+C for a program that a test starts."""

from __future__ import annotations

import signal


def hear() -> None:
    """For `preexec_fn`: a shell's background job, which the tests may be, ignores Ctrl+C and passes that on."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
