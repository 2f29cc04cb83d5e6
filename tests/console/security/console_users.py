"""Users for the tests of the console, with hashes that are quick to verify."""

from dataclasses import replace

from lamplighter.wire.access.credentials import Credentials
from lamplighter.wire.access.password_hash import PasswordHash, _compute_digest
from lamplighter.wire.access.roles import Role
from lamplighter.wire.access.users import User
from tests.console.http_browser import Browser, Response
from tests.engine_harness import EngineHarness

PASSWORD = "a long password"
OWNER = Credentials("KEY", "secret", "open sesame", name="owner")


def make_user(name: str, role: Role, password: str = PASSWORD) -> User:
    """Return a user whose password is hashed with the smallest parameters."""
    parameters = PasswordHash(16, 1, 1, "0123456789abcdefghijkl", "0" * 64)
    return User(name, role, replace(parameters, digest=_compute_digest(password, parameters)))


class UserBrowser(Browser):
    """A browser for a console with a user of each role, whose name is the role."""

    def __init__(self, harness: EngineHarness, credentials: Credentials = OWNER) -> None:
        self.users = {str(role): make_user(str(role), role) for role in Role}
        super().__init__(harness, {credentials.access_key: credentials}, lambda: self.users)

    def log_in(self, name: str, password: str = PASSWORD, **fields: str) -> Response:
        """Log in and return the page that follows."""
        self.get("/login")
        return self.post("/login", {"name": name, "password": password, **fields})
