"""The input that a job is usually started with."""

from pathlib import Path

import pytest

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.jobs.stack.template import build_template
from lamplighter.runs.default_input import default_input
from tests.jobs.projects import load_project

MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:nightly"
UNIVERSAL = "arn:aws:scheduler:::aws-sdk:sfn:startExecution"


def schedule(text: str) -> Json:
    return {"Arn": MACHINE, "Input": text}


def metadata(document: Json) -> str:
    return dumps({"Lamplighter": {"Job": "nightly", "Input": dumps(document)}})


def test_a_job_file_s_input_is_in_the_template_also_of_a_job_without_a_schedule(tmp_path: Path) -> None:
    made = build_template(load_project(tmp_path, "nightly: {image: x, timeout: 1h, input: {Ref: text, day: 1}}"))
    (machine,) = (each for each in made["Resources"].values() if each["Type"].endswith("StateMachine"))
    assert default_input(dumps(machine["Metadata"]), (), ()) == {"Ref": "text", "day": 1}
    assert loads(machine["Metadata"]["Lamplighter"]["Input"]) == {"Ref": "text", "day": 1}


@pytest.mark.parametrize(
    ("said", "schedules", "rules", "found"),
    [
        (None, [], [], {}),
        ("{}", [], [], {}),
        ("no JSON", [], [], {}),
        (metadata({"a": 1}), [schedule('{"a": 2}')], [], {"a": 1}),
        (None, [schedule('{"a": 2, "lamplighter": {"scheduled": "now"}}')], [schedule('{"a": 3}')], {"a": 2}),
        (None, [schedule("no JSON")], [], {}),
        (None, [schedule("[1]")], [], [1]),
        (None, [], [{"Arn": MACHINE}, schedule('{"a": 3}')], {"a": 3}),
        (None, [{"Arn": UNIVERSAL, "Input": dumps({"StateMachineArn": MACHINE, "Input": '{"a": 4}'})}], [], {"a": 4}),
        (None, [{"Arn": UNIVERSAL, "Input": dumps({"StateMachineArn": MACHINE})}], [], {}),
    ],
)
def test_the_template_comes_before_schedules_and_they_before_rules(
    said: str | None, schedules: list[Json], rules: list[Json], found: Json
) -> None:
    assert default_input(said, schedules, rules) == found
