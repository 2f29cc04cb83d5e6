"""Connect Secrets Manager to the engine: its operations by AWS's names, and the timers of deletions."""

from collections.abc import Mapping
from pathlib import Path

from lamplighter.base.world import World
from lamplighter.bus import Operation, Service
from lamplighter.services.secretsmanager.manage_secrets import SecretManager
from lamplighter.services.secretsmanager.passwords import get_random_password
from lamplighter.services.secretsmanager.tables.secrets import SERVICE
from lamplighter.services.secretsmanager.values import SecretValues
from lamplighter.store.db import Tx
from lamplighter.store.encryption import SecretCipher
from lamplighter.store.timers import Timer


class SecretsManager(Service):
    """Secrets Manager of one engine."""

    name = SERVICE

    def __init__(self, world: World, directory: Path) -> None:
        values = SecretValues(world, SecretCipher(directory))
        self._manager = SecretManager(values)
        self.operations: Mapping[str, Operation] = {
            **self._manager.by_name(),
            **values.by_name(),
            "GetRandomPassword": Operation(read=get_random_password),
        }

    def fire_timer(self, tx: Tx, timer: Timer) -> None:
        """Delete a secret whose recovery window has ended."""
        self._manager.fire_timer(tx, timer)
