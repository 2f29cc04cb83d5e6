"""Nothing is silent on AWS: what holds of every template, and that every state which can fail leads to an alert."""

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
from tests.jobs.matrix import FILES, loaded
from tests.jobs.projects import stack
from tests.jobs.soundness import ENDS, RULES, of, told_machines

every_file = pytest.mark.parametrize("file", FILES)


def deployed(folder: Path, file: str) -> ResolvedStack:
    return stack(loaded(folder, file).project)


@every_file
def test_every_rule_holds_of_every_template(tmp_path: Path, file: str) -> None:
    made = deployed(tmp_path, file)
    assert {name: broken for name, rule in RULES.items() if (broken := list(rule(made)))} == {}


def broken(template: Json) -> Iterator[tuple[str, Json]]:
    """A template with one thing wrong, and the rule that has to find it."""
    changes: dict[str, tuple[str, Callable[[Json], Json]]] = {
        "events_publish_without_condition": (
            "AWS::SNS::TopicPolicy",
            lambda each: each["PolicyDocument"]["Statement"][1].update(Condition={}),
        ),
        "alarms_publish_with_a_condition": (
            "AWS::SNS::TopicPolicy",
            lambda each: each["PolicyDocument"]["Statement"][0].pop("Condition"),
        ),
        "no_role_for_topics_and_queues": ("AWS::Events::Rule", lambda each: targets(each)[0].update(RoleArn="r")),
        "machines_are_started_with_a_role": ("AWS::Events::Rule", lambda each: targets(each)[0].pop("RoleArn", None)),
        "dead_letters_of_rules": ("AWS::Events::Rule", lambda each: targets(each)[0].pop("DeadLetterConfig")),
        "dead_letters_of_schedules": ("AWS::Scheduler::Schedule", lambda each: each["Target"].pop("DeadLetterConfig")),
        "queues_are_watched": (
            "AWS::CloudWatch::Alarm",
            lambda each: each.update(MetricName="ApproximateNumberOfMessagesVisible"),
        ),
        "alarms_have_few_actions": ("AWS::CloudWatch::Alarm", lambda each: each["AlarmActions"].clear()),
        "alarms_look_back_a_week_at_most": ("AWS::CloudWatch::Alarm", lambda each: each.update(Period=2_592_000)),
        "logs_say_their_mode": (
            "AWS::ECS::TaskDefinition",
            lambda each: each["ContainerDefinitions"][0]["LogConfiguration"]["Options"].pop("mode"),
        ),
        "slots_start_named_runs": (
            "AWS::Scheduler::Schedule",
            lambda each: each["Target"].update(Arn={"Ref": "AnyMachine"}),
        ),
        "failures_of_supportings_are_told": (
            "AWS::Events::Rule",
            lambda each: each["EventPattern"]["detail"].update(status=["FAILED"]),
        ),
    }
    assert changes.keys() == RULES.keys()
    for name, (kind, change) in changes.items():
        worse = deepcopy(template)
        for each in worse["Resources"].values():
            if each["Type"] == kind:
                change(each["Properties"])
        yield name, worse


def targets(rule: Json) -> list[Json]:
    """The targets that a rule has on AWS."""
    found = rule["Targets"]
    branches: list[Json] = found["Fn::If"][1] if isinstance(found, dict) else found
    return branches


def test_each_rule_finds_what_breaks_it(tmp_path: Path) -> None:
    made = deployed(tmp_path, "overlap")
    for name, worse in broken(made.template):
        assert list(RULES[name](replace(made, template=worse))), name


# --- every state that can fail ----------------------------------------------------------------------------------------

CAN_FAIL = ("Task", "Map", "Parallel")
AFTER = (FIRST_STATE, "Last lines", "Failed")


@every_file
def test_every_end_of_a_run_that_is_a_failure_is_told_if_anybody_is_told_of_failures(tmp_path: Path, file: str) -> None:
    """A rule on the execution's end covers every state, whatever its error, and so also what nothing catches."""
    read = loaded(tmp_path, file)
    made = stack(read.project)
    told = told_machines(made, ENDS)
    silent = {name for name in read.project.jobs if made.arn(names.state_machine_id(name)) not in told}
    wanted = {
        name for name, job in read.project.jobs.items() if job.notify.run_failed or job.notify.caught
    }  # fmt: skip
    assert silent & wanted == set()
    warned = {each.message.partition(":")[0] for each in lint_job_file(read) if "no channel is alerted" in each.message}
    assert {name for name in silent if read.project.jobs[name].schedule} <= warned


@every_file
def test_every_state_of_a_job_that_tells_itself_leads_there_or_goes_on(tmp_path: Path, file: str) -> None:
    read = loaded(tmp_path, file)
    made = stack(read.project)
    for name, job in read.project.jobs.items():
        if not job.notify.caught:
            continue
        states = json.loads(made.definition(names.state_machine_id(name)))["States"]
        for title, state in states.items():
            own = title.removeprefix(f"{name}: ")
            if state["Type"] in CAN_FAIL and not own.startswith("Tell "):
                caught = [each["ErrorEquals"] for each in state.get("Catch", ())]
                wanted = [["States.ALL"]] if own == "Watch" else [[error] for error in ALL_ERRORS]
                assert caught == wanted, (name, title)
                ends = {each["Next"].removeprefix(f"{name}: ") for each in state["Catch"]}
                assert ends <= reaching(states, name), (name, title)


def reaching(states: Json, name: str) -> set[str]:
    """The states from which telling is reached or the job goes on: all but a Fail state before anybody is told."""
    return {title.removeprefix(f"{name}: ") for title, state in states.items() if state["Type"] != "Fail"}


@every_file
def test_whoever_tells_has_a_topic_to_tell(tmp_path: Path, file: str) -> None:
    made = deployed(tmp_path, file)
    topics = {made.arn(title) for title in of(made, "AWS::SNS::Topic")}
    rules = of(made, "AWS::Events::Rule").values()
    known = topics | {made.arn(title) for title in of(made, "AWS::StepFunctions::StateMachine")}
    arns = {target["Arn"] for rule in rules for target in rule["Targets"]}
    assert {arn for arn in arns if arn not in known and not arn.endswith((":alerts", ":dev"))} == set()
