"""The file of variables: new values replace old ones, and everything else stays."""

from lamplighter.cli.service.variables_file import carried_variables, changed_variables, set_variables


def test_values_are_replaced_where_they_are_and_new_ones_follow() -> None:
    before = "# mine\nA=1\nB=2\n"
    after = set_variables(before, {"B": "3", "C": "4"})
    assert after == "# mine\nA=1\nB=3\nC=4\n"
    assert changed_variables(before, after) == ["B", "C"]
    assert set_variables(after, {"B": "3"}) == after


def test_values_are_quoted_as_a_shell_would() -> None:
    assert set_variables("", {"A": 'x y"\\`$z'}) == 'A="x y\\"\\\\\\`\\$z"\n'


def test_only_variables_of_the_program_and_its_clients_are_carried_over() -> None:
    carried = {"AWS_REGION": "eu-west-1", "LAMPLIGHTER_SMTP": "x", "PATH": "/bin"}
    assert carried_variables({**carried, "AWS_SECRET_ACCESS_KEY": "s", "OLDPWD": "/"}) == carried
