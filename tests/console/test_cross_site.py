"""A page of another site changes nothing and reads nothing, with any request of Chromium and by any host name.

Chromium itself keeps pages of the internet from this machine (Local Network Access). The tests turn that off, unless a
test says otherwise, because other browsers have nothing like it: the engine itself must reject the requests.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page

from lamplighter.base.json_text import Json
from tests.console import attacker, real_browser, sample_jobs
from tests.served_engine import ServedEngine, eventually, one_state

HOSTS = ("127.0.0.1", "0.0.0.0", "rebound.example")
"""A loopback address; a spelling for which Chromium does not report a cross-site request; a name of the attacker's."""
MAPPED_HOST = "[::ffff:127.0.0.1]"
OTHER_HOSTS = ("localhost", "x.localhost", "localhost.", "127.1", "[::1]", MAPPED_HOST)
"""Other host names by which a browser on this machine reaches the engine, or could reach it."""
RESOLVER_RULES = "--host-resolver-rules=MAP attacker.example 127.0.0.1, MAP rebound.example 127.0.0.1"
LOCAL_NETWORK_FEATURES = (
    *("LocalNetworkAccessChecks", "LocalNetworkAccessChecksWebSockets", "LocalNetworkAccessForNavigations"),
    *("LocalNetworkAccessForSubframeNavigations", "LocalNetworkAccessForWorkers", "PrivateNetworkAccessNullIpAddress"),
)
TEMPLATE = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
ACCOUNT = "123456789012"


@dataclass(frozen=True)
class Target:
    """A call that an attack attempts, as a URL and as the fields of a form."""

    path: str
    fields: Mapping[str, str]

    def at(self, host: str, port: int) -> dict[str, object]:
        return {"url": f"http://{host}:{port}{self.path}", "fields": dict(self.fields)}


@dataclass(frozen=True)
class Victim:
    """An engine with resources."""

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
            query_target("sns", "CreateTopic", Name="made"),
            query_target("cloudformation", "CreateStack", StackName="made", TemplateBody=json.dumps(TEMPLATE)),
            query_target("sns", "Subscribe", TopicArn=self.topic, **command),
            query_target("sns", "Publish", TopicArn=self.topic, Message="now"),
            Target(f"/?{urlencode({'Action': 'Unsubscribe', 'SubscriptionArn': self.subscription})}", {}),
            Target(f"/schedules/nightly?{query_credential('scheduler')}", {}),
            Target("/", {"stateMachineArn": self.machine}),
            Target("/jobs/schedule", {"schedule": schedule, "kind": "schedule"}),
            Target(f"/jobs/{self.machine}/start", {"input": "{}"}),
        ]

    def targets_at(self, host: str) -> list[dict[str, object]]:
        """Return the targets with a host name of the engine."""
        return [target.at(host, self.served.port) for target in self.targets()]

    def state(self) -> Json:
        """Return everything that an attack could change."""
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


def query_credential(service: str) -> str:
    given = {"X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Signature": "0" * 64, "X-Amz-SignedHeaders": "host"}
    scope = f"test/20260101/us-east-1/{service}/aws4_request"
    return urlencode({**given, "X-Amz-Credential": scope, "X-Amz-Date": "20260101T000000Z"})


def query_target(service: str, action: str, **params: str) -> Target:
    fields = {"Action": action, **params}
    return Target(f"/?{urlencode(fields)}&{query_credential(service)}", fields)


@pytest.fixture
def victim(tmp_path: Path) -> Iterator[Victim]:
    engine = ServedEngine(tmp_path / "data")
    engine.up()
    topic = engine.client("sns").create_topic(Name="alerts")["TopicArn"]
    queue = engine.client("sqs").create_queue(QueueName="alerts")["QueueUrl"]
    endpoint = f"arn:aws:sqs:us-east-1:{ACCOUNT}:alerts"
    subscription = engine.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=endpoint)
    machine = engine.machine(one_state({"Type": "Pass", "End": True}), "nightly")
    sample_jobs.create_schedule(engine, "nightly", machine, "cron(0 3 1 1 ? 2099)")
    yield Victim(engine, topic, subscription["SubscriptionArn"], machine, queue, tmp_path / "commanded")
    engine.close()


@pytest.fixture(scope="module")
def open_chromium() -> Iterator[Browser]:
    """Chromium that lets every page reach this machine."""
    real_browser.require_chromium()
    with real_browser.start_chromium(
        RESOLVER_RULES, f"--disable-features={','.join(LOCAL_NETWORK_FEATURES)}"
    ) as started:
        yield started


