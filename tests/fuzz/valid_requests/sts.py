"""Valid requests of STS."""

from lamplighter.base.json_text import Json
from tests.fuzz.known_texts import ACCOUNT

BEGIN: list[tuple[str, Json]] = [
    ("GetCallerIdentity", {}),
    ("GetAccessKeyInfo", {"AccessKeyId": "ASIAIOSFODNN7EXAMPLE"}),
    ("GetSessionToken", {}),
    ("AssumeRole", {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/a", "RoleSessionName": "me"}),
]
END: list[tuple[str, Json]] = []
