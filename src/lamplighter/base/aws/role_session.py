"""Define who signs a request: a key, and the session of an assumed role if there is one."""

from dataclasses import dataclass

from lamplighter.base.aws import arn


@dataclass(frozen=True, slots=True)
class RoleSession:
    """A session of an IAM role; its calls have the role's permissions."""

    role: str
    """The ARN of the role."""
    name: str
    """The name of the session."""
    role_id: str = ""
    service: str = ""
    """The service that assumed the role, such as states.amazonaws.com; empty if a person or a program did."""
    policies: tuple[str, ...] = ()
    """The texts of session policies, which limit the session."""
    tags: tuple[tuple[str, str], ...] = ()
    transitive: tuple[tuple[str, str], ...] = ()
    """The tags that sessions inherit which this session begins."""
    source: str = ""
    """The ARN of what the service assumed the role for: a state machine, a rule, a schedule."""
    called_via: tuple[str, ...] = ()
    """The services that make calls for the session because it called them, such as cloudformation.amazonaws.com."""

    @property
    def arn(self) -> str:
        """The ARN of the session: arn:aws:sts::123456789012:assumed-role/role/session."""
        return assumed_role_arn(self.role, self.name)


def assumed_role_arn(role: str, session: str) -> str:
    """Return the ARN of a session of a role."""
    found = arn.parse(role)
    partition, account = (found.partition, found.account) if found is not None else (arn.PARTITION, "")
    return f"arn:{partition}:sts::{account}:assumed-role/{role.rpartition('/')[2]}/{session}"


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed a request."""

    access_key: str = ""
    """The key of the credentials file; empty if the engine has no such file."""
    section: str = ""
    """The name of the key's section."""
    session: RoleSession | None = None
    """The session, if the request was signed with temporary credentials of a role, or a service calls for a role."""
    is_temporary: bool = False
    """Whether temporary credentials signed the request."""
    address: str = ""
    """The address from which the request came; empty if the engine makes the call."""
