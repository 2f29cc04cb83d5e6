"""SNS through boto3 on a served engine, with a real mail server, a real web server and kill -9."""

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
from tests.served_engine import EngineAccount, ServedEngine, eventually, one_state
from tests.services.sns.messages.test_signing import verify

T = TypeVar("T")


@contextmanager
def run_server(server: Callable[[], AbstractAsyncContextManager[T]]) -> Iterator[T]:
    """Run a server on an event loop in another thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def wait_for(work: Coroutine[None, None, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, loop).result(120)

    context = server()
    try:
        yield wait_for(context.__aenter__())
        asyncio.run_coroutine_threadsafe(context.__aexit__(None, None, None), loop).result(120)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture
def smtp_server() -> Iterator[MailServer]:
    with run_server(mail_server) as server:
        yield server


@pytest.fixture
def webhook_server() -> Iterator[WebServer]:
    with run_server(web_server) as server:
        yield server


@pytest.fixture
def engine(tmp_path: Path, smtp_server: MailServer) -> Iterator[ServedEngine]:
    """Start an engine that sends mails through the mail server."""
    engine = ServedEngine(tmp_path / "data")
    engine.up("--smtp", smtp_url(smtp_server))
    yield engine
    engine.close()


def smtp_url(smtp_server: MailServer) -> str:
    return f"smtp://127.0.0.1:{smtp_server.port}?from=engine@box.example"


def open_url(url: str, **headers: str) -> str:
    """Open a link as a browser or curl does and return the text of the answer."""
    answer = urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60)
    with answer:
        return str(answer.read().decode())


def webhook_bodies(webhook_server: WebServer) -> list[Json]:
    return [json.loads(body) for _, _, body in webhook_server.posts]


def test_a_failed_run_is_reported_by_mail_and_by_webhook(
    engine: ServedEngine, smtp_server: MailServer, webhook_server: WebServer
) -> None:
    sns = engine.client("sns")
    topic = sns.create_topic(Name="night", Attributes={"DisplayName": "Night watch"})["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ops@example.com")
    subscription = sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=f"{webhook_server.url}/hook")
    assert subscription["SubscriptionArn"] == "pending confirmation"
    confirmation = eventually(lambda: webhook_bodies(webhook_server))[0]
    assert topic in open_url(confirmation["SubscribeURL"])
    parameters = {"TaskDefinition": "none"}
    failing: Json = {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask", "Parameters": parameters}
    publish = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sns:publish",
        "Parameters": {"TopicArn": topic, "Subject": "The night failed", "Message.$": "$.Cause"},
        "End": True,
    }
    failing |= {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Tell"}], "End": True}
    machine = engine.machine({"StartAt": "Run", "States": {"Run": failing, "Tell": publish}})
    assert engine.ended(engine.start(machine))["status"] == "SUCCEEDED"
    (mail,) = eventually(lambda: smtp_server.mails)
    assert (mail["From"], mail["Subject"]) == ("Night watch <engine@box.example>", "The night failed")
    document = eventually(lambda: webhook_bodies(webhook_server)[1:])[0]
    assert (document["Type"], document["Subject"]) == ("Notification", "The night failed")
    verify(open_url(document["SigningCertURL"]).encode(), document)


def link_of_mail(mail: EmailMessage, engine: ServedEngine) -> str:
    """Return the link in a mail."""
    return next(line for line in str(mail.get_content()).splitlines() if line.startswith(engine.url))


def press_button(url: str) -> str:
    """Send the form of a page's button, which has no fields, and return the text of the answer."""
    with urllib.request.urlopen(urllib.request.Request(url, data=b""), timeout=60) as answer:
        return str(answer.read().decode())


def test_the_button_behind_a_mail_s_link_unsubscribes_and_the_next_mail_s_button_subscribes_again(
    engine: ServedEngine, smtp_server: MailServer
) -> None:
    sns = engine.client("sns")
    topic = sns.create_topic(Name="night")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ops@example.com")
    sns.publish(TopicArn=topic, Message="one")
    link = link_of_mail(eventually(lambda: smtp_server.mails)[0], engine)
    for _ in range(2):  # a mail scanner, then a person who follows the link from a webmail page
        page = open_url(link, **{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Accept": "text/html"})
        assert "<button" in page
        assert "ops@example.com" in page
    assert len(sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]) == 1
    assert "You are unsubscribed" in press_button(link)
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []
    assert "does not exist any more" in open_url(link)
    assert "does not exist any more" in press_button(link)
    back = link_of_mail(eventually(lambda: smtp_server.mails[1:])[0], engine)
    assert "<button" in open_url(back)
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []
    assert "You are subscribed" in press_button(back)
    assert "There is nothing to do" in open_url(back)
    assert len(sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]) == 1
    assert len(smtp_server.mails) == 2


