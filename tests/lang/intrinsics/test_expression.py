"""Intrinsic functions are compiled once and return what AWS returns."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.json_text import Json
from lamplighter.lang.intrinsics.expression import (
    ArgumentNotFound,
    IntrinsicFailure,
    IntrinsicSyntaxError,
    compile_intrinsic,
)
from lamplighter.lang.jsonpath.paths import PathNotFound
from tests.manual_world import manual_world


@dataclass(frozen=True)
class Scope:
    input: Json = None
    context: Json = None
    variables: Mapping[str, Json] = field(default_factory=dict)
    allows_unbounded_work: bool = True


def evaluate(text: str, given_input: Json = None, **variables: Json) -> Json:
    scope = Scope(given_input, {"Execution": {"Name": "night"}}, variables)
    return compile_intrinsic(text).value(scope, manual_world())


ARN = "arn:aws:imagebuilder:us-east-1:123456789012:image/my-recipe/1.0.0/1"
SPLIT = "States.StringSplit(States.ArrayGetItem(States.StringSplit($.Arn, '/'), 2), '.')"


@pytest.mark.parametrize(
    ("text", "given_input", "result"),
    [
        ("States.Array($.Id)", {"Id": 123456}, [123456]),
        ("States.Array()", None, []),
        ("States.Array( 'a' , 1, -2.5, 1e3, true, false, null, $ )", 0, ["a", 1, -2.5, 1000.0, True, False, None, 0]),
        ("States.ArrayPartition($, 4)", list(range(1, 10)), [[1, 2, 3, 4], [5, 6, 7, 8], [9]]),
        ("States.ArrayContains($.inputArray, $.lookingFor)", {"inputArray": [1, 2, 3], "lookingFor": 3}, True),
        ("States.ArrayContains($, true)", [1, "true"], False),
        ("States.ArrayRange(1, 9, 2)", None, [1, 3, 5, 7, 9]),
        ("States.ArrayRange(5, 1, -2)", None, [5, 3, 1]),
        ("States.ArrayGetItem($.fst, $.snd)", {"fst": [1, 2, 3, 4, 5, 6, 7, 8, 9], "snd": 5}, 6),
        ("States.ArrayLength($)", [1, 2, 3], 3),
        ("States.ArrayUnique($)", [1, 2, 3, 3, 3, 4], [1, 2, 3, 4]),
        ("States.Base64Encode($)", "Data to encode", "RGF0YSB0byBlbmNvZGU="),
        ("States.Base64Decode($)", "RGF0YSB0byBlbmNvZGU=", "Data to encode"),
        ("States.Base64Decode($)", "", ""),
        ("States.Hash($, 'SHA-1')", "input data", "aaff4a450a104cd177d28d18d74485e8cae074b7"),
        ("States.JsonMerge($.a, $.b, false)", {"a": {"x": 1}, "b": {"y": 2}}, {"x": 1, "y": 2}),
        ("States.StringToJson($)", '{"foo": "bar"}', {"foo": "bar"}),
        ("States.StringToJson($)", "", None),
        ("States.StringToJson($)", " ", None),
        ("States.JsonToString($)", {"foo": [1, "é"]}, '{"foo":[1,"é"]}'),
        ("States.MathAdd($.value1, $.step)", {"value1": 111, "step": -1}, 110),
        ("States.StringSplit('Hello\nWorld', '\n')", None, ["Hello", "World"]),
        ("States.Format('Hello, my name is {}.', $.name)", {"name": "Arnav"}, "Hello, my name is Arnav."),
        ("States.Format($.template, $.name)", {"name": "Arnav", "template": "I am {}."}, "I am Arnav."),
        ("States.Format('{} in {}', $$.Execution.Name, $)", {"a": 1}, "night in {a=1}"),
        (r"States.Format('\{\} {} \\ \'', 'x{}')", None, r"{} x{} \ '"),
        (r"States.Array('it\'s', '\\', '\{\}')", None, ["it's", "\\", "{}"]),
        (
            "States.Array($.a[?(@.b == 'x,)')].b, $['c,)'], $.a[0,1].b)",
            {"a": [{"b": "x,)"}], "c,)": 1},
            [["x,)"], 1, ["x,)"]],
        ),
        ("States.Array($.list.length(), $.list[1:])", {"list": [1, 2]}, [2, [2]]),
        (
            f"States.Format('{{}}.{{}}', States.ArrayGetItem({SPLIT}, 0), States.ArrayGetItem({SPLIT}, 1))",
            {"Arn": ARN},
            "1.0",
        ),
    ],
)
def test_documented_and_recorded_examples_return_their_results(text: str, given_input: Json, result: Json) -> None:
    assert evaluate(text, given_input) == result


def test_variables_can_be_arguments() -> None:
    assert evaluate("States.MathAdd(States.MathAdd($x, $y), $bias.by)", x=1, y=2, bias={"by": 3}) == 6


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=5), max_size=4))
def test_any_text_can_be_written_with_escapes(texts: list[str]) -> None:
    def escaped(text: str) -> str:
        return "".join("\\" + character if character in "\\'{}" else character for character in text)

    quoted = [f"'{escaped(text)}'" for text in texts]
    assert evaluate(f"States.Array({', '.join(quoted)})") == texts
    assert evaluate(f"States.Format('{''.join(map(escaped, texts))}')") == "".join(texts)


def test_random_numbers_and_uuids_come_from_the_world_port() -> None:
    random, name = compile_intrinsic("States.MathRandom(1, 1000)"), compile_intrinsic("States.UUID()")
    first, second = manual_world(), manual_world()
    drawn = [random.value(Scope(), first) for _ in range(50)]
    assert drawn == [random.value(Scope(), second) for _ in range(50)]
    assert len(set(drawn)) > 25
    assert name.value(Scope(), first) == name.value(Scope(), second) != name.value(Scope(), second)


def test_a_seeded_random_number_is_always_the_same() -> None:
    random = compile_intrinsic("States.MathRandom(0, 999, $.seed)")
    world = manual_world()
    drawn = [random.value(Scope({"seed": seed}), world) for seed in (3, 4, 5, 3, 4, 5)]
    assert drawn[:3] == drawn[3:]
    assert len(set(drawn)) == 3


def test_a_missing_argument_is_reported_in_aws_s_words() -> None:
    text = "States.Array(States.Format('{}', $.nope))"
    with pytest.raises(ArgumentNotFound) as caught:
        evaluate(text, {"other": 1})
    assert str(caught.value) == (
        f"The function '{text}' had the following error: The JsonPath argument for the field '$.nope' "
        "could not be found in the input '{\"other\":1}'"
    )
    assert isinstance(caught.value, PathNotFound)


def test_a_function_that_fails_names_the_whole_invocation() -> None:
    text = "States.Array(States.ArrayGetItem($, 9))"
    with pytest.raises(IntrinsicFailure) as caught:
        evaluate(text, [1])
    assert str(caught.value).startswith(f"The function '{text}' had the following error: the index 9 ")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "$.a",
        "States.Nope()",
        "States.Array",
        "States.Array(",
        "States.Array(1",
        "States.Array(1 2)",
        "States.Array(1,)",
        "States.Array(,1)",
        "States.Array('a)",
        "States.Array(abc)",
        "States.Array(01)",
        "States.Array($.)",
        "States.Array($.a[)",
        "States.Array() x",
        "States.Array()[0]",
        "States.Format()",
        "States.UUID(1)",
        "States.MathAdd(1)",
        "States.MathRandom(1, 2, 3, 4)",
        r"States.Array('\n')",
        r"States.Format('\x')",
        "States.Array(" * 11 + ")" * 11,
    ],
)
def test_an_invalid_invocation_is_rejected_when_it_is_compiled(text: str) -> None:
    with pytest.raises(IntrinsicSyntaxError, match="is not a valid intrinsic function"):
        compile_intrinsic(text)


def test_ten_functions_can_be_nested() -> None:
    assert evaluate("States.Array(" * 10 + ")" * 10) == [[[[[[[[[[]]]]]]]]]]
