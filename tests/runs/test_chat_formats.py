"""Test the documents for chat services: the parts of an alert, escaping and limits; AWS makes the same documents."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.chat_services import CHAT_SERVICES
from lamplighter.base.json_text import Json, dumps
from lamplighter.jobs.machine.chat_machine import CHAT_OUTPUT
from lamplighter.lang.jsonata.expression import compile_expression
from lamplighter.runs.chat_formats import LOG_HEADING, format_for, parse_message
from tests.manual_world import manual_world

LINK = "http://box/runs/arn:aws:states:us-east-1:1:execution:reports-nightly:a"
ALERT = (
    "nightly failed: exit code 3 after 2 attempts\n\nExit code: 3\nProject:   reports\n"
    f"Look at:   {LINK}\nRun again: lamplighter run reports-nightly\n\nLast lines:\n  a < b & c\n  ```\n"
)
HEADLINES = st.sampled_from((
    "nightly failed: exit code 3", "nightly is late: still running after 1m", "nightly works again: it did",
    "nightly: attempt 1 of 2 failed", "reports-nightly waits: Docker does not answer", "Docker answers again: fine",
    '"nightly FAILED"', "lamplighter.yaml is applied again", "channels of lamplighter.yaml work again",
))  # fmt: skip
TEXTS = st.text(st.sampled_from('ab <>&"`*:/\\\n-ä😀')) | st.text(max_size=30)


def on_aws(service: str, text: str, *, as_batch: bool = False, as_text: bool = False) -> Json:
    """Return what the machine on AWS makes of a message of SNS."""
    body: Json = {"Type": "Notification", "Message": text}
    record = {"service": service, "project": "owner", "body": dumps(body) if as_text else body}
    states = {"input": [record] if as_batch else record}
    return compile_expression(CHAT_OUTPUT).value({"states": states}, manual_world())


@pytest.mark.parametrize("service", CHAT_SERVICES)
@given(HEADLINES, TEXTS, TEXTS)
def test_aws_makes_the_same_document(service: str, headline: str, details: str, log: str) -> None:
    text = f"{headline}\n\nProject:   reports\n{details}{LOG_HEADING}  {log}"
    assert on_aws(service, text) == format_for(service, text, "owner")


@pytest.mark.parametrize("service", CHAT_SERVICES)
@pytest.mark.parametrize(
    "text", [ALERT, "a single line", "", f"x{LOG_HEADING}", '"one \\"two\\""\n"Look at:   http://x"']
)
def test_aws_makes_the_same_document_of_any_text(service: str, text: str) -> None:
    expected = format_for(service, text, "owner")
    assert on_aws(service, text) == expected
    assert on_aws(service, text, as_batch=True, as_text=True) == [expected]


@pytest.mark.parametrize("service", CHAT_SERVICES)
def test_a_fact_without_a_value_is_left_out(service: str) -> None:
    """AWS's rules leave an empty value where the event has no fact, such as the exit code of a task that never ran."""
    full = '"nightly: attempt 1 of 2 failed"\n\n"Reason:    no such program"\n"Project:   reports"'
    text = full.replace('"Project', '"Exit code: "\n"Scheduled: "\n"Project') + LOG_HEADING + "  Empty: \nEnd: "
    document = format_for(service, text, "owner")
    assert on_aws(service, text) == document
    if service not in ("pagerduty", "post"):  # they get the whole text
        shown = dumps(document)
        assert ("Exit code" in shown, "Scheduled" in shown, "no such program" in shown) == (False, False, True)
        assert "Empty: " in shown  # a line of the log
    assert on_aws(service, "x\n\nExit code: ") == format_for(service, "x\n\nExit code: ", "owner")


