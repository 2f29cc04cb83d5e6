"""A storm: customers at work on one engine that is killed with -9 at random moments, and comes again."""

import random
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from tests.chaos.storm import clients, receivers, resources
from tests.chaos.storm.client_calls import ClientCalls, Gone
from tests.chaos.storm.clients import Customer
from tests.chaos.storm.ledger import Figures, Ledger
from tests.chaos.storm.reconcile import reconcile
from tests.served_engine import ServedEngine, eventually

CALLS = 60
"""So many calls are acknowledged between an engine's start and its end, at most."""
LONGEST_QUIET = 3.0
"""Seconds after which it is killed, however few they are."""
RECEIVERS = (receivers.read_inbox, receivers.read_inbox, receivers.read_fifo, receivers.work)
PATIENCE = 300.0
"""Seconds for all that was begun to end."""


class Storm:
    """One engine, its customers, and who kills it."""

    def __init__(self, folder: Path, seed: int, patience: float = PATIENCE) -> None:
        self.patience = patience
        self.before_the_end: Callable[[], object] = lambda: None
        """Called after the last kill, while customers are still at work."""
        self.ledger = Ledger()
        self.kills = 0
        self._chance = random.Random(seed)
        self._seed = seed
        self.served = ServedEngine(folder / "data")
        self._witness = folder
        self._asking, self._receiving = threading.Event(), threading.Event()
        self._threads: list[tuple[threading.Thread, threading.Event]] = []

    def run(self, more: Callable[[int], bool]) -> Figures:
        """Kill as long as there is to be one more; then wait for the end of everything, and compare."""
        with ExitStack() as stack:
            stack.callback(self._stop, self._receiving)
            stack.callback(self.served.close)  # A worker may be asking for a task: that takes a minute.
            tokens: list[str] = []
            web = stack.enter_context(receivers.web_page(self.ledger, tokens))
            self.served.up("--quiet")
            made = resources.make(self.served, self._witness, web)
            eventually(lambda: tokens)
            self.served.client("sns").confirm_subscription(TopicArn=made.topic, Token=tokens[0])
            stack.callback(self._stop, self._asking)
            self._begin(made)
            while more(self.kills):
                self._kill()
            self.before_the_end()
            self._stop(self._asking)
            figures = reconcile(self.served, self.ledger, made, self._witness, self.patience)
            figures.kills = self.kills
            figures.lost += self.ledger.faults
            return figures

    def _begin(self, made: resources.Resources) -> None:
        for number, (customer, pause) in enumerate(clients.CUSTOMERS):
            self._add(customer, made, number, pause, self._asking)
        for number, receiver in enumerate(RECEIVERS):
            self._add(receiver, made, 100 + number, 0, self._receiving)

    def _add(
        self, customer: Customer, made: resources.Resources, number: int, pause: float, over: threading.Event
    ) -> None:
        office = ClientCalls(self.served, self.ledger, over.is_set)
        chance = random.Random(f"{self._seed} {number}")

        def live() -> None:
            count = 0
            while not over.is_set():
                count += 1
                try:
                    customer(office, made, f"{number}-{count}", chance)
                except Gone:
                    return
                except Exception:  # noqa: BLE001 - whatever a customer meets is a finding
                    self.ledger.blame(traceback.format_exc())
                over.wait(chance.uniform(0, pause))

        thread = threading.Thread(target=live, daemon=True)
        self._threads.append((thread, over))
        thread.start()

    def _stop(self, over: threading.Event) -> None:
        over.set()
        for thread, theirs in self._threads:
            if theirs is over:
                thread.join(120)

    def _kill(self) -> None:
        """Let the engine serve for a moment, kill it, and start it again where it was."""
        calls, end = self.ledger.calls + self._chance.randint(0, CALLS), time.monotonic() + LONGEST_QUIET
        while self.ledger.calls < calls and time.monotonic() < end:
            time.sleep(0.005)
        time.sleep(self._chance.uniform(0, 0.02))  # Not only when an answer has just been given.
        port = self.served.port
        self.served.kill()
        self.kills += 1
        try:
            self.served.port = port
            self.served.up("--quiet")
        except AssertionError:
            if "use" not in "".join(self.served.lines[-5:]):
                raise
            self.served.port = 0  # It is somebody else's by now.
            self.served.up("--quiet")
