"""SNS as its users have it: boto3 against a served engine, a real mail server, a real web server, and kill -9."""

import asyncio
import json
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import TypeVar

import pytest
from botocore.exceptions import ClientError

from lamplighter.base.json_text import Json
from tests.contracts.servers import MailServer, WebServer, mail_server, web_server
from tests.served_engine import ServedEngine, eventually, one
from tests.services.sns.messages.test_signing import verify

T = TypeVar("T")


@contextmanager
def running(server: Callable[[], AbstractAsyncContextManager[T]]) -> Iterator[T]:
    """A server on a loop of its own, beside the test."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def do(work: Coroutine[None, None, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, loop).result(10)

    context = server()
    try:
        yield do(context.__aenter__())
        asyncio.run_coroutine_threadsafe(context.__aexit__(None, None, None), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture
def post() -> Iterator[MailServer]:
    with running(mail_server) as server:
        yield server


@pytest.fixture
def hooks() -> Iterator[WebServer]:
    with running(web_server) as server:
        yield server


@pytest.fixture
def town(tmp_path: Path, post: MailServer) -> Iterator[ServedEngine]:
    """An engine that has a mail server."""
    engine = ServedEngine(tmp_path / "data")
    engine.up("--smtp", smtp(post))
    yield engine
    engine.close()


def smtp(post: MailServer) -> str:
    return f"smtp://127.0.0.1:{post.port}?from=engine@box.example"


def opened(url: str, **headers: str) -> str:
    """What a browser or curl gets that opens a link."""
    answer = urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60)
    with answer:
        return str(answer.read().decode())


def bodies(hooks: WebServer) -> list[Json]:
    return [json.loads(body) for _, _, body in hooks.posts]


def test_a_night_that_fails_is_told_by_mail_and_by_webhook(
    town: ServedEngine, post: MailServer, hooks: WebServer
) -> None:
    sns = town.client("sns")
    topic = sns.create_topic(Name="night", Attributes={"DisplayName": "Night watch"})["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ops@example.com")
    asked = sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=f"{hooks.url}/hook")
    assert asked["SubscriptionArn"] == "pending confirmation"
    question = eventually(lambda: bodies(hooks))[0]
    assert topic in opened(question["SubscribeURL"])
    parameters = {"TaskDefinition": "none"}
    failing: Json = {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask", "Parameters": parameters}
    tell = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sns:publish",
        "Parameters": {"TopicArn": topic, "Subject": "The night failed", "Message.$": "$.Cause"},
        "End": True,
    }
    failing |= {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Tell"}], "End": True}
    machine = town.machine({"StartAt": "Run", "States": {"Run": failing, "Tell": tell}})
    assert town.ended(town.start(machine))["status"] == "SUCCEEDED"
    (mail,) = eventually(lambda: post.mails)
    assert (mail["From"], mail["Subject"]) == ("Night watch <engine@box.example>", "The night failed")
    document = eventually(lambda: bodies(hooks)[1:])[0]
    assert (document["Type"], document["Subject"]) == ("Notification", "The night failed")
    verify(opened(document["SigningCertURL"]).encode(), document)


def link_in(mail: EmailMessage, engine: ServedEngine) -> str:
    """The link of a mail."""
    return next(line for line in str(mail.get_content()).splitlines() if line.startswith(engine.url))


def pressed(url: str) -> str:
    """What the button of a page answers; it has no fields."""
    with urllib.request.urlopen(urllib.request.Request(url, data=b""), timeout=60) as answer:
        return str(answer.read().decode())


def test_the_button_behind_the_link_in_a_mail_unsubscribes_and_that_of_the_next_mail_brings_back(
    town: ServedEngine, post: MailServer
) -> None:
    sns = town.client("sns")
    topic = sns.create_topic(Name="night")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ops@example.com")
    sns.publish(TopicArn=topic, Message="one")
    link = link_in(eventually(lambda: post.mails)[0], town)
    for _ in range(2):  # a mail scanner, then a person who comes from a webmail
        page = opened(link, **{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Accept": "text/html"})
        assert "<button" in page
        assert "ops@example.com" in page
    assert len(sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]) == 1
    assert "You are unsubscribed" in pressed(link)
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []
    assert "does not exist any more" in opened(link)
    assert "does not exist any more" in pressed(link)
    back = link_in(eventually(lambda: post.mails[1:])[0], town)
    assert "<button" in opened(back)
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []
    assert "You are subscribed" in pressed(back)
    assert "There is nothing to do" in opened(back)
    assert len(sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]) == 1
    assert len(post.mails) == 2


def arns(engine: ServedEngine) -> set[str]:
    """What AWS's list of all subscriptions calls them."""
    return {each["SubscriptionArn"] for each in engine.client("sns").list_subscriptions()["Subscriptions"]}


