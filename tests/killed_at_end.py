"""End a process with the test that started it: `with Popen(...)` alone waits for ever if the test fails."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import AnyStr


@contextmanager
def killed_at_end(process: "subprocess.Popen[AnyStr]") -> Iterator["subprocess.Popen[AnyStr]"]:
    """Yield a process; kill it at the end of the block, unless it has ended, and wait for it."""
    with process:
        try:
            yield process
        finally:
            process.kill()
