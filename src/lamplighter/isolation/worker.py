"""Answer requests one at a time, in a worker process (`__main__.py`).

The worker reads from and writes to one inherited socket, and ends when the other side closes it. It has no other open
file of the engine, no credentials, and only a few variables of the engine's environment.
"""

import os
import traceback
from typing import BinaryIO

from lamplighter.asl.definition.model import Resource
from lamplighter.base.json_text import Json
from lamplighter.isolation.framing import receive, send
from lamplighter.isolation.limits import Limits, grant_time, seconds_used
from lamplighter.isolation.messages import OUT_OF_MEMORY, Crashed, RefusalQuestion
from lamplighter.isolation.requests import Answer, Request, answer_request


def serve(stream: BinaryIO, limits: Limits) -> None:
    """Answer requests until the stream ends."""
    try:
        while True:
            request: Request = receive(stream)
            send(stream, _answer(stream, limits, request))
    except EOFError:
        return
    except MemoryError:
        os._exit(OUT_OF_MEMORY)  # the remaining memory may not suffice for an answer


def _answer(stream: BinaryIO, limits: Limits, request: Request) -> Answer | Crashed:
    used_before = grant_time(limits)

    def refusal_reason(resource: Resource, parameters: Json) -> str | None:
        send(stream, RefusalQuestion(resource, parameters))
        reason: str | None = receive(stream)
        return reason

    try:
        return answer_request(request, refusal_reason, lambda: seconds_used() - used_before > limits.slice_seconds)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - the engine logs it
        return Crashed(traceback.format_exc())