def test_a_mail_that_asks_to_confirm_is_not_answered_by_who_opens_its_link(tmp_path: Path, post: MailServer) -> None:
    engine = ServedEngine(tmp_path / "asking")
    engine.up("--smtp", smtp(post), "--confirm-mail")
    try:
        sns = engine.client("sns")
        topic = sns.create_topic(Name="night")["TopicArn"]
        for protocol in ("email", "email-json"):
            sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint="ops@example.com")
        person, program = eventually(lambda: post.mails if len(post.mails) == 2 else None)
        if str(person.get_content()).startswith("{"):
            person, program = program, person
        links = [link_in(person, engine), json.loads(program.get_content())["SubscribeURL"]]
        for link in links:
            assert "<button" in opened(link)
        assert arns(engine) == {"PendingConfirmation"}
        for link in links:
            assert "You are subscribed" in pressed(link)
        assert "PendingConfirmation" not in arns(engine)
    finally:
        engine.close()


def test_nobody_is_unsubscribed_by_a_get_of_an_unsubscribe_url(town: ServedEngine, hooks: WebServer) -> None:
    sns = town.client("sns")
    topic = sns.create_topic(Name="night")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=f"{hooks.url}/hook")
    opened(eventually(lambda: bodies(hooks))[0]["SubscribeURL"])
    sns.publish(TopicArn=topic, Message="one")
    url = eventually(lambda: bodies(hooks)[1:])[0]["UnsubscribeURL"]
    with pytest.raises(urllib.error.HTTPError) as error:
        opened(url)
    with error.value as answer:
        assert answer.code == 403  # a program must not believe that it is done
    assert "<button" in opened(url, Accept="text/html")
    assert len(sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]) == 1


@pytest.mark.parametrize(
    "path",
    [
        "/?Action=ConfirmSubscription&TopicArn=TOPIC&Token=guess",
        "/?Action=Unsubscribe&SubscriptionArn=nonsense",
        "/?Action=Unsubscribe",
        "/?Action=DeleteTopic&TopicArn=TOPIC",
        "/confirmation.html?TopicArn=TOPIC&Token=guess",
        "/confirmation.html?TopicArn=TOPIC",
        "/confirmation.html",
        "/unsubscribe.html?SubscriptionArn=%00%ff",
        "/unsubscribe.html",
    ],
)
def test_a_link_that_somebody_makes_up_does_nothing(served: ServedEngine, path: str) -> None:
    sns = served.client("sns")
    topic = sns.create_topic(Name="night")["TopicArn"]
    for go in (opened, pressed):
        with pytest.raises(urllib.error.HTTPError) as error:
            go(f"{served.url}{path.replace('TOPIC', topic)}")
        with error.value as answer:
            assert answer.code in (400, 403, 404)
    assert len(sns.list_topics()["Topics"]) == 1


