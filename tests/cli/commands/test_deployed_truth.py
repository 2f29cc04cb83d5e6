"""`status`, `diff` and `doctor --aws` find what no longer is, or does, what the deployed template says."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.aws_account import make_client, write_job_file
from tests.cli.deployed_account import JOBS, PAGER, Account

PASS = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    made = Account(tmp_path)
    made.deploy()
    yield made
    made.engine.close()


PENDING = ("doubt", "channel hook", "127.0.0.1 has not confirmed its subscription")


def break_links(account: Account) -> None:
    """Break each link of alerts and starts that a person may break."""
    call = account.engine.client
    call("events").disable_rule(Name="reports--failed-runs")
    call("events").remove_targets(Rule="reports--failure-alarms", Ids=["failures"])
    call("events").delete_rule(Name="reports--failure-alarms")
    call("cloudwatch").disable_alarm_actions(AlarmNames=["reports-nightly-did-not-start"])
    call("cloudwatch").delete_alarms(AlarmNames=["reports-nightly-failed"])
    call("sns").unsubscribe(SubscriptionArn=account.subscription(PAGER))
    url = call("sqs").get_queue_url(QueueName="reports-ops-undelivered")["QueueUrl"]
    call("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    allow = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}}
    deny = {"Effect": "Deny", "Principal": {"AWS": "123456789012"}}
    account.set_policy("ops", *({**each, "Action": "sns:Publish"} for each in (allow, deny)))


BROKEN = {
    ("bad", "rule reports--failed-runs", "it is disabled: it passes on no event"),
    ("bad", "rule reports--failure-alarms", "it was deleted"),
    ("bad", "alarm reports-nightly-did-not-start", "its actions are disabled: it alerts nobody"),
    ("bad", "alarm reports-nightly-failed", "it was deleted"),
    ("bad", "channel pager", f"the subscription of {PAGER} was deleted: it gets no alerts"),
    ("bad", "channel ops", "its policy refuses what cloudwatch.amazonaws.com sends"),
    ("bad", "channel ops", "its policy refuses what the machines of this account send"),
    ("bad", "queue reports-ops-undelivered", "its policy refuses what sns.amazonaws.com sends"),
}


def test_a_fresh_deployment_is_well_and_an_unconfirmed_recipient_is_a_doubt(account: Account) -> None:
    assert account.findings("status --aws") == account.findings("diff") == {PENDING}
    assert (account.command("diff").code, account.command("status", "--aws").code) == (0, 0)
    said = account.command("status", "--aws").out
    assert said.startswith("✓ deployment: reports is CREATE_COMPLETE in AWS account 123456789012 in us-east-1\n")


def test_each_link_that_was_broken_by_hand_is_found(account: Account) -> None:
    break_links(account)
    assert account.findings("status --aws") == {PENDING, *BROKEN}
    assert account.findings("diff") == {PENDING, *BROKEN}
    assert {PENDING, *BROKEN} < account.findings("doctor --aws")
    assert (account.command("status", "--aws").code, account.command("diff").code) == (1, 3)


def test_a_changed_resource_is_drift_without_its_values_and_a_paused_schedule_is_none(account: Account) -> None:
    scheduler, sfn = account.engine.client("scheduler"), account.engine.client("stepfunctions")
    schedule = scheduler.get_schedule(Name="reports-nightly", GroupName="reports")
    kept = ("Name", "GroupName", "ScheduleExpression", "FlexibleTimeWindow", "Target", "ScheduleExpressionTimezone")
    scheduler.update_schedule(**{name: schedule[name] for name in kept}, State="DISABLED")
    paused = ("doubt", "schedule reports-nightly", "it is paused: it starts no run")
    assert account.findings("status --aws") == account.findings("diff") == {PENDING, paused}
    assert account.command("diff").code == 0
    machine = "arn:aws:states:us-east-1:123456789012:stateMachine:reports-nightly"
    sfn.update_state_machine(stateMachineArn=machine, definition=json.dumps(PASS))
    changed = ("bad", "job reports-nightly", "it was changed without its stack: DefinitionString")
    assert account.findings("diff") == {PENDING, paused, changed}
    said = account.command("diff")
    assert "reports is deployed to AWS in us-east-1 as the file says, but:\n" in said.out
    assert (said.code, "Pass" in said.out) == (3, False)


def test_messages_in_dead_letter_queues_are_counted_also_beside_a_deleted_queue_and_a_deleted_topic(
    account: Account,
) -> None:
    sqs = account.engine.client("sqs")
    url = sqs.get_queue_url(QueueName="reports-undelivered-alerts")["QueueUrl"]
    sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": str(at), "MessageBody": "an event"} for at in range(2)])
    (found,) = account.findings("status --aws") - {PENDING}
    assert found[:2] == ("bad", "queue reports-undelivered-alerts")
    assert found[2].startswith("it holds 2 lost messages")
    assert account.command("diff").code == 0

    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName="reports-ops-undelivered")["QueueUrl"])
    account.engine.client("sns").delete_topic(TopicArn="arn:aws:sns:us-east-1:123456789012:reports-pager")
    assert account.findings("status --aws") == {
        PENDING,
        found,
        ("bad", "queue reports-ops-undelivered", "its policy refuses what sns.amazonaws.com sends"),
        ("bad", "channel pager", f"the subscription of {PAGER} was deleted: it gets no alerts"),
        ("bad", "channel pager", "its policy refuses what cloudwatch.amazonaws.com sends"),
        ("bad", "channel pager", "its policy refuses what events.amazonaws.com sends"),
    }
    assert {("bad", "channel reports-pager", "it was deleted")} < account.findings("diff")


def test_what_the_caller_may_not_read_is_one_line_each_that_names_the_action(tmp_path: Path) -> None:
    account = Account(tmp_path)
    account.deploy("--enforce-iam")
    account.call_as_role("cloudformation:*", "sns:*", "sqs:GetQueueUrl", "sts:*")
    found = account.findings("status --aws")
    account.engine.close()
    assert found == {
        PENDING,
        ("doubt", "deployment", "could not see the rules: needs events:ListRules"),
        ("doubt", "deployment", "could not see the schedules: needs scheduler:ListSchedules"),
        ("doubt", "deployment", "could not see the alarms: needs cloudwatch:DescribeAlarms"),
        ("doubt", "deployment", "could not see the policies of topics and queues: needs sqs:GetQueueAttributes"),
        ("doubt", "deployment", "could not see the queues: needs sqs:GetQueueAttributes"),
    }


def test_in_moto_s_account_what_moto_leaves_out_is_found_and_what_it_cannot_answer_is_one_line(
    aws: str, tmp_path: Path
) -> None:
    account = Account(tmp_path)
    account.url = aws
    write_job_file(tmp_path, JOBS)
    assert account.command("deploy", "--yes").code == 0
    make_client(aws, "events").disable_rule(Name="reports--failed-runs")
    found = account.findings("diff")
    assert {
        ("bad", "rule reports--failed-runs", "it is disabled: it passes on no event"),
        ("bad", "alarm reports-nightly-failed", "it was deleted"),
        ("bad", "schedule reports-nightly", "it was deleted"),
        ("bad", "channel ops", "the subscription of ops@example.com was deleted: it gets no alerts"),
        ("bad", "channel ops", "its policy refuses what cloudwatch.amazonaws.com sends"),
    } < found
    (unknown,) = (says for state, _, says in found if state == "doubt")
    assert unknown.startswith("could not see the drift of the stack: ")
