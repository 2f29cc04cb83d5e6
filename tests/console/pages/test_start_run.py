"""The page that starts a run."""

import html
import re
from pathlib import Path

import pytest
from hypothesis import given

from lamplighter.base.json_text import Json, dumps
from lamplighter.console.pages.runs.start_run import InvalidField, StartForm, fill_form, read_form
from lamplighter.console.view.templates import format_json
from lamplighter.jobs.stack.template import build_template
from tests.console.http_browser import Browser
from tests.console.pages.test_jobs import schedule_machine
from tests.documents import documents
from tests.engine_harness import ROLE, EngineHarness, chain, job
from tests.jobs.projects import load_project

JOB = {"Type": "Pass", "Comment": "$states.context.Execution.Input.lamplighter"}


def read_latest_input(harness: EngineHarness, machine: str) -> str:
    (run,) = harness.call("states", "ListExecutions", stateMachineArn=machine)["executions"]
    found: str = harness.describe(run["executionArn"])["input"]
    return found


def test_a_form_that_is_not_edited_sends_the_document_that_it_shows() -> None:
    document = {"day": 1, "lamplighter": {"environment": {"A": "1=2", "B": ""}, "command": ["echo", "two words"]}}
    fields = fill_form(document)
    assert fields.environment == "A=1=2\nB="
    assert fields.command == "echo 'two words'"
    assert read_form(fields) == document


@pytest.mark.parametrize(
    ("fields", "field_name"),
    [
        (StartForm("{"), "input"),
        (StartForm("{}", "NAME"), "environment"),
        (StartForm("{}", "=x"), "environment"),
        (StartForm("{}", "", 'echo "'), "command"),
        (StartForm("[]", "A=1"), "input"),
    ],
)
def test_an_invalid_field_is_reported_with_its_name(fields: StartForm, field_name: str) -> None:
    with pytest.raises(InvalidField) as caught:
        read_form(fields)
    assert caught.value.field == field_name


def test_one_click_starts_a_job_with_its_schedule_s_input(harness: EngineHarness, browser: Browser) -> None:
    machine = harness.machine(chain(JOB))
    schedule_machine(
        harness, machine, input='{"report":"daily","lamplighter":{"scheduled":"<aws.scheduler.scheduled-time>"}}'
    )
    answer = browser.post(f"/jobs/{machine}/start", {})
    assert answer.status == 200
    assert read_latest_input(harness, machine) == '{"report":"daily"}'


def test_one_click_starts_an_unscheduled_job_with_the_input_of_its_job_file(
    harness: EngineHarness, browser: Browser, tmp_path: Path
) -> None:
    jobs = "nightly: {command: [sh, -c, 'exit 0'], timeout: 1h, input: {table: sales}}"
    body = dumps(build_template(load_project(tmp_path, jobs), "here"))
    harness.call(
        "cloudformation", "CreateStack", StackName="reports", TemplateBody=body, Capabilities=["CAPABILITY_IAM"]
    )
    harness.settle()
    (listed,) = harness.call("states", "ListStateMachines")["stateMachines"]
    machine = listed["stateMachineArn"]
    assert "&#34;table&#34;: &#34;sales&#34;" in browser.get(f"/jobs/{machine}/start").body
    browser.post_form(f"/jobs/{machine}/start", {})
    assert read_latest_input(harness, machine) == '{"table":"sales"}'


def test_one_click_starts_a_machine_with_its_rule_s_input(harness: EngineHarness, browser: Browser) -> None:
    machine = harness.machine(chain(JOB))
    harness.call("events", "PutRule", Name="pulse", ScheduleExpression="rate(1 day)")
    target = {"Id": "job", "Arn": machine, "RoleArn": ROLE, "Input": '{"report":"weekly"}'}
    harness.call("events", "PutTargets", Rule="pulse", Targets=[target])
    browser.post_form(f"/jobs/{machine}/start", {})
    assert read_latest_input(harness, machine) == '{"report":"weekly"}'


def test_run_again_sends_the_input_of_the_earlier_run(harness: EngineHarness, browser: Browser) -> None:
    machine = harness.machine(chain(JOB))
    schedule_machine(harness, machine, input='{"report":"daily"}')
    earlier = harness.start(machine, {"report": "of last week", "password": "hunter2"}, "earlier")
    answer = browser.post_form(f"/runs/{earlier}/again", {})
    started = answer.headers["location"].removeprefix("/runs/")
    assert harness.describe(started)["input"] == harness.describe(earlier)["input"]


def test_an_invalid_input_is_shown_again_unchanged_and_starts_nothing(harness: EngineHarness, browser: Browser) -> None:
    machine = harness.machine(chain(JOB))
    answer = browser.post(f"/jobs/{machine}/start", {"input": '{"a": </textarea>'})
    assert answer.status == 422
    assert "&lt;/textarea&gt;" in answer.body
    assert "This is not JSON" in answer.text
    assert harness.call("states", "ListExecutions", stateMachineArn=machine)["executions"] == []


