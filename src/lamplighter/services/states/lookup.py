"""From an ARN to what it names, or the error that says that it names nothing."""

from lamplighter.services.states.errors import ExecutionDoesNotExist, StateMachineDoesNotExist
from lamplighter.services.states.names import resource_arn
from lamplighter.store import executions, machines
from lamplighter.store.db import Reader
from lamplighter.store.executions import Record
from lamplighter.store.machines import Machine


def find_machine(reader: Reader, text: str) -> Machine:
    """The state machine of an ARN."""
    machine = machines.get(reader, resource_arn(text, "stateMachine"))
    if machine is None:
        raise StateMachineDoesNotExist(text)
    return machine


def find_execution(reader: Reader, text: str) -> Record:
    """The execution of an ARN."""
    record = executions.get(reader, resource_arn(text, "execution"))
    if record is None:
        raise ExecutionDoesNotExist(text)
    return record
