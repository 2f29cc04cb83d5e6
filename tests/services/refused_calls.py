"""Calls of boto3 that a service refuses."""

from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError

from lamplighter.base.json_text import Json


def refused(call: Callable[..., Json], **params: Json) -> str:
    """Return the code of the error that a call raises."""
    with pytest.raises(ClientError) as error:
        call(**params)
    return str(error.value.response["Error"]["Code"])
