"""A project that has no room in one stack goes into nested stacks, and comes back whole."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cfnlint.api import lint_all

from lamplighter.base.json_text import Json
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.stack import nested_stacks, place_jobs
from lamplighter.jobs.stack.nested_stacks import (
    STACK,
    SplitTemplate,
    join_templates,
    keep_parts,
    limit_step,
    resource_owners,
    split_template,
)
from lamplighter.jobs.stack.place_jobs import ROOT
from lamplighter.jobs.stack.template import build_template, to_compact_json, to_yaml
from lamplighter.lang.template.references import creation_order, find_references
from lamplighter.lang.template.template import MAX_OUTPUTS, MAX_PARAMETERS, MAX_RESOURCES, MAX_TEMPLATE_BYTES
from tests.fake_runtime import Script
from tests.jobs.matrix import FILES, load_matrix_file
from tests.jobs.projects import load_job_text
from tests.jobs.test_alerts import QUEUE, AlertHarness
from tests.services.cloudformation.fake_services import add_fake_services

CHANNELS = "channels: {ops: {email: ops@example.com}, chat: {slack: 'secretsmanager:slack'}}"
ALERTS = "{attempt-failed: chat, run-failed: [ops, chat], did-not-start: ops, late: ops, recovered: [ops, chat]}"
URL = "https://templates.s3.us-east-1.amazonaws.com/part.json"


def load_jobs(folder: Path, count: int, first: int = 0, alerts: str = ALERTS) -> Project:
    """Load a project with jobs that have all alerts, and a workflow over two of them."""
    job = f"image: busybox, timeout: 1h, late: 30m, schedule: 'cron(0 3 * * ? *)', notify: {alerts}"
    jobs = "".join(f"  job-{at}: {{{job}}}\n" for at in range(first, first + count))
    flow = f"StartAt: A\nStates: {{A: {{Type: Task, Job: job-{first}, Next: B}}, "
    flow += f"B: {{Type: Task, Job: job-{first + count - 1}, End: true}}}}"
    text = f"project: many\n{CHANNELS}\njobs:\n{jobs}  flow: {{workflow: flow.yaml, deadline: 1h, notify: ops}}\n"
    return load_job_text(folder, text, flow_yaml=flow).project


def dangling_names(document: Json) -> set[str]:
    """Return what a template refers to and does not have."""
    known = {*document["Resources"], *document.get("Parameters", {})}
    found = {name for name in find_references(document["Resources"]) if not name.startswith("AWS::")}
    return found - known


@pytest.mark.parametrize("count", [120, 500])
def test_many_jobs_with_all_alerts_fit_into_the_limits_of_each_template(tmp_path: Path, count: int) -> None:
    split = split_template(build_template(load_jobs(tmp_path, count)))
    assert split.nested
    check_limits(split)


def check_limits(split: SplitTemplate) -> None:
    """Check that each template fits into the limits, and has or gets what it refers to, in some order."""
    for document in (split.root, *split.nested.values()):
        assert len(document["Resources"]) <= MAX_RESOURCES
        assert len(document.get("Parameters", {})) <= MAX_PARAMETERS
        assert len(document.get("Outputs", {})) <= MAX_OUTPUTS
        assert len(to_compact_json(document)) <= MAX_TEMPLATE_BYTES
        assert dangling_names(document) == set()
    creation_order({title: find_references(each) for title, each in split.root["Resources"].items()})


def places(split: SplitTemplate) -> dict[str, str]:
    """Return the part of each resource."""
    return {title: name for name, each in {ROOT: split.root, **split.nested}.items() for title in each["Resources"]}


@pytest.mark.parametrize("count", [110, 500])
def test_deployed_jobs_that_all_get_alerts_still_fit_and_nothing_deployed_moves(tmp_path: Path, count: int) -> None:
    before = split_template(build_template(load_jobs(tmp_path, count, alerts="{}")))
    deployed = join_templates(before.root, before.nested)
    whole = build_template(load_jobs(tmp_path, count))
    after = split_template(keep_parts(whole, deployed))
    check_limits(after)
    stayed = places(before).keys() & places(after).keys()
    assert len(stayed) > 4 * count
    assert {title: places(after)[title] for title in stayed} == {title: places(before)[title] for title in stayed}
    joined = join_templates(after.root, after.nested)
    assert joined["Resources"] == whole["Resources"]
    assert split_template(joined) == after


def test_the_parts_joined_are_the_whole_template(tmp_path: Path) -> None:
    whole = build_template(load_jobs(tmp_path, 200))
    split = split_template(whole)
    joined = join_templates(split.with_urls(dict.fromkeys(split.nested, URL)), split.nested)
    assert (joined["Resources"], joined["Outputs"]) == (whole["Resources"], whole["Outputs"])
    assert split_template(joined) == split


def test_a_deployed_job_stays_although_its_stack_is_fuller_than_new_jobs_may_make_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed = join_templates(build_template(load_jobs(tmp_path, 20)), {})
    monkeypatch.setattr(place_jobs, "MAX_PART_RESOURCES", 60)
    assert split_template(deployed).nested == {}
    more = split_template(keep_parts(build_template(load_jobs(tmp_path, 21)), deployed))
    assert {job: part for job, part in list_parts(more).items() if part != ROOT} == {"job-20": "Jobs1"}


def test_a_project_that_fits_has_no_nested_stack(tmp_path: Path) -> None:
    project = load_jobs(tmp_path, 20)
    split = split_template(build_template(project))
    assert (split.root, split.nested) == (build_template(project), {})


def test_deployed_jobs_keep_their_part_when_jobs_come_and_go(tmp_path: Path) -> None:
    before = split_template(build_template(load_jobs(tmp_path, 200)))
    deployed = join_templates(before.root, before.nested)
    after = split_template(keep_parts(build_template(load_jobs(tmp_path, 220, first=20)), deployed))
    placed, now = (list_parts(each) for each in (before, after))
    stayed = now.keys() & placed.keys()
    assert len(stayed) > 150
    assert {job: now[job] for job in stayed} == {job: placed[job] for job in stayed}
    assert ROOT in {now[f"job-{at}"] for at in range(200, 240)}  # where others left


def list_parts(split: SplitTemplate) -> dict[str, str]:
    """Return the part of each job."""
    parts = {ROOT: split.root, **split.nested}
    return {job: name for name, document in parts.items() for job in resource_owners(document).values()}


@pytest.mark.parametrize("file", FILES)
def test_every_file_can_be_split(tmp_path: Path, file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place_jobs, "MAX_PART_RESOURCES", 8)
    monkeypatch.setattr(place_jobs, "RESERVED_RESOURCES", 0)
    project = load_matrix_file(tmp_path, file).project
    split = split_template(build_template(project))
    document = split.with_urls(dict.fromkeys(split.nested, URL))
    assert join_templates(document, split.nested)["Resources"] == build_template(project)["Resources"]
    assert [dangling_names(each) for each in (document, *split.nested.values()) if dangling_names(each)] == []


def test_cfn_lint_finds_nothing_in_the_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place_jobs, "MAX_PART_RESOURCES", 60)
    split = split_template(build_template(load_jobs(tmp_path, 8)))
    documents = [split.with_urls(dict.fromkeys(split.nested, URL)), *split.nested.values()]
    assert len(documents) > 1
    assert {each["Type"] for each in documents[0]["Resources"].values()} >= {STACK}
    found = [match for each in documents for match in lint_all(to_yaml(each))]
    reported = [str(match) for match in found if match.rule.severity != "informational"]
    assert [each for each in reported if "does not exist in" not in each] == []


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[AlertHarness]:
    made = AlertHarness(tmp_path / "data")
    made.config = replace(made.config, aws_limits=True)
    made.up()
    yield made
    made.close()


def deploy_split(harness: AlertHarness, objects: dict[str, str], split: SplitTemplate, verb: str = "Create") -> None:
    """Create or update the stack and its nested stacks from templates in a bucket, which has `objects`."""
    urls = {name: f"https://templates.s3.us-east-1.amazonaws.com/{name}" for name in split.nested}
    objects |= {f"templates/{name}": to_compact_json(each) for name, each in split.nested.items()}
    objects["templates/root"] = to_compact_json(split.with_urls(urls))
    root = "https://templates.s3.us-east-1.amazonaws.com/root"
    harness.cloudformation(f"{verb}Stack", StackName="many", TemplateURL=root, Capabilities=["CAPABILITY_IAM"])
    harness.settle()
    assert harness.state("many") == f"{verb.upper()}_COMPLETE", harness.reasons("many")


def test_120_jobs_with_all_alerts_deploy_under_aws_s_limits_and_tell_of_a_failure_once(
    harness: AlertHarness, tmp_path: Path
) -> None:
    whole = build_many(tmp_path, "{attempt-failed: q, run-failed: q, did-not-start: q, late: q, recovered: q}")
    split = split_template(whole)
    assert split.nested
    harness.call("sqs", "CreateQueue", QueueName="alerts")
    deploy_split(harness, add_fake_services(harness).objects, split)
    harness.runtime.script(Script(code=3))
    harness.run_job(name="many-job-119", minutes=10)
    assert [each.splitlines()[0] for each in harness.alerts()] == [
        "job-119: attempt 1 of 1 failed",
        "job-119 failed: exit code 3",
    ]


def test_a_first_step_has_no_more_new_resources_than_an_operation_may_create(tmp_path: Path) -> None:
    whole = build_template(load_jobs(tmp_path, 500))
    first = limit_step(whole, {})
    assert len(first["Resources"]) <= nested_stacks.MAX_NEW_RESOURCES < len(whole["Resources"])
    assert dangling_names(first) == set()
    assert limit_step(whole, first) is whole


def test_a_step_without_room_for_the_new_alerts_of_all_jobs_keeps_the_deployed_jobs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed = build_template(load_jobs(tmp_path, 20, alerts="{}"))
    whole = build_template(load_jobs(tmp_path, 20))
    monkeypatch.setattr(nested_stacks, "MAX_NEW_RESOURCES", 50)
    first = limit_step(whole, deployed)
    assert deployed["Resources"].keys() - {"MachineRole"} < first["Resources"].keys() < whole["Resources"].keys()
    assert dangling_names(first) == set()
    assert limit_step(whole, first) is whole


def build_many(folder: Path, alerts: str) -> Json:
    """Return the template of 120 jobs that alert a queue."""
    job = f"image: busybox, timeout: 1h, late: 30m, schedule: 'cron(0 3 * * ? *)', notify: {alerts}"
    jobs = "".join(f"  job-{at}: {{{job}}}\n" for at in range(120))
    channels = f"channels: {{q: {{sqs: '{QUEUE}'}}}}"
    return build_template(load_job_text(folder, f"project: many\n{channels}\njobs:\n{jobs}").project)


def test_120_deployed_jobs_that_all_get_an_alert_are_updated_under_aws_s_limits_and_tell_of_a_failure(
    harness: AlertHarness, tmp_path: Path
) -> None:
    before = split_template(build_many(tmp_path, "{}"))
    harness.call("sqs", "CreateQueue", QueueName="alerts")
    objects = add_fake_services(harness).objects
    deploy_split(harness, objects, before)
    deployed = join_templates(before.root, before.nested)
    after = split_template(keep_parts(build_many(tmp_path, "q"), deployed))
    assert after.nested.keys() - before.nested.keys() == {"Rest1", "Rest2"}
    deploy_split(harness, objects, after, "Update")
    harness.runtime.script(Script(code=3))
    harness.run_job(name="many-job-0", minutes=10)
    assert [each.splitlines()[0] for each in harness.alerts()] == ["job-0 failed: exit code 3"]
