"""`doctor` in a subprocess: for the local machine, a moto account, generated machines and other machines."""

import ast
import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from lamplighter.cli.doctor.mail_server import check_mail_server as smtp
from lamplighter.jobs.machine.integrations import resolve_calls
from tests.cli.aws_account import ARTICLE_JOB, make_client, run_command, write_job_file
from tests.contracts.servers import mail_server
from tests.served_engine import ServedEngine, one_state, run_task

DATA = Path(__file__).parents[2] / "jobs" / "data"
ACCOUNT = "123456789012"
ARN = f"arn:aws:ecs:us-east-1:{ACCOUNT}"
CONSOLE_POLICY: list[Json] = [
    {"Effect": "Allow", "Action": ["ecs:RunTask"], "Resource": [f"{ARN}:task-definition/*"]},
    {"Effect": "Allow", "Action": ["ecs:StopTask", "ecs:DescribeTasks", "ecs:TagResource"], "Resource": "*"},
    {
        "Effect": "Allow",
        "Action": ["events:PutTargets", "events:PutRule", "events:DescribeRule"],
        "Resource": [f"arn:aws:events:us-east-1:{ACCOUNT}:rule/StepFunctionsGetEventsForECSTaskRule"],
    },
]
"""The policy that the AWS console creates for a machine that runs a task."""
ECR = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/report:1"
PULL_POLICY: list[Json] = [
    {"Effect": "Allow", "Action": ["ecr:*", "logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"}
]


def create_role(url: str, name: str, service: str, statements: list[Json]) -> str:
    iam = make_client(url, "iam")
    trust = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_role_policy(RoleName=name, PolicyName="generated", PolicyDocument=policy)
    arn: str = made["Role"]["Arn"]
    return arn


def create_article_machine(
    url: str, policy: list[Json], pulls: list[Json] = PULL_POLICY, service: str = "states"
) -> str:
    """Create the article's machine as its author created it in the console, and return its ARN."""
    execution = create_role(url, "ecsTaskExecutionRole", "ecs-tasks", pulls)
    task = make_client(url, "ecs").register_task_definition(
        family="report",
        executionRoleArn=execution,
        containerDefinitions=[{"name": "main", "image": ECR, "memory": 512}],
    )["taskDefinition"]["taskDefinitionArn"]
    definition = json.loads((DATA / "state-machine.asl.json").read_text())
    parameters = definition["States"]["ECS RunTask"]["Parameters"]
    parameters |= {"TaskDefinition": task, "Cluster": f"{ARN}:cluster/batch"}
    parameters["NetworkConfiguration"]["AwsvpcConfiguration"]["Subnets"] = []
    machine = make_client(url, "stepfunctions").create_state_machine(
        name="batch",
        definition=json.dumps(definition),
        roleArn=create_role(url, "StepFunctions-batch-role", service, policy),
    )
    arn: str = machine["stateMachineArn"]
    return arn


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[ServedEngine]:
    served = ServedEngine(tmp_path / "data")
    served.up()
    yield served
    served.close()


def test_doctor_finds_the_article_s_missing_pass_role_permission(aws: str, tmp_path: Path) -> None:
    create_article_machine(aws, CONSOLE_POLICY)
    found = run_command(tmp_path, "doctor", "batch", "--endpoint-url", aws)
    assert (found.code, found.err) == (1, "")
    passed_role = f"arn:aws:iam::{ACCOUNT}:role/ecsTaskExecutionRole"
    assert (
        f"AccessDeniedException: User: arn:aws:sts::{ACCOUNT}:assumed-role/StepFunctions-batch-role/a-run is not "
        f"authorized to perform: iam:PassRole on resource: {passed_role}"
    ) in found.out
    assert "The policy that the AWS console creates for a state machine lacks it" in found.out
    assert (
        'add to the policy of its role: {"Effect":"Allow","Action":"iam:PassRole","Resource":"' + passed_role + '",'
        '"Condition":{"StringEquals":{"iam:PassedToService":"ecs-tasks.amazonaws.com"}}}'
    ) in found.out


def test_doctor_finds_nothing_with_the_article_s_own_policy(aws: str, tmp_path: Path) -> None:
    article_policy = json.loads((DATA / "pass-role-policy.json").read_text())["Statement"]
    arn = create_article_machine(aws, [*CONSOLE_POLICY, *article_policy])
    for name_or_arn in ("batch", arn):
        found = run_command(tmp_path, "doctor", name_or_arn, "--endpoint-url", aws)
        assert (found.code, found.err) == (0, "")
        assert "✓ batch: its role StepFunctions-batch-role allows all its calls" in found.out


def test_doctor_finds_what_the_permissions_boundary_of_a_role_refuses(aws: str, tmp_path: Path) -> None:
    article_policy = json.loads((DATA / "pass-role-policy.json").read_text())["Statement"]
    create_article_machine(aws, [*CONSOLE_POLICY, *article_policy])
    iam = make_client(aws, "iam")
    allowed: list[Json] = ["ecs:*", "iam:PassRole", "ecr:*", "logs:PutLogEvents"]

    def write(actions: list[Json], **more: Json) -> str:
        return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, **more}]})

    boundary = iam.create_policy(PolicyName="developers", PolicyDocument=write(allowed, Resource="*"))["Policy"]["Arn"]
    for role in ("StepFunctions-batch-role", "ecsTaskExecutionRole"):
        iam.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=boundary)
    found = run_command(tmp_path, "doctor", "batch", "--endpoint-url", aws)
    rule = f"arn:aws:events:us-east-1:{ACCOUNT}:rule/StepFunctionsGetEventsForECSTaskRule"
    assert found.code == 1
    for action in ("PutTargets", "PutRule", "DescribeRule"):
        text = f"the permissions boundary of its role StepFunctions-batch-role refuses events:{action} on {rule}"
        assert text in found.out
    assert "let the boundary allow it: {" in found.out
    assert "allows all its calls" not in found.out

    document = write([*allowed, "events:*", "logs:*"], Resource="*")
    iam.create_policy_version(PolicyArn=boundary, PolicyDocument=document, SetAsDefault=True)
    assert run_command(tmp_path, "doctor", "batch", "--endpoint-url", aws).code == 0
    document = write([*allowed, "events:*"], NotResource=f"arn:aws:ecr:us-east-1:{ACCOUNT}:*")
    iam.create_policy_version(PolicyArn=boundary, PolicyDocument=document, SetAsDefault=True)
    found = run_command(tmp_path, "doctor", "batch", "--endpoint-url", aws)
    refused = (
        "report:1 cannot start: the permissions boundary of its execution role does not allow ecr:BatchGetImage on "
    )
    assert (found.code, refused in found.out) == (1, True)


