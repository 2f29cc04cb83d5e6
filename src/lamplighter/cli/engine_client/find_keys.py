"""Find the keys that sign calls of an engine, as the AWS SDKs find them.

They are in the environment or in the shared credentials file. Rejects a profile that does not exist. Logins, roles and
other sources of keys are for AWS, not for engines.
See https://docs.aws.amazon.com/sdkref/latest/guide/creds-config-files.html.
"""

import os

from lamplighter.cli.engine_client.find_region import UnknownProfile, read_profile
from lamplighter.cli.engine_client.signed_request import SigningKeys

PLACEHOLDER_KEYS = SigningKeys("lamplighter", "lamplighter")
"""The keys for an engine that accepts any."""


def find_keys(profile: str | None) -> SigningKeys:
    """Return the keys of a profile, or of the environment, or the placeholder."""
    environment = os.environ
    if profile is None and environment.get("AWS_ACCESS_KEY_ID") and environment.get("AWS_SECRET_ACCESS_KEY"):
        token = environment.get("AWS_SESSION_TOKEN", "")
        return SigningKeys(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"], token)
    found = {**read_profile(profile, "AWS_CONFIG_FILE"), **read_profile(profile, "AWS_SHARED_CREDENTIALS_FILE")}
    if profile is not None and not found:
        raise UnknownProfile(profile)
    if "aws_access_key_id" not in found or "aws_secret_access_key" not in found:
        return PLACEHOLDER_KEYS
    token = found.get("aws_session_token", "")
    return SigningKeys(found["aws_access_key_id"], found["aws_secret_access_key"], token)
