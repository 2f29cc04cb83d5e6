"""Run a command that kills itself: `python -m tests.acceptance.killed_command COUNT WORD…`.

It dies before or after one of the steps of `move` that others can see: a file that is written, a change set that is
executed, a run that is started. COUNT chooses the moment, from 1 on.
"""

import os
import signal
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar
from unittest import mock

from lamplighter.__main__ import main
from lamplighter.cli.deploy.stack import change_set
from lamplighter.cli.move import hand_over
from lamplighter.cli.up.handover_file import HandoverFile

P = ParamSpec("P")
T = TypeVar("T")


def count_moments(left: list[None], function: Callable[P, T]) -> Callable[P, T]:
    """Return the function with a moment before and one after it; the process dies at the last of those left."""

    def step() -> None:
        left.pop()
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    def counted(*given: P.args, **named: P.kwargs) -> T:
        step()
        result = function(*given, **named)
        step()
        return result

    return counted


def run_until(moments: int) -> None:
    """Run the command of `sys.argv` until it dies, or until it ends before that."""
    left: list[None] = [None] * moments
    places = (HandoverFile, "_write"), (change_set, "execute_change_set"), (hand_over, "_start_slot")
    for owner, name in places:
        mock.patch.object(owner, name, count_moments(left, getattr(owner, name))).start()
    main()


if __name__ == "__main__":
    count = int(sys.argv.pop(1))
    run_until(count)
