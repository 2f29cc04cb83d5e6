"""No failure is silent on AWS: the rules hold for every template, and every state that can fail leads to an alert."""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from lamplighter.jobs import names
from lamplighter.jobs.iam.resolve_template import ResolvedStack
from lamplighter.jobs.lint.lint import lint_job_file
from lamplighter.jobs.machine.alert_states import FIRST_STATE
from lamplighter.jobs.machine.attempt_states import ALL_ERRORS
from lamplighter.jobs.stack.alerting.project_rules import MAX_LISTED_NAMES
from tests.jobs.matrix import FILES, load_matrix_file
from tests.jobs.projects import load_job_text, resolve_stack
from tests.jobs.soundness import FAILED_STATUSES, RULES, find_alerted_machines, find_resources

every_file = pytest.mark.parametrize("file", FILES)


def load_stack(folder: Path, file: str) -> ResolvedStack:
    return resolve_stack(load_matrix_file(folder, file).project)


@every_file
def test_every_rule_holds_for_every_template(tmp_path: Path, file: str) -> None:
    resolved = load_stack(tmp_path, file)
    assert {name: violations for name, rule in RULES.items() if (violations := list(rule(resolved)))} == {}


def test_every_rule_holds_for_the_template_of_many_jobs(tmp_path: Path) -> None:
    alerts = "{attempt-failed: ops, run-failed: ops, did-not-start: ops, recovered: ops}"
    jobs = "".join(
        f"  job-{at}: {{image: x, schedule: rate(1 hour), notify: {alerts}}}\n" for at in range(MAX_LISTED_NAMES + 1)
    )
    text = f"project: p\nchannels: {{ops: {{email: ops@example.com}}, me: {{email: me@example.com}}}}\njobs:\n{jobs}"
    resolved = resolve_stack(load_job_text(tmp_path, text).project)
    assert {name: violations for name, rule in RULES.items() if (violations := list(rule(resolved)))} == {}


def break_template(template: Json) -> Iterator[tuple[str, Json]]:
    """Yield each rule's name with a copy of the template in which one change breaks the rule."""
    changes: dict[str, tuple[str, Callable[[Json], Json]]] = {
        "events_publish_without_condition": (
            "AWS::SNS::TopicPolicy",
            lambda each: each["PolicyDocument"]["Statement"][1].update(Condition={}),
        ),
        "alarms_publish_with_a_condition": (
            "AWS::SNS::TopicPolicy",
            lambda each: each["PolicyDocument"]["Statement"][0].pop("Condition"),
        ),
        "topic_and_queue_targets_have_no_role": (
            "AWS::Events::Rule",
            lambda each: each["Targets"][0].update(Arn="arn:aws:sns:us-east-1:123456789012:alerts"),
        ),
        "machine_targets_have_a_role": (
            "AWS::Events::Rule",
            lambda each: each["Targets"][0].pop("RoleArn", None),
        ),
        "rule_targets_have_a_dead_letter_queue": (
            "AWS::Events::Rule",
            lambda each: each["Targets"][0].pop("DeadLetterConfig"),
        ),
        "schedules_have_a_dead_letter_queue": (
            "AWS::Scheduler::Schedule",
            lambda each: each["Target"].pop("DeadLetterConfig"),
        ),
        "subscriptions_have_a_dead_letter_queue": (
            "AWS::SNS::Subscription",
            lambda each: each.pop("RedrivePolicy"),
        ),
        "webhooks_are_tried_for_an_hour": (
            "AWS::SNS::Subscription",
            lambda each: each.pop("DeliveryPolicy", None),
        ),
        "lost_channels_are_told_to_others": (
            "AWS::CloudWatch::Alarm",
            lambda each: each.update(Metrics=each.get("Metrics", [])[1:]),
        ),
        "queues_have_an_alarm": (
            "AWS::CloudWatch::Alarm",
            lambda each: each.update(DatapointsToAlarm=2),
        ),
        "alarms_have_one_to_five_actions": ("AWS::CloudWatch::Alarm", lambda each: each.update(AlarmActions=[])),
        "alarms_tell_two_channels": (
            "AWS::CloudWatch::Alarm",
            lambda each: each.update(AlarmActions=each.get("AlarmActions", [])[:1]),
        ),
        "alarms_cover_a_week_at_most": ("AWS::CloudWatch::Alarm", lambda each: each.update(Period=2_592_000)),
        "log_drivers_state_their_mode": (
            "AWS::ECS::TaskDefinition",
            lambda each: each["ContainerDefinitions"][0]["LogConfiguration"]["Options"].pop("mode"),
        ),
        "slots_start_named_runs": (
            "AWS::Scheduler::Schedule",
            lambda each: each["Target"].update(Arn={"Ref": "AnyMachine"}),
        ),
        "failures_of_supporting_machines_send_alerts": (
            "AWS::CloudWatch::Alarm",
            lambda each: each.pop("Metrics", None),
        ),
        "no_rule_matches_what_it_starts": (
            "AWS::Events::Rule",
            lambda each: each.get("EventPattern", {"detail": {}})["detail"].update(
                stateMachineArn=[{"prefix": "arn:"}]
            ),
        ),
        "starts_are_repeated": ("AWS::StepFunctions::StateMachine", remove_retries),
        "failed_runs_have_two_paths": ("AWS::CloudWatch::Alarm", lambda each: each.update(AlarmName="another")),
    }
    assert changes.keys() == RULES.keys()
    for name, (kind, change) in changes.items():
        changed = deepcopy(template)
        for each in changed["Resources"].values():
            if each["Type"] == kind:
                change(each["Properties"])
        yield name, changed