def subscription_arns(engine: ServedEngine) -> set[str]:
    """Return the ARNs in AWS's list of all subscriptions."""
    return {each["SubscriptionArn"] for each in engine.client("sns").list_subscriptions()["Subscriptions"]}


def test_opening_the_link_of_a_confirmation_mail_does_not_confirm(tmp_path: Path, smtp_server: MailServer) -> None:
    engine = ServedEngine(tmp_path / "asking")
    engine.up("--smtp", smtp_url(smtp_server), "--confirm-mail")
    try:
        sns = engine.client("sns")
        topic = sns.create_topic(Name="night")["TopicArn"]
        for protocol in ("email", "email-json"):
            sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint="ops@example.com")
        person, program = eventually(lambda: smtp_server.mails if len(smtp_server.mails) == 2 else None)
        if str(person.get_content()).startswith("{"):
            person, program = program, person
        links = [link_of_mail(person, engine), json.loads(program.get_content())["SubscribeURL"]]
        for link in links:
            assert "<button" in open_url(link)
        assert subscription_arns(engine) == {"PendingConfirmation"}
        for link in links:
            assert "You are subscribed" in press_button(link)
        assert "PendingConfirmation" not in subscription_arns(engine)
    finally:
        engine.close()


def test_a_get_of_an_unsubscribe_url_does_not_unsubscribe(engine: ServedEngine, webhook_server: WebServer) -> None:
    sns = engine.client("sns")
    topic = sns.create_topic(Name="night")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=f"{webhook_server.url}/hook")
    open_url(eventually(lambda: webhook_bodies(webhook_server))[0]["SubscribeURL"])
    sns.publish(TopicArn=topic, Message="one")
    url = eventually(lambda: webhook_bodies(webhook_server)[1:])[0]["UnsubscribeURL"]
    with pytest.raises(urllib.error.HTTPError) as error:
        open_url(url)
    with error.value as answer:
        assert answer.code == 403  # a program must not believe that it has unsubscribed
    assert "<button" in open_url(url, Accept="text/html")
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
def test_an_invented_link_does_nothing(account: EngineAccount, path: str) -> None:
    sns = account.client("sns")
    topic = sns.create_topic(Name="night")["TopicArn"]
    for request in (open_url, press_button):
        with pytest.raises(urllib.error.HTTPError) as error:
            request(f"{account.url}{path.replace('TOPIC', topic)}")
        with error.value as answer:
            assert answer.code in (400, 403, 404)
    assert len(sns.list_topics()["Topics"]) == 1


