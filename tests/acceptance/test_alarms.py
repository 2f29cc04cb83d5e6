"""CloudWatch through boto3 and the aws CLI, and a job's alerts with a real mail server and kill -9."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.loaders import Loader

from lamplighter.base.json_text import Json
from lamplighter.jobs.stack.template import build_template
from tests.acceptance.test_sns import run_server, smtp_url
from tests.acceptance.test_sns_sqs import create_queue, receive_all
from tests.chaos.containers import remove_containers
from tests.contracts.servers import MailServer, mail_server
from tests.jobs.projects import load_job_text
from tests.served_engine import ACCOUNT, REGION, ServedEngine, eventually

METRIC: Json = {"Namespace": "app", "MetricName": "m"}
ALARM: Json = {
    "AlarmName": "slow",
    "Statistic": "Maximum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 10.0,
    "ComparisonOperator": "GreaterThanThreshold",
    **METRIC,
}


@pytest.fixture
def smtp_server() -> Iterator[MailServer]:
    with run_server(mail_server) as server:
        yield server


@pytest.fixture
def engine(tmp_path: Path, smtp_server: MailServer) -> Iterator[ServedEngine]:
    served = ServedEngine(tmp_path / "data")
    served.up("--smtp", smtp_url(smtp_server))
    yield served
    served.close()


def protocol_client(engine: ServedEngine, protocol: str, tmp_path: Path) -> Json:
    """Return a client of CloudWatch that uses only this protocol, as older SDKs or other languages do."""
    model = Loader().load_service_model("cloudwatch", "service-2")
    model = {**model, "metadata": {**model["metadata"], "protocol": protocol, "protocols": [protocol]}}
    folder = tmp_path / "models" / "cloudwatch" / "2010-08-01"
    folder.mkdir(parents=True, exist_ok=True)
    folder.joinpath("service-2.json").write_text(json.dumps(model))
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)
    session._loader.search_paths.insert(0, str(tmp_path / "models"))
    once = Config(retries={"total_max_attempts": 1})
    return session.client("cloudwatch", endpoint_url=engine.url, config=once)


@pytest.mark.parametrize("protocol", ["json", "query", "smithy-rpc-v2-cbor"])
def test_every_protocol_of_cloudwatch_is_supported(engine: ServedEngine, protocol: str, tmp_path: Path) -> None:
    cloudwatch = protocol_client(engine, protocol, tmp_path)
    assert cloudwatch.meta.service_model.resolved_protocol == protocol
    now = datetime.now(UTC)
    cloudwatch.put_metric_data(
        Namespace="app", MetricData=[{"MetricName": "m", "Values": [1.5, 2.5], "Timestamp": now}]
    )
    # This metric has no data, so that an evaluation of the alarm does not change the state that is set.
    cloudwatch.put_metric_alarm(**{**ALARM, "MetricName": "none", "TreatMissingData": "ignore"})
    cloudwatch.set_alarm_state(AlarmName="slow", StateValue="ALARM", StateReason="a <drill> & more")
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=["slow"])["MetricAlarms"]
    assert (alarm["StateValue"], alarm["StateReason"]) == ("ALARM", "a <drill> & more")
    assert abs(alarm["StateUpdatedTimestamp"] - now) < timedelta(minutes=1)
    span = {"StartTime": now - timedelta(minutes=5), "EndTime": now + timedelta(minutes=5)}
    found = cloudwatch.get_metric_statistics(**METRIC, **span, Period=60, Statistics=["Sum", "SampleCount"])
    assert [(point["Sum"], point["SampleCount"]) for point in found["Datapoints"]] == [(4.0, 2.0)]
    stat = {"Metric": METRIC, "Period": 60, "Stat": "p50"}
    (data,) = cloudwatch.get_metric_data(MetricDataQueries=[{"Id": "m1", "MetricStat": stat}], **span)[
        "MetricDataResults"
    ]
    assert data["Values"] == [1.5]
    assert METRIC["MetricName"] in [each["MetricName"] for each in cloudwatch.list_metrics()["Metrics"]]
    with pytest.raises(ClientError) as refused:
        cloudwatch.delete_alarms(AlarmNames=["none"])
    assert refused.value.response["Error"]["Code"] == "ResourceNotFound"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_the_aws_cli_creates_and_shows_alarms(engine: ServedEngine) -> None:
    def aws(*arguments: str) -> Json:
        own = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": REGION}
        command = [str(Path(sys.executable).with_name("aws")), "--endpoint-url", engine.url, "cloudwatch", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, **own})
        return json.loads(done.stdout or "null")

    given = ["--statistic", "Average", "--period", "60", "--evaluation-periods", "1", "--threshold", "5"]
    given += ["--comparison-operator", "GreaterThanThreshold", "--namespace", "app", "--metric-name", "m"]
    aws("put-metric-alarm", "--alarm-name", "slow", *given)
    aws("put-metric-data", "--namespace", "app", "--metric-name", "m", "--value", "7")
    (alarm,) = aws("describe-alarms")["MetricAlarms"]
    assert (alarm["AlarmName"], alarm["Threshold"]) == ("slow", 5.0)
    assert aws("list-metrics", "--namespace", "app")["Metrics"][0]["MetricName"] == "m"


def test_the_notification_of_an_alarm_survives_a_kill_and_arrives_once(
    engine: ServedEngine, smtp_server: MailServer
) -> None:
    sns, cloudwatch = engine.client("sns"), engine.client("cloudwatch")
    topic = sns.create_topic(Name="people")["TopicArn"]
    url, arn = create_queue(engine, "people")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ops@example.com")
    cloudwatch.put_metric_alarm(**ALARM, AlarmActions=[topic], TreatMissingData="ignore")
    for _ in range(3):
        cloudwatch.set_alarm_state(AlarmName="slow", StateValue="OK", StateReason="again")
        cloudwatch.set_alarm_state(AlarmName="slow", StateValue="ALARM", StateReason="again")
        engine.kill()
        engine.up("--smtp", smtp_url(smtp_server))
        cloudwatch = engine.client("cloudwatch")
    eventually(lambda: len({str(mail["Message-ID"]) for mail in smtp_server.mails}) == 3)
    assert len(receive_all(engine, url)) == 3


JOB = """
project: reports
channels:
  ops: {email: ops@example.com}
  dev: {email: dev@example.com}
