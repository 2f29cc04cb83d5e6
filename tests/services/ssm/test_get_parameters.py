"""GetParameter, GetParameters, GetParametersByPath and DescribeParameters: selectors, filters, pages and tokens.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterStringFilter.html
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lamplighter.base.json_text import Json
from tests.engine_harness import EngineHarness
from tests.property_settings import examples
from tests.services.refused_calls import refusal, refused

NAMES = ("/app/a", "/app/b", "/app/db/c", "/app/db/x/d", "/apple", "/other/a", "root")


@pytest.fixture
def many(ssm: Json) -> Json:
    """Return a client whose account has parameters in several folders."""
    for name in NAMES:
        ssm.put_parameter(Name=name, Type="String", Value=name)
    return ssm


def names(answer: Json) -> list[str]:
    return [each["Name"] for each in answer["Parameters"]]


@pytest.mark.parametrize(
    ("path", "direct", "all_below"),
    [
        ("/", ["/apple"], ["/app/a", "/app/b", "/app/db/c", "/app/db/x/d", "/apple", "/other/a"]),
        ("/app", ["/app/a", "/app/b"], ["/app/a", "/app/b", "/app/db/c", "/app/db/x/d"]),
        ("/app/", ["/app/a", "/app/b"], ["/app/a", "/app/b", "/app/db/c", "/app/db/x/d"]),
        ("/app/db", ["/app/db/c"], ["/app/db/c", "/app/db/x/d"]),
        ("/app/a", [], []),
        ("/ap", [], []),
        ("/none", [], []),
    ],
)
def test_a_path_is_a_folder_and_no_beginning_of_a_name(
    many: Json, path: str, direct: list[str], all_below: list[str]
) -> None:
    assert names(many.get_parameters_by_path(Path=path)) == direct
    assert names(many.get_parameters_by_path(Path=path, Recursive=True)) == all_below


def test_a_path_has_ten_parameters_on_a_page_and_no_page_has_more(ssm: Json) -> None:
    expected = [f"/p/{number:02}" for number in range(21)]
    for name in reversed(expected):
        ssm.put_parameter(Name=name, Type="String", Value="1")
    pages = list(ssm.get_paginator("get_parameters_by_path").paginate(Path="/p"))
    assert [len(page["Parameters"]) for page in pages] == [10, 10, 1]
    assert [name for page in pages for name in names(page)] == expected
    assert "NextToken" not in ssm.get_parameters_by_path(Path="/p/0")
    assert refused(ssm.get_parameters_by_path, Path="/p", MaxResults=11) == "ValidationException"
    first = ssm.get_parameters_by_path(Path="/p", MaxResults=1)
    ssm.delete_parameters(Names=expected[:3])
    following = ssm.get_parameters_by_path(Path="/p", MaxResults=1, NextToken=first["NextToken"])
    assert names(following) == [expected[3]]


@pytest.mark.parametrize("token", ["x", "größe", "////", "W10="])
@pytest.mark.parametrize(
    ("operation", "params"),
    [("get_parameters_by_path", {"Path": "/"}), ("describe_parameters", {}), ("get_parameter_history", {"Name": "p"})],
)
def test_a_token_that_nobody_gave_is_refused(ssm: Json, operation: str, params: Json, token: str) -> None:
    ssm.put_parameter(Name="p", Type="String", Value="1")
    if operation == "get_parameter_history" or token != "W10=":  # of a list by names, any text may be the last name
        assert refusal(getattr(ssm, operation), **params, NextToken=token) == (
            "InvalidNextToken",
            "The specified token isn't valid.",
        )


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ([("Name", None, ["root"])], ["root"]),
        ([("Name", "Equals", ["/app"])], []),
        ([("Name", "BeginsWith", ["/app/"])], ["/app/a", "/app/b", "/app/db/c", "/app/db/x/d"]),
        ([("Name", "BeginsWith", ["app/d"])], ["/app/db/c", "/app/db/x/d"]),
        ([("Name", "Contains", ["a", "root"])], list(NAMES)),
        ([("Name", "Contains", ["/db/"]), ("Name", "Contains", ["x"])], ["/app/db/x/d"]),
        ([("Path", None, ["/app"])], ["/app/a", "/app/b"]),
        ([("Path", "OneLevel", ["/app/", "/other"])], ["/app/a", "/app/b", "/other/a"]),
        ([("Path", "Recursive", ["/app/db"])], ["/app/db/c", "/app/db/x/d"]),
        ([("Type", None, ["SecureString"])], []),
        ([("Type", "Equals", ["StringList", "String"])], list(NAMES)),
        ([("Tier", "Equals", ["Advanced"])], []),
        ([("DataType", "Equals", ["text"])], list(NAMES)),
        ([("tag:team", None, [])], ["/apple", "root"]),
        ([("tag:team", "Equals", ["ops"])], ["root"]),
        ([("tag:Team", None, [])], []),
        ([("Label", None, ["live"])], ["/apple"]),
    ],
)
def test_filters_choose_what_all_of_them_want(many: Json, filters: list[Json], found: list[str]) -> None:
    many.label_parameter_version(Name="/apple", Labels=["live"])
    for name, team in (("root", "ops"), ("/apple", "größe")):
        many.add_tags_to_resource(ResourceType="Parameter", ResourceId=name, Tags=[{"Key": "team", "Value": team}])
    wanted = [
        {"Key": key, **({"Option": option} if option else {}), **({"Values": values} if values else {})}
        for key, option, values in filters
    ]
    pages = many.get_paginator("describe_parameters").paginate(
        ParameterFilters=wanted, PaginationConfig={"PageSize": 2}
    )
    assert [name for page in pages for name in names(page)] == found


@pytest.mark.parametrize(
    ("operation", "wanted", "code", "words"),
    [
        ("describe_parameters", {"Key": "Name"}, "InvalidFilterValue", "missing : null for filter key Name"),
        ("describe_parameters", {"Key": "Tier", "Option": "BeginsWith", "Values": ["S"]}, "InvalidFilterOption",
         "The following filter option is not valid: BeginsWith. Valid options include: [Equals]"),
        ("describe_parameters", {"Key": "Path", "Option": "Equals", "Values": ["/"]}, "InvalidFilterOption",
         "Valid options include: [OneLevel, Recursive]"),
        ("get_parameters_by_path", {"Key": "Name", "Values": ["a"]}, "InvalidFilterKey",
         "The following filter key is not valid: Name. Valid filter keys include: [Type, KeyId, Label]."),
        ("get_parameters_by_path", {"Key": "tag:a", "Values": ["a"]}, "InvalidFilterKey", "not valid: tag:a"),
    ],
)  # fmt: skip
def test_a_filter_that_the_operation_does_not_have_is_refused(
    ssm: Json, operation: str, wanted: Json, code: str, words: str
) -> None:
    params: Json = {"Path": "/"} if operation == "get_parameters_by_path" else {}
    found, message = refusal(getattr(ssm, operation), **params, ParameterFilters=[wanted])
    assert found == code
    assert words in message


def test_a_path_is_filtered_by_type_key_and_label(ssm: Json) -> None:
    ssm.put_parameter(Name="/p/s", Type="SecureString", Value="1", KeyId="alias/own")
    ssm.put_parameter(Name="/p/d", Type="SecureString", Value="1")
    for value in "12":
        ssm.put_parameter(Name="/p/t", Type="String", Value=value, Overwrite=True)
    ssm.label_parameter_version(Name="/p/t", ParameterVersion=1, Labels=["old"])

    def find(key: str, *values: str, **option: str) -> list[tuple[str, int]]:
        wanted = [{"Key": key, "Values": values, **option}]
        found = ssm.get_parameters_by_path(Path="/p", ParameterFilters=wanted)["Parameters"]
        return [(each["Name"], each["Version"]) for each in found]

    assert find("Type", "String") == [("/p/t", 2)]
    assert find("KeyId", "alias/own") == [("/p/s", 1)]
    assert find("KeyId", "alias/", Option="BeginsWith") == [("/p/d", 1), ("/p/s", 1)]
    assert find("Label", "old") == [("/p/t", 1)]
    assert find("Label", "none") == []


def test_several_parameters_come_once_each_with_their_selectors(many: Json) -> None:
    many.put_parameter(Name="root", Value="2", Overwrite=True)
    many.label_parameter_version(Name="root", ParameterVersion=1, Labels=["first"])
    answer = many.get_parameters(Names=["root:first", "root", "/none", "root:9", "root:nolabel", "root"])
    found = [(each["Name"], each["Version"], each.get("Selector")) for each in answer["Parameters"]]
    assert sorted(found, key=str) == [("root", 1, ":first"), ("root", 2, None)]
    assert sorted(answer["InvalidParameters"]) == ["/none", "root:9", "root:nolabel"]
    for limited in (many.get_parameters, many.delete_parameters):
        assert refused(limited, Names=[f"/n{number}" for number in range(11)]) == "ValidationException"


@pytest.mark.parametrize("selector", ["0", "2", "9" * 30, "live", "Live", "-1"])
def test_a_version_that_is_not_there_is_named_in_the_error(many: Json, selector: str) -> None:
    assert refusal(many.get_parameter, Name=f"root:{selector}") == (
        "ParameterVersionNotFound",
        f"Systems Manager could not find version {selector} of root. Verify the version and try again.",
    )


def test_a_parameter_that_is_not_there_is_named_in_the_error(ssm: Json) -> None:
    calls: list[Callable[..., Json]] = [ssm.get_parameter, ssm.get_parameter_history, ssm.delete_parameter]
    for call in calls:
        assert refusal(call, Name="/none") == ("ParameterNotFound", "Parameter /none not found.")


def test_only_with_decryption_a_secure_string_is_readable(ssm: Json) -> None:
    ssm.put_parameter(Name="/p/s", Type="SecureString", Value="größe")
    ssm.put_parameter(Name="/p/s", Value="größer", Overwrite=True)
    reads: list[tuple[Callable[..., Json], Json]] = [
        (ssm.get_parameters, {"Names": ["/p/s"]}),
        (ssm.get_parameters_by_path, {"Path": "/p"}),
        (ssm.get_parameter_history, {"Name": "/p/s"}),
    ]
    for read, params in reads:
        assert read(**params, WithDecryption=True)["Parameters"][-1]["Value"] == "größer"
        assert "größe" not in read(**params)["Parameters"][-1]["Value"]
    assert [each["Value"] for each in ssm.get_parameter_history(Name="/p/s", WithDecryption=True)["Parameters"]] == [
        "größe",
        "größer",
    ]


def test_the_old_form_of_filters_finds_beginnings_of_names(many: Json) -> None:
    assert names(many.describe_parameters(Filters=[{"Key": "Name", "Values": ["/app/d"]}])) == [
        "/app/db/c",
        "/app/db/x/d",
    ]


def test_a_page_goes_on_after_a_restart_of_the_engine(tmp_path: Path) -> None:
    with EngineHarness.running(tmp_path) as harness:
        for name in "abc":
            harness.call("ssm", "PutParameter", Name=f"/p/{name}", Type="SecureString", Value=name)
        harness.call("ssm", "PutParameter", Name="/p/a", Value="2", Overwrite=True)
        harness.call("ssm", "LabelParameterVersion", Name="/p/a", Labels=["live"], ParameterVersion=1)
        by_path: Json = {"Path": "/p", "MaxResults": 2, "WithDecryption": True}
        token = harness.call("ssm", "GetParametersByPath", **by_path)["NextToken"]
        history = harness.call("ssm", "GetParameterHistory", Name="/p/a", MaxResults=1)["NextToken"]
        harness.restart()
        (last,) = harness.call("ssm", "GetParametersByPath", **by_path, NextToken=token)["Parameters"]
        assert (last["Name"], last["Value"]) == ("/p/c", "c")
        (second,) = harness.call("ssm", "GetParameterHistory", Name="/p/a", NextToken=history)["Parameters"]
        assert second["Version"] == 2
        assert harness.call("ssm", "GetParameter", Name="/p/a:live", WithDecryption=True)["Parameter"]["Value"] == "a"


SEGMENTS = st.text("ab.-_", min_size=1, max_size=2)
PATHS = st.lists(SEGMENTS, min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts))


@settings(max_examples=examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(PATHS, max_size=6), PATHS | st.just("/"), st.integers(1, 3), st.booleans())
def test_pages_of_a_path_are_all_names_below_it_once_in_order(
    ssm: Json, stored: set[str], path: str, size: int, recursive: bool
) -> None:
    for name in stored:
        ssm.put_parameter(Name=name, Type="String", Value="1", Overwrite=True)
    found, params = [], {"Path": path, "Recursive": recursive, "MaxResults": size}
    pages = ssm.get_paginator("get_parameters_by_path").paginate(**params)
    for page in pages:
        assert len(page["Parameters"]) <= size
        found += names(page)
    folder = path.rstrip("/") + "/"
    below = [name for name in sorted(stored) if name.startswith(folder)]
    assert found == [name for name in below if recursive or "/" not in name.removeprefix(folder)]
    if stored:
        ssm.delete_parameters(Names=list(stored))


def test_deleting_twice_is_deleting_once(ssm: Json) -> None:
    ssm.put_parameter(Name="/a", Type="String", Value="1")
    assert ssm.delete_parameters(Names=["/a", "/a"])["DeletedParameters"] == ["/a"]
    answer = ssm.delete_parameters(Names=["/a"])
    assert (answer["DeletedParameters"], answer["InvalidParameters"]) == ([], ["/a"])
    with pytest.raises(ClientError, match=r"Parameter /a not found\."):
        ssm.delete_parameter(Name="/a")
