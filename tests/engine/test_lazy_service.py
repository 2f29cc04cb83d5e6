"""Services are loaded when they are first needed."""

import subprocess
import sys
from pathlib import Path

from tests.engine_harness import EngineHarness

HEAVY_SERVICES = (
    "services.sns.service",
    "services.sqs.service",
    "services.cloudformation.service",
    "services.logs.service",
)
PROGRAM = """
import asyncio, sys
from pathlib import Path
from lamplighter.engine.config import EngineConfig
from lamplighter.engine.engine import Engine

async def main():
    engine = await Engine.open(EngineConfig(data_directory=Path(sys.argv[1])))
    await engine.close()

asyncio.run(main())
print(*(name for name in sys.modules if name.startswith("lamplighter.")))
"""


def test_an_engine_starts_without_loading_heavy_services(tmp_path: Path) -> None:
    result = subprocess.run([sys.executable, "-c", PROGRAM, str(tmp_path)], capture_output=True, text=True, check=True)
    loaded = result.stdout.split()
    assert "lamplighter.services.states.service" in loaded
    assert [name for name in HEAVY_SERVICES if f"lamplighter.{name}" in loaded] == []


def test_an_engine_without_a_collector_loads_nothing_for_traces(tmp_path: Path) -> None:
    result = subprocess.run([sys.executable, "-c", PROGRAM, str(tmp_path)], capture_output=True, text=True, check=True)
    loaded = [name for name in result.stdout.split() if name.startswith("lamplighter.engine.traces.")]
    assert loaded == ["lamplighter.engine.traces.port"]


def test_a_service_without_calls_continues_the_work_of_the_last_engine(harness: EngineHarness) -> None:
    queue = harness.call("sqs", "CreateQueue", QueueName="q")["QueueUrl"]
    harness.call("sqs", "SendMessage", QueueUrl=queue, MessageBody="x", DelaySeconds=5)
    harness.restart()
    harness.advance(5_000)
    messages = harness.call("sqs", "ReceiveMessage", QueueUrl=queue)["Messages"]
    assert [message["Body"] for message in messages] == ["x"]