def test_environment_and_command_become_input_that_the_machine_reads(harness: EngineHarness, browser: Browser) -> None:
    machine = harness.machine(chain(JOB))
    assert "Environment" in browser.get(f"/jobs/{machine}/start").text
    browser.post(
        f"/jobs/{machine}/start", {"input": "{}", "environment": "DAY=2", "command": "echo hi", "name": "mine"}
    )
    assert read_latest_input(harness, machine) == '{"lamplighter":{"environment":{"DAY":"2"},"command":["echo","hi"]}}'


def test_a_machine_that_reads_no_environment_has_no_field_for_it(harness: EngineHarness, browser: Browser) -> None:
    assert "Environment" not in browser.get(f"/jobs/{harness.machine(chain({'Type': 'Pass'}))}/start").text


def test_a_secret_of_an_earlier_run_is_masked_and_sent_again(harness: EngineHarness, browser: Browser) -> None:
    machine = harness.machine(chain(JOB))
    earlier = harness.start(machine, {"password": "hunter2", "day": 1}, "earlier")
    harness.settle()
    form = browser.get(f"/jobs/{machine}/start?from={earlier}")
    assert "hunter2" not in form.body
    edited = form.text.partition("Input ")[2].partition("}")[0].replace('"day": 1', '"day": 2') + "}"
    browser.post(f"/jobs/{machine}/start?from={earlier}", {"input": edited, "name": "later"})
    started = earlier.replace(":earlier", ":later")
    assert harness.describe(started)["input"] == '{"password":"hunter2","day":2}'


def test_a_run_of_another_job_gives_no_input(harness: EngineHarness, browser: Browser) -> None:
    machine, other = harness.machine(chain(JOB)), harness.machine(chain(JOB), "other")
    earlier = harness.start(other, {"password": "hunter2", "day": 1}, "earlier")
    harness.settle()
    path = f"/jobs/{machine}/start?from={earlier}"
    for answer in (
        browser.get(path),
        browser.post(path, {}),
        browser.post(path, {"input": '{"password": "••••••", "day": 2}'}),
    ):
        assert answer.status == 400
        assert "earlier is a run of other, so it has no input for machine" in answer.text
        assert "hunter2" not in answer.body
    assert harness.call("states", "ListExecutions", stateMachineArn=machine)["executions"] == []


def test_deleting_an_item_deletes_its_secret(harness: EngineHarness, browser: Browser) -> None:
    machine = harness.machine(chain(JOB))
    earlier = harness.start(machine, {"use": [{"A_TOKEN": "secret-a"}, {"B_TOKEN": "secret-b"}]}, "earlier")
    harness.settle()
    edited = '{"use": [{"B_TOKEN": "••••••"}]}'
    browser.post(f"/jobs/{machine}/start?from={earlier}", {"input": edited, "name": "later"})
    assert harness.describe(earlier.replace(":earlier", ":later"))["input"] == '{"use":[{"B_TOKEN":"secret-b"}]}'


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"input": '{"use": [{"C_TOKEN": "••••••"}]}'}, "use/0/C_TOKEN"),
        ({"input": '{"use": [{"token": "••••••"}, {"token": "x"}]}'}, "use/0/token"),
        ({"input": '{"lamplighter": "••••••"}'}, "lamplighter"),
        ({"input": "{}", "environment": "OTHER_TOKEN=••••••"}, "OTHER_TOKEN"),
        ({"input": "{}", "command": "echo ••••••"}, "1"),
    ],
)
def test_a_mask_without_a_secret_is_reported_with_its_path_and_starts_nothing(
    harness: EngineHarness, browser: Browser, fields: dict[str, str], path: str
) -> None:
    machine = harness.machine(chain(JOB))
    document = {"use": [{"token": "secret-a"}, {"token": "secret-b"}], "lamplighter": {"environment": {"A_TOKEN": "x"}}}
    earlier = harness.start(machine, document, "earlier")
    harness.settle()
    answer = browser.post(f"/jobs/{machine}/start?from={earlier}", fields)
    assert answer.status == 422
    assert f"No value is known for •••••• at {path}. Write the value itself" in answer.text
    assert len(harness.call("states", "ListExecutions", stateMachineArn=machine)["executions"]) == 1


@given(documents("environment", "command"))
def test_a_form_of_any_input_sends_the_document_that_it_shows(options: Json) -> None:
    document = {"day": 1, "lamplighter": options}
    sent = read_form(fill_form(document))
    kept = (
        {name: options[name] for name in ("environment", "command") if options.get(name)}
        if isinstance(options, dict)
        else options
    )
    assert sent in (document, {"day": 1, "lamplighter": kept}, {"day": 1})
    assert sent.get("lamplighter", {}) in (options, kept)