def remove_retries(machine: Json) -> None:
    """Rename the retries of a machine, whose definition is text with placeholders."""
    machine.update(json.loads(json.dumps(machine).replace("Retry", "Again")))


def test_each_rule_finds_the_change_that_breaks_it(tmp_path: Path) -> None:
    resolved = load_stack(tmp_path, "overlap")
    for name, changed in break_template(resolved.template):
        assert list(RULES[name](replace(resolved, template=changed))), name


# --- every state that can fail ----------------------------------------------------------------------------------------

CAN_FAIL = ("Task", "Map", "Parallel")
AFTER = (FIRST_STATE, "Last lines", "Failed")


@every_file
def test_every_failed_run_of_a_job_with_failure_alerts_sends_an_alert(tmp_path: Path, file: str) -> None:
    """A rule on the execution's status covers every state and every error, also those that no state catches."""
    read = load_matrix_file(tmp_path, file)
    resolved = resolve_stack(read.project)
    alerted = find_alerted_machines(resolved, FAILED_STATUSES)
    silent = {name for name in read.project.jobs if resolved.arn(names.state_machine_id(name)) not in alerted}
    expected = {
        name for name, job in read.project.jobs.items() if job.notify.run_failed or job.notify.caught
    }  # fmt: skip
    assert silent & expected == set()
    warned = {each.message.partition(":")[0] for each in lint_job_file(read) if "no channel is alerted" in each.message}
    assert {name for name in silent if read.project.jobs[name].schedule} <= warned


@every_file
def test_every_state_of_a_job_with_caught_alerts_catches_its_errors_and_continues_to_an_alert(
    tmp_path: Path, file: str
) -> None:
    read = load_matrix_file(tmp_path, file)
    resolved = resolve_stack(read.project)
    for name, job in read.project.jobs.items():
        if not job.notify.caught:
            continue
        states = json.loads(resolved.definition(names.state_machine_id(name)))["States"]
        for title, state in states.items():
            state_name = title.removeprefix(f"{name}: ")
            if state["Type"] in CAN_FAIL and not state_name.startswith("Tell "):
                caught = [each["ErrorEquals"] for each in state.get("Catch", ())]
                expected = [["States.ALL"]] if state_name == "Watch" else [[error] for error in ALL_ERRORS]
                assert caught == expected, (name, title)
                ends = {each["Next"].removeprefix(f"{name}: ") for each in state["Catch"]}
                assert ends <= exclude_fail_states(states, name), (name, title)


def exclude_fail_states(states: Json, name: str) -> set[str]:
    """Return the states that lead to an alert or continue the job: all but Fail states."""
    return {title.removeprefix(f"{name}: ") for title, state in states.items() if state["Type"] != "Fail"}


@every_file
def test_every_target_of_a_rule_exists(tmp_path: Path, file: str) -> None:
    resolved = load_stack(tmp_path, file)
    topics = {resolved.arn(title) for title in find_resources(resolved, "AWS::SNS::Topic")}
    rules = find_resources(resolved, "AWS::Events::Rule").values()
    known = topics | {resolved.arn(title) for title in find_resources(resolved, "AWS::StepFunctions::StateMachine")}
    known |= {resolved.arn(title) for title in find_resources(resolved, "AWS::Events::ApiDestination")}
    arns = {target["Arn"] for rule in rules for target in rule["Targets"]}
    assert {arn for arn in arns if arn not in known and not arn.endswith((":alerts", ":dev"))} == set()
