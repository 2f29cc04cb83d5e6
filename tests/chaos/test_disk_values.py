"""The disk under a running engine is really full: values and queries are refused whole, and the engine continues."""

import time

import pytest

from lamplighter.base.json_text import Json
from tests.chaos.full_disks import Disk, repeat_until_refused
from tests.served_engine import ServedEngine, eventually

BOTH = pytest.mark.parametrize("full_disk", ["mount", "limit"], indirect=True)
LINES = 300


@BOTH
@pytest.mark.parametrize("kind", ["String", "SecureString"])
def test_the_history_of_a_parameter_has_each_accepted_value_and_no_refused_one(
    served: ServedEngine, full_disk: Disk, kind: str
) -> None:
    ssm = served.client("ssm")

    def write(number: int) -> Json:
        value = f"{number} {'x' * 4000}"
        return ssm.put_parameter(Name="/value", Value=value, Type=kind, Overwrite=True)

    write(0)
    full_disk.fill(served)
    last = repeat_until_refused(lambda number: write(number + 1))
    full_disk.free(served)
    write(last + 1)
    pages = ssm.get_paginator("get_parameter_history").paginate(Name="/value", WithDecryption=True)
    history = [each for page in pages for each in page["Parameters"]]
    assert [int(each["Value"].split()[0]) for each in history] == list(range(last + 2))[-100:]
    assert [each["Version"] for each in history] == list(range(1, last + 3))[-100:]
    assert "Traceback" not in "".join(served.lines)


@BOTH
def test_the_first_secret_on_a_full_disk_is_refused_or_can_be_read_ever_after(
    served: ServedEngine, full_disk: Disk
) -> None:
    """The first secret makes the key of all secrets, a file beside the database."""
    client = served.client("secretsmanager")
    full_disk.fill(served)

    def create(number: int) -> Json:
        return client.create_secret(Name=f"secret-{number}", SecretString=f"{number} {'x' * 20_000}")

    accepted = repeat_until_refused(create)
    full_disk.free(served)
    create(accepted)
    client.put_secret_value(SecretId="secret-0", SecretString="new")
    served.kill()
    served.up("--quiet")
    client = served.client("secretsmanager")
    listed = [each["Name"] for page in client.get_paginator("list_secrets").paginate() for each in page["SecretList"]]
    assert sorted(listed) == sorted(f"secret-{number}" for number in range(accepted + 1))
    values = [client.get_secret_value(SecretId=f"secret-{number}")["SecretString"] for number in range(accepted + 1)]
    assert values == ["new", *(f"{number} {'x' * 20_000}" for number in range(1, accepted + 1))]
    assert "Traceback" not in "".join(served.lines)


def wait_for_result(logs: Json, query: str) -> Json:
    """Wait for the end of a query and return its result."""

    def result() -> Json:
        found = logs.get_query_results(queryId=query)
        return found if found["status"] not in ("Running", "Scheduled") else None

    return eventually(result)


@BOTH
def test_a_query_that_was_accepted_on_a_full_disk_ends_with_its_whole_result(
    served: ServedEngine, full_disk: Disk
) -> None:
    logs = served.client("logs")
    logs.create_log_group(logGroupName="group")
    logs.create_log_stream(logGroupName="group", logStreamName="stream")
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": f"{number} {'x' * 2000}"} for number in range(LINES)]
    logs.put_log_events(logGroupName="group", logStreamName="stream", logEvents=events)
    times = {"startTime": now // 1000 - 3600, "endTime": now // 1000 + 3600}
    accepted: list[str] = []

    def start(_number: int) -> None:
        query = {"queryString": f"fields @message | limit {LINES}", **times}
        accepted.append(logs.start_query(logGroupName="group", **query)["queryId"])

    full_disk.fill(served)
    repeat_until_refused(start)
    full_disk.free(served)
    assert accepted
    for query in accepted:
        found = wait_for_result(logs, query)
        assert (found["status"], len(found["results"])) == ("Complete", LINES)
    known = [each["queryId"] for each in logs.describe_queries(maxResults=1000)["queries"]]
    assert sorted(known) == sorted(accepted), "what was refused is not there"
    assert "Traceback" not in "".join(served.lines)
