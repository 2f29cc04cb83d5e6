"""Evaluate JSONPath queries with bounded work: wildcards, slices, filters, descent.

The library (python-jsonpath) parses a query into a tree of segments, selectors and filter expressions; this module
turns the tree into closures over lists of values. Guarantees the library's matches in document order, and that a query
reads at most `MAX_VALUES` values: more raise `QueryTooComplex`, so that no document and no path can block the engine.
Rejects features of the library that Jayway does not have: keys, the key of a member, other roots, queries as names.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from jsonpath import JSONPath, segments, selectors
from jsonpath import filter as filters

from lamplighter.base.json_text import Json
from lamplighter.lang.jsonpath.errors import QueryTooComplex
from lamplighter.lang.regex import Regex, TextTooLong

MAX_VALUES = 500_000
"""The most values that a query reads: four times as many as the largest document has. They take 50 ms."""
CHARACTERS_PER_VALUE = 1_000
"""The number of characters that are compared in the time of one value."""
MIN_MATCH_COST = 30
"""The least cost of a match with a regular expression. `INSTRUCTIONS_PER_VALUE` of its work cost one value more, at
worst."""
INSTRUCTIONS_PER_VALUE = 12


class UnsupportedQuery(ValueError):
    """A query with a part that Jayway JsonPath does not have; str() names the part."""


class Nodes(list[Json]):
    """The values that a query inside a filter found."""


NOTHING = filters.UNDEFINED


@dataclass(slots=True)
class QueryWork:
    """One evaluation: the document, the results of filters' queries of the document, and how much work is left."""

    root: Json
    remaining: int = MAX_VALUES
    query_results: dict[int, "Nodes"] = field(default_factory=dict)

    def spend(self, amount: int) -> None:
        """Count this many values; raise `QueryTooComplex` if the limit is passed."""
        self.remaining -= amount
        if self.remaining < 0:
            raise QueryTooComplex(f"The query reads more than {MAX_VALUES} values, which is the limit.")


Step = Callable[[list[Json], QueryWork], list[Json]]
"""A function from the values found so far to those one step further."""
Operand = Callable[[Json, QueryWork], Json]
"""A function that evaluates an expression of a filter for one value: to a value, `Nodes` or `NOTHING`."""
Functions = Mapping[str, Callable[[Json], Json]]
"""The functions of a filter by name; one that does not accept a value returns `NOTHING`."""


def compile_parsed_query(path: JSONPath, functions: Functions) -> Callable[[Json], list[Json]]:
    """Compile a parsed path to a function that returns all matches in a document.

    Raises `UnsupportedQuery`; the function raises `QueryTooComplex`.
    """
    if path.pseudo_root:
        raise UnsupportedQuery("a root other than the document is not supported")
    walk = _Compiler(functions).path(path)

    def evaluate(document: Json) -> list[Json]:
        try:
            return walk([document], QueryWork(document))
        except RecursionError:
            raise QueryTooComplex("The query compares documents that are nested too deeply.") from None

    return evaluate


