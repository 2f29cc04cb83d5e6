"""Calls of a client to an engine that may be killed at any moment."""

import time
from collections.abc import Callable, Sequence
from functools import cache

from botocore.exceptions import BotoCoreError, ClientError, FlexibleChecksumError
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from lamplighter.base.json_text import Json
from tests.chaos.storm.ledger import Ledger, WorkItem
from tests.served_engine import ServedEngine

PAUSE_SECONDS = 0.05
"""Seconds between two tries."""
ALREADY_DONE = ("AlreadyExists", "Conflict")
"""Parts of the error codes of a second try, after a first one whose answer was lost."""


class EngineGone(Exception):
    """The engine did not answer, and the storm is over."""


class NoAnswer(Exception):
    """The engine did not answer a read."""


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
                self.ledger.record_fault(f"{operation} {parameters}: {error}"[:1000])
                return None
            raise
        except (BotoCoreError, ResponseParserError):  # no answer, or the head of an answer without its body
            return None
        self.ledger.count_call()
        return answer

    def call_until_answered(self, item: WorkItem | None, service: str, operation: str, **parameters: Json) -> Json:
        """Repeat a call until the engine answers; record each try. The answer that it was done before counts."""
        before_try = (lambda: None) if item is None else (lambda: self.ledger.record_request(item))
        return self._repeat(before_try, () if item is None else ALREADY_DONE, service, operation, parameters)

    def repeat(self, done_before: Sequence[str], service: str, operation: str, **parameters: Json) -> Json:
        """Repeat a call until the engine answers. After a lost answer, an error code with one of these words counts."""
        return self._repeat(lambda: None, done_before, service, operation, parameters)

    def repeat_unless(self, error_code: str, service: str, operation: str, **parameters: Json) -> None:
        """Repeat a call until the engine answers; an error code with this word is an answer, too."""
        try:
            self.repeat((), service, operation, **parameters)
        except ClientError as error:
            if error_code not in error.response["Error"]["Code"]:
                raise

    def _repeat(
        self,
        before_try: Callable[[], None],
        done_before: Sequence[str],
        service: str,
        operation: str,
        parameters: dict[str, Json],
    ) -> Json:
        is_second = False
        while True:
            before_try()
            try:
                answer = self.call(service, operation, **parameters)
            except ClientError as error:
                if not is_second or not any(word in error.response["Error"]["Code"] for word in done_before):
                    raise
                self.ledger.count_call()
                return {}
            if answer is not None:
                return answer
            if self.is_over():
                raise EngineGone
            is_second = True
            time.sleep(PAUSE_SECONDS)

    def read(self, service: str, operation: str, **parameters: Json) -> Json:
        """Read once. Raises NoAnswer."""
        answer = self.call(service, operation, **parameters)
        if answer is None:
            raise NoAnswer
        return answer

    def find(self, missing: str, service: str, operation: str, **parameters: Json) -> Json | None:
        """Read once; return None for an error code with this word. Raises NoAnswer."""
        try:
            return self.read(service, operation, **parameters)
        except ClientError as error:
            if missing in error.response["Error"]["Code"]:
                return None
            raise

    def read_object(self, bucket: str, key: str, **parameters: Json) -> tuple[bytes, str]:
        """Return the body and the ETag of an object. Raises NoAnswer."""
        answer = self.read("s3", "get_object", Bucket=bucket, Key=key, **parameters)
        try:
            return answer["Body"].read(), answer["ETag"]
        except FlexibleChecksumError as error:
            self.ledger.record_fault(f"{bucket}/{key}: {error}")
            raise NoAnswer from None
        except (BotoCoreError, HTTPError, OSError):
            raise NoAnswer from None
