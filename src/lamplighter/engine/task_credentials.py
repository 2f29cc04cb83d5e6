"""Give the containers of a task credentials with which they call this engine.

If the engine enforces IAM, they are temporary credentials of the task's role, which end with the task. On AWS, a
container gets them from an address of its machine; here they are environment variables, because plain processes and
containers share none.
See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html.
"""

from collections.abc import Mapping

from lamplighter.base.aws.role_session import RoleSession
from lamplighter.bus import Bus, caller_of
from lamplighter.store import session_key
from lamplighter.wire.access.credentials import Credentials
from lamplighter.wire.access.temporary_credentials import SessionToken, access_key_of, secret_of, write_token


def key_variables(credentials: Credentials | None) -> dict[str, str]:
    """Return the environment variables in which AWS's tools look for credentials."""
    return _variables(credentials.access_key, credentials.secret) if credentials else {}


def role_variables(bus: Bus, parent: Credentials | None, task: str, role: str) -> Mapping[str, str]:
    """Return environment variables with credentials of a task's role; `parent` is the key to which they belong."""
    owner, reader = caller_of(task), bus.store.reader
    found = bus.read(reader, owner, "iam", "FindRole", {"RoleName": role.rpartition("/")[2]})["Role"]
    key = session_key.read(reader) or ""
    session = SessionToken(
        access_key_of(f"{key}{task}"),
        0,
        parent.access_key if parent else "",
        owner.account,
        role,
        found["RoleId"] if found else "",
        task.rpartition("/")[2],
        task=task,
    )
    secret = secret_of(key, session.access_key)
    return {**_variables(session.access_key, secret), "AWS_SESSION_TOKEN": write_token(key, session)}


def task_has_ended(bus: Bus, session: SessionToken) -> bool:
    """Return whether the task that has a session's credentials has stopped."""
    cluster, task = session.task.split("/")[-2:]
    given = {"cluster": cluster, "tasks": [task]}
    found = bus.read(bus.store.reader, caller_of(session.task), "ecs", "DescribeTasks", given)["tasks"]
    return not found or found[0]["lastStatus"] == "STOPPED"


def role_session(session: SessionToken) -> RoleSession | None:
    """Return the session of a role for which credentials stand, or None if they stand for a key."""
    if not session.role:
        return None
    return RoleSession(
        session.role,
        session.name,
        session.role_id,
        policies=session.policies,
        tags=session.tags,
        transitive=session.transitive,
    )


def _variables(access_key: str, secret: str) -> dict[str, str]:
    return {"AWS_ACCESS_KEY_ID": access_key, "AWS_SECRET_ACCESS_KEY": secret}
