"""The clients that write and read registers during a storm, and the comparison after it."""

import random
from collections.abc import Callable

from tests.chaos.storm.client_calls import ClientCalls, NoAnswer
from tests.chaos.storm.registers.objects import OBJECTS
from tests.chaos.storm.registers.parameters import PARAMETERS
from tests.chaos.storm.registers.register import Register
from tests.chaos.storm.registers.roles import ROLES
from tests.chaos.storm.registers.settings import SETTINGS
from tests.chaos.storm.resources import Resources

KINDS = {register.kind: register for register in (*OBJECTS, *PARAMETERS, *ROLES, *SETTINGS)}
REMOVAL_SHARE = 0.2
"""The share of the changes that remove a register."""


def change_registers(kinds: tuple[Register, ...]) -> Callable[[ClientCalls, Resources, str, random.Random], None]:
    """Return a client that changes registers of these kinds; no other client may change them."""

    def change_register(calls: ClientCalls, _resources: Resources, _name: str, rng: random.Random) -> None:
        register = rng.choice(kinds)
        name = f"{register.kind}-{rng.randrange(register.count)}"
        values = calls.ledger.values
        current = values.current(name)
        if current is not None and rng.random() < REMOVAL_SHARE:
            values.begin(name, None)
            register.remove(calls, name)
        else:
            value = register.make_value(rng)
            values.begin(name, value)
            register.write(calls, name, value, current is None)
        values.acknowledge(name)

    return change_register


def read_register(calls: ClientCalls, _resources: Resources, _name: str, rng: random.Random) -> None:
    """Read a register while others are written, and the engine is killed."""
    if names := calls.ledger.values.names():
        check_register(calls, rng.choice(names))


def check_register(calls: ClientCalls, name: str) -> bool:
    """Read a register and record a value that it cannot have; return False if the engine did not answer."""
    values = calls.ledger.values
    since = values.begin_read(name)
    try:
        found = KINDS[name.partition("-")[0]].read(calls, name)
    except NoAnswer:
        return False
    if not values.is_possible(name, since, found):
        calls.ledger.record_fault(f"{name} is {found}, and of {values.all_values(name)[since:]} one was possible")
    return True
