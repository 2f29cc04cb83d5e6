"""An isolation that computes requests immediately in the tests' process, for tests on a manual clock."""

import pickle
from collections.abc import Callable

from lamplighter.asl.execution.step import RefusalReason
from lamplighter.isolation.requests import Answer, Request, answer_request


class InlineIsolation:
    """An isolation without processes; requests and answers are still pickled as they are for a process."""

    def __init__(self) -> None:
        self.requests: list[Request] = []

    async def run(self, request: Request, refuses: RefusalReason, on_slow: Callable[[], None] | None = None) -> Answer:
        del on_slow  # no request is slow here
        self.requests.append(request)
        sent: Request = pickle.loads(pickle.dumps(request))
        answer: Answer = pickle.loads(pickle.dumps(answer_request(sent, refuses, lambda: False)))
        return answer

    async def close(self) -> None:
        """Do nothing: no request is running."""
