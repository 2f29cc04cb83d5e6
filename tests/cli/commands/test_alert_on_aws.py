"""`alert CHANNEL --aws` sends an alert the way of one about a failed run, and names the link at which it breaks."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.deployed_account import PAGER, Account
from tests.served_engine import eventually


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    """A deployment on an engine that enforces permissions, with those of the project's roles."""
    made = Account(tmp_path)
    made.deploy("--enforce-iam")
    yield made
    made.engine.close()


def received(account: Account) -> str:
    """Return the message that the channel pager gets."""
    sqs = account.engine.client("sqs")
    url = sqs.get_queue_url(QueueName="pager")["QueueUrl"]
    found = eventually(lambda: sqs.receive_message(QueueUrl=url).get("Messages"))
    return str(found[0]["Body"])


def test_a_test_alert_comes_from_the_project_s_own_machine(account: Account) -> None:
    made = account.command("alert", "pager", "--aws")
    assert made.out == "✓ channel pager: its topic has accepted the alert, as one about a failed run\n"
    assert (made.code, made.err) == (0, "")
    text = received(account)
    assert text.startswith("test of the channel pager: nothing failed, and alerts about failed runs arrive here\n")
    assert re.search(r"execution:reports--failures:test-pager-[0-9a-f]{8}\n", text)


def test_a_broken_link_is_named(account: Account) -> None:
    refuse = {"Effect": "Deny", "Principal": {"AWS": "123456789012"}, "Action": "sns:Publish"}
    account.set_policy("pager", refuse)
    made = account.command("alert", "pager", "--aws")
    assert "✗ channel pager: the topic refuses the alert: SNS.AuthorizationErrorException: " in made.out
    assert "explicit deny in a resource-based policy" in made.out
    assert made.code == 1

    account.engine.client("sns").unsubscribe(SubscriptionArn=account.subscription(PAGER))
    made = account.command("alert", "pager", "--aws")
    assert f"✗ channel pager: the subscription of {PAGER} was deleted: it gets no alerts\n" in made.out

    account.engine.client("events").disable_rule(Name="reports--failed-runs")
    made = account.command("alert", "pager", "--aws")
    assert "✗ rule reports--failed-runs: it is disabled: it passes on no event\n" in made.out
    assert (made.code, "the topic" in made.out) == (1, False)


def test_a_channel_without_alerts_about_failed_runs_is_tested_with_the_caller_s_permissions(account: Account) -> None:
    made = account.command("alert", "hook", "--aws")
    assert (made.code, made.err) == (0, "")
    assert made.out.startswith("sent to hook with your own permissions, for no alert about a failed run goes there;")