def test_doctor_prints_findings_as_json(aws: str, tmp_path: Path) -> None:
    create_article_machine(aws, CONSOLE_POLICY, service="lambda")
    found = run_command(tmp_path, "doctor", "batch", "--json", "--endpoint-url", aws)
    assert found.code == 1
    document = json.loads(found.out)
    assert document["well"] is False
    errors = [each["says"] for each in document["findings"] if each["state"] == "bad"]
    assert "Step Functions cannot assume its role StepFunctions-batch-role: every run fails at its first call" in errors
    assert {each["about"] for each in document["findings"]} == {"batch"}


def test_doctor_finds_an_execution_role_that_cannot_pull_the_image(aws: str, tmp_path: Path) -> None:
    article_policy = json.loads((DATA / "pass-role-policy.json").read_text())["Statement"]
    create_article_machine(
        aws,
        [*CONSOLE_POLICY, *article_policy],
        pulls=[{"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}],
    )
    found = run_command(tmp_path, "doctor", "batch", "--endpoint-url", aws)
    assert found.code == 1
    repository = f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/report"
    assert f"report:1 cannot start: its execution role does not allow ecr:BatchGetImage on {repository}" in found.out


def correct_moto_resources(url: str) -> None:
    """Correct what moto stores of a template: policies in Python syntax, log ARNs without their suffix, tasks without
    roles, definitions without substitutions, topics without subscriptions.
    """
    sns, iam = make_client(url, "sns"), make_client(url, "iam")
    (topic,) = [each["TopicArn"] for each in sns.list_topics()["Topics"]]
    if not sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]:
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ops@example.com")
    roles = iam.list_roles()["Roles"]
    for each in roles:
        for name in iam.list_role_policies(RoleName=each["RoleName"])["PolicyNames"]:
            found = iam.get_role_policy(RoleName=each["RoleName"], PolicyName=name)["PolicyDocument"]
            text = json.dumps(ast.literal_eval(found)).replace('/nightly"', '/nightly:*"')
            iam.put_role_policy(RoleName=each["RoleName"], PolicyName=name, PolicyDocument=text)
    sfn, ecs = make_client(url, "stepfunctions"), make_client(url, "ecs")
    filled = {"${Cluster}": ecs.list_clusters()["clusterArns"][0]}
    made = ecs.describe_task_definition(taskDefinition="reports-nightly")["taskDefinition"]
    (pulling,) = [each["Arn"] for each in roles if "ExecutionRole" in each["Arn"]]
    (own,) = [each["Arn"] for each in roles if "TaskRole" in each["Arn"]]
    corrected = ecs.register_task_definition(
        family=made["family"],
        containerDefinitions=[{**each, "memory": 512} for each in made["containerDefinitions"]],
        executionRoleArn=pulling,
        taskRoleArn=own,
    )
    filled["${NightlyTask}"] = corrected["taskDefinition"]["taskDefinitionArn"]
    listed = sfn.list_state_machines()["stateMachines"]
    (machine,) = [each for each in listed if each["name"] == "reports-nightly"]
    definition = sfn.describe_state_machine(stateMachineArn=machine["stateMachineArn"])["definition"]
    for slot, value in filled.items():
        definition = definition.replace(slot, value)
    sfn.update_state_machine(stateMachineArn=machine["stateMachineArn"], definition=resolve_calls(definition))


def test_a_deployed_generated_machine_has_no_errors_and_no_warnings(aws: str, tmp_path: Path) -> None:
    write_job_file(tmp_path, ARTICLE_JOB.replace("network: {subnets: [subnet-1], security-groups: [sg-1]}", ""))
    assert run_command(tmp_path, "deploy", "--yes", "--endpoint-url", aws).code == 0
    correct_moto_resources(aws)
    missing = run_command(tmp_path, "doctor", "--endpoint-url", aws)
    assert "? role of ECS: the account has no AWSServiceRoleForECS yet" in missing.out
    create_role(aws, "AWSServiceRoleForECS", "ecs", PULL_POLICY)
    make_client(aws, "sns").create_topic(Name="dev")
    found = run_command(tmp_path, "doctor", "--endpoint-url", aws)
    assert found.code == 0, found.out
    assert "✓ role of ECS: AWSServiceRoleForECS exists" in found.out
    assert "? " not in found.out
    assert "✓ nightly: its role" in found.out
    assert f"✓ credentials: arn:aws:sts::{ACCOUNT}" in found.out


def test_a_subnet_without_a_route_to_the_internet_is_a_warning(aws: str, tmp_path: Path) -> None:
    ec2 = make_client(aws, "ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    write_job_file(tmp_path, ARTICLE_JOB.replace("subnet-1", subnet))
    assert run_command(tmp_path, "deploy", "--yes", "--endpoint-url", aws).code == 0
    correct_moto_resources(aws)
    found = run_command(tmp_path, "doctor", "nightly", "--endpoint-url", aws)
    assert (found.code, f"? nightly: the subnet {subnet} has no route to the internet" in found.out) == (0, True)

    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    (table,) = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    ec2.create_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    assert "subnet" not in run_command(tmp_path, "doctor", "nightly", "--endpoint-url", aws).out


def test_an_unknown_machine_name_suggests_a_similar_one(aws: str, tmp_path: Path) -> None:
    create_article_machine(aws, CONSOLE_POLICY)
    found = run_command(tmp_path, "doctor", "bach", "--endpoint-url", aws)
    assert (found.code, "did you mean batch?" in found.err) == (1, True)


def test_a_failed_run_is_explained(engine: ServedEngine, tmp_path: Path) -> None:
    task = engine.task("report", ["no-such-program-anywhere"])
    machine = engine.machine(one_state(run_task(task)), "nightly")
    engine.ended(engine.start(machine, name="monday"))
    found = run_command(tmp_path, "doctor", "nightly", "--endpoint-url", engine.url)
    assert found.code == 1
    assert "✗ nightly: its run monday ended FAILED: the program that the job names is not in its image" in found.out
    assert "check `command:` and `entrypoint:`" in found.out


def test_a_failure_before_the_last_success_is_only_a_warning(engine: ServedEngine, tmp_path: Path) -> None:
    choice: Json = {
        "StartAt": "Choose",
        "States": {
            "Choose": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.bad", "IsPresent": True, "Next": "Bad"}],
                "Default": "Good",
            },
            "Good": {"Type": "Succeed"},
            "Bad": {"Type": "Fail", "Error": "Own", "Cause": "as I said"},
        },
    }
    machine = engine.machine(choice, "nightly")
    engine.ended(engine.start(machine, {"bad": 1}, "monday"))
    engine.ended(engine.start(machine, {}, "tuesday"))
    found = run_command(tmp_path, "doctor", "nightly", "--endpoint-url", engine.url)
    assert (found.code, "? nightly: its run monday ended FAILED: Own; as I said" in found.out) == (0, True)


def test_a_skipped_run_does_not_outweigh_an_earlier_failure(engine: ServedEngine, tmp_path: Path) -> None:
    failing: Json = {"Type": "Fail", "Error": "Own", "Cause": "as I said"}
    skipping: Json = {"Type": "Pass", "Result": {"skipped": True, "running": []}, "End": True}
    choice: Json = {
        "Type": "Choice",
        "Choices": [{"Variable": "$.bad", "IsPresent": True, "Next": "Bad"}],
        "Default": "Skipped",
    }
    states = {"Choose": choice, "Bad": failing, "Skipped": skipping}
    machine = engine.machine({"StartAt": "Choose", "States": states}, "nightly")
    engine.ended(engine.start(machine, {"bad": 1}, "monday"))
    engine.ended(engine.start(machine, {}, "tuesday"))
    found = run_command(tmp_path, "doctor", "nightly", "--endpoint-url", engine.url)
    assert (found.code, "✗ nightly: its run monday ended FAILED: Own; as I said" in found.out) == (1, True)


def test_a_missing_task_definition_is_named(engine: ServedEngine, tmp_path: Path) -> None:
    engine.machine(one_state(run_task("gone:7")), "nightly")
    found = run_command(tmp_path, "doctor", "nightly", "--endpoint-url", engine.url)
    assert (found.code, "the task definition gone:7 does not exist" in found.out) == (1, True)


def test_the_engine_the_data_directory_and_the_credentials_are_checked(
    aws: str, engine: ServedEngine, tmp_path: Path
) -> None:
    found = run_command(tmp_path, "doctor", "--data", "data", AWS_ENDPOINT_URL_STS=aws)
    assert f"is up and healthy at {engine.url}" in found.out
    assert "✓ data directory: data is writable" in found.out
    assert "account 123456789012, region us-east-1" in found.out
    engine.kill()
    found = run_command(tmp_path, "doctor", "--data", "data", AWS_ENDPOINT_URL_STS=aws)
    assert (found.code, "but it does not answer" in found.out) == (1, True)


def test_without_a_chosen_region_none_is_named(aws: str, tmp_path: Path) -> None:
    found = run_command(tmp_path, "doctor", AWS_ENDPOINT_URL_STS=aws, AWS_DEFAULT_REGION="")
    assert "account 123456789012, and no region is chosen" in found.out
    write_job_file(tmp_path, "project: p\naws: {region: eu-west-1}\njobs: {one: {image: busybox}}\n")
    found = run_command(tmp_path, "doctor", AWS_ENDPOINT_URL_STS=aws, AWS_DEFAULT_REGION="")
    assert "account 123456789012, region eu-west-1" in found.out


def test_a_dead_engine_is_reported_without_aws_credentials(engine: ServedEngine, tmp_path: Path) -> None:
    engine.kill()
    no_credentials = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true"}
    found = run_command(tmp_path, "doctor", "--data", "data", **no_credentials)
    assert "✗ engine: its address is" in found.out
    assert "? credentials: there are none for AWS" in found.out


def test_an_error_of_the_job_file_is_one_finding_also_with_an_engine(engine: ServedEngine, tmp_path: Path) -> None:
    tmp_path.joinpath("lamplighter.yaml").write_text("project: a\njobs: {one: {comand: echo}}\n")
    for options in ((), ("--endpoint-url", engine.url)):
        found = run_command(tmp_path, "doctor", "--data", "data", *options)
        assert (found.code, found.out.count("`comand` is not a known key here")) == (1, 1)
        assert "comand" not in found.err


def test_a_corrupt_database_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "lamplighter.db").write_bytes(b"no database" * 1000)
    found = run_command(tmp_path, "doctor", "--data", "data")
    assert found.code == 1
    assert "✗ data directory: data/lamplighter.db cannot be opened (file is not a database)" in found.out


