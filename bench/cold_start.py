"""Measure a first start: the seconds from the command to the first answer, and the memory of an idle engine.

The memory is the proportional set size: pages that processes share count once. It is read some seconds after the
start, when nothing more is loaded.
"""

import asyncio
import statistics
import subprocess
import time
from pathlib import Path

from bench.engine_process import EngineProcess, engine_command, free_port, memory_mib, processor_seconds
from bench.http_client import Connection, run_loop
from lamplighter.base.json_text import Json

REPEATS = 5
POLL_SECONDS, IDLE_SECONDS = 0.005, 5.0


def measure(folder: Path) -> Json:
    """Return the medians of several starts, each with an empty data directory."""
    starts = [run_loop(_measure_once(folder / str(number))) for number in range(REPEATS)]
    return {name: statistics.median(each[name] for each in starts) for name in starts[0]}


async def _measure_once(data: Path) -> Json:
    port = free_port()
    started = time.perf_counter()
    process = subprocess.Popen(engine_command(data, port, "--quiet"), stderr=subprocess.DEVNULL)  # noqa: ASYNC220
    try:
        await _wait_for_first_answer(EngineProcess(process.pid, port))
        seconds, used = time.perf_counter() - started, processor_seconds(process.pid)
        await asyncio.sleep(IDLE_SECONDS)
        return {"seconds": seconds, "processor_seconds": used, "pss_mib": memory_mib(process.pid, "Pss")}
    finally:
        process.terminate()
        process.wait()


async def _wait_for_first_answer(engine: EngineProcess) -> None:
    while True:
        connection = Connection(engine.port)
        try:
            await connection.call("states", "ListStateMachines", {})
            return
        except OSError:
            await asyncio.sleep(POLL_SECONDS)
        finally:
            connection.close()
