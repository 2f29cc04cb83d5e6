"""The engine harness with calls of CloudWatch Logs, page after page."""

from collections.abc import Iterator, Sequence

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from tests.engine_harness import EngineHarness

GROUP = "/batch/nightly"
ARN = f"arn:aws:logs:us-east-1:123456789012:log-group:{GROUP}"


class LogsHarness(EngineHarness):
    """Calls CloudWatch Logs and checks its answers."""

    @property
    def now(self) -> int:
        return self.clock.now()

    def logs(self, operation: str, **params: Json) -> Json:
        return self.call("logs", operation, **params)

    def refused(self, operation: str, **params: Json) -> tuple[str, str]:
        """The code and the message of the error that a call must end in."""
        with pytest.raises(AwsError) as error:
            self.logs(operation, **params)
        return error.value.code, error.value.message

    def open(self, *streams: str, group: str = GROUP, **params: Json) -> None:
        """Create a group and streams in it."""
        self.logs("CreateLogGroup", logGroupName=group, **params)
        for stream in streams:
            self.logs("CreateLogStream", logGroupName=group, logStreamName=stream)

    def put(self, stream: str, *events: tuple[int, str], group: str = GROUP) -> Json:
        """Put events, given by their time before now and their text."""
        listed = [{"timestamp": self.now - ago, "message": message} for ago, message in events]
        return self.logs("PutLogEvents", logGroupName=group, logStreamName=stream, logEvents=listed)

    def pages(self, operation: str, **params: Json) -> Iterator[Json]:
        """All pages of a list."""
        token: dict[str, str] = {}
        while True:
            page = self.logs(operation, **params, **token)
            yield page
            if "nextToken" not in page:
                return
            token = {"nextToken": page["nextToken"]}

    def found(self, pattern: str = "", **params: Json) -> list[str]:
        """The messages that FilterLogEvents finds, of all pages."""
        pages = self.pages("FilterLogEvents", logGroupName=GROUP, filterPattern=pattern, **params)
        return messages(event for page in pages for event in page["events"])

    def get(self, stream: str, **params: Json) -> Json:
        return self.logs("GetLogEvents", logGroupName=GROUP, logStreamName=stream, **params)

    def groups(self, **params: Json) -> list[str]:
        return [
            group["logGroupName"] for page in self.pages("DescribeLogGroups", **params) for group in page["logGroups"]
        ]

    def streams(self, **params: Json) -> list[str]:
        pages = self.pages("DescribeLogStreams", logGroupName=GROUP, **params)
        return [stream["logStreamName"] for page in pages for stream in page["logStreams"]]

    def chunks(self) -> int:
        """How many rows of events there are, whoever may still read them."""
        return int(self.rows("SELECT count(*) FROM log_chunks")[0][0])


def messages(events: Iterator[Json] | Sequence[Json]) -> list[str]:
    return [event["message"] for event in events]