def test_the_engine_s_mail_server_and_denied_features_are_reported(tmp_path: Path) -> None:
    served = ServedEngine(tmp_path / "data")
    served.up("--smtp", "smtp://127.0.0.1:1", "--deny", "privileged,host-mounts")
    found = run_command(tmp_path, "doctor", "--data", "data")
    served.close()
    assert "✓ denied: tasks may not use host-mounts, privileged (--deny)" in found.out
    assert "✓ mail: the engine has a mail server (--smtp)" in found.out


def test_a_folder_without_an_engine_is_only_a_warning(aws: str, tmp_path: Path) -> None:
    found = run_command(tmp_path, "doctor", AWS_ENDPOINT_URL_STS=aws)
    assert "? engine: no engine is running in this folder" in found.out
    assert found.err == ""


def test_an_unreachable_docker_is_an_error(aws: str, tmp_path: Path) -> None:
    found = run_command(tmp_path, "doctor", AWS_ENDPOINT_URL_STS=aws, DOCKER_HOST="unix:///nowhere/docker.sock")
    assert (found.code, "✗ Docker: Docker does not answer" in found.out) == (1, True)


async def test_a_working_mail_server_is_reported_as_good() -> None:
    async with mail_server() as server:
        url = f"smtp://127.0.0.1:{server.port}?from=us@example.com"
        found = await asyncio.to_thread(smtp, {"LAMPLIGHTER_SMTP": url})
    assert (found.state, found.says) == ("good", f"127.0.0.1, port {server.port}, accepts mail from us@example.com")


