"""`rollback` returns to the job file that was deployed before the present one, with its parameters and images."""

from itertools import count, takewhile
from pathlib import Path

from lamplighter.base.json_text import Json
from lamplighter.cli.deploy.previous_template import read_previous, with_previous, without_previous
from lamplighter.cli.deploy.stack.stacks import Stack
from lamplighter.cli.deploy.stack.upload_template import MAX_INLINE_BYTES
from lamplighter.jobs.stack.template import build_template, to_compact_json
from lamplighter.lang.template.template import MAX_TEMPLATE_BYTES
from tests.cli.aws_account import ARTICLE_JOB, make_client, run_command, write_job_file
from tests.command_process import CommandResult
from tests.jobs.projects import load_job_text
from tests.served_engine import ServedEngine

STACK = Stack("reports", "arn", "UPDATE_COMPLETE", "", {"NightlyImage": "registry/nightly:1"}, protected=False)


def command(engine: ServedEngine, folder: Path, *words: str) -> CommandResult:
    return run_command(folder, *words, "--endpoint-url", engine.url)


def deploy(engine: ServedEngine, folder: Path, hour: int, further: str = "") -> None:
    write_job_file(folder, ARTICLE_JOB.replace("cron(0 3", f"cron(0 {hour}").rstrip() + further)
    deployed = command(engine, folder, "deploy", "--yes")
    assert deployed.code == 0, deployed


def expression(engine: ServedEngine) -> str:
    found = engine.client("scheduler").get_schedule(Name="reports-nightly", GroupName="reports")
    return str(found["ScheduleExpression"])


def test_rollback_shows_and_makes_the_changes_to_the_file_before_and_a_second_one_undoes_it(
    engine: ServedEngine, tmp_path: Path
) -> None:
    deploy(engine, tmp_path, 3)
    deploy(engine, tmp_path, 4)
    deploy(engine, tmp_path, 5, "\n      added: {image: x, timeout: 1h, network: {subnets: [a]}}\n")
    assert "nothing to do" in command(engine, tmp_path, "deploy").out
    asked = command(engine, tmp_path, "rollback")
    assert (asked.code, "Bring back the earlier deployment of reports to the engine" in asked.err) == (2, True), asked
    assert "ScheduleExpression: cron(0 5 * * ? *) → cron(0 4 * * ? *)" in asked.out
    assert "- job reports-added" in asked.out
    assert expression(engine) == "cron(0 5 * * ? *)"
    returned = command(engine, tmp_path, "rollback", "--yes")
    assert (returned.code, expression(engine)) == (0, "cron(0 4 * * ? *)"), returned
    again = command(engine, tmp_path, "rollback", "--yes")
    assert (again.code, expression(engine)) == (0, "cron(0 5 * * ? *)"), again
    assert "nothing to do" in command(engine, tmp_path, "deploy").out


def test_without_an_earlier_deployment_rollback_says_so(engine: ServedEngine, tmp_path: Path) -> None:
    write_job_file(tmp_path, ARTICLE_JOB)
    missing = command(engine, tmp_path, "rollback", "--yes")
    deploy(engine, tmp_path, 3)
    first = command(engine, tmp_path, "rollback", "--yes")
    for refused in (missing, first):
        assert (refused.code, "holds no earlier deployment" in refused.err) == (1, True), refused


def test_a_rollback_goes_to_aws_as_well(aws: str, tmp_path: Path) -> None:
    make_client(aws, "s3").create_bucket(Bucket="templates")
    for hour in (3, 4):
        text = f"{ARTICLE_JOB.rstrip()}\n    aws: {{bucket: templates}}\n"
        write_job_file(tmp_path, text.replace("cron(0 3", f"cron(0 {hour}"))
        assert run_command(tmp_path, "deploy", "--yes", AWS_ENDPOINT_URL=aws).code == 0
    assert "nothing to do" in run_command(tmp_path, "deploy", AWS_ENDPOINT_URL=aws).out
    returned = run_command(tmp_path, "rollback", "--yes", AWS_ENDPOINT_URL=aws)
    assert (returned.code, "cron(0 4 * * ? *) → cron(0 3 * * ? *)" in returned.out) == (0, True), returned


def test_a_template_that_fits_in_a_request_only_without_the_one_before_needs_no_bucket_and_deploy_says_so(
    aws: str, tmp_path: Path
) -> None:
    texts = map(many_jobs, count(1))
    *_, longest = takewhile(lambda text: template_bytes(tmp_path, text) <= MAX_INLINE_BYTES, texts)
    for hour in (3, 4):
        write_job_file(tmp_path, longest.replace("0 3 * * *", f"0 {hour} * * *"))
        deployed = run_command(tmp_path, "deploy", "--yes", AWS_ENDPOINT_URL=aws)
        assert (deployed.code, "`rollback` cannot return" in deployed.out) == (0, hour == 4), deployed
    assert make_client(aws, "s3").list_buckets()["Buckets"] == []
    refused = run_command(tmp_path, "rollback", "--yes", AWS_ENDPOINT_URL=aws)
    assert (refused.code, "holds no earlier deployment" in refused.err) == (1, True), refused


def many_jobs(number: int) -> str:
    jobs = "\n".join(f"  job{at}: {{image: x, timeout: 1h, schedule: 0 3 * * *}}" for at in range(number))
    return f"project: reports\nchannels: {{ops: {{email: a@example.com}}}}\njobs:\n{jobs}\n"


def template_bytes(folder: Path, text: str) -> int:
    return len(to_compact_json(build_template(load_job_text(folder, text).project)))


def project_template(folder: Path) -> Json:
    return build_template(load_job_text(folder, many_jobs(20)).project)


def test_a_template_holds_one_earlier_template_with_its_parameters_and_not_a_chain(tmp_path: Path) -> None:
    template = project_template(tmp_path)
    first = with_previous(template, template, STACK, MAX_TEMPLATE_BYTES)
    assert (first != template, without_previous(first)) == (True, template)
    second = with_previous(template, first, STACK, MAX_TEMPLATE_BYTES)
    before = read_previous(second)
    assert before is not None
    assert (before.template, before.parameters) == (template, {"NightlyImage": "registry/nightly:1"})
    assert second == first
    plain = len(to_compact_json(template))
    assert (len(to_compact_json(second)) - plain) * 3 < plain


def test_the_first_template_and_one_that_would_become_too_long_hold_none(tmp_path: Path) -> None:
    template = project_template(tmp_path)
    assert with_previous(template, {}, None, MAX_TEMPLATE_BYTES) == template
    assert with_previous(template, template, STACK, len(to_compact_json(template)) + 100) == template
    assert read_previous(template) is None
