"""The disk under a running engine is really full: values are refused whole, and the engine continues."""

import pytest

from lamplighter.base.json_text import Json
from tests.chaos.full_disks import Disk, repeat_until_refused
from tests.served_engine import ServedEngine

BOTH = pytest.mark.parametrize("full_disk", ["mount", "limit"], indirect=True)


@BOTH
@pytest.mark.parametrize("kind", ["String", "SecureString"])
def test_the_history_of_a_parameter_has_each_accepted_value_and_no_refused_one(
    served: ServedEngine, full_disk: Disk, kind: str
) -> None:
    ssm = served.client("ssm")

    def write(number: int) -> Json:
        value = f"{number} {'x' * 4000}"
        return ssm.put_parameter(Name="/value", Value=value, Type=kind, Overwrite=True)

    write(0)
    full_disk.fill(served)
    last = repeat_until_refused(lambda number: write(number + 1))
    full_disk.free(served)
    write(last + 1)
    pages = ssm.get_paginator("get_parameter_history").paginate(Name="/value", WithDecryption=True)
    history = [each for page in pages for each in page["Parameters"]]
    assert [int(each["Value"].split()[0]) for each in history] == list(range(last + 2))[-100:]
    assert [each["Version"] for each in history] == list(range(1, last + 3))[-100:]
    assert "Traceback" not in "".join(served.lines)


@BOTH
def test_the_first_secret_on_a_full_disk_is_refused_or_can_be_read_ever_after(
    served: ServedEngine, full_disk: Disk
) -> None:
    """The first secret makes the key of all secrets, a file beside the database."""
    client = served.client("secretsmanager")
    full_disk.fill(served)

    def create(number: int) -> Json:
        return client.create_secret(Name=f"secret-{number}", SecretString=f"{number} {'x' * 20_000}")

    accepted = repeat_until_refused(create)
    full_disk.free(served)
    create(accepted)
    client.put_secret_value(SecretId="secret-0", SecretString="new")
    served.kill()
    served.up("--quiet")
    client = served.client("secretsmanager")
    listed = [each["Name"] for page in client.get_paginator("list_secrets").paginate() for each in page["SecretList"]]
    assert sorted(listed) == sorted(f"secret-{number}" for number in range(accepted + 1))
    values = [client.get_secret_value(SecretId=f"secret-{number}")["SecretString"] for number in range(accepted + 1)]
    assert values == ["new", *(f"{number} {'x' * 20_000}" for number in range(1, accepted + 1))]
    assert "Traceback" not in "".join(served.lines)