@pytest.mark.parametrize("path", ["/?Action=Unsubscribe&SubscriptionArn=x", "/unsubscribe.html?SubscriptionArn=x"])
def test_no_other_site_can_open_a_link_by_another_name_of_this_machine(served: ServedEngine, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as error:
        opened(f"{served.url}{path}", Host="evil.example")
    with error.value as answer:
        assert answer.code == 403


def test_an_accepted_message_is_mailed_though_the_engine_is_killed(
    town: ServedEngine, post: MailServer, hooks: WebServer
) -> None:
    sns = town.client("sns")
    topic = sns.create_topic(Name="night")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ops@example.com")
    post.data_replies += [""] * 4
    ids = {sns.publish(TopicArn=topic, Message=f"{number}")["MessageId"] for number in range(20)}
    eventually(lambda: not post.data_replies)
    town.kill(signal.SIGKILL)
    town.up("--smtp", smtp(post))
    mailed = eventually(lambda: ids == {mail["Message-ID"][1:37] for mail in post.mails}, seconds=60)
    assert mailed


def test_without_a_mail_server_mails_are_kept_for_people_to_read(served: ServedEngine) -> None:
    sns = served.client("sns")
    topic = sns.create_topic(Name="night")["TopicArn"]
    arn = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ops@example.com")["SubscriptionArn"]
    assert arn.startswith(topic)
    sns.publish(TopicArn=topic, Message="the batch failed", Subject="Night")
    (kept,) = eventually(lambda: list((served.data / "mail").glob("*.eml")))
    assert "Subject: Night\r\n" in kept.read_bytes().decode()
    eventually(lambda: any("no mail server" in line for line in served.lines))


def test_a_command_gets_the_message(served: ServedEngine, tmp_path: Path) -> None:
    sns = served.client("sns")
    topic = sns.create_topic(Name="night")["TopicArn"]
    out = tmp_path / "out"
    command = f'(echo "$LAMPLIGHTER_SUBJECT"; cat) > {out}.part && mv {out}.part {out}'
    sns.subscribe(TopicArn=topic, Protocol="lamplighter:command", Endpoint=command)
    sns.publish(TopicArn=topic, Message="the batch failed", Subject="Night")
    eventually(out.exists)
    assert out.read_text() == "Night\nthe batch failed"


def test_errors_are_awss_exceptions_in_boto3(served: ServedEngine) -> None:
    sns = served.client("sns")
    topic = sns.create_topic(Name="night")["TopicArn"]
    with pytest.raises(sns.exceptions.NotFoundException):
        sns.publish(TopicArn=topic + "x", Message="m")
    with pytest.raises(sns.exceptions.InvalidParameterException):
        sns.publish(TopicArn=topic, Message="")
    with pytest.raises(sns.exceptions.InvalidParameterValueException):
        sns.publish(TopicArn=topic, Message="m", MessageAttributes={"a": {"DataType": "Colour", "StringValue": "x"}})
    with pytest.raises(ClientError, match="no value for required parameter"):
        sns.publish(Message="m")


def test_a_webhook_that_is_down_gets_the_message_later(town: ServedEngine, hooks: WebServer) -> None:
    sns = town.client("sns")
    topic = sns.create_topic(Name="night")["TopicArn"]
    policy = {"healthyRetryPolicy": {"numRetries": 3, "minDelayTarget": 1, "maxDelayTarget": 1}}
    arn = sns.subscribe(
        TopicArn=topic,
        Protocol="http",
        Endpoint=f"{hooks.url}/hook",
        Attributes={"DeliveryPolicy": json.dumps(policy), "RawMessageDelivery": "true"},
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]
    token = eventually(lambda: bodies(hooks))[0]["Token"]
    sns.confirm_subscription(TopicArn=topic, Token=token)
    hooks.answers.append(503)
    sns.publish(TopicArn=topic, Message="{}")
    eventually(lambda: len(hooks.posts) == 3)
    (_, headers, body) = hooks.posts[2]
    assert (headers["x-amz-sns-subscription-arn"], body) == (arn, b"{}")


def test_a_state_machine_of_one_publish_answers_with_the_message_id(served: ServedEngine) -> None:
    topic = served.client("sns").create_topic(Name="night")["TopicArn"]
    parameters = {"TopicArn": topic, "Message": "m"}
    state = {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "Parameters": parameters, "End": True}
    ended = served.ended(served.start(served.machine(one(state))))
    assert json.loads(ended["output"])["MessageId"]


def test_a_function_elsewhere_gets_the_record_that_aws_gives_it(tmp_path: Path, hooks: WebServer) -> None:
    engine = ServedEngine(tmp_path / "data")
    engine.up("--endpoint", f"lambda={hooks.url}")
    try:
        sns = engine.client("sns")
        topic = sns.create_topic(Name="night")["TopicArn"]
        function = "arn:aws:lambda:us-east-1:123456789012:function:page"
        arn = sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function)["SubscriptionArn"]
        attributes = {"count": {"DataType": "Number", "StringValue": "3"}}
        given = {"TopicArn": topic, "Message": "the batch failed", "MessageAttributes": attributes}
        message = sns.publish(**given)["MessageId"]
        (path, headers, body) = eventually(lambda: hooks.posts)[0]
    finally:
        engine.close()
    assert path.endswith("/invocations")
    assert headers["X-Amz-Invocation-Type"] == "Event"
    (record,) = json.loads(body)["Records"]
    assert {name: record[name] for name in ("EventSource", "EventVersion", "EventSubscriptionArn")} == {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": arn,
    }
    told = record["Sns"]
    assert (told["MessageId"], told["Message"], told["Subject"]) == (message, "the batch failed", None)
    assert {"SigningCertUrl", "UnsubscribeUrl", "Signature"} <= set(told)
    assert told["MessageAttributes"] == {"count": {"Type": "String", "Value": "3"}}


@pytest.mark.parametrize(
    ("server", "why"),
    [("http://x", "is not the URL of a mail server"), ("smtp://x?from=me", "is not an email address")],
)
def test_a_mail_server_that_is_none_is_told_at_once(tmp_path: Path, server: str, why: str) -> None:
    command = [sys.executable, "-m", "lamplighter", "up", "--data", str(tmp_path), "--port", "0", "--smtp", server]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert why in done.stderr
    assert done.stderr.count("\n") == 1
