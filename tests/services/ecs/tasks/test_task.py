"""Run one task from RunTask to STOPPED, and compare its shapes with the recordings of AWS."""

import asyncio

import pytest

from lamplighter.base.json_text import Json
from lamplighter.runtime.port import OUT_OF_MEMORY, CannotStart, ContainerSpec, ImageUnavailable
from lamplighter.store import outbox
from tests.fake_runtime import Script
from tests.output_lines import read_output
from tests.services.ecs.ecs_harness import FARGATE, NETWORK, EcsHarness, fargate_definition

RECORDED_RUN = {
    "attachments", "attributes", "availabilityZone", "clusterArn", "containers", "cpu", "createdAt", "desiredStatus",
    "enableExecuteCommand", "ephemeralStorage", "group", "inferenceAccelerators", "lastStatus", "launchType", "memory",
    "overrides", "platformFamily", "platformVersion", "startedBy", "tags", "taskArn", "taskDefinitionArn", "version",
}  # fmt: skip
RECORDED_STOPPED = RECORDED_RUN - {"platformFamily"} | {
    "connectivity", "connectivityAt", "executionStoppedAt", "stopCode", "stoppedAt", "stoppedReason", "stoppingAt",
}  # fmt: skip
RECORDED_CONTAINER = {
    "containerArn", "cpu", "gpuIds", "image", "lastStatus", "managedAgents", "name", "networkBindings",
    "networkInterfaces", "taskArn",
}  # fmt: skip
LIFECYCLE = [("PROVISIONING", 1), ("PENDING", 2), ("RUNNING", 3), ("DEPROVISIONING", 4), ("STOPPED", 5)]


async def test_run_task_answers_in_the_recorded_shape(harness: EcsHarness) -> None:
    await harness.ecs_call("RegisterTaskDefinition", **FARGATE)
    answer = await harness.ecs_call(
        "RunTask", taskDefinition="night", launchType="FARGATE", networkConfiguration=NETWORK,
        platformVersion="LATEST", startedBy="AWS Step Functions",
    )  # fmt: skip
    (task,) = answer["tasks"]
    assert answer["failures"] == []
    assert set(task) == RECORDED_RUN
    assert set(task["containers"][0]) == RECORDED_CONTAINER
    assert task["taskArn"].startswith("arn:aws:ecs:eu-central-1:123456789012:task/default/")
    assert len(task["taskArn"].rpartition("/")[2]) == 32
    assert task["lastStatus"] == "PROVISIONING"
    assert task["version"] == 1
    assert task["platformVersion"] == "1.4.0"
    assert task["group"] == "family:night"
    assert task["createdAt"] == harness.clock.now() / 1000
    (attachment,) = task["attachments"]
    assert attachment["type"] == "ElasticNetworkInterface"
    assert attachment["status"] == "PRECREATED"
    assert attachment["details"] == [{"name": "subnetId", "value": "subnet-1"}]
    assert task["overrides"]["containerOverrides"] == [
        {"name": "job", "command": [], "environment": [], "environmentFiles": [], "resourceRequirements": []}
    ]


async def test_a_task_that_succeeds_ends_in_the_recorded_shape(harness: EcsHarness) -> None:
    task = await harness.wait_for_end(await harness.register_and_run_task(startedBy="AWS Step Functions"))
    assert set(task) == RECORDED_STOPPED | {"pullStartedAt", "pullStoppedAt", "startedAt", "healthStatus"}
    assert task["version"] == 5
    assert task["stopCode"] == "EssentialContainerExited"
    assert task["stoppedReason"] == "Essential container in task exited"
    assert task["desiredStatus"] == "STOPPED"
    (container,) = task["containers"]
    assert set(container) == RECORDED_CONTAINER | {"exitCode", "runtimeId", "healthStatus"}
    assert container["exitCode"] == 0
    assert container["lastStatus"] == "STOPPED"
    (attachment,) = task["attachments"]
    assert (attachment["type"], attachment["status"]) == ("eni", "DELETED")
    assert [each["name"] for each in attachment["details"]] == [
        "subnetId", "networkInterfaceId", "macAddress", "privateDnsName", "privateIPv4Address",
    ]  # fmt: skip
    assert outbox.count_pending(harness.store.reader) == 0
    assert await harness.runtime.names() == frozenset()


async def test_each_change_of_status_is_an_event_with_its_own_version(harness: EcsHarness) -> None:
    arn = await harness.register_and_run_task()
    await harness.wait_for_end(arn)
    assert harness.statuses() == LIFECYCLE
    last = harness.events[-1]
    assert (last.source, last.detail_type, last.resources) == ("aws.ecs", "ECS Task State Change", (arn,))
    assert last.detail["stoppedAt"] == "2026-01-01T00:00:00.000Z"
    assert last.detail["attachments"][0]["type"] == "eni"
    assert last.detail["containers"][0]["exitCode"] == 0


