"""An engine harness that calls CloudWatch Logs and reads all pages of lists."""

from collections.abc import Iterator, Sequence

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from tests.engine_harness import EngineHarness

GROUP = "/batch/nightly"
ARN = f"arn:aws:logs:us-east-1:123456789012:log-group:{GROUP}"


class LogsHarness(EngineHarness):
    """An engine harness with shortcuts for CloudWatch Logs."""

    @property
    def now(self) -> int:
        return self.clock.now()

    def logs(self, operation: str, **params: Json) -> Json:
        return self.call("logs", operation, **params)

    def expect_error(self, operation: str, **params: Json) -> tuple[str, str]:
        """Call an operation that must fail, and return the code and the message of its error."""
        with pytest.raises(AwsError) as error:
            self.logs(operation, **params)
        return error.value.code, error.value.message

    def create_group(self, *streams: str, group: str = GROUP, **params: Json) -> None:
        """Create a log group and its streams."""
        self.logs("CreateLogGroup", logGroupName=group, **params)
        for stream in streams:
            self.logs("CreateLogStream", logGroupName=group, logStreamName=stream)

    def put_events(self, stream: str, *events: tuple[int, str], group: str = GROUP) -> Json:
        """Put events; each has its age in milliseconds and its text."""
        listed = [{"timestamp": self.now - ago, "message": message} for ago, message in events]
        return self.logs("PutLogEvents", logGroupName=group, logStreamName=stream, logEvents=listed)

    def pages(self, operation: str, **params: Json) -> Iterator[Json]:
        """Yield all pages of a list."""
        token: dict[str, str] = {}
        while True:
            page = self.logs(operation, **params, **token)
            yield page
            if "nextToken" not in page:
                return
            token = {"nextToken": page["nextToken"]}

    def find_messages(self, pattern: str = "", **params: Json) -> list[str]:
        """Return the messages on all pages of FilterLogEvents."""
        pages = self.pages("FilterLogEvents", logGroupName=GROUP, filterPattern=pattern, **params)
        return messages(event for page in pages for event in page["events"])

    def get_events(self, stream: str, **params: Json) -> Json:
        return self.logs("GetLogEvents", logGroupName=GROUP, logStreamName=stream, **params)

    def list_groups(self, **params: Json) -> list[str]:
        return [
            group["logGroupName"] for page in self.pages("DescribeLogGroups", **params) for group in page["logGroups"]
        ]

    def list_streams(self, **params: Json) -> list[str]:
        pages = self.pages("DescribeLogStreams", logGroupName=GROUP, **params)
        return [stream["logStreamName"] for page in pages for stream in page["logStreams"]]

    def count_chunks(self) -> int:
        """Return the number of stored rows of events, with those that no caller can read any more."""
        return int(self.rows("SELECT count(*) FROM log_chunks")[0][0])


def messages(events: Iterator[Json] | Sequence[Json]) -> list[str]:
    return [event["message"] for event in events]