@dataclass(frozen=True, slots=True)
class _Compiler:
    functions: Functions

    def path(self, path: JSONPath) -> Step:
        """Compile a path, from its first step to its last."""
        steps = [self._segment(each) for each in path.segments]

        def walk(nodes: list[Json], work: QueryWork) -> list[Json]:
            for step in steps:
                work.spend(len(nodes))
                nodes = step(nodes, work)
            return nodes

        return walk

    def _segment(self, segment: segments.JSONPathSegment) -> Step:
        steps = [self._selector(each) for each in segment.selectors]
        one = steps[0] if len(steps) == 1 else _combine_selectors(steps)
        if not isinstance(segment, segments.JSONPathRecursiveDescentSegment):
            return one
        return lambda nodes, work: one(_descendants(nodes, work), work)

    def _selector(self, selector: selectors.JSONPathSelector) -> Step:
        match selector:
            case selectors.NameSelector():
                return _select_name(selector.name)
            case selectors.IndexSelector():
                return _select_index(selector.index)
            case selectors.SliceSelector():
                return _select_slice(selector.slice)
            case selectors.WildcardSelector():
                return lambda nodes, work: [inner for node in nodes for inner in _children(node, work)]
            case selectors.Filter():
                return self._filter(selector.expression)
            case _:
                raise UnsupportedQuery(f"the selector {selector} is not supported")

    def _filter(self, expression: filters.FilterExpression) -> Step:
        test = self.operand(expression.expression)
        return lambda nodes, work: [
            inner for node in nodes for inner in _children(node, work) if is_truthy(test(inner, work))
        ]

    def operand(self, expression: filters.BaseExpression) -> Operand:
        """Compile an expression inside a filter."""
        match expression:
            case filters.InfixExpression():
                return self._infix(expression)
            case filters.PrefixExpression():
                right = self.operand(expression.right)
                return lambda value, work: not is_truthy(right(value, work))
            case filters.FilterExpression():
                inner = self.operand(expression.expression)
                return lambda value, work: is_truthy(inner(value, work))
            case filters.RelativeFilterQuery():
                return self._relative(expression.path)
            case filters.RootFilterQuery():
                return self._absolute(expression.path)
            case filters.FunctionExtension():
                return self._call(expression)
            case filters.ListLiteral():
                items = [self.operand(each) for each in expression.items]
                return lambda value, work: [_unwrap_single(item(value, work)) for item in items]
            case filters.FilterExpressionLiteral():
                literal = expression.value
                return lambda _value, _work: literal
            case filters.Nil():
                return lambda _value, _work: None
            case filters.Undefined():
                return lambda _value, _work: NOTHING
            case _:
                raise UnsupportedQuery(f"the expression {expression} is not supported")

    def _infix(self, expression: filters.InfixExpression) -> Operand:
        left, right = self.operand(expression.left), self.operand(expression.right)
        if expression.operator == "&&":
            return lambda value, work: is_truthy(left(value, work)) and is_truthy(right(value, work))
        if expression.operator == "||":
            return lambda value, work: is_truthy(left(value, work)) or is_truthy(right(value, work))
        compare = COMPARISONS[expression.operator]
        return lambda value, work: compare(_unwrap_single(left(value, work)), _unwrap_single(right(value, work)), work)

    def _relative(self, path: JSONPath) -> Operand:
        walk = self.path(path)
        if path.empty():
            return lambda value, _work: Nodes([value]) if isinstance(value, (dict, list)) else value
        return lambda value, work: Nodes(walk([value], work))

    def _absolute(self, path: JSONPath) -> Operand:
        walk = self.path(path)

        def evaluate(_value: Json, work: QueryWork) -> Nodes:
            if id(walk) not in work.query_results:
                work.query_results[id(walk)] = Nodes(walk([work.root], work))
            return work.query_results[id(walk)]

        return evaluate

    def _call(self, expression: filters.FunctionExtension) -> Operand:
        given = self.operand(expression.args[0])
        function = self.functions[expression.name]

        def call(value: Json, work: QueryWork) -> Json:
            argument = _unwrap_single(given(value, work))
            work.spend(len(argument) if isinstance(argument, (dict, list)) else 1)
            return NOTHING if argument is NOTHING else function(argument)

        return call


# --- selectors --------------------------------------------------------------------------------------------------------


def _combine_selectors(steps: Sequence[Step]) -> Step:
    """Combine selectors so that all matches of one value come before those of the next value."""
    return lambda nodes, work: [inner for node in nodes for step in steps for inner in step([node], work)]


def _select_name(name: str) -> Step:
    return lambda nodes, _work: [node[name] for node in nodes if isinstance(node, dict) and name in node]


def _select_index(index: int) -> Step:
    key = str(index)

    def step(nodes: list[Json], _work: QueryWork) -> list[Json]:
        found = []
        for node in nodes:
            if isinstance(node, list) and -len(node) <= index < len(node):
                found.append(node[index])
            elif isinstance(node, dict) and key in node:
                found.append(node[key])
        return found

    return step