async def test_a_task_takes_at_most_three_commits(harness: EcsHarness) -> None:
    await harness.ecs_call("RegisterTaskDefinition", **FARGATE)
    before = harness.commits
    await harness.wait_for_end(await harness.run_task())
    assert harness.commits - before <= 3


async def test_a_failed_container_keeps_its_exit_code(harness: EcsHarness) -> None:
    harness.runtime.script(Script(code=3))
    task = await harness.wait_for_end(await harness.register_and_run_task())
    assert task["stopCode"] == "EssentialContainerExited"
    assert task["containers"][0]["exitCode"] == 3


async def test_a_container_that_runs_out_of_memory_reports_the_reason(harness: EcsHarness) -> None:
    harness.runtime.script(Script(code=137, reason=OUT_OF_MEMORY))
    task = await harness.wait_for_end(await harness.register_and_run_task())
    assert task["containers"][0]["exitCode"] == 137
    assert task["containers"][0]["reason"] == OUT_OF_MEMORY


async def test_a_task_whose_image_cannot_be_pulled_ends_in_the_recorded_shape(harness: EcsHarness) -> None:
    text = "CannotPullContainerError: pull access denied"
    harness.runtime.script(Script(failure=ImageUnavailable(text)))
    task = await harness.wait_for_end(await harness.register_and_run_task(startedBy="AWS Step Functions"))
    assert set(task) == RECORDED_STOPPED | {"healthStatus"}
    assert task["version"] == 4
    assert (task["stopCode"], task["stoppedReason"]) == ("TaskFailedToStart", text)
    assert set(task["containers"][0]) == RECORDED_CONTAINER | {"runtimeId", "healthStatus"}
    assert [status for status, _ in harness.statuses()] == ["PROVISIONING", "PENDING", "DEPROVISIONING", "STOPPED"]


