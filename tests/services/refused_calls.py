"""Calls of boto3 that a service refuses."""

from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError

from lamplighter.base.json_text import Json


def refusal(call: Callable[..., Json], **params: Json) -> tuple[str, str]:
    """Return the code and the message of the error that a call raises."""
    with pytest.raises(ClientError) as error:
        call(**params)
    answer = error.value.response["Error"]
    return str(answer["Code"]), str(answer["Message"])


def refused(call: Callable[..., Json], **params: Json) -> str:
    """Return the code of the error that a call raises."""
    return refusal(call, **params)[0]
