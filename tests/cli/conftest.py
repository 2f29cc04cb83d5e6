"""One batch for each module of tests: its jobs do not change, and every test begins its own runs."""

from collections.abc import Iterator

import pytest

from tests.cli.batch import Batch


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Batch]:
    """A folder whose jobs are on an engine that runs plain processes."""
    made = Batch(tmp_path_factory.mktemp("batch"))
    made.up()
    yield made
    made.served.close()
