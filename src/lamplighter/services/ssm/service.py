"""Connect the Parameter Store to the engine: its operations by AWS's names.

See https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-parameter-store.html.
"""

from collections.abc import Mapping
from pathlib import Path

from lamplighter.bus import Bus, Operation, Service
from lamplighter.services.ssm import labels, tags
from lamplighter.services.ssm.get_parameters import ParameterReader
from lamplighter.services.ssm.put_parameter import ParameterWriter
from lamplighter.services.ssm.tables.parameters import SERVICE
from lamplighter.store.encryption import SecretCipher


class Ssm(Service):
    """The Parameter Store of one engine."""

    name = SERVICE

    def __init__(self, bus: Bus, directory: Path) -> None:
        cipher = SecretCipher(directory)
        self.operations: Mapping[str, Operation] = {
            **ParameterWriter(bus, cipher).by_name(),
            **ParameterReader(bus, cipher).by_name(),
            **labels.by_name(bus),
            **tags.by_name(),
        }
