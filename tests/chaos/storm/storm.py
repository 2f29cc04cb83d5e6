"""A storm: clients work with one engine that is killed with -9 at random moments and started again."""

import random
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from tests.chaos.storm import clients, receivers, resources
from tests.chaos.storm.client_calls import ClientCalls, EngineGone
from tests.chaos.storm.clients import ClientWork
from tests.chaos.storm.ledger import Figures, Ledger
from tests.chaos.storm.reconcile import reconcile
from tests.chaos.storm.registers.register_clients import read_register
from tests.served_engine import ServedEngine, eventually

MAX_CALLS_BETWEEN_KILLS = 60
"""The most calls that are acknowledged between a start and a kill of the engine."""
MAX_SECONDS_BETWEEN_KILLS = 3.0
"""The most seconds between a start and a kill of the engine."""
RECEIVERS = (
    receivers.read_inbox,
    receivers.read_inbox,
    receivers.read_fifo,
    receivers.do_activity_task,
    read_register,
)
TIMEOUT = 300.0
"""Seconds within which all work must end after the last kill."""


OPTIONS = ("--quiet", "--max-tasks", "2")
"""Tasks have to wait for room."""


class Storm:
    """One engine, its clients, and the loop that kills it."""

    def __init__(self, folder: Path, seed: int, timeout: float = TIMEOUT) -> None:
        self.timeout = timeout
        self.before_the_end: Callable[[], object] = lambda: None
        """Called after the last kill, while the clients still work."""
        self.ledger = Ledger()
        self.kills = 0
        self._rng = random.Random(seed)
        self._seed = seed
        self.served = ServedEngine(folder / "data")
        self._folder = folder
        self._clients_stopped, self._receivers_stopped = threading.Event(), threading.Event()
        self._threads: list[tuple[threading.Thread, threading.Event]] = []

    def run(self, continue_kills: Callable[[int], bool]) -> Figures:
        """Kill the engine while `continue_kills` returns True; then wait for the end of all work and compare."""
        with ExitStack() as stack:
            stack.callback(self._stop, self._receivers_stopped)
            stack.callback(self.served.close)  # A worker may be polling for a task, which takes up to a minute.
            tokens: list[str] = []
            webhook = stack.enter_context(receivers.run_webhook(self.ledger, tokens))
            self.served.up(*OPTIONS)
            created = resources.create_resources(self.served, self._folder, webhook)
            eventually(lambda: tokens)
            self.served.client("sns").confirm_subscription(TopicArn=created.topic, Token=tokens[0])
            stack.callback(self._stop, self._clients_stopped)
            self._start_threads(created)
            while continue_kills(self.kills):
                self._kill()
            self.before_the_end()
            self.stop_clients()
            figures = reconcile(self.served, self.ledger, created, self._folder, self.timeout)
            figures.kills = self.kills
            figures.lost += self.ledger.faults
            return figures

    def _start_threads(self, created: resources.Resources) -> None:
        for number, (client_work, pause) in enumerate(clients.CLIENTS):
            self._start_thread(client_work, created, number, pause, self._clients_stopped)
        for number, receiver in enumerate(RECEIVERS):
            self._start_thread(receiver, created, 100 + number, 0, self._receivers_stopped)

    def _start_thread(
        self, client_work: ClientWork, created: resources.Resources, number: int, pause: float, stopped: threading.Event
    ) -> None:
        calls = ClientCalls(self.served, self.ledger, stopped.is_set)
        rng = random.Random(f"{self._seed} {number}")

        def repeat_work() -> None:
            count = 0
            while not stopped.is_set():
                count += 1
                try:
                    client_work(calls, created, f"{number}-{count}", rng)
                except EngineGone:
                    return
                except Exception:  # noqa: BLE001 - every error of a client is a finding
                    self.ledger.record_fault(traceback.format_exc())
                stopped.wait(rng.uniform(0, pause))

        thread = threading.Thread(target=repeat_work, daemon=True)
        self._threads.append((thread, stopped))
        thread.start()

    def stop_clients(self) -> None:
        """Let the clients end their present work and stop."""
        self._stop(self._clients_stopped)

    def _stop(self, stopped: threading.Event) -> None:
        stopped.set()
        for thread, thread_stopped in self._threads:
            if thread_stopped is stopped:
                thread.join(120)

    def _kill(self) -> None:
        """Let the engine work for a moment, kill it, and start it again on the same port."""
        calls, end = (
            self.ledger.calls + self._rng.randint(0, MAX_CALLS_BETWEEN_KILLS),
            time.monotonic() + MAX_SECONDS_BETWEEN_KILLS,
        )
        while self.ledger.calls < calls and time.monotonic() < end:
            time.sleep(0.005)
        time.sleep(self._rng.uniform(0, 0.02))  # The kill must not always follow an answer directly.
        port = self.served.port
        self.served.kill()
        self.kills += 1
        try:
            self.served.up_on(port, *OPTIONS)
        except AssertionError:
            if "use" not in "".join(self.served.lines[-5:]):
                raise
            self.served.up_on(0, *OPTIONS)  # another process has taken the port
