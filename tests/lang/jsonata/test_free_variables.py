"""Find the free variables of a JSONata expression."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.lang.jsonata.free_variables import BUILT_IN_FUNCTIONS, free_names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("$a.b + $c", "a c"),
        ("$ & $$.x & $sum($a)", "a"),
        ("'$a' & \"$b\" & `$c` & $d /* $e */", "d"),
        ("$match($a, /$b/i) and 6 / $c / $d", "a c d"),
        ("($a := $b; $a + $c)", "b c"),
        ("($a := $a + 1; $a)", "a"),
        ("(($a := 1; $a); $a)", "a"),
        ("function($a, $b){ $a + $b + $c }", "c"),
        ("($f := function($n)<n:n>{ $n < 2 ? 1 : $n * $f($n - 1) }; $f($k))", "k"),
        ("$map($list, λ($v){ $v * $factor })", "factor list"),
        ("$l.loans@$x.books@$y[$x.isbn = $y.isbn and $z]", "l z"),
        ("items#$i[$i < $n]", "n"),
        ('{"k": $a, "$no": [$b]}', "a b"),
    ],
)
def test_a_name_is_free_unless_the_expression_binds_it(text: str, names: str) -> None:
    assert free_names(text) == set(names.split())


@given(name=st.from_regex(r"[a-z]{3,8}x", fullmatch=True))
def test_a_block_binds_its_variables_and_a_quoted_name_is_no_variable(name: str) -> None:
    assert free_names(f"$[{name!r} = ${name}]") == {name}
    assert free_names(f"(${name} := 1; ${name})") == set()
    assert free_names(f"'${name}'") == set()


@pytest.mark.parametrize("name", sorted(BUILT_IN_FUNCTIONS))
def test_a_built_in_function_is_a_variable_only_if_one_is_assigned(name: str) -> None:
    assert free_names(f"$map(x, ${name})") == set()
    assert free_names(f"$map(x, ${name})", {name}) == {name}
