"""A container does not run without what its definition requires, though the definition was registered."""

import pytest

from lamplighter.base.json_text import Json
from tests.services.ecs.ecs_harness import EcsHarness, fargate_definition

FSX = {
    "fileSystemId": "fs-1",
    "rootDirectory": "/",
    "authorizationConfig": {"credentialsParameter": "a", "domain": "d"},
}


@pytest.mark.parametrize(
    ("fields", "volumes", "reason"),
    [
        ({"logConfiguration": {"logDriver": "awsfirelens"}}, [], "the log driver awsfirelens is not there"),
        ({"firelensConfiguration": {"type": "fluentbit"}}, [], "the log driver awsfirelens is not there"),
        (
            {"logConfiguration": {"logDriver": "splunk", "secretOptions": [{"name": "t", "valueFrom": "a"}]}},
            [],
            "`secretOptions` of a log driver is not there",
        ),
        ({"credentialSpecs": ["credentialspec:arn"]}, [], "`credentialSpecs`"),
        (
            {"resourceRequirements": [{"type": "InferenceAccelerator", "value": "device"}]},
            [],
            "the resource InferenceAccelerator is not there",
        ),
        (
            {"mountPoints": [{"sourceVolume": "share", "containerPath": "/share"}]},
            [{"name": "share", "fsxWindowsFileServerVolumeConfiguration": FSX}],
            "FSx for Windows File Server is not there",
        ),
    ],
)
async def test_a_setting_that_this_machine_cannot_carry_out_is_the_reason_of_the_end(
    harness: EcsHarness, fields: Json, volumes: Json, reason: str
) -> None:
    definition = fargate_definition({"name": "job", **fields}) | {"volumes": volumes}
    task = await harness.wait_for_end(await harness.register_and_run_task(definition=definition))
    assert task["stopCode"] == "TaskFailedToStart"
    assert reason in task["stoppedReason"]
    assert harness.runtime.count("run", harness.container_name(task["taskArn"])) == 0
