"""Real containers for the chaos: task definitions that leave a witness, and what an engine has left in Docker."""

import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from lamplighter.runtime.docker.runtime import ENGINE_LABEL
from tests.chaos.docker_link import DOCKER
from tests.served_engine import ServedEngine, eventually

COMMAND = ("docker", "--host", f"unix://{DOCKER}")
"""Speaks to Docker itself, also where an engine's line to it is cut."""
WITNESS = "/witness"
"""Where a container finds the directory of its witness."""


def register(served: ServedEngine, family: str, image: str, script: str, witness: Path) -> str:
    """Register a task of one container that runs a script, with a directory to write to; its ARN."""
    answer = served.ecs.register_task_definition(
        family=family,
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        volumes=[{"name": "witness", "host": {"sourcePath": str(witness)}}],
        containerDefinitions=[
            {
                "name": "main",
                "image": image,
                "command": ["sh", "-c", script],
                "mountPoints": [{"sourceVolume": "witness", "containerPath": WITNESS}],
            }
        ],
    )
    arn: str = answer["taskDefinition"]["taskDefinitionArn"]
    return arn


def left(data: Path) -> list[str]:
    """The containers that Docker holds for the engine of a data directory."""
    with closing(sqlite3.connect(data / "lamplighter.db")) as connection:
        (engine,) = connection.execute("SELECT name FROM engine").fetchone()
    command = [*COMMAND, "ps", "--all", "--quiet", "--filter", f"label={ENGINE_LABEL}={engine}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def sweep(data: Path) -> None:
    """Remove them; Docker refuses to remove what a dying engine has told it to remove, and then it is gone soon."""

    def is_swept() -> bool:
        found = left(data)
        if found:
            subprocess.run([*COMMAND, "rm", "--force", "--volumes", *found], capture_output=True, check=False)
        return not found

    eventually(is_swept)