async def test_a_failed_pull_explains_that_repository_credentials_are_not_used(harness: EcsHarness) -> None:
    text = "CannotPullContainerError: no basic auth credentials"
    harness.runtime.script(Script(failure=ImageUnavailable(text)))
    secret = {"credentialsParameter": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:registry-AbCdEf"}
    container = {"name": "job", "image": "registry.example/job", "repositoryCredentials": secret, "memory": 64}
    await harness.ecs_call("RegisterTaskDefinition", family="private", containerDefinitions=[container])
    task = await harness.wait_for_end(
        (await harness.ecs_call("RunTask", taskDefinition="private"))["tasks"][0]["taskArn"]
    )
    hint = "repositoryCredentials are not used on this machine: run `docker login` here"
    assert task["stoppedReason"] == f"{text} ({hint})"


async def test_a_container_that_cannot_start_reports_its_reason(harness: EcsHarness) -> None:
    harness.runtime.script(Script(failure=CannotStart("CannotStartContainerError: no such file")))
    task = await harness.wait_for_end(await harness.register_and_run_task())
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["containers"][0]["reason"] == "CannotStartContainerError: no such file"
    assert "exitCode" not in task["containers"][0]
    assert await harness.runtime.names() == frozenset()


async def test_a_task_without_a_network_interface_is_not_provisioned(harness: EcsHarness) -> None:
    plain = {"family": "plain", "containerDefinitions": [{"name": "job", "command": ["true"]}]}
    await harness.ecs_call("RegisterTaskDefinition", **plain)
    answer = await harness.ecs_call("RunTask", taskDefinition="plain")
    task = await harness.wait_for_end(answer["tasks"][0]["taskArn"])
    assert harness.statuses() == [("PENDING", 1), ("RUNNING", 2), ("STOPPED", 3)]
    assert "image" not in task["containers"][0]
    assert task["launchType"] == "EC2"


async def test_stop_task_stops_the_container_and_keeps_the_reason(harness: EcsHarness) -> None:
    harness.runtime.script(Script(after=None, stop_code=143))
    arn = await harness.register_and_run_task()
    await harness.wait_for_status(arn, "RUNNING")
    answer = await harness.ecs_call("StopTask", task=arn, reason="enough")
    assert answer["task"]["lastStatus"] == "RUNNING"
    assert answer["task"]["desiredStatus"] == "STOPPED"
    task = await harness.wait_for_end(arn)
    assert (task["stopCode"], task["stoppedReason"]) == ("UserInitiated", "enough")
    assert task["containers"][0]["exitCode"] == 143
    assert "STOPPING" in [status for status, _ in harness.statuses()]
    versions = [version for _, version in harness.statuses()]
    assert versions == list(range(1, len(versions) + 1))
    assert outbox.count_pending(harness.store.reader) == 0


async def test_a_check_of_docker_reads_only_tasks_that_may_need_it(harness: EcsHarness) -> None:
    harness.runtime.script(Script(after=None))
    with_image = await harness.register_and_run_task()
    process = {"name": "job", "image": "", "command": ["true"]}
    without = await harness.register_and_run_task(definition=fargate_definition(process))
    for arn in (with_image, without):
        await harness.wait_for_status(arn, "RUNNING")
    assert set(harness.ecs.supervisors.by_task) == {with_image, without}
    assert harness.ecs.supervisors.tasks_with_images() == (with_image,)


async def test_a_container_that_ignores_sigterm_is_killed_after_its_stop_timeout(harness: EcsHarness) -> None:
    harness.runtime.script(Script(after=None, stop_code=None))
    arn = await harness.register_and_run_task(definition=fargate_definition({"name": "job", "stopTimeout": 7}))
    await harness.wait_for_status(arn, "RUNNING")
    await harness.ecs_call("StopTask", task=arn)
    await harness.wait_until(lambda: harness.runtime.count("stop", harness.container_name(arn)) == 1)
    harness.clock.advance(6_999)
    harness.runtime.settle()
    assert (await harness.describe_task(arn))["lastStatus"] == "STOPPING"
    harness.clock.advance(1)
    harness.runtime.settle()
    assert (await harness.wait_for_end(arn))["containers"][0]["exitCode"] == 137


async def test_a_task_that_is_stopped_before_its_start_runs_no_container(harness: EcsHarness) -> None:
    await harness.ecs_call("RegisterTaskDefinition", **FARGATE)
    harness.runtime.go_away()
    arn = await harness.run_task()
    await harness.ecs_call("StopTask", task=arn)
    harness.runtime.come_back()
    task = await harness.wait_for_end(arn)
    assert harness.runtime.count("run", harness.container_name(arn)) == 0
    assert task["stopCode"] == "UserInitiated"
    assert "startedAt" not in task


async def test_a_stop_after_a_start_with_a_lost_answer_stops_the_container(harness: EcsHarness) -> None:
    def go_away(_container: ContainerSpec) -> bool:
        harness.runtime.go_away()
        return True

    harness.runtime.script(Script(after=None, answer_lost=True), go_away)
    arn = await harness.register_and_run_task()
    await harness.wait_until(lambda: harness.runtime.count("run", harness.container_name(arn)) == 1)
    await harness.ecs_call("StopTask", task=arn)
    harness.runtime.come_back()
    task = await harness.wait_for_end(arn)
    assert task["containers"][0]["exitCode"] == 143
    assert await harness.runtime.names() == frozenset()


async def test_stopping_a_stopped_task_changes_nothing(harness: EcsHarness) -> None:
    arn = await harness.register_and_run_task()
    before = await harness.wait_for_end(arn)
    await harness.ecs_call("StopTask", task=arn, reason="late")
    assert await harness.describe_task(arn) == before


async def test_a_task_waits_for_an_unavailable_runtime(harness: EcsHarness) -> None:
    harness.runtime.go_away()
    arn = await harness.register_and_run_task()
    for _ in range(50):
        await asyncio.sleep(0)
    assert (await harness.describe_task(arn))["lastStatus"] == "PENDING"
    harness.runtime.come_back()
    task = await harness.wait_for_end(arn)
    assert task["containers"][0]["exitCode"] == 0
    assert harness.runtime.count("run", harness.container_name(arn)) == 1


async def test_the_container_is_started_with_the_settings_of_the_definition(harness: EcsHarness) -> None:
    seen: list[ContainerSpec] = []

    def record_container(container: ContainerSpec) -> bool:
        seen.append(container)
        return True

    harness.runtime.script(Script(), record_container)
    harness.secrets["SSM_NIGHT_PASSWORD"] = "open sesame"
    definition: Json = fargate_definition(
        {
            "name": "job",
            "entryPoint": ["/bin/sh", "-c"],
            "command": ["ls"],
            "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
            "secrets": [{"name": "PASSWORD", "valueFrom": "/night/password"}],
            "workingDirectory": "/srv",
            "user": "1000:1000",
            "mountPoints": [
                {"sourceVolume": "host", "containerPath": "/host", "readOnly": True},
                {"sourceVolume": "own", "containerPath": "/own"},
            ],
            "ulimits": [{"name": "nofile", "softLimit": 10, "hardLimit": 20}],
            "linuxParameters": {"initProcessEnabled": True},
            "readonlyRootFilesystem": True,
            "extraHosts": [{"hostname": "db", "ipAddress": "10.0.0.9"}],
            "dockerLabels": {"team": "night", "lamplighter.network": "backend"},
            "resourceRequirements": [{"type": "GPU", "value": "2"}],
        }
    )
    definition = definition | {"volumes": [{"name": "host", "host": {"sourcePath": "/srv"}}, {"name": "own"}]}
    override = {"name": "job", "command": ["pwd"], "environment": [{"name": "B", "value": "3"}]}
    arn = await harness.register_and_run_task(definition=definition, overrides={"containerOverrides": [override]})
    task = await harness.wait_for_end(arn)
    (container,) = seen
    assert container.entry_point == ("/bin/sh", "-c")
    assert container.command == ("pwd",)
    assert container.environment == {
        "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE",
        "LAMPLIGHTER_TASK_ARN": arn,
        "A": "1",
        "B": "3",
        "PASSWORD": "open sesame",
    }
    given = {"team": "night", "lamplighter.network": "backend"}
    assert container.labels == {**given, "lamplighter.task": arn, "lamplighter.container": "job"}
    assert (container.docker_network, container.gpus) == ("backend", 2)
    assert (container.working_directory, container.user) == ("/srv", "1000:1000")
    assert (container.cpu, container.memory) == (256, 512)
    own = f"{arn.rpartition('/')[2]}-own"
    assert [(mount.source, mount.read_only) for mount in container.mounts] == [("/srv", True), (own, False)]
    assert container.init
    assert container.read_only_root
    assert container.extra_hosts == {"db": "10.0.0.9"}
    assert task["overrides"]["containerOverrides"][0]["command"] == ["pwd"]


async def test_an_override_that_names_no_number_of_gpus_fails_the_task(harness: EcsHarness) -> None:
    override = {"name": "job", "resourceRequirements": [{"type": "GPU", "value": "many"}]}
    definition = fargate_definition({"name": "job"})
    arn = await harness.register_and_run_task(definition=definition, overrides={"containerOverrides": [override]})
    task = await harness.wait_for_end(arn)
    assert task["containers"][0]["reason"] == "CannotCreateContainerError: many is not a number of GPUs"


@pytest.mark.parametrize(("labels", "memory"), [({}, 512), ({"lamplighter.memory": "unlimited"}, None)])
async def test_a_container_has_the_memory_of_its_task_unless_a_label_says_otherwise(
    harness: EcsHarness, labels: dict[str, str], memory: int | None
) -> None:
    seen: list[int | None] = []

    def record_memory(container: ContainerSpec) -> bool:
        seen.append(container.memory)
        return True

    harness.runtime.script(Script(), record_memory)
    definition = fargate_definition({"name": "job", "dockerLabels": labels})
    await harness.wait_for_end(await harness.register_and_run_task(definition=definition))
    assert seen == [memory]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("arn:aws:ssm:eu-central-1:123456789012:parameter/db", "invalid ssm parameters: db"),
        ("arn:aws:secretsmanager:eu-central-1:123456789012:secret:db-AbCdEf", "ResourceNotFoundException"),
    ],
)
async def test_a_missing_secret_fails_the_start_of_the_task(harness: EcsHarness, source: str, message: str) -> None:
    secret = {"name": "PASSWORD", "valueFrom": source}
    task = await harness.wait_for_end(
        await harness.register_and_run_task(definition=fargate_definition({"name": "job", "secrets": [secret]}))
    )
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith("ResourceInitializationError: unable to pull secrets or registry auth: ")
    assert message in task["stoppedReason"]
    assert "(on this machine: store it in the engine, or write a line " in task["stoppedReason"]
    assert task["stoppedReason"].endswith("=… into .env)")
    assert harness.runtime.count("start", harness.container_name(task["taskArn"])) == 0


async def test_output_is_stored_completely_and_can_be_read_while_it_grows(harness: EcsHarness) -> None:
    harness.runtime.script(Script(lines=(("stdout", "one"), ("stderr", "two")), after=None))
    arn = await harness.register_and_run_task()
    task_id = arn.rpartition("/")[2]

    def texts() -> list[str]:
        return [line.text for line in read_output(harness.ecs.outputs, task_id, "job")]

    await harness.wait_until(lambda: texts() == ["one", "two"])
    harness.runtime.write(harness.container_name(arn), "three")
    await harness.wait_until(lambda: texts() == ["one", "two", "three"])
    harness.runtime.finish(harness.container_name(arn))
    await harness.wait_for_end(arn)
    assert texts() == ["one", "two", "three"]
