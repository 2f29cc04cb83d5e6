"""A page of another site changes nothing and reads nothing, whatever it has Chromium send, and by whatever name.

Chromium keeps pages of the internet from this machine by itself (Local Network Access); that is off here, except where
a test says so, because other browsers have nothing like it: the engine itself must refuse.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page

from lamplighter.base.json_text import Json
from tests.console import attacker, real_browser, sample_jobs
from tests.served_engine import ServedEngine, eventually, one

THOROUGHLY = ("127.0.0.1", "0.0.0.0", "rebound.example")
"""A name of loopback; a spelling for which Chromium does not say that another site asks; a name of the attacker's."""
MAPPED = "[::ffff:127.0.0.1]"
BRIEFLY = ("localhost", "x.localhost", "localhost.", "127.1", "[::1]", MAPPED)
"""Other names by which a browser on this machine reaches the engine, or could."""
NAMES = "--host-resolver-rules=MAP attacker.example 127.0.0.1, MAP rebound.example 127.0.0.1"
CHECKS = (
    *("LocalNetworkAccessChecks", "LocalNetworkAccessChecksWebSockets", "LocalNetworkAccessForNavigations"),
    *("LocalNetworkAccessForSubframeNavigations", "LocalNetworkAccessForWorkers", "PrivateNetworkAccessNullIpAddress"),
)
TEMPLATE = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
ACCOUNT = "123456789012"


@dataclass(frozen=True)
class Target:
    """What an attack asks for, by a URL and as the fields of a form."""

    path: str
    fields: Mapping[str, str]

    def at(self, host: str, port: int) -> dict[str, object]:
        return {"url": f"http://{host}:{port}{self.path}", "fields": dict(self.fields)}


@dataclass(frozen=True)
class Victim:
    """An engine, and what there is in it."""

    served: ServedEngine
    topic: str
    subscription: str
    machine: str
    queue: str
    commanded: Path

    def targets(self) -> list[Target]:
        schedule = f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule/default/nightly"
        command = {"Protocol": "lamplighter:command", "Endpoint": f"touch '{self.commanded}'"}
        return [
            query("sns", "CreateTopic", Name="made"),
            query("cloudformation", "CreateStack", StackName="made", TemplateBody=json.dumps(TEMPLATE)),
            query("sns", "Subscribe", TopicArn=self.topic, **command),
            query("sns", "Publish", TopicArn=self.topic, Message="now"),
            Target(f"/?{urlencode({'Action': 'Unsubscribe', 'SubscriptionArn': self.subscription})}", {}),
            Target(f"/schedules/nightly?{credential('scheduler')}", {}),
            Target("/", {"stateMachineArn": self.machine}),
            Target("/jobs/schedule", {"schedule": schedule, "kind": "schedule"}),
            Target(f"/jobs/{self.machine}/start", {"input": "{}"}),
        ]

    def aimed(self, host: str) -> list[dict[str, object]]:
        """The targets under a name of the engine."""
        return [target.at(host, self.served.port) for target in self.targets()]

    def state(self) -> Json:
        """All that an attack could have changed."""
        sns, sqs = self.served.client("sns"), self.served.client("sqs")
        waiting = ["ApproximateNumberOfMessages"]
        return {
            "topics": sns.list_topics()["Topics"],
            "subscriptions": sns.list_subscriptions()["Subscriptions"],
            "queues": sqs.list_queues()["QueueUrls"],
            "messages": sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=waiting)["Attributes"],
            "stacks": self.served.client("cloudformation").list_stacks()["StackSummaries"],
            "executions": self.served.sfn.list_executions(stateMachineArn=self.machine)["executions"],
            "schedule": self.served.client("scheduler").get_schedule(Name="nightly")["State"],
        }


def credential(service: str) -> str:
    given = {"X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Signature": "0" * 64, "X-Amz-SignedHeaders": "host"}
    scope = f"test/20260101/us-east-1/{service}/aws4_request"
    return urlencode({**given, "X-Amz-Credential": scope, "X-Amz-Date": "20260101T000000Z"})


def query(service: str, action: str, **params: str) -> Target:
    fields = {"Action": action, **params}
    return Target(f"/?{urlencode(fields)}&{credential(service)}", fields)


@pytest.fixture
def victim(tmp_path: Path) -> Iterator[Victim]:
    engine = ServedEngine(tmp_path / "data")
    engine.up()
    topic = engine.client("sns").create_topic(Name="alerts")["TopicArn"]
    queue = engine.client("sqs").create_queue(QueueName="alerts")["QueueUrl"]
    endpoint = f"arn:aws:sqs:us-east-1:{ACCOUNT}:alerts"
    subscription = engine.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=endpoint)
    machine = engine.machine(one({"Type": "Pass", "End": True}), "nightly")
    sample_jobs.schedule(engine, "nightly", machine, "cron(0 3 1 1 ? 2099)")
    yield Victim(engine, topic, subscription["SubscriptionArn"], machine, queue, tmp_path / "commanded")
    engine.close()


