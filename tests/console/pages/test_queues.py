"""Queues and their dead letters."""

import re

from lamplighter.base.json_text import Json, dumps
from tests.console.http_browser import Answer, Browser
from tests.engine_harness import ACCOUNT, REGION, ROLE, EngineHarness, chain

ARN = f"arn:aws:sqs:{REGION}:{ACCOUNT}:"


def queue(harness: EngineHarness, name: str, **attributes: str) -> str:
    url: str = harness.call("sqs", "CreateQueue", QueueName=name, Attributes=attributes)["QueueUrl"]
    return url


def dead_letters(harness: EngineHarness, *bodies: str) -> str:
    """A queue whose messages of these bodies are dead letters now; its URL."""
    queue(harness, "dead")
    policy = {"deadLetterTargetArn": f"{ARN}dead", "maxReceiveCount": 1}
    url = queue(harness, "work", RedrivePolicy=dumps(policy))
    for body in bodies:
        harness.call("sqs", "SendMessage", QueueUrl=url, MessageBody=body)
    for _ in range(2):
        harness.call("sqs", "ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        harness.advance(10)
    return url


def count(harness: EngineHarness, url: str) -> str:
    told: Json = harness.call("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=["All"])
    return str(told["Attributes"]["ApproximateNumberOfMessages"])


def numbers(page: Answer) -> list[str]:
    return re.findall(r'name="message" value="(\d+)"', page.body)


def test_queues_are_listed_with_what_waits_and_where_dead_letters_go(harness: EngineHarness, browser: Browser) -> None:
    dead_letters(harness, "a", "b")
    text = browser.get("/queues").text
    assert "dead 2 dead 0 0 from work" in text
    assert "work 0 0 0 to dead after 1 receives" in text


def test_where_there_are_none_it_says_so(browser: Browser) -> None:
    assert "No queues in us-east-1" in browser.get("/queues").text


def test_queues_are_shown_a_page_at_a_time(harness: EngineHarness, browser: Browser) -> None:
    for number in range(26):
        queue(harness, f"q{number:02}")
    first = browser.get("/queues")
    assert "q24" in first.text
    assert "q25" not in first.text
    following = first.body.partition('href="?next=')[2].partition('"')[0].replace("&amp;", "&")
    assert "q25" in browser.get(f"/queues?next={following}").text


def test_one_dead_letter_is_sent_again(harness: EngineHarness, browser: Browser) -> None:
    url = dead_letters(harness, '{"night": 1}', '{"night": 2}')
    page = browser.get(f"/queues/{ARN}dead")
    first, _second = numbers(page)
    after = browser.post(f"/queues/{ARN}dead/message", {"message": first, "do": "again"})
    assert numbers(after) == numbers(page)[1:]
    assert count(harness, url) == "1"


def test_all_dead_letters_are_sent_again(harness: EngineHarness, browser: Browser) -> None:
    url = dead_letters(harness, "a", "b", "c")
    browser.post(f"/queues/{ARN}dead/again", {})
    harness.advance(10)
    assert count(harness, url) == "3"
    page = browser.get(f"/queues/{ARN}dead").text
    assert "completed 3 of 3 messages" in page
    assert "No messages" in page
    assert "Send all again" not in page


def test_a_message_is_discarded(harness: EngineHarness, browser: Browser) -> None:
    dead_letters(harness, "a")
    (number,) = numbers(browser.get(f"/queues/{ARN}dead"))
    assert "No messages" in browser.post(f"/queues/{ARN}dead/message", {"message": number, "do": "discard"}).text


def test_what_messages_say_is_escaped_and_their_secrets_are_masked(harness: EngineHarness, browser: Browser) -> None:
    dead_letters(harness, '{"password": "hunter2", "note": "<script>alert(1)</script>"}')
    body = browser.get(f"/queues/{ARN}dead").body
    assert "hunter2" not in body
    assert "<script>alert" not in body
    assert "&lt;script&gt;alert" in body


def test_messages_are_shown_a_page_at_a_time(harness: EngineHarness, browser: Browser) -> None:
    url = queue(harness, "many")
    for number in range(30):
        harness.call("sqs", "SendMessage", QueueUrl=url, MessageBody=str(number))
    first = browser.get(f"/queues/{ARN}many")
    following = first.body.partition("?after=")[2].partition('"')[0]
    second = browser.get(f"/queues/{ARN}many?after={following}")
    assert (len(numbers(first)), len(numbers(second))) == (25, 5)


def test_a_queue_that_is_not_there_is_not_found(browser: Browser) -> None:
    assert browser.get(f"/queues/{ARN}nowhere").status in (400, 404)
    assert browser.get("/queues/arn:aws:sns:us-east-1:123456789012:t").status == 400
    assert browser.get("/queues/nonsense").status == 400


def test_a_button_that_says_nothing_sensible_is_refused(harness: EngineHarness, browser: Browser) -> None:
    dead_letters(harness, "a")
    for fields in ({}, {"message": "x", "do": "again"}, {"message": "1", "do": "explode"}):
        assert browser.post(f"/queues/{ARN}dead/message", fields).status == 400


def schedule(harness: EngineHarness, name: str, machine: str) -> None:
    harness.call(
        "scheduler",
        "CreateSchedule",
        Name=name,
        ScheduleExpression="at(2026-01-01T01:00:00)",
        FlexibleTimeWindow={"Mode": "OFF"},
        ActionAfterCompletion="NONE",
        Target={"Arn": machine, "RoleArn": ROLE, "Input": '{"night":1}', "DeadLetterConfig": {"Arn": f"{ARN}dead"}},
    )


def test_the_run_that_a_schedule_could_not_begin_is_begun(harness: EngineHarness, browser: Browser) -> None:
    url = queue(harness, "dead")
    machine = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:late"
    schedule(harness, "hourly", machine)
    harness.advance(3_600_000)
    page = browser.get(f"/queues/{ARN}dead")
    assert "schedule hourly" in page.text
    assert "StateMachineDoesNotExist" in page.text
    (number,) = numbers(page)
    button = {"message": number, "do": "again"}
    assert browser.post(f"/queues/{ARN}dead/message", button).status in (400, 404)
    assert count(harness, url) == "1"  # it failed again, and is still here
    harness.machine(chain({"Type": "Pass"}), "late")
    assert "No messages" in browser.post(f"/queues/{ARN}dead/message", button).text
    (run,) = harness.call("states", "ListExecutions", stateMachineArn=machine)["executions"]
    assert run["name"].startswith("hourly-")
    assert harness.describe(run["executionArn"])["input"] == '{"night":1}'


def test_what_a_rule_could_not_deliver_is_delivered_to_that_target(harness: EngineHarness, browser: Browser) -> None:
    url = queue(harness, "dead")
    other = queue(harness, "other")
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
    (number,) = numbers(page)
    late = queue(harness, "late")
    assert "No messages" in browser.post(f"/queues/{ARN}dead/message", {"message": number, "do": "again"}).text
    harness.settle()
    assert (count(harness, late), count(harness, other), count(harness, url)) == ("1", "1", "0")
    (message,) = harness.call("sqs", "ReceiveMessage", QueueUrl=late)["Messages"]
    assert message["Body"] == '{"total":5}'


def test_a_rule_that_is_gone_leaves_its_letter_where_it_is(harness: EngineHarness, browser: Browser) -> None:
    url = queue(harness, "dead")
    attributes = {
        name: {"DataType": "String", "StringValue": value}
        for name, value in (("RULE_ARN", f"arn:aws:events:{REGION}:{ACCOUNT}:rule/gone"), ("TARGET_ARN", f"{ARN}x"))
    }
    harness.call("sqs", "SendMessage", QueueUrl=url, MessageBody="{}", MessageAttributes=attributes)
    (number,) = numbers(browser.get(f"/queues/{ARN}dead"))
    answer = browser.post(f"/queues/{ARN}dead/message", {"message": number, "do": "again"})
    assert (answer.status, "no longer exists" in answer.text) == (404, True)
    assert count(harness, url) == "1"


def test_what_was_just_sent_is_not_sent_again(harness: EngineHarness, browser: Browser) -> None:
    url = queue(harness, "plain")
    harness.call("sqs", "SendMessage", QueueUrl=url, MessageBody="x")
    page = browser.get(f"/queues/{ARN}plain")
    assert "Send again" not in page.text
    (number,) = numbers(page)
    assert browser.post(f"/queues/{ARN}plain/message", {"message": number, "do": "again"}).status == 400