jobs:
  nightly:
    command: [sh, -c, "for i in $(seq 1 30); do echo line $i; done; exit 3"]
    retry: {attempts: 1, interval: 1s, backoff: 1}
    notify: {attempt-failed: dev, run-failed: ops, caught: ops}
"""
OTHERS = """
  slow:
    command: [sleep, "600"]
    late: 1s
    notify: {late: dev}
  hourly:
    command: ["true"]
    schedule: cron(0 * * * ? *)
    notify: ops
"""
MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:reports"
LAST_LINES = "".join(f"  line {number}\n" for number in range(11, 31))


def deploy(engine: ServedEngine, folder: Path, text: str) -> None:
    """Create the stack of a job file."""
    made = build_template(load_job_text(folder, text).project, "here")
    parameters = [{"ParameterKey": "ConsoleUrl", "ParameterValue": engine.url}]
    named = {"StackName": "reports", "TemplateBody": json.dumps(made), "Parameters": parameters}
    cloudformation = engine.client("cloudformation")
    cloudformation.create_stack(**named, Capabilities=["CAPABILITY_NAMED_IAM"])
    cloudformation.get_waiter("stack_create_complete").wait(StackName="reports", WaiterConfig={"Delay": 1})


def mail_texts(smtp_server: MailServer, to: str, subject: str) -> list[str]:
    """Return the texts of the mails to a channel whose subjects contain `subject`."""
    mails = [
        mail for mail in smtp_server.mails if str(mail["To"]) == f"{to}@example.com" and subject in str(mail["Subject"])
    ]
    return [mail.get_content().replace("\r\n", "\n") for mail in mails]


def check_failures(engine: ServedEngine, smtp_server: MailServer) -> None:
    """Run the failing job; check that one channel is alerted of each attempt and the other of the run."""
    run = engine.start(f"{MACHINE}-nightly")
    assert engine.ended(run, 60)["status"] == "FAILED"
    eventually(
        lambda: (
            len(mail_texts(smtp_server, "dev", "failed")) == 2 and len(mail_texts(smtp_server, "ops", "failed")) == 1
        )
    )
    attempts = sorted(mail_texts(smtp_server, "dev", "nightly: attempt"), key=lambda text: "Attempt:   2" in text)
    for number, text in enumerate(attempts, 1):
        assert text.startswith(f"nightly: attempt {number} of 2 failed: exit code 3\n")
        assert f"Exit code: 3\nAttempt:   {number} of 2\n" in text
        assert LAST_LINES in text
        assert f"Look at:   {engine.url}/runs/{run}\nRun again: lamplighter run reports-nightly\n" in text
    (text,) = mail_texts(smtp_server, "ops", "nightly failed: exit code 3 after 2 attempts")
    assert "Exit code: 3\nAttempt:   2 of 2\n" in text
    assert f"/runs/{run}" in text
    assert LAST_LINES in text


def test_every_alert_pattern_sends_its_alert(engine: ServedEngine, smtp_server: MailServer, tmp_path: Path) -> None:
    deploy(engine, tmp_path, JOB + OTHERS)
    slow = engine.start(f"{MACHINE}-slow")
    check_failures(engine, smtp_server)
    (text,) = eventually(lambda: mail_texts(smtp_server, "dev", "slow is late"))
    assert f"/runs/{slow}" in text
    state = {"StateValue": "ALARM", "StateReason": "a drill"}
    engine.client("cloudwatch").set_alarm_state(AlarmName="reports-hourly-did-not-start", **state)
    (text,) = eventually(lambda: mail_texts(smtp_server, "ops", "hourly did not start"))
    assert text.startswith("hourly did not start: no run began for longer than its schedule explains\n")
    assert "Run now:   lamplighter run reports-hourly" in text


@pytest.mark.docker
def test_an_alert_contains_the_last_lines_of_a_real_container(
    tmp_path: Path, smtp_server: MailServer, docker_image: str
) -> None:
    engine = ServedEngine(tmp_path / "data", "docker")
    engine.up("--smtp", smtp_url(smtp_server))
    try:
        deploy(engine, tmp_path, JOB.replace("    command:", f"    image: {docker_image}\n    command:"))
        check_failures(engine, smtp_server)
    finally:
        engine.kill(signal.SIGTERM)
        engine.close()
        remove_containers(engine.data)