@pytest.mark.parametrize("path", ["/?Action=Unsubscribe&SubscriptionArn=x", "/unsubscribe.html?SubscriptionArn=x"])
def test_a_link_with_a_foreign_host_name_is_refused(account: EngineAccount, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as error:
        open_url(f"{account.url}{path}", Host="evil.example")
    with error.value as answer:
        assert answer.code == 403


def test_an_accepted_message_is_mailed_although_the_engine_is_killed(
    engine: ServedEngine, smtp_server: MailServer, webhook_server: WebServer
) -> None:
    sns = engine.client("sns")
    topic = sns.create_topic(Name="night")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ops@example.com")
    smtp_server.data_replies += [""] * 4
    ids = {sns.publish(TopicArn=topic, Message=f"{number}")["MessageId"] for number in range(20)}
    eventually(lambda: not smtp_server.data_replies)
    engine.kill(signal.SIGKILL)
    engine.up("--smtp", smtp_url(smtp_server))
    mailed = eventually(lambda: ids == {mail["Message-ID"][1:37] for mail in smtp_server.mails}, seconds=60)
    assert mailed


def test_mails_are_stored_as_files_if_there_is_no_mail_server(served: ServedEngine) -> None:
    sns = served.client("sns")
    topic = sns.create_topic(Name="night")["TopicArn"]
    arn = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ops@example.com")["SubscriptionArn"]
    assert arn.startswith(topic)
    sns.publish(TopicArn=topic, Message="the batch failed", Subject="Night")
    (mail,) = eventually(lambda: list((served.data / "mail").glob("*.eml")))
    assert "Subject: Night\r\n" in mail.read_bytes().decode()
    served.wait_for_line("no mail server")


def test_a_command_subscription_receives_the_message(served: ServedEngine, tmp_path: Path) -> None:
    sns = served.client("sns")
    topic = sns.create_topic(Name="night")["TopicArn"]
    out = tmp_path / "out"
    command = f'(echo "$LAMPLIGHTER_SUBJECT"; cat) > {out}.part && mv {out}.part {out}'
    sns.subscribe(TopicArn=topic, Protocol="lamplighter:command", Endpoint=command)
    sns.publish(TopicArn=topic, Message="the batch failed", Subject="Night")
    eventually(out.exists)
    assert out.read_text() == "Night\nthe batch failed"


def test_errors_are_the_exceptions_of_aws_in_boto3(account: EngineAccount) -> None:
    sns = account.client("sns")
    topic = sns.create_topic(Name="night")["TopicArn"]
    with pytest.raises(sns.exceptions.NotFoundException):
        sns.publish(TopicArn=topic + "x", Message="m")
    with pytest.raises(sns.exceptions.InvalidParameterException):
        sns.publish(TopicArn=topic, Message="")
    with pytest.raises(sns.exceptions.InvalidParameterValueException):
        sns.publish(TopicArn=topic, Message="m", MessageAttributes={"a": {"DataType": "Colour", "StringValue": "x"}})
    with pytest.raises(ClientError, match="no value for required parameter"):
        sns.publish(Message="m")


def test_a_webhook_that_is_down_gets_the_message_later(engine: ServedEngine, webhook_server: WebServer) -> None:
    sns = engine.client("sns")
    topic = sns.create_topic(Name="night")["TopicArn"]
    policy = {"healthyRetryPolicy": {"numRetries": 3, "minDelayTarget": 1, "maxDelayTarget": 1}}
    arn = sns.subscribe(
        TopicArn=topic,
        Protocol="http",
        Endpoint=f"{webhook_server.url}/hook",
        Attributes={"DeliveryPolicy": json.dumps(policy), "RawMessageDelivery": "true"},
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]
    token = eventually(lambda: webhook_bodies(webhook_server))[0]["Token"]
    sns.confirm_subscription(TopicArn=topic, Token=token)
    webhook_server.answers.append(503)
    sns.publish(TopicArn=topic, Message="{}")
    eventually(lambda: len(webhook_server.posts) == 3)
    (_, headers, body) = webhook_server.posts[2]
    assert (headers["x-amz-sns-subscription-arn"], body) == (arn, b"{}")


def test_a_publish_state_returns_the_message_id(account: EngineAccount) -> None:
    topic = account.client("sns").create_topic(Name="night")["TopicArn"]
    parameters = {"TopicArn": topic, "Message": "m"}
    state = {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "Parameters": parameters, "End": True}
    ended = account.ended(account.start(account.machine(one_state(state))))
    assert json.loads(ended["output"])["MessageId"]


def test_a_lambda_function_receives_the_record_of_aws(tmp_path: Path, webhook_server: WebServer) -> None:
    engine = ServedEngine(tmp_path / "data")
    engine.up("--endpoint", f"lambda={webhook_server.url}")
    try:
        sns = engine.client("sns")
        topic = sns.create_topic(Name="night")["TopicArn"]
        function = "arn:aws:lambda:us-east-1:123456789012:function:page"
        arn = sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function)["SubscriptionArn"]
        attributes = {"count": {"DataType": "Number", "StringValue": "3"}}
        given = {"TopicArn": topic, "Message": "the batch failed", "MessageAttributes": attributes}
        message = sns.publish(**given)["MessageId"]
        (path, headers, body) = eventually(lambda: webhook_server.posts)[0]
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
    notification = record["Sns"]
    assert (notification["MessageId"], notification["Message"], notification["Subject"]) == (
        message,
        "the batch failed",
        None,
    )
    assert {"SigningCertUrl", "UnsubscribeUrl", "Signature"} <= set(notification)
    assert notification["MessageAttributes"] == {"count": {"Type": "String", "Value": "3"}}


@pytest.mark.parametrize(
    ("server", "reason"),
    [("http://x", "is not the URL of a mail server"), ("smtp://x?from=me", "is not an email address")],
)
def test_an_invalid_mail_server_is_reported_at_the_start(tmp_path: Path, server: str, reason: str) -> None:
    command = [sys.executable, "-m", "lamplighter", "up", "--data", str(tmp_path), "--port", "0", "--smtp", server]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2, "systemd does not start an engine again that ends with this code"
    assert reason in done.stderr
    assert done.stderr.count("\n") == 1