def open_page(browser: Browser, url: str) -> Page:
    context = browser.new_context()
    context.set_default_timeout(real_browser.TIMEOUT_MILLISECONDS * 3)
    page = context.new_page()
    page.goto(url)
    return page


def check_that_nothing_ran(victim: Victim, done: Path) -> None:
    """Check that the attack's command did not run, by another command that is delivered after it."""
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
def test_a_page_of_another_site_changes_and_reads_nothing(
    victim: Victim, open_chromium: Browser, origin: str, path: str, tmp_path: Path
) -> None:
    before = victim.state()
    with attacker.serve_site() as (port, _):
        page = open_page(open_chromium, f"http://{origin}:{port}{path}")
        for host in HOSTS:
            check_that_nothing_was_read(page.evaluate("attack", victim.targets_at(host)))
            assert victim.state() == before, host
        page.context.close()
    check_that_nothing_ran(victim, tmp_path / "done")


def test_no_other_host_name_of_this_machine_gives_a_page_access(victim: Victim, open_chromium: Browser) -> None:
    before = victim.state()
    with attacker.serve_site() as (port, _):
        page = open_page(open_chromium, f"http://attacker.example:{port}/public")
        check_that_nothing_was_read(page.evaluate("attack", [victim.targets_at(host)[0] for host in OTHER_HOSTS]))
        page.context.close()
    assert victim.state() == before


def test_no_navigation_from_a_page_changes_anything(victim: Victim, open_chromium: Browser) -> None:
    before = victim.state()
    with attacker.serve_site() as (port, _):
        home = f"http://attacker.example:{port}/public"
        page = open_page(open_chromium, home)
        for way in page.evaluate("Object.keys(NAVIGATIONS)"):
            for host in (*HOSTS, MAPPED_HOST):
                with page.expect_event("framenavigated", lambda frame: frame.url != home):
                    page.evaluate(f"target => NAVIGATIONS['{way}'](target)", victim.targets_at(host)[0])
                page.goto(home)
        page.context.close()
    assert victim.state() == before


def test_a_popup_window_of_a_page_changes_nothing_and_cannot_be_read(victim: Victim, open_chromium: Browser) -> None:
    before = victim.state()
    with attacker.serve_site() as (port, _):
        page = open_page(open_chromium, f"http://attacker.example:{port}/public")
        for host in HOSTS:
            for target in victim.targets_at(host)[:6]:
                with page.expect_popup() as popup:
                    page.evaluate("({url}) => { window.other = open(url); }", target)
                popup.value.wait_for_load_state()
                assert page.evaluate("readOrEmpty(() => other.document.body.innerText)") == "", host
                popup.value.close()
        page.context.close()
    assert victim.state() == before


def test_what_chromium_allows_a_page_of_the_internet_changes_nothing(victim: Victim, open_chromium: Browser) -> None:
    """Chromium's checks are on; they do not keep the page from navigating to the engine."""
    before = victim.state()
    with attacker.serve_site() as (port, _):
        public = f"--ip-address-space-overrides=127.0.0.1:{port}=public"
        with real_browser.launch_browser(open_chromium.browser_type, RESOLVER_RULES, public) as browser:
            home = f"http://attacker.example:{port}/public"
            page = open_page(browser, home)
            check_that_nothing_was_read(page.evaluate("attack", [victim.targets_at("0.0.0.0")[0]]))
            for host in ("0.0.0.0", MAPPED_HOST):
                for target in victim.targets_at(host)[:3]:
                    with page.expect_event("framenavigated", lambda frame: frame.url != home):
                        page.evaluate("target => NAVIGATIONS['address'](target)", target)
                    page.goto(home)
            page.context.close()
    assert victim.state() == before


def test_chromium_sends_the_requests_of_the_attacks(open_chromium: Browser) -> None:
    """Each attack reaches a server that rejects nothing, by each name that the system resolves to loopback."""
    with attacker.serve_site() as (port, _), attacker.serve_site() as (other, recorded):
        page = open_page(open_chromium, f"http://attacker.example:{port}/public")
        ways = page.evaluate("Object.keys(WAYS)")

        def reaches(host: str) -> bool:
            """Attack; a way gives up after a while, and one answer may serve two ways."""
            recorded.requests.clear()
            page.evaluate("attack", [Target("/", {}).at(host, other)])
            return len(recorded.requests) > len(ways) * 3 / 4

        for host in (*HOSTS, *OTHER_HOSTS):
            if host != "[::1]":  # the server does not listen on IPv6's loopback
                eventually(partial(reaches, host))
        page.context.close()
