"""One task from RunTask to STOPPED, with the shapes that were recorded from AWS."""

import asyncio

import pytest

from lamplighter.base.json_text import Json
from lamplighter.runtime.fake import Script
from lamplighter.runtime.port import OUT_OF_MEMORY, CannotStart, Container, ImageUnavailable
from lamplighter.store import outbox
from tests.services.ecs.rig import FARGATE, NETWORK, Rig, containers

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
LIFE = [("PROVISIONING", 1), ("PENDING", 2), ("RUNNING", 3), ("DEPROVISIONING", 4), ("STOPPED", 5)]


async def test_run_task_answers_in_the_recorded_shape(rig: Rig) -> None:
    await rig.call("RegisterTaskDefinition", **FARGATE)
    answer = await rig.call(
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
    assert task["createdAt"] == rig.clock.now() / 1000
    (attachment,) = task["attachments"]
    assert attachment["type"] == "ElasticNetworkInterface"
    assert attachment["status"] == "PRECREATED"
    assert attachment["details"] == [{"name": "subnetId", "value": "subnet-1"}]
    assert task["overrides"]["containerOverrides"] == [
        {"name": "job", "command": [], "environment": [], "environmentFiles": [], "resourceRequirements": []}
    ]


async def test_a_task_that_succeeds_ends_in_the_recorded_shape(rig: Rig) -> None:
    task = await rig.ends(await rig.start(startedBy="AWS Step Functions"))
    assert set(task) == RECORDED_STOPPED | {"pullStartedAt", "pullStoppedAt", "startedAt"}
    assert task["version"] == 5
    assert task["stopCode"] == "EssentialContainerExited"
    assert task["stoppedReason"] == "Essential container in task exited"
    assert task["desiredStatus"] == "STOPPED"
    (container,) = task["containers"]
    assert set(container) == RECORDED_CONTAINER | {"exitCode", "runtimeId"}
    assert container["exitCode"] == 0
    assert container["lastStatus"] == "STOPPED"
    (attachment,) = task["attachments"]
    assert (attachment["type"], attachment["status"]) == ("eni", "DELETED")
    assert [each["name"] for each in attachment["details"]] == [
        "subnetId", "networkInterfaceId", "macAddress", "privateDnsName", "privateIPv4Address",
    ]  # fmt: skip
    assert outbox.count_pending(rig.store.reader) == 0
    assert await rig.runtime.names() == frozenset()


async def test_each_step_is_an_event_with_a_version_of_its_own(rig: Rig) -> None:
    arn = await rig.start()
    await rig.ends(arn)
    assert rig.statuses() == LIFE
    last = rig.events[-1]
    assert (last.source, last.detail_type, last.resources) == ("aws.ecs", "ECS Task State Change", (arn,))
    assert last.detail["stoppedAt"] == "2026-01-01T00:00:00.000Z"
    assert last.detail["attachments"][0]["type"] == "eni"
    assert last.detail["containers"][0]["exitCode"] == 0


async def test_a_run_takes_three_commits(rig: Rig) -> None:
    await rig.call("RegisterTaskDefinition", **FARGATE)
    before = rig.commits
    await rig.ends(await rig.run())
    assert rig.commits - before <= 3


async def test_a_failed_container_keeps_its_exit_code(rig: Rig) -> None:
    rig.runtime.script(Script(code=3))
    task = await rig.ends(await rig.start())
    assert task["stopCode"] == "EssentialContainerExited"
    assert task["containers"][0]["exitCode"] == 3


async def test_a_container_that_outgrows_its_memory_says_so(rig: Rig) -> None:
    rig.runtime.script(Script(code=137, reason=OUT_OF_MEMORY))
    task = await rig.ends(await rig.start())
    assert task["containers"][0]["exitCode"] == 137
    assert task["containers"][0]["reason"] == OUT_OF_MEMORY


async def test_an_image_that_cannot_be_pulled_ends_in_the_recorded_shape(rig: Rig) -> None:
    text = "CannotPullContainerError: pull access denied"
    rig.runtime.script(Script(failure=ImageUnavailable(text)))
    task = await rig.ends(await rig.start(startedBy="AWS Step Functions"))
    assert set(task) == RECORDED_STOPPED
    assert task["version"] == 4
    assert (task["stopCode"], task["stoppedReason"]) == ("TaskFailedToStart", text)
    assert set(task["containers"][0]) == RECORDED_CONTAINER | {"runtimeId"}
    assert [status for status, _ in rig.statuses()] == ["PROVISIONING", "PENDING", "DEPROVISIONING", "STOPPED"]


async def test_credentials_of_a_registry_that_are_not_read_are_named_where_they_are_missed(rig: Rig) -> None:
    text = "CannotPullContainerError: no basic auth credentials"
    rig.runtime.script(Script(failure=ImageUnavailable(text)))
    secret = {"credentialsParameter": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:registry-AbCdEf"}
    container = {"name": "job", "image": "registry.example/job", "repositoryCredentials": secret, "memory": 64}
    await rig.call("RegisterTaskDefinition", family="private", containerDefinitions=[container])
    task = await rig.ends((await rig.call("RunTask", taskDefinition="private"))["tasks"][0]["taskArn"])
    hint = "its repositoryCredentials are not read on this box: say `docker login` here"
    assert task["stoppedReason"] == f"{text} ({hint})"


async def test_a_container_that_cannot_start_gives_its_reason(rig: Rig) -> None:
    rig.runtime.script(Script(failure=CannotStart("CannotStartContainerError: no such file")))
    task = await rig.ends(await rig.start())
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["containers"][0]["reason"] == "CannotStartContainerError: no such file"
    assert "exitCode" not in task["containers"][0]
    assert await rig.runtime.names() == frozenset()


async def test_a_task_without_a_network_interface_has_nothing_to_provision(rig: Rig) -> None:
    plain = {"family": "plain", "containerDefinitions": [{"name": "job", "command": ["true"]}]}
    await rig.call("RegisterTaskDefinition", **plain)
    answer = await rig.call("RunTask", taskDefinition="plain")
    task = await rig.ends(answer["tasks"][0]["taskArn"])
    assert rig.statuses() == [("PENDING", 1), ("RUNNING", 2), ("STOPPED", 3)]
    assert "image" not in task["containers"][0]
    assert task["launchType"] == "EC2"


async def test_stop_task_sends_a_stop_and_keeps_its_reason(rig: Rig) -> None:
    rig.runtime.script(Script(after=None, stop_code=143))
    arn = await rig.start()
    await rig.reaches(arn, "RUNNING")
    answer = await rig.call("StopTask", task=arn, reason="enough")
    assert answer["task"]["lastStatus"] == "RUNNING"
    assert answer["task"]["desiredStatus"] == "STOPPED"
    task = await rig.ends(arn)
    assert (task["stopCode"], task["stoppedReason"]) == ("UserInitiated", "enough")
    assert task["containers"][0]["exitCode"] == 143
    assert "STOPPING" in [status for status, _ in rig.statuses()]
    versions = [version for _, version in rig.statuses()]
    assert versions == list(range(1, len(versions) + 1))
    assert outbox.count_pending(rig.store.reader) == 0


async def test_a_container_that_ignores_sigterm_is_killed_after_its_stop_timeout(rig: Rig) -> None:
    rig.runtime.script(Script(after=None, stop_code=None))
    arn = await rig.start(definition=containers({"name": "job", "stopTimeout": 7}))
    await rig.reaches(arn, "RUNNING")
    await rig.call("StopTask", task=arn)
    await rig.until(lambda: rig.runtime.count("stop", rig.name(arn)) == 1)
    rig.clock.advance(6_999)
    rig.runtime.settle()
    assert (await rig.describe(arn))["lastStatus"] == "STOPPING"
    rig.clock.advance(1)
    rig.runtime.settle()
    assert (await rig.ends(arn))["containers"][0]["exitCode"] == 137


async def test_a_stop_before_the_start_means_that_nothing_is_run(rig: Rig) -> None:
    await rig.call("RegisterTaskDefinition", **FARGATE)
    rig.runtime.go_away()
    arn = await rig.run()
    await rig.call("StopTask", task=arn)
    rig.runtime.come_back()
    task = await rig.ends(arn)
    assert rig.runtime.count("run", rig.name(arn)) == 0
    assert task["stopCode"] == "UserInitiated"
    assert "startedAt" not in task


async def test_a_stop_during_a_start_whose_answer_was_lost_stops_what_runs(rig: Rig) -> None:
    def go_away(_container: Container) -> bool:
        rig.runtime.go_away()
        return True

    rig.runtime.script(Script(after=None, answer_lost=True), go_away)
    arn = await rig.start()
    await rig.until(lambda: rig.runtime.count("run", rig.name(arn)) == 1)
    await rig.call("StopTask", task=arn)
    rig.runtime.come_back()
    task = await rig.ends(arn)
    assert task["containers"][0]["exitCode"] == 143
    assert await rig.runtime.names() == frozenset()


async def test_stopping_twice_or_too_late_changes_nothing(rig: Rig) -> None:
    arn = await rig.start()
    before = await rig.ends(arn)
    await rig.call("StopTask", task=arn, reason="late")
    assert await rig.describe(arn) == before


async def test_a_runtime_that_is_away_is_waited_for(rig: Rig) -> None:
    rig.runtime.go_away()
    arn = await rig.start()
    for _ in range(50):
        await asyncio.sleep(0)
    assert (await rig.describe(arn))["lastStatus"] == "PENDING"
    rig.runtime.come_back()
    task = await rig.ends(arn)
    assert task["containers"][0]["exitCode"] == 0
    assert rig.runtime.count("run", rig.name(arn)) == 1


async def test_the_definition_reaches_the_container(rig: Rig) -> None:
    seen: list[Container] = []

    def see(container: Container) -> bool:
        seen.append(container)
        return True

    rig.runtime.script(Script(), see)
    rig.secrets["SSM_NIGHT_PASSWORD"] = "open sesame"
    definition: Json = containers(
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
            "dockerLabels": {"team": "night"},
        }
    )
    definition = definition | {"volumes": [{"name": "host", "host": {"sourcePath": "/srv"}}, {"name": "own"}]}
    override = {"name": "job", "command": ["pwd"], "environment": [{"name": "B", "value": "3"}]}
    arn = await rig.start(definition=definition, overrides={"containerOverrides": [override]})
    task = await rig.ends(arn)
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
    assert container.labels == {"team": "night", "lamplighter.task": arn, "lamplighter.container": "job"}
    assert (container.working_directory, container.user) == ("/srv", "1000:1000")
    assert (container.cpu, container.memory) == (256, 512)
    own = f"{arn.rpartition('/')[2]}-own"
    assert [(mount.source, mount.read_only) for mount in container.mounts] == [("/srv", True), (own, False)]
    assert container.init
    assert container.read_only_root
    assert container.extra_hosts == {"db": "10.0.0.9"}
    assert task["overrides"]["containerOverrides"][0]["command"] == ["pwd"]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("arn:aws:ssm:eu-central-1:123456789012:parameter/db", "invalid ssm parameters: db"),
        ("arn:aws:secretsmanager:eu-central-1:123456789012:secret:db-AbCdEf", "ResourceNotFoundException"),
    ],
)
async def test_a_secret_that_nobody_holds_fails_the_start(rig: Rig, source: str, words: str) -> None:
    secret = {"name": "PASSWORD", "valueFrom": source}
    task = await rig.ends(await rig.start(definition=containers({"name": "job", "secrets": [secret]})))
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith("ResourceInitializationError: unable to pull secrets or registry auth: ")
    assert words in task["stoppedReason"]
    assert rig.runtime.count("start", rig.name(task["taskArn"])) == 0


async def test_output_is_kept_whole_and_can_be_read_while_it_grows(rig: Rig) -> None:
    rig.runtime.script(Script(lines=(("stdout", "one"), ("stderr", "two")), after=None))
    arn = await rig.start()
    task_id = arn.rpartition("/")[2]

    def texts() -> list[str]:
        return [line.text for line in rig.ecs.outputs.read(task_id, "job")]

    await rig.until(lambda: texts() == ["one", "two"])
    rig.runtime.write(rig.name(arn), "three")
    await rig.until(lambda: texts() == ["one", "two", "three"])
    rig.runtime.finish(rig.name(arn))
    await rig.ends(arn)
    assert texts() == ["one", "two", "three"]
