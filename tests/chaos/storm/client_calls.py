"""Calls of a client to an engine that may be killed at any moment."""

import time
from collections.abc import Callable
from functools import cache

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from lamplighter.base.json_text import Json
from tests.chaos.storm.ledger import Ledger, WorkItem
from tests.served_engine import ServedEngine

PAUSE_SECONDS = 0.05
"""Seconds between two tries."""
ALREADY_DONE = ("AlreadyExists", "Conflict")
"""Parts of the error codes of a second try, after a first one whose answer was lost."""


class EngineGone(Exception):
    """The engine did not answer, and the storm is over."""


class ClientCalls:
    """The calls of one client, by boto3."""

    def __init__(self, served: ServedEngine, ledger: Ledger, is_over: Callable[[], bool]) -> None:
        self._served = served
        self._client = cache(lambda service, _url: served.client(service))
        self.ledger = ledger
        self.is_over = is_over

    def call(self, service: str, operation: str, **parameters: Json) -> Json | None:
        """Try a call once; return None if the engine does not answer."""
        try:
            answer = getattr(self._client(service, self._served.url), operation)(**parameters)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
                return None
            raise
        except (BotoCoreError, ResponseParserError):  # no answer, or the head of an answer without its body
            return None
        self.ledger.count_call()
        return answer

    def call_until_answered(self, item: WorkItem | None, service: str, operation: str, **parameters: Json) -> Json:
        """Repeat a call until the engine answers; record each try. The answer that it was done before counts."""
        while True:
            if item is not None:
                self.ledger.record_request(item)
            try:
                answer = self.call(service, operation, **parameters)
            except ClientError as error:
                if item is None or not any(word in error.response["Error"]["Code"] for word in ALREADY_DONE):
                    raise
                self.ledger.count_call()
                return {}
            if answer is not None:
                return answer
            if self.is_over():
                raise EngineGone
            time.sleep(PAUSE_SECONDS)
