"""The pages of queues and their dead letters."""

import re

from lamplighter.base.json_text import Json, dumps
from tests.console.http_browser import Browser, Response
from tests.engine_harness import ACCOUNT, REGION, ROLE, EngineHarness, chain

ARN = f"arn:aws:sqs:{REGION}:{ACCOUNT}:"


def create_queue(harness: EngineHarness, name: str, **attributes: str) -> str:
    url: str = harness.call("sqs", "CreateQueue", QueueName=name, Attributes=attributes)["QueueUrl"]
    return url


def create_dead_letters(harness: EngineHarness, *bodies: str) -> str:
    """Move messages with these bodies to a dead-letter queue, and return their original queue's URL."""
    create_queue(harness, "dead")
    policy = {"deadLetterTargetArn": f"{ARN}dead", "maxReceiveCount": 1}
    url = create_queue(harness, "work", RedrivePolicy=dumps(policy))
    for body in bodies:
        harness.call("sqs", "SendMessage", QueueUrl=url, MessageBody=body)
    for _ in range(2):
        harness.call("sqs", "ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        harness.advance(10)
    return url


def count_messages(harness: EngineHarness, url: str) -> str:
    answer: Json = harness.call("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=["All"])
    return str(answer["Attributes"]["ApproximateNumberOfMessages"])


def read_message_numbers(page: Response) -> list[str]:
    return re.findall(r'name="message" value="(\d+)"', page.body)


def test_queues_are_listed_with_message_counts_and_dead_letter_queues(harness: EngineHarness, browser: Browser) -> None:
    create_dead_letters(harness, "a", "b")
    text = browser.get("/queues").text
    assert "dead 2 dead 0 0 from work" in text
    assert "work 0 0 0 to dead after 1 receives" in text


def test_without_queues_the_page_says_so(browser: Browser) -> None:
    assert "No queues in us-east-1" in browser.get("/queues").text


def test_one_dead_letter_is_sent_again(harness: EngineHarness, browser: Browser) -> None:
    url = create_dead_letters(harness, '{"night": 1}', '{"night": 2}')
    page = browser.get(f"/queues/{ARN}dead")
    first, _second = read_message_numbers(page)
    after = browser.post(f"/queues/{ARN}dead/message", {"message": first, "do": "again"})
    assert read_message_numbers(after) == read_message_numbers(page)[1:]
    assert count_messages(harness, url) == "1"


def test_all_dead_letters_are_sent_again(harness: EngineHarness, browser: Browser) -> None:
    url = create_dead_letters(harness, "a", "b", "c")
    browser.post(f"/queues/{ARN}dead/again", {})
    harness.advance(10)
    assert count_messages(harness, url) == "3"
    page = browser.get(f"/queues/{ARN}dead").text
    assert "completed 3 of 3 messages" in page
    assert "No messages" in page
    assert "Send all again" not in page


def test_a_message_is_discarded(harness: EngineHarness, browser: Browser) -> None:
    create_dead_letters(harness, "a")
    (number,) = read_message_numbers(browser.get(f"/queues/{ARN}dead"))
    assert "No messages" in browser.post(f"/queues/{ARN}dead/message", {"message": number, "do": "discard"}).text


def test_message_bodies_are_escaped_and_secrets_are_masked(harness: EngineHarness, browser: Browser) -> None:
    create_dead_letters(harness, '{"password": "hunter2", "note": "<script>alert(1)</script>"}')
    body = browser.get(f"/queues/{ARN}dead").body
    assert "hunter2" not in body
    assert "<script>alert" not in body
    assert "&lt;script&gt;alert" in body


def test_messages_are_shown_page_by_page(harness: EngineHarness, browser: Browser) -> None:
    url = create_queue(harness, "many")
    for number in range(30):
        harness.call("sqs", "SendMessage", QueueUrl=url, MessageBody=str(number))
    first = browser.get(f"/queues/{ARN}many")
    following = first.body.partition("?after=")[2].partition('"')[0]
    second = browser.get(f"/queues/{ARN}many?after={following}")
    assert (len(read_message_numbers(first)), len(read_message_numbers(second))) == (25, 5)


def test_an_unknown_queue_is_not_found(browser: Browser) -> None:
    assert browser.get(f"/queues/{ARN}nowhere").status in (400, 404)
    assert browser.get("/queues/arn:aws:sns:us-east-1:123456789012:t").status == 400
    assert browser.get("/queues/nonsense").status == 400


def test_an_invalid_form_is_rejected(harness: EngineHarness, browser: Browser) -> None:
    create_dead_letters(harness, "a")
    for fields in ({}, {"message": "x", "do": "again"}, {"message": "1", "do": "explode"}):
        assert browser.post(f"/queues/{ARN}dead/message", fields).status == 400


def create_schedule(harness: EngineHarness, name: str, machine: str) -> None:
    harness.call(
        "scheduler",
        "CreateSchedule",
        Name=name,
        ScheduleExpression="at(2026-01-01T01:00:00)",
        FlexibleTimeWindow={"Mode": "OFF"},
        ActionAfterCompletion="NONE",
        Target={"Arn": machine, "RoleArn": ROLE, "Input": '{"night":1}', "DeadLetterConfig": {"Arn": f"{ARN}dead"}},
    )


def test_a_dead_letter_of_a_schedule_starts_the_run_that_could_not_start(
    harness: EngineHarness, browser: Browser
) -> None:
    url = create_queue(harness, "dead")
    machine = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:late"
    create_schedule(harness, "hourly", machine)
    harness.advance(3_600_000)
    page = browser.get(f"/queues/{ARN}dead")
    assert "schedule hourly" in page.text
    assert "StateMachineDoesNotExist" in page.text
    (number,) = read_message_numbers(page)
    button = {"message": number, "do": "again"}
    assert browser.post(f"/queues/{ARN}dead/message", button).status in (400, 404)
    assert count_messages(harness, url) == "1"  # the delivery failed again, and the message is still here
    harness.machine(chain({"Type": "Pass"}), "late")
    assert "No messages" in browser.post(f"/queues/{ARN}dead/message", button).text
    (run,) = harness.call("states", "ListExecutions", stateMachineArn=machine)["executions"]
    assert run["name"].startswith("hourly-")
    assert harness.describe(run["executionArn"])["input"] == '{"night":1}'


def test_a_dead_letter_of_a_rule_is_delivered_to_its_target(harness: EngineHarness, browser: Browser) -> None:
    url = create_queue(harness, "dead")
    other = create_queue(harness, "other")
    harness.call("events", "PutRule", Name="sales", EventPattern='{"source":["shop"]}')
    targets = [
        {"Id": "late", "Arn": f"{ARN}late", "InputPath": "$.detail", "DeadLetterConfig": {"Arn": f"{ARN}dead"}},
        {"Id": "other", "Arn": f"{ARN}other"},
    ]
    harness.call("events", "PutTargets", Rule="sales", Targets=targets)
    harness.call("events", "PutEvents", Entries=[{"Source": "shop", "DetailType": "sale", "Detail": '{"total":5}'}])
    harness.settle()
    page = browser.get(f"/queues/{ARN}dead")
    assert "rule sales" in page.text
    (number,) = read_message_numbers(page)
    late = create_queue(harness, "late")
    assert "No messages" in browser.post(f"/queues/{ARN}dead/message", {"message": number, "do": "again"}).text
    harness.settle()
    assert (count_messages(harness, late), count_messages(harness, other), count_messages(harness, url)) == (
        "1",
        "1",
        "0",
    )
    (message,) = harness.call("sqs", "ReceiveMessage", QueueUrl=late)["Messages"]
    assert message["Body"] == '{"total":5}'


def test_a_dead_letter_of_a_deleted_rule_stays_in_the_queue(harness: EngineHarness, browser: Browser) -> None:
    url = create_queue(harness, "dead")
    attributes = {
        name: {"DataType": "String", "StringValue": value}
        for name, value in (("RULE_ARN", f"arn:aws:events:{REGION}:{ACCOUNT}:rule/gone"), ("TARGET_ARN", f"{ARN}x"))
    }
    harness.call("sqs", "SendMessage", QueueUrl=url, MessageBody="{}", MessageAttributes=attributes)
    (number,) = read_message_numbers(browser.get(f"/queues/{ARN}dead"))
    answer = browser.post(f"/queues/{ARN}dead/message", {"message": number, "do": "again"})
    assert (answer.status, "no longer exists" in answer.text) == (404, True)
    assert count_messages(harness, url) == "1"


def test_a_message_that_is_not_a_dead_letter_cannot_be_sent_again(harness: EngineHarness, browser: Browser) -> None:
    url = create_queue(harness, "plain")
    harness.call("sqs", "SendMessage", QueueUrl=url, MessageBody="x")
    page = browser.get(f"/queues/{ARN}plain")
    assert "Send again" not in page.text
    (number,) = read_message_numbers(page)
    assert browser.post(f"/queues/{ARN}plain/message", {"message": number, "do": "again"}).status == 400


def test_a_dead_letter_leads_to_the_run_that_it_is_about(harness: EngineHarness, browser: Browser) -> None:
    run = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:nightly:2026-11-29"
    event = {"detail-type": "Step Functions Execution Status Change", "detail": {"executionArn": run}}
    create_dead_letters(harness, dumps({"Type": "Notification", "Message": dumps(event)}), "nothing")
    body = browser.get(f"/queues/{ARN}dead").body
    assert f'<a href="/runs/{run}">run nightly 2026-11-29</a>' in body
