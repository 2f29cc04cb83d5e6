"""Events and messages are about runs, tasks, rules, schedules and stacks."""

import pytest

from lamplighter.base.json_text import Json, dumps
from lamplighter.console.view.subject import find_subject, job_of_event, status_of_event, subject_of_event

PLACE = "us-east-1:123456789012"
RUN = f"arn:aws:states:{PLACE}:execution:nightly:2026-11-29"
TASK = f"arn:aws:ecs:{PLACE}:task/default/0123456789abcdef0123456789abcdef"
RULE = f"arn:aws:events:{PLACE}:rule/hourly"
SCHEDULE = f"arn:aws:scheduler:{PLACE}:schedule/default/nightly"
STACK = f"arn:aws:cloudformation:{PLACE}:stack/jobs/1"


def event(detail: Json, *resources: str) -> Json:
    place = {"region": "us-east-1", "account": "123456789012"}
    return {"source": "x", "detail-type": "y", **place, "resources": list(resources), "detail": detail}


def of_run(variable: str, value: str, family: str = "nightly") -> Json:
    environment = [{"name": variable, "value": value}]
    overrides = {"containerOverrides": [{"name": "main", "environment": environment}]}
    return {"taskArn": TASK, "lastStatus": "STOPPED", "group": f"family:{family}", "overrides": overrides}


@pytest.mark.parametrize(
    ("about", "kind", "name", "url"),
    [
        (event({"executionArn": RUN, "status": "FAILED"}), "run", "nightly 2026-11-29", f"/runs/{RUN}"),
        (event(of_run("LAMPLIGHTER_RUN", "2026-11-29")), "run", "nightly 2026-11-29", f"/runs/{RUN}"),
        (event(of_run("LAMPLIGHTER_RUN_ARN", RUN, "step")), "run", "nightly 2026-11-29", f"/runs/{RUN}"),
        (event({"taskArn": TASK}), "task", TASK.rpartition("/")[2], f"/tasks/{TASK}"),
        (event(of_run("X", "Y")), "task", "nightly 0123456789ab", f"/tasks/{TASK}"),
        (event({}, "arn:aws:s3:::bucket", RULE), "rule", "hourly", f"/rules/{RULE}"),
        (event({}, SCHEDULE), "schedule", "nightly", None),
        (event({"stack-id": STACK}), "stack", "jobs", f"/stacks/{STACK}"),
    ],
)
def test_an_event_is_about_the_most_telling_resource(about: Json, kind: str, name: str, url: str | None) -> None:
    found = subject_of_event(about)
    assert found is not None
    assert (found.kind, found.name, found.url) == (kind, name, url)


@pytest.mark.parametrize(
    "about", [event(None), event({}), event({}, "text"), event({"executionArn": 1, "taskArn": []})]
)
def test_an_event_that_names_nothing_is_about_nothing(about: Json) -> None:
    assert subject_of_event(about) is None
    assert (job_of_event(about), status_of_event(about)) == ("", "")


@pytest.mark.parametrize(
    "text",
    [
        f"The job nightly failed. See http://engine:4566/runs/{RUN}.",
        f"https://eu-west-1.console.aws.amazon.com/states/home#/v2/executions/details/{RUN}\nMore",
        dumps(event({"executionArn": RUN})),
        dumps({"Type": "Notification", "Message": dumps(event({"executionArn": RUN}))}),
        dumps({"text": f"<http://engine/runs/{RUN}|nightly>"}).replace("|", ">"),
    ],
)
def test_a_message_is_about_the_run_that_it_names(text: str) -> None:
    found = find_subject(text)
    assert found is not None
    assert found.url == f"/runs/{RUN}"


def test_a_call_that_a_schedule_could_not_make_is_about_its_job() -> None:
    machine = f"arn:aws:states:{PLACE}:stateMachine:nightly"
    found = find_subject(dumps({"stateMachineArn": machine, "input": "{}"}))
    assert found is not None
    assert (found.kind, found.url) == ("job", f"/jobs/{machine}")


@pytest.mark.parametrize("text", ["", "{", "hello", '{"Message": 3}', "[1]", '{"Message": "' + "x" * 10 + '"}'])
def test_other_text_is_about_nothing(text: str) -> None:
    assert find_subject(text) is None


def test_a_message_deep_within_messages_is_found_by_the_run_that_it_names() -> None:
    text = dumps(event({"executionArn": RUN}))
    for _ in range(6):
        text = dumps({"Message": text})
    found = find_subject(text)
    assert found is not None
    assert found.arn == RUN


@pytest.mark.parametrize(
    ("detail", "job", "status"),
    [
        ({"executionArn": RUN, "status": "FAILED"}, "nightly", "FAILED"),
        ({"executionArn": RUN.replace("nightly:", "nightly/Map:")}, "nightly", ""),
        (of_run("X", "Y"), "nightly", "STOPPED"),
        ({"stack-id": STACK, "status-details": {"status": "CREATE_COMPLETE"}}, "", "CREATE_COMPLETE"),
        ({"alarmName": "a", "state": {"value": "ALARM"}}, "", "ALARM"),
    ],
)
def test_an_event_has_a_job_and_a_status(detail: Json, job: str, status: str) -> None:
    assert (job_of_event(event(detail)), status_of_event(event(detail))) == (job, status)
