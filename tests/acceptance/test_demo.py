"""`make demo` runs to its end and prints every expected event."""

import re
import subprocess
import sys
from pathlib import Path

DEMO = Path(__file__).parents[2] / "examples" / "article" / "demo.py"


def test_the_demo_runs_to_its_end_with_failure_kill_retry_and_mail() -> None:
    done = subprocess.run([sys.executable, str(DEMO)], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    expected = [
        "attempt 1 failed, exit code 1: the database is not there",
        "kill -9 the engine",
        "succeeded after [1-9]\\d.* s: the report is ready",
        "attempt 2 failed",
        "failed after",
        "a mail to team@example.com",
        "nightly-report",
    ]
    assert re.search(".*".join(expected), done.stdout, re.DOTALL), done.stdout
