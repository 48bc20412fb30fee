"""What the benchmark tells while it works, on standard error."""

from __future__ import annotations

import sys
import time

_start = time.monotonic()


def say(text: str) -> None:
    """One line, with the seconds since the start."""
    print(f"[{time.monotonic() - _start:4.0f} s] {text}", file=sys.stderr, flush=True)
