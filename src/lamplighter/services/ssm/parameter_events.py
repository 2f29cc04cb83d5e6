"""Publish the changes of parameters as events of EventBridge, "Parameter Store Change".

See https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-cwe.html.
"""

from lamplighter.bus import Bus, Caller, Event
from lamplighter.services.ssm.tables.parameters import SERVICE, Parameter, ParameterVersion
from lamplighter.store.db import Tx

SOURCE = f"aws.{SERVICE}"


def publish_change(
    bus: Bus, tx: Tx, caller: Caller, parameter: Parameter, row: ParameterVersion, operation: str
) -> None:
    """Publish that an operation changed a version of a parameter."""
    detail = {"operation": operation, "name": parameter.name, "type": row.type}
    description = {"description": row.body["Description"]} if row.body.get("Description") else {}

    def make() -> Event:
        return Event(caller, SOURCE, "Parameter Store Change", tx.now, (parameter.arn,), {**detail, **description})

    bus.publish(tx, SOURCE, make)
