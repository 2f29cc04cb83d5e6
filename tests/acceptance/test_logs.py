"""CloudWatch Logs through boto3, the aws CLI, a client that follows a group, and containers that write."""

import http.client
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from lamplighter.base.json_text import Json
from tests.served_engine import REGION, EngineAccount, ServedEngine, eventually, one_state, run_task

GROUP = "/ecs/night"
OPTIONS = {"awslogs-group": GROUP, "awslogs-region": REGION, "awslogs-stream-prefix": "batch"}
AWSLOGS = {"logDriver": "awslogs", "options": OPTIONS | {"awslogs-create-group": "true"}}


def now() -> int:
    return int(time.time() * 1000)


def run_aws_logs(served: ServedEngine, *arguments: str) -> Json:
    """Run a command of `aws logs` and return its answer."""
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_PAGER": ""}
    command = [str(Path(sys.executable).with_name("aws")), "--endpoint-url", served.url, "--region", REGION]
    done = subprocess.run(
        [*command, "logs", *arguments], env=os.environ | keys, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout.strip() else None


def messages(account: EngineAccount, **params: Json) -> list[str]:
    """Return all messages of the group."""
    pages = account.client("logs").get_paginator("filter_log_events").paginate(logGroupName=GROUP, **params)
    return [event["message"] for page in pages for event in page["events"]]


def wait_for_more(account: EngineAccount, lines: int) -> None:
    eventually(lambda: len(messages(account)) > lines)


class Follower:
    """Follows a group as `aws logs tail --follow` does: page by page, then again from the latest timestamp on."""

    def __init__(self, served: ServedEngine, since: int) -> None:
        self._logs = served.client("logs")
        self._since = since
        self._seen: set[str] = set()

    def read_new_messages(self) -> Iterator[str]:
        """Yield the messages that arrived since the last call."""
        token: dict[str, str] = {}
        while True:
            page = self._logs.filter_log_events(logGroupName=GROUP, startTime=self._since, interleaved=True, **token)
            for event in page["events"]:
                self._since = max(self._since, event["timestamp"])
                if event["eventId"] not in self._seen:
                    self._seen.add(event["eventId"])
                    yield event["message"]
            if "nextToken" not in page:
                return
            token = {"nextToken": page["nextToken"]}


def test_boto3_writes_and_reads_events_and_gets_errors(account: EngineAccount) -> None:
    logs = account.client("logs")
    logs.create_log_group(logGroupName=GROUP, tags={"team": "night"})
    logs.create_log_stream(logGroupName=GROUP, logStreamName="a/b")
    event = {"timestamp": now(), "message": "grüße"}
    assert logs.put_log_events(logGroupName=GROUP, logStreamName="a/b", logEvents=[event])["nextSequenceToken"]
    (found,) = logs.get_log_events(logGroupName=GROUP, logStreamName="a/b", startFromHead=True)["events"]
    assert (found["message"], found["timestamp"]) == (event["message"], event["timestamp"])
    with pytest.raises(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_group(logGroupName=GROUP)
    with pytest.raises(logs.exceptions.InvalidParameterException, match="failed to satisfy constraint"):
        logs.create_log_stream(logGroupName=GROUP, logStreamName="a:b")
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.filter_log_events(logGroupName="none")


def test_the_largest_event_is_accepted_although_json_escapes_make_it_larger(account: EngineAccount) -> None:
    logs = account.client("logs")
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="s")
    message = "ü" * ((1_048_576 - 26) // 2)  # boto3 writes it as \u00fc
    logs.put_log_events(logGroupName=GROUP, logStreamName="s", logEvents=[{"timestamp": now(), "message": message}])
    assert messages(account) == [message]
    with pytest.raises(logs.exceptions.InvalidParameterException, match="exceeds limit of 1048576"):
        logs.put_log_events(
            logGroupName=GROUP, logStreamName="s", logEvents=[{"timestamp": now(), "message": message + "!!"}]
        )


def test_the_aws_cli_writes_searches_and_pages_through_events(served: ServedEngine) -> None:
    run_aws_logs(served, "create-log-group", "--log-group-name", GROUP)
    run_aws_logs(served, "create-log-stream", "--log-group-name", GROUP, "--log-stream-name", "s")
    named = ("--log-group-name", GROUP, "--log-stream-name", "s")
    listed = [{"timestamp": now(), "message": f'{{"level": "{level}", "n": {n}}}'} for n in range(3) for level in "ab"]
    run_aws_logs(served, "put-log-events", *named, "--log-events", json.dumps(listed))
    pattern = ("--filter-pattern", '{ $.level = "a" && $.n >= 1 }', "--page-size", "1")
    found = run_aws_logs(served, "filter-log-events", "--log-group-name", GROUP, *pattern)
    assert [json.loads(event["message"])["n"] for event in found["events"]] == [1, 2]
    assert len(run_aws_logs(served, "get-log-events", *named, "--limit", "2")["events"]) == 2
    (group,) = run_aws_logs(served, "describe-log-groups", "--log-group-name-prefix", "/ecs")["logGroups"]
    assert group["storedBytes"] == sum(len(str(event["message"])) + 26 for event in listed)


def test_a_follower_of_a_group_sees_each_event_once_despite_kills(served: ServedEngine) -> None:
    logs = served.client("logs")
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="s")
    seen: list[str] = []
    follower = Follower(served, now() - 1000)
    for number in range(6):
        event = {"timestamp": now(), "message": str(number)}
        served.client("logs").put_log_events(logGroupName=GROUP, logStreamName="s", logEvents=[event])
        seen += follower.read_new_messages()
        if number == 2:
            served.kill()
            served.up()
            follower._logs = served.client("logs")
    assert seen == [str(number) for number in range(6)]


def test_lines_of_a_process_appear_while_it_runs_and_once_despite_kills(served: ServedEngine, tmp_path: Path) -> None:
    enough, written = tmp_path / "enough", tmp_path / "written"
    write = "i=$((i + 1)); echo line $i; echo error $i >&2; sleep 0.1"
    script = f"i=0; until [ -e {enough} ]; do {write}; done; echo $i > {written}"
    task = served.task("night", ["sh", "-c", script], logConfiguration=AWSLOGS)
    execution = served.start(served.machine(one_state(run_task(task))))
    eventually(lambda: served.client("logs").describe_log_groups()["logGroups"])
    eventually(lambda: messages(served))
    for _ in range(2):
        served.kill()
        served.up()
        wait_for_more(served, len(messages(served)))
    assert served.sfn.describe_execution(executionArn=execution)["status"] == "RUNNING"
    enough.touch()
    assert served.ended(execution)["status"] == "SUCCEEDED"
    last = int(written.read_text())
    found = eventually(lambda: lines if len(lines := messages(served)) >= 2 * last else None)
    for word in ("line", "error"):
        assert [text for text in found if text.startswith(word)] == [f"{word} {n}" for n in range(1, last + 1)]
    (stream,) = served.client("logs").describe_log_streams(logGroupName=GROUP)["logStreams"]
    assert re.fullmatch("batch/main/[0-9a-f]{32}", stream["logStreamName"])


def test_a_missing_log_group_fails_the_state_with_aws_s_message(account: EngineAccount) -> None:
    task = account.task("night", ["true"], logConfiguration=AWSLOGS | {"options": OPTIONS})
    ended = account.ended(account.start(account.machine(one_state(run_task(task)))))
    assert ended["error"] == "States.TaskFailed"
    assert "ResourceInitializationError: failed to validate logger args" in ended["cause"]


def send_request(account: EngineAccount, path: str, method: str = "GET", **headers: str) -> tuple[int, str, str]:
    """Send an unsigned request; return status, content type and text of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", account.port, timeout=60)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    found = answer.status, answer.getheader("content-type") or "", answer.read().decode()
    connection.close()
    return found


def test_health_and_metrics_need_no_signature(served: ServedEngine) -> None:
    status, kind, text = send_request(served, "/_lamplighter/health")
    assert (status, kind, json.loads(text)["status"]) == (200, "application/json", "ok")
    served.ended(served.start(served.machine(one_state({"Type": "Pass", "End": True}))))
    status, kind, text = send_request(served, "/_lamplighter/metrics")
    assert (status, kind) == (200, "text/plain; version=0.0.4; charset=utf-8")
    numbers = [sample[:3] for family in text_string_to_metric_families(text) for sample in family.samples]
    assert ("lamplighter_executions", {"status": "SUCCEEDED"}, 1.0) in numbers


def test_health_and_metrics_refuse_web_pages_and_other_methods_and_paths_do_not_exist(account: EngineAccount) -> None:
    for path in ("/_lamplighter/health", "/_lamplighter/metrics"):
        assert send_request(account, path, Origin="http://127.0.0.1")[0] == 403
        assert send_request(account, path, Host="evil.example")[0] == 403
        assert send_request(account, path, "POST")[0] == 405
    assert send_request(account, "/_lamplighter/else")[0] == 404
