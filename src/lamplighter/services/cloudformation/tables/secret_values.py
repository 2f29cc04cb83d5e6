"""Encrypt the secrets in the rows of stacks: hidden parameters, and the resources and templates that state secrets.

Guarantees that the database has none of them as plain text, and that a row is read as it was written. A secret is the
value of a parameter with NoEcho, the value of a dynamic reference, and a SecretString. What a stack exports or returns
as an output is not secret, as on AWS. The key is that of Secrets Manager and of the Parameter Store. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/security-best-practices.html#creds.
"""

from lamplighter.base.errors import Bug
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.store.db import Reader, Tx
from lamplighter.store.encryption import SecretCipher

ENCRYPTED = "encrypted"
"""The member that replaces the secret ones in a stored object."""
SECRET_MEMBERS = ("properties", "tags", "attributes")
"""The members of a resource that have its secrets."""
SECRET_WORDS = ("NoEcho", "SecretString")
"""Words without which a template states no secret."""
_MARK = "encrypted "
"""The beginning of an encrypted template; no template is a single word."""


def hide_resource(tx: Tx, body: Json) -> Json:
    """Return the body of a resource as it is stored, together with its state before an update."""
    before = body.get("before")
    if before is not None:
        body = {**body, "before": {**before, "body": hide_resource(tx, before["body"])}}
    return _hide_members(tx, body, SECRET_MEMBERS) if has_secrets(body) else body


def has_secrets(body: Json) -> bool:
    """Return whether the properties of a resource have secrets: then they are not shown as they are."""
    return body.get("shown") is not None and body["shown"] != body.get("properties")


def reveal_resource(reader: Reader, body: Json) -> Json:
    """Return the body of a resource as it was before it was stored."""
    before = body.get("before")
    if before is not None:
        body = {**body, "before": {**before, "body": reveal_resource(reader, before["body"])}}
    return _reveal_members(reader, body)


def hide_plan(tx: Tx, plan: Json) -> Json:
    """Return a plan as it is stored; a plan that is not revealed stays as it is."""
    hidden = [each["name"] for each in plan["parameters"] if each["hidden"]] if plan else []
    if not hidden or ENCRYPTED in plan:
        return plan
    shown = [{**each, "text": ""} if each["hidden"] else each for each in plan["parameters"]]
    values = {name: value for name, value in plan["values"].items() if name not in hidden}
    return _hide_members(tx, plan, ("parameters", "values")) | {"parameters": shown, "values": values}


def reveal_plan(reader: Reader, plan: Json) -> Json:
    """Return a plan as it was before it was stored."""
    return _reveal_members(reader, plan) if plan else plan


def hide_template(tx: Tx, text: str) -> str:
    """Return the text of a template as it is stored."""
    states_secrets = any(word in text for word in SECRET_WORDS)
    return _MARK + _cipher(tx).encrypt(tx, text) if states_secrets else text


def reveal_template(reader: Reader, text: str) -> str:
    """Return the text of a template as it was before it was stored."""
    return _cipher(reader).decrypt(text.removeprefix(_MARK)) if text.startswith(_MARK) else text


def _hide_members(tx: Tx, body: Json, names: tuple[str, ...]) -> Json:
    secret = {name: body[name] for name in names if name in body}
    rest = {name: value for name, value in body.items() if name not in secret}
    return {**rest, ENCRYPTED: _cipher(tx).encrypt(tx, dumps(secret))}


def _reveal_members(reader: Reader, body: Json) -> Json:
    if ENCRYPTED not in body:
        return body
    rest = {name: value for name, value in body.items() if name != ENCRYPTED}
    return {**rest, **loads(_cipher(reader).decrypt(body[ENCRYPTED]))}


def _cipher(reader: Reader) -> SecretCipher:
    if reader.directory is None:
        raise Bug("a database without its data directory has no key")
    return SecretCipher(reader.directory)
