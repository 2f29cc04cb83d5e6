"""Parameters of SSM and secrets of Secrets Manager as registers."""

from tests.chaos.storm.client_calls import ClientCalls
from tests.chaos.storm.registers.register import Register


def put_plain(calls: ClientCalls, name: str, value: str, _is_new: bool) -> None:
    """Write a parameter of the type String."""
    _put(calls, name, value, "String")


def put_secure(calls: ClientCalls, name: str, value: str, _is_new: bool) -> None:
    """Write a parameter that is encrypted on disk."""
    _put(calls, name, value, "SecureString")


def _put(calls: ClientCalls, name: str, value: str, kind: str) -> None:
    calls.repeat((), "ssm", "put_parameter", Name=f"/storm/{name}", Value=value, Type=kind, Overwrite=True)


def remove_parameter(calls: ClientCalls, name: str) -> None:
    """Delete a parameter."""
    calls.repeat(("ParameterNotFound",), "ssm", "delete_parameter", Name=f"/storm/{name}")


def read_parameter(calls: ClientCalls, name: str) -> str | None:
    """Return the value of a parameter."""
    found = calls.find("ParameterNotFound", "ssm", "get_parameter", Name=f"/storm/{name}", WithDecryption=True)
    return None if found is None else found["Parameter"]["Value"]


def put_secret(calls: ClientCalls, name: str, value: str, is_new: bool) -> None:
    """Write a secret; the token makes of repeated calls one version."""
    given = {"SecretString": value, "ClientRequestToken": value}
    if is_new:
        calls.repeat(("ResourceExists",), "secretsmanager", "create_secret", Name=name, **given)
    else:
        calls.repeat((), "secretsmanager", "put_secret_value", SecretId=name, **given)


def remove_secret(calls: ClientCalls, name: str) -> None:
    """Delete a secret at once."""
    calls.repeat(
        ("ResourceNotFound",), "secretsmanager", "delete_secret", SecretId=name, ForceDeleteWithoutRecovery=True
    )


def read_secret(calls: ClientCalls, name: str) -> str | None:
    """Return the value of a secret with the stage AWSCURRENT."""
    found = calls.find("ResourceNotFound", "secretsmanager", "get_secret_value", SecretId=name)
    return None if found is None else found["SecretString"]


PARAMETERS = (
    Register("parameter", put_plain, remove_parameter, read_parameter),
    Register("securestring", put_secure, remove_parameter, read_parameter),
    Register("secret", put_secret, remove_secret, read_secret),
)
