"""Find the secret of a request: by its name, its ARN, or its ARN without the random suffix.

See https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html#ARN_secretnamehyphen.
"""

from lamplighter.base.aws import arn
from lamplighter.base.errors import require
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.secretsmanager import errors
from lamplighter.services.secretsmanager.tables import secrets as rows
from lamplighter.services.secretsmanager.tables.secrets import Secret
from lamplighter.store.db import Reader


def find_secret(reader: Reader, caller: Caller, params: Json, *, deleted: bool = False) -> Secret:
    """Return the secret that `SecretId` names.

    Raises ResourceNotFoundException, and InvalidRequestException for one whose deletion was requested, unless
    `deleted`.
    """
    found = require(_find(reader, caller, params["SecretId"]), errors.NotFound)
    if found.deleted is not None and not deleted:
        raise errors.InvalidRequest(errors.MARKED)
    return found


def _find(reader: Reader, caller: Caller, text: str) -> Secret | None:
    parsed = arn.parse(text)
    if parsed is None:
        return rows.by_name(reader, caller.account, caller.region, text)
    if parsed.account != caller.account:
        return None
    bare = parsed.resource.removeprefix("secret:")
    return rows.by_arn(reader, text) or rows.by_name(reader, parsed.account, parsed.region, bare)