@pytest.fixture(scope="module")
def open_chromium() -> Iterator[Browser]:
    """A browser that lets every page reach this machine."""
    real_browser.require()
    with real_browser.chromium(NAMES, f"--disable-features={','.join(CHECKS)}") as started:
        yield started


def opened(browser: Browser, url: str) -> Page:
    context = browser.new_context()
    context.set_default_timeout(real_browser.PATIENCE * 3)
    page = context.new_page()
    page.goto(url)
    return page


def check_that_nothing_ran(victim: Victim, done: Path) -> None:
    """A command of our own is delivered after all that came before it."""
    sns = victim.served.client("sns")
    topic = sns.create_topic(Name="ours")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="lamplighter:command", Endpoint=f"touch '{done}'")
    sns.publish(TopicArn=topic, Message="now")
    eventually(done.exists)
    assert not victim.commanded.exists()


def check_that_nothing_was_read(results: list[list[str | None]]) -> None:
    assert [result for result in results if result[2] is None] == [], "the browser never said that it is over"
    assert [result for result in results if result[2]] == []


@pytest.mark.parametrize(("origin", "path"), [("attacker.example", "/public"), ("127.0.0.1", "/")])
def test_nothing_on_a_page_of_another_site_changes_or_reads_anything(
    victim: Victim, open_chromium: Browser, origin: str, path: str, tmp_path: Path
) -> None:
    before = victim.state()
    with attacker.site() as (port, _):
        page = opened(open_chromium, f"http://{origin}:{port}{path}")
        for host in THOROUGHLY:
            check_that_nothing_was_read(page.evaluate("attack", victim.aimed(host)))
            assert victim.state() == before, host
        page.context.close()
    check_that_nothing_ran(victim, tmp_path / "done")


def test_no_other_spelling_of_this_machine_lets_a_page_in(victim: Victim, open_chromium: Browser) -> None:
    before = victim.state()
    with attacker.site() as (port, _):
        page = opened(open_chromium, f"http://attacker.example:{port}/public")
        check_that_nothing_was_read(page.evaluate("attack", [victim.aimed(host)[0] for host in BRIEFLY]))
        page.context.close()
    assert victim.state() == before


def test_no_address_that_a_page_leads_to_changes_anything(victim: Victim, open_chromium: Browser) -> None:
    before = victim.state()
    with attacker.site() as (port, _):
        home = f"http://attacker.example:{port}/public"
        page = opened(open_chromium, home)
        for way in page.evaluate("Object.keys(NAVIGATIONS)"):
            for host in (*THOROUGHLY, MAPPED):
                with page.expect_event("framenavigated", lambda frame: frame.url != home):
                    page.evaluate(f"target => NAVIGATIONS['{way}'](target)", victim.aimed(host)[0])
                page.goto(home)
        page.context.close()
    assert victim.state() == before


def test_a_window_that_a_page_opens_changes_nothing_and_cannot_be_read(victim: Victim, open_chromium: Browser) -> None:
    before = victim.state()
    with attacker.site() as (port, _):
        page = opened(open_chromium, f"http://attacker.example:{port}/public")
        for host in THOROUGHLY:
            for target in victim.aimed(host)[:6]:
                with page.expect_popup() as popup:
                    page.evaluate("({url}) => { window.other = open(url); }", target)
                popup.value.wait_for_load_state()
                assert page.evaluate("tried(() => other.document.body.innerText)") == "", host
                popup.value.close()
        page.context.close()
    assert victim.state() == before


def test_what_chromium_lets_a_page_of_the_internet_do_changes_nothing(victim: Victim, open_chromium: Browser) -> None:
    """Its own checks are on; they do not keep the page from leading a person to the engine."""
    before = victim.state()
    with attacker.site() as (port, _):
        public = f"--ip-address-space-overrides=127.0.0.1:{port}=public"
        with real_browser.launched(open_chromium.browser_type, NAMES, public) as browser:
            home = f"http://attacker.example:{port}/public"
            page = opened(browser, home)
            check_that_nothing_was_read(page.evaluate("attack", [victim.aimed("0.0.0.0")[0]]))
            for host in ("0.0.0.0", MAPPED):
                for target in victim.aimed(host)[:3]:
                    with page.expect_event("framenavigated", lambda frame: frame.url != home):
                        page.evaluate("target => NAVIGATIONS['address'](target)", target)
                    page.goto(home)
            page.context.close()
    assert victim.state() == before


def test_the_attacks_are_ones_that_chromium_lets_through(open_chromium: Browser) -> None:
    """Each way reaches a server that refuses nothing, under each name that the operating system takes for loopback."""
    with attacker.site() as (port, _), attacker.site() as (other, seen):
        page = opened(open_chromium, f"http://attacker.example:{port}/public")
        ways = page.evaluate("Object.keys(WAYS)")
        for host in (*THOROUGHLY, *BRIEFLY):
            seen.requests.clear()
            page.evaluate("attack", [Target("/", {}).at(host, other)])
            # IPv6's loopback is another address than the one that the server listens on; one answer may serve two ways.
            assert host == "[::1]" or len(seen.requests) > len(ways) * 3 / 4, host
        page.context.close()