def _select_slice(part: slice) -> Step:
    def step(nodes: list[Json], work: QueryWork) -> list[Json]:
        found: list[Json] = []
        for node in nodes:
            if isinstance(node, list) and part.step != 0:
                work.spend(len(range(*part.indices(len(node)))))
                found += node[part]
        return found

    return step


def _children(node: Json, work: QueryWork) -> Sequence[Json]:
    """Return the values directly inside a value, and count them."""
    inner: Sequence[Json] = node if isinstance(node, list) else list(node.values()) if isinstance(node, dict) else ()
    work.spend(len(inner))
    return inner


def _descendants(nodes: list[Json], work: QueryWork) -> list[Json]:
    """Return each value and all objects and arrays inside it, outer ones before inner ones."""
    found: list[Json] = []
    left = nodes[::-1]
    while left:
        node = left.pop()
        found.append(node)
        inner = _children(node, work)
        left += [each for each in reversed(inner) if isinstance(each, (dict, list))]
    return found


# --- comparisons ------------------------------------------------------------------------------------------------------


def is_truthy(value: Json) -> bool:
    """Return whether a filter treats a value as true; null is true, and so is a query that found a value."""
    return value is None or (value is not NOTHING and bool(value))


def _unwrap_single(value: Json) -> Json:
    """Return the value of a query that found exactly one value; return anything else unchanged."""
    return value[0] if isinstance(value, Nodes) and len(value) == 1 else value


def _equal(left: Json, right: Json, work: QueryWork) -> bool:
    if isinstance(left, Nodes) or isinstance(right, Nodes):
        # `_unwrap_single` has replaced queries that found one value: these found none or several.
        others = [each for each in (left, right) if not isinstance(each, Nodes)]
        return not any(isinstance(each, Nodes) and each for each in (left, right)) and all(
            each is NOTHING for each in others
        )
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, (dict, list)) and isinstance(right, (dict, list)):
        work.spend(_count_values(left))
    elif isinstance(left, str):
        work.spend(1 + len(left) // CHARACTERS_PER_VALUE)
    return bool(left == right)


def _count_values(value: Json) -> int:
    """Return the number of values in a value, itself included. There is no recursion."""
    found, left = 0, [value]
    while left:
        node = left.pop()
        if isinstance(node, (dict, list)):
            found += len(node)
            left += node.values() if isinstance(node, dict) else node
    return found + 1


def _less(left: Json, right: Json, work: QueryWork) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        work.spend(1 + min(len(left), len(right)) // CHARACTERS_PER_VALUE)
        return left < right
    numbers = isinstance(left, (int, float)) and isinstance(right, (int, float))
    return numbers and bool(left < right)


def _in(left: Json, right: Json, work: QueryWork) -> bool:
    if isinstance(right, str):
        work.spend(1 + len(right) // CHARACTERS_PER_VALUE)
        return isinstance(left, str) and left in right
    if isinstance(right, (list, dict)) and not isinstance(right, Nodes):
        work.spend(len(right) + (_count_values(right) if isinstance(left, (dict, list)) else 0))
        return left in right if isinstance(right, list) else isinstance(left, str) and left in right
    return False


def _matches(left: Json, right: Json, work: QueryWork) -> bool:
    if not isinstance(right, Regex) or not isinstance(left, str):
        return False
    work.spend(MIN_MATCH_COST + right.max_instructions(left) // INSTRUCTIONS_PER_VALUE)
    try:
        return right.fullmatch(left)
    except TextTooLong as error:
        raise QueryTooComplex(str(error)) from None


Compare = Callable[[Json, Json, QueryWork], bool]
COMPARISONS: Mapping[str, Compare] = {
    "==": _equal,
    "!=": lambda left, right, work: not _equal(left, right, work),
    "<>": lambda left, right, work: not _equal(left, right, work),
    "<": _less,
    ">": lambda left, right, work: _less(right, left, work),
    "<=": lambda left, right, work: _less(left, right, work) or _equal(left, right, work),
    ">=": lambda left, right, work: _less(right, left, work) or _equal(left, right, work),
    "in": _in,
    "contains": lambda left, right, work: _in(right, left, work),
    "=~": _matches,
}
