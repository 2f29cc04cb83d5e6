"""Properties of a resource are converted to the types of the operation's parameters."""

import pytest

from lamplighter.base.json_text import Json
from lamplighter.services.cloudformation.errors import ResourceFailed
from lamplighter.services.cloudformation.resource_types.operation_parameters import fit_to_shape
from tests.service_models import scalar_shape

DOUBLE = scalar_shape("double")


@pytest.mark.parametrize(("value", "number"), [("1.5", 1.5), (" 2 ", 2.0), (3, 3.0), ("-1e3", -1000.0)])
def test_a_number_may_be_written_as_text(value: Json, number: float) -> None:
    assert fit_to_shape(DOUBLE, value) == number


@pytest.mark.parametrize("value", ["1_0", "nan", "inf", "1e400", 10**400, "", "x", None, [1]])
def test_a_value_that_is_not_a_finite_decimal_number_is_refused(value: Json) -> None:
    with pytest.raises(ResourceFailed, match="expected type: Number"):
        fit_to_shape(DOUBLE, value)
