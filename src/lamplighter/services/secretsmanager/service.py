"""Connect Secrets Manager to the engine: its operations by AWS's names, and the timers of deletions."""

from collections.abc import Mapping
from pathlib import Path

from lamplighter.base.world import World
from lamplighter.bus import Operation, Service
from lamplighter.services.secretsmanager import manage_secrets
from lamplighter.services.secretsmanager import values as secret_values
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
        self._manager = manager = SecretManager(values)
        self.operations: Mapping[str, Operation] = {
            "CreateSecret": Operation(write=manager.create),
            "DescribeSecret": Operation(read=manage_secrets.describe_secret),
            "ListSecrets": Operation(read=manage_secrets.list_secrets),
            "UpdateSecret": Operation(write=manager.update),
            "DeleteSecret": Operation(write=manager.delete),
            "RestoreSecret": Operation(write=manager.restore),
            **manage_secrets.TAG_OPERATIONS.changes("Resource"),
            "PutResourcePolicy": Operation(write=manage_secrets.put_resource_policy),
            "GetResourcePolicy": Operation(read=manage_secrets.get_resource_policy),
            "FindPolicy": Operation(read=manage_secrets.find_policy),
            "FindArn": Operation(read=manage_secrets.find_arn),
            "FindArns": Operation(read=manage_secrets.find_arns),
            "DeleteResourcePolicy": Operation(write=manage_secrets.delete_resource_policy),
            "GetSecretValue": Operation(read=values.get),
            "BatchGetSecretValue": Operation(read=values.get_several),
            "PutSecretValue": Operation(write=values.put),
            "ListSecretVersionIds": Operation(read=secret_values.list_secret_version_ids),
            "UpdateSecretVersionStage": Operation(write=secret_values.update_secret_version_stage),
            "GetRandomPassword": Operation(read=get_random_password),
        }

    def fire_timer(self, tx: Tx, timer: Timer) -> None:
        """Delete a secret whose recovery window has ended."""
        self._manager.fire_timer(tx, timer)