@pytest.mark.parametrize(("answer", "state"), [("550 no such user", "bad"), ("451 come back later", "doubt")])
async def test_a_mail_server_that_rejects_a_recipient_is_not_good(answer: str, state: str) -> None:
    async with mail_server() as server:
        server.recipient_replies = [answer]
        url = f"smtp://127.0.0.1:{server.port}?from=us@example.com"
        found = await asyncio.to_thread(smtp, {"LAMPLIGHTER_SMTP": url}, None, ["ops@example.com"])
    problem = f"127.0.0.1, port {server.port}, does not accept mail to ops@example.com"
    assert (found.state, found.says) == (state, f"{problem}: {answer}")
    assert server.mails == []


async def test_a_mail_server_that_requires_a_login_is_an_error_without_one() -> None:
    async with mail_server(login=True) as server:
        url = f"smtp://127.0.0.1:{server.port}?from=us@example.com"
        found = await asyncio.to_thread(smtp, {"LAMPLIGHTER_SMTP": url})
    assert (found.state, "does not accept mail from us@example.com: 530" in found.says) == ("bad", True)


def test_an_unreachable_or_invalid_mail_server_is_an_error_and_none_is_a_warning() -> None:
    assert "does not answer as a mail server" in smtp({"LAMPLIGHTER_SMTP": "smtp://127.0.0.1:1"}).says
    assert "is not the URL of a mail server" in smtp({"LAMPLIGHTER_SMTP": "x"}).says
    assert smtp({}).state == "doubt"


def test_without_credentials_the_commands_that_need_them_are_named(tmp_path: Path) -> None:
    no_credentials = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true"}
    found = run_command(tmp_path, "doctor", **no_credentials)
    assert "? credentials: there are none for AWS; `deploy` needs them" in found.out
    unknown = run_command(tmp_path, "doctor", "--profile", "nobody", **no_credentials)
    assert "? credentials: their identity could not be read: The config profile (nobody)" in unknown.out
    needed = run_command(tmp_path, "doctor", "--aws", **no_credentials)
    assert (needed.code, "✗ credentials: there are none" in needed.out) == (1, True)
