"""Calls of a customer, over an engine that may be gone at any moment."""

import time
from collections.abc import Callable
from functools import cache

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from lamplighter.base.json_text import Json
from tests.chaos.storm.ledger import Ledger, Wish
from tests.served_engine import ServedEngine

PAUSE = 0.05
"""Seconds between two tries."""
DONE_BEFORE = ("AlreadyExists", "Conflict")
"""What a second try is told after a first one whose answer was cut off."""


class Gone(Exception):
    """The engine did not answer, and the storm is over."""


class ClientCalls:
    """One customer's clients."""

    def __init__(self, served: ServedEngine, ledger: Ledger, is_over: Callable[[], bool]) -> None:
        self._served = served
        self._client = cache(lambda service, _url: served.client(service))
        self.ledger = ledger
        self.is_over = is_over

    def call(self, service: str, operation: str, **parameters: Json) -> Json | None:
        """One try; None where nobody answered."""
        try:
            answer = getattr(self._client(service, self._served.url), operation)(**parameters)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
                return None
            raise
        except (BotoCoreError, ResponseParserError):  # nothing, or the head of an answer and no body
            return None
        self.ledger.count()
        return answer

    def insist(self, wish: Wish | None, service: str, operation: str, **parameters: Json) -> Json:
        """Try until somebody answers; each try is written down. An answer that it was done before is one."""
        while True:
            if wish is not None:
                self.ledger.ask(wish)
            try:
                answer = self.call(service, operation, **parameters)
            except ClientError as error:
                if wish is None or not any(word in error.response["Error"]["Code"] for word in DONE_BEFORE):
                    raise
                self.ledger.count()
                return {}
            if answer is not None:
                return answer
            if self.is_over():
                raise Gone
            time.sleep(PAUSE)
