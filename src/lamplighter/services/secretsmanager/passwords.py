"""Make random passwords: GetRandomPassword, which GenerateSecretString of CloudFormation calls.

See https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html.
"""

import string

from lamplighter.base.json_text import Json
from lamplighter.base.world import random_key, shuffle
from lamplighter.bus import Caller
from lamplighter.services.secretsmanager import errors
from lamplighter.store.db import Reader

KINDS = (
    ("ExcludeLowercase", string.ascii_lowercase),
    ("ExcludeUppercase", string.ascii_uppercase),
    ("ExcludeNumbers", string.digits),
    ("ExcludePunctuation", string.punctuation),
)
DEFAULT_LENGTH = 32


def get_random_password(_reader: Reader, _caller: Caller, params: Json) -> Json:
    """Handle GetRandomPassword."""
    length, excluded = params.get("PasswordLength", DEFAULT_LENGTH), params.get("ExcludeCharacters", "")
    kinds = [letters for name, letters in KINDS if not params.get(name)]
    if params.get("IncludeSpace"):
        kinds.append(" ")
    kinds = [kept for letters in kinds if (kept := "".join(each for each in letters if each not in excluded))]
    if not kinds:
        raise errors.InvalidParameter("The password can't be generated, because all characters are excluded.")
    required = kinds if params.get("RequireEachIncludedType", True) else []
    if length < len(required):
        raise errors.InvalidParameter("The password length is too short for the required types of characters.")
    one_of_each = "".join(random_key(letters, 1) for letters in required)
    return {"RandomPassword": shuffle(one_of_each + random_key("".join(kinds), length - len(required)))}