@pytest.mark.parametrize(
    "options", [{"environment": ["A"]}, {"command": {"a": 1}}, {"command": 5}, {"environment": "x"}, 5]
)
def test_invalid_options_under_lamplighter_are_shown_as_input(
    harness: EngineHarness, browser: Browser, options: Json
) -> None:
    machine = harness.machine(chain(JOB))
    earlier = harness.start(machine, {"lamplighter": options}, "earlier")
    harness.settle()
    answer = browser.get(f"/jobs/{machine}/start?from={earlier}")
    assert answer.status == 200
    assert fill_form({"lamplighter": options}) == StartForm(format_json({"lamplighter": options}))


def test_a_deeply_nested_input_is_rejected_and_an_earlier_one_is_shown(
    harness: EngineHarness, browser: Browser
) -> None:
    machine = harness.machine(chain(JOB))
    deep: Json = {"password": "hunter2"}
    for _ in range(600):
        deep = {"a": deep}
    earlier = harness.start(machine, deep, "earlier")
    harness.settle()
    for page in (f"/jobs/{machine}/start?from={earlier}", f"/runs/{earlier}"):
        answer = browser.get(page)
        assert answer.status == 200
        assert "hunter2" not in answer.body
    answer = browser.post(f"/jobs/{machine}/start", {"input": "[" * 900 + "]" * 900})
    assert answer.status == 422
    assert "nested" in answer.text


def test_an_express_machine_shows_its_output_immediately(harness: EngineHarness, browser: Browser) -> None:
    definition = dumps(chain({"Type": "Pass", "Result": {"password": "hunter2", "fine": True}}))
    machine = harness.call(
        "states", "CreateStateMachine", name="ping", definition=definition, roleArn=ROLE, type="EXPRESS"
    )["stateMachineArn"]
    answer = browser.post(f"/jobs/{machine}/start", {})
    assert answer.status == 200
    assert '"fine": true' in answer.text
    assert "hunter2" not in answer.body


def test_the_job_s_environment_and_command_are_shown_as_placeholders_without_secrets(
    harness: EngineHarness, browser: Browser
) -> None:
    harness.call("ecs", "CreateCluster")
    environment = [{"name": "GREETING", "value": "hello"}, {"name": "DB_PASSWORD", "value": "hunter2"}]
    container = {"name": "main", "image": "busybox", "memory": 128, "command": ["echo", "a b"]}
    answer = harness.call(
        "ecs",
        "RegisterTaskDefinition",
        family="job",
        containerDefinitions=[container | {"environment": environment}],
    )
    state = job(answer["taskDefinition"]["taskDefinitionArn"], Comment=JOB["Comment"])
    body = browser.get(f"/jobs/{harness.machine(chain(state))}/start").body
    assert "GREETING=hello" in body
    assert "echo &#39;a b&#39;" in body
    assert "DB_PASSWORD=" in body
    assert "hunter2" not in body


def test_a_workflow_of_several_steps_has_no_command_field(harness: EngineHarness, browser: Browser) -> None:
    step = job(harness.define_task(), Comment=JOB["Comment"])
    one = browser.get(f"/jobs/{harness.machine(chain(step), 'one')}/start").body
    assert 'name="command"' in one
    machine = harness.machine(chain(step, step), "two")
    two = browser.get(f"/jobs/{machine}/start").body
    assert 'name="environment"' in two
    assert "They override the environment of each step" in two
    assert 'name="command"' not in two


def test_an_earlier_run_s_command_for_a_workflow_is_shown(harness: EngineHarness, browser: Browser) -> None:
    step = job(harness.define_task(), Comment=JOB["Comment"])
    earlier = harness.start(machine := harness.machine(chain(step, step)), {"lamplighter": {"command": ["echo", "hi"]}})
    harness.settle()
    form = browser.get(f"/jobs/{machine}/start?from={earlier}").body
    assert 'value="echo hi"' in form
    assert "Replaces the command of every step" in form


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("name", {"name": "taken"}),
        ("name", {"name": "a b/c"}),
        ("name", {"name": "x" * 81}),
        ("input", {"input": '{"day": '}),
        ("input", {"input": dumps({"text": "x" * 270_000})}),
    ],
    ids=["doubled name", "wrong name", "long name", "no JSON", "long input"],
)
def test_a_refused_form_is_shown_again_with_the_error_at_its_field(
    harness: EngineHarness, browser: Browser, field: str, typed: dict[str, str]
) -> None:
    machine = harness.machine(chain({"Type": "Pass"}))
    harness.start(machine, {"other": 1}, "taken")
    harness.settle()
    given = {"input": '{"day":7}', "name": "mine"} | typed
    answer = browser.post_form(f"/jobs/{machine}/start", given)
    assert answer.status == 422
    invalid = re.findall(r'name="(\w+)"[^>]* aria-invalid="true" aria-describedby="wrong" autofocus', answer.body)
    assert invalid == [field]
    text = html.unescape(answer.body)
    assert all(value in text for value in given.values())
    assert answer.body.count('id="wrong"') == 1
    assert len(harness.call("states", "ListExecutions", stateMachineArn=machine)["executions"]) == 1
