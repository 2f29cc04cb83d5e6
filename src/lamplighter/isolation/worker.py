"""Answers requests one at a time, in a process of its own (`__main__.py`).

It reads from and writes to one socket, which it inherits, and ends when the other side is gone. It holds no other file
of the engine, no credentials and no part of its environment.
"""

import os
import traceback
from typing import BinaryIO

from lamplighter.asl.definition.model import Resource
from lamplighter.base.json_text import Json
from lamplighter.isolation.framing import receive, send
from lamplighter.isolation.limits import Limits, grant_time, seconds_used
from lamplighter.isolation.messages import OUT_OF_MEMORY, Crashed, Question
from lamplighter.isolation.requests import Answer, Request, answer_request


def serve(stream: BinaryIO, limits: Limits) -> None:
    """Answer requests until there are no more."""
    try:
        while True:
            request: Request = receive(stream)
            send(stream, _answered(stream, limits, request))
    except EOFError:
        return
    except MemoryError:
        os._exit(OUT_OF_MEMORY)  # what is left may not be enough to say so


def _answered(stream: BinaryIO, limits: Limits, request: Request) -> Answer | Crashed:
    begun = grant_time(limits)

    def refuses(resource: Resource, parameters: Json) -> str | None:
        send(stream, Question(resource, parameters))
        reason: str | None = receive(stream)
        return reason

    try:
        return answer_request(request, refuses, lambda: seconds_used() - begun > limits.slice_seconds)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - the engine logs it
        return Crashed(traceback.format_exc())
