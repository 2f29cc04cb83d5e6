"""Real containers for the chaos tests: tasks that write to a shared folder, and containers that an engine has left."""

import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from lamplighter.runtime.docker.runtime import ENGINE_LABEL
from tests.chaos.docker_link import DOCKER
from tests.served_engine import ServedEngine, eventually

COMMAND = ("docker", "--host", f"unix://{DOCKER}")
"""The docker command on Docker's own socket, which works also while the engine's link to Docker is cut."""
SHARED_FOLDER = "/witness"
"""The path of the shared folder within a container."""


def register_container_task(served: ServedEngine, family: str, image: str, script: str, folder: Path) -> str:
    """Register a task of one container that runs a script and can write to `folder`; return its ARN."""
    answer = served.ecs.register_task_definition(
        family=family,
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        volumes=[{"name": "witness", "host": {"sourcePath": str(folder)}}],
        containerDefinitions=[
            {
                "name": "main",
                "image": image,
                "command": ["sh", "-c", script],
                "mountPoints": [{"sourceVolume": "witness", "containerPath": SHARED_FOLDER}],
            }
        ],
    )
    arn: str = answer["taskDefinition"]["taskDefinitionArn"]
    return arn


def remaining_containers(data: Path) -> list[str]:
    """Return the containers that Docker has for the engine of a data directory."""
    with closing(sqlite3.connect(data / "lamplighter.db")) as connection:
        (engine,) = connection.execute("SELECT name FROM engine").fetchone()
    command = [*COMMAND, "ps", "--all", "--quiet", "--filter", f"label={ENGINE_LABEL}={engine}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def remove_containers(data: Path) -> None:
    """Remove the engine's containers; repeat this, because Docker refuses to remove one that it is already removing."""

    def remove_all() -> bool:
        found = remaining_containers(data)
        if found:
            subprocess.run([*COMMAND, "rm", "--force", "--volumes", *found], capture_output=True, check=False)
        return not found

    eventually(remove_all)