@pytest.mark.parametrize("service", CHAT_SERVICES)
def test_a_long_alert_keeps_the_end_of_its_log_within_the_limits(service: str) -> None:
    lines = "\n".join(f"  line {number} & {'ü' * 480}" for number in range(20))
    text = f"{'n' * 400} failed\n\n{'Reason:    ' + 'x' * 5000}{LOG_HEADING}{lines}"
    document = format_for(service, text, "owner")
    assert on_aws(service, text) == document
    sizes = {"slack": 3_000, "teams": 28_000, "discord": 4_096}
    if service == "slack":
        assert all(len(each["text"]["text"]) <= sizes[service] for each in document["blocks"])
        assert document["blocks"][-1]["text"]["text"].endswith("ü\n```")
    if service == "teams":
        assert len(dumps(document).encode()) <= sizes[service]
    if service == "discord":
        assert len(document["embeds"][0]["description"]) <= sizes[service]
        assert len(document["embeds"][0]["title"]) <= 256


def test_slack_gets_escaped_texts_and_an_unbroken_block_of_code() -> None:
    document = format_for("slack", ALERT, "owner")
    assert document["blocks"][0]["text"]["text"] == "nightly failed: exit code 3 after 2 attempts"
    assert document["blocks"][2]["text"]["text"] == "```\n  a &lt; b &amp; c\n  '''\n```"


def test_a_program_gets_the_parts_of_an_alert_as_plain_json() -> None:
    text = f"nightly failed: exit code 3\n\nProject:   reports\nLook at:   https://x.example/run{LOG_HEADING}  one"
    assert format_for("post", text, "owner") == {
        "headline": "nightly failed: exit code 3",
        "details": "Project:   reports\nLook at:   https://x.example/run",
        "log": "  one",
        "link": "https://x.example/run",
        "key": "reports-nightly",
        "project": "reports",
        "resolved": False,
        "severity": "error",
        "text": text,
    }


def test_discord_notifies_nobody_whom_a_log_mentions() -> None:
    assert format_for("discord", ALERT, "owner")["allowed_mentions"] == {"parse": []}


@pytest.mark.parametrize(
    ("headline", "key", "action", "severity"),
    [
        ("nightly failed: exit code 3", "reports-nightly", "trigger", "error"),
        ("nightly did not start at 2 times", "reports-nightly", "trigger", "error"),
        ("nightly is late: still running after 1h", "reports-nightly", "trigger", "warning"),
        ("nightly: attempt 1 of 2 failed: exit code 3", "reports-nightly", "trigger", "warning"),
        ("nightly works again: succeeded after 1 failure (since …)", "reports-nightly", "resolve", "error"),
        ("nightly succeeded late: it took 2 h 00 min", "reports-nightly", "resolve", "error"),
        ("nightly starts again: a run has begun", "reports-nightly", "resolve", "error"),
        ("reports-nightly waits: Docker does not answer", "docker", "trigger", "error"),
        ("Docker answers again: the waiting tasks continue", "docker", "resolve", "error"),
    ],
)
def test_the_alerts_of_a_job_share_an_incident_that_a_recovery_resolves(
    headline: str, key: str, action: str, severity: str
) -> None:
    document = format_for("pagerduty", f"{headline}\n\nProject:   reports\n", "owner")
    assert (document["dedup_key"], document["event_action"]) == (key, action)
    assert document["payload"]["severity"] == severity


def test_an_alarm_of_cloudwatch_is_shown_by_its_description() -> None:
    alarm = {"AlarmName": "p-job-did-not-start", "AlarmDescription": "job did not start: no run", "NewStateReason": "r"}
    (block, details) = on_aws("slack", dumps(alarm))["blocks"]
    assert block["text"]["text"] == "job did not start: no run"
    assert details["text"]["text"] == "Reason:    r\nAlarm:     p-job-did-not-start"
    assert on_aws("pagerduty", dumps(alarm))["dedup_key"] == "owner-job"


def test_quotation_marks_of_input_templates_are_removed() -> None:
    message = parse_message('"nightly FAILED"\n""\n"Project:   reports"\n"Reason:    a \\"b\\""', "owner")
    assert (message.headline, message.details) == ("nightly FAILED", 'Project:   reports\nReason:    a "b"')
