"""Work that may take long, done at once in the tests' own process: for what is tested on a clock of ours."""

import pickle
from collections.abc import Callable

from lamplighter.asl.execution.step import RefusalReason
from lamplighter.isolation.requests import Answer, Request, answer_request


class InlineIsolation:
    """An isolation without processes; what goes in and out still travels as it does to a process."""

    def __init__(self) -> None:
        self.requests: list[Request] = []

    async def run(self, request: Request, refuses: RefusalReason, on_slow: Callable[[], None] | None = None) -> Answer:
        del on_slow  # nothing takes long here
        self.requests.append(request)
        sent: Request = pickle.loads(pickle.dumps(request))
        found: Answer = pickle.loads(pickle.dumps(answer_request(sent, refuses, lambda: False)))
        return found

    async def close(self) -> None:
        """Nothing is under way."""
