"""The graph of a state machine, in a real browser with a real engine."""

from collections.abc import Iterator, Sequence
from typing import get_args

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from lamplighter.base.json_text import Json
from tests.console import real_browser, sample_jobs
from tests.console.test_browser import find_accessibility_problems
from tests.served_engine import ServedEngine

BROKEN = "Way 10 1"
LONG = "Compare the invoices of the last month with the orders of region"
BOXES_OF_TEXTS = """
each => [...each.querySelectorAll(".node > a")].flatMap(link => {
  const box = link.querySelector(".box").getBoundingClientRect();
  return [...link.querySelectorAll("text")].filter(text => text.textContent).map(text => {
    const inner = text.getBoundingClientRect();
    return [text.textContent, inner.left - box.left, box.right - inner.right];
  });
})
"""
"""Returns each text with its distances from the left and the right edge of its box."""
PARTS_OUTSIDE = """
picture => {
  const outer = picture.getBoundingClientRect();
  return [...picture.querySelectorAll(".edge path, .edge text, .box, circle")].filter(part => {
    const inner = part.getBoundingClientRect();
    return inner.left < outer.left || inner.right > outer.right || inner.top < outer.top || inner.bottom > outer.bottom;
  }).map(part => part.outerHTML);
}
"""
OVERLAPPING_TEXTS = """
each => [...each.querySelectorAll(".node > a")].filter(link => {
  const filled = [...link.querySelectorAll("text")].filter(text => text.textContent);
  const texts = filled.map(text => text.getBoundingClientRect());
  return texts.some((one, at) => texts.slice(at + 1).some(other =>
    one.left < other.right && other.left < one.right && one.top + 2 < other.bottom && other.top + 2 < one.bottom));
}).map(link => link.textContent)
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedEngine]:
    engine = ServedEngine(tmp_path_factory.mktemp("graph") / "data")
    engine.up()
    engine.ecs.create_cluster(clusterName="default")
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def large(served: ServedEngine) -> tuple[str, str]:
    """A machine of 81 states, many of them side by side, and its run that failed far from its start."""
    states: dict[str, Json] = {"Broken": {"Type": "Fail", "Error": "Broken"}}
    for at in range(16):
        ways = [f"Way {at} {number}" for number in range(3)]
        rules = [{"Variable": "$.way", "NumericEquals": number, "Next": way} for number, way in enumerate(ways)]
        following: Json = {"Next": f"{LONG} {at + 1}"} if at < 15 else {"End": True}
        states[f"{LONG} {at}"] = {"Type": "Pass", "Next": f"Choose {at}"}
        states[f"Choose {at}"] = {"Type": "Choice", "Choices": rules, "Default": "Broken"}
        states |= {way: {"Type": "Pass", **following} for way in ways}
    states[BROKEN] = {"Type": "Fail", "Error": "NoSuchTable"}
    machine = served.machine({"StartAt": f"{LONG} 0", "States": states}, "large")
    execution = served.start(machine, {"way": 1})
    served.ended(execution)
    return machine, execution


def open_graph(page: Page, url: str) -> Locator:
    page.goto(url)
    picture = page.locator("#graph svg")
    expect(picture).to_be_visible()
    return picture


def node(page: Page, state: str) -> Locator:
    return page.locator(f'#graph .node[data-name="{state}"] > a')


def is_in_view(page: Page, state: str) -> bool:
    """Return whether the whole box of a state is in the part of the graph that the figure shows."""
    outer, inner = page.locator("#graph .view").bounding_box(), node(page, state).bounding_box()
    assert outer is not None
    assert inner is not None
    across = outer["x"] <= inner["x"] and inner["x"] + inner["width"] <= outer["x"] + outer["width"]
    return across and outer["y"] <= inner["y"] and inner["y"] + inner["height"] <= outer["y"] + outer["height"]


def walked(page: Page) -> Sequence[tuple[str, str, str]]:
    found: list[tuple[str, str, str]] = [
        tuple(each)
        for each in page.locator("#graph .edge[data-went]").evaluate_all(
            "all => all.map(edge => [edge.dataset.from.trim(), edge.dataset.to.trim(), edge.dataset.kind])"
        )
    ]
    return sorted((source.strip("\0"), target.strip("\0"), kind) for source, target, kind in found)


def test_a_large_graph_opens_legible_at_the_state_that_failed(
    served: ServedEngine, page: Page, large: tuple[str, str]
) -> None:
    open_graph(page, f"{served.url}/runs/{large[1]}")
    assert is_in_view(page, BROKEN)
    name = node(page, BROKEN).locator(".name")
    size = name.evaluate("text => parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a")
    assert size >= 9.5


@pytest.mark.parametrize("path", ["runs", "jobs"])
def test_no_text_is_wider_than_its_box_and_nothing_is_outside_of_the_picture(
    served: ServedEngine, page: Page, large: tuple[str, str], path: str
) -> None:
    picture = open_graph(page, f"{served.url}/{path}/{large[path == 'runs']}")
    distances = picture.evaluate(BOXES_OF_TEXTS)
    assert len(distances) > 150
    assert [each for each in distances if min(each[1:]) < 4] == []
    assert picture.evaluate(PARTS_OUTSIDE) == []


def test_a_state_is_found_by_a_part_of_its_name_and_selected(
    served: ServedEngine, page: Page, large: tuple[str, str]
) -> None:
    open_graph(page, f"{served.url}/runs/{large[1]}")
    page.get_by_role("combobox", name="Find a state").fill("way 3 2")
    page.keyboard.press("Enter")
    expect(page.locator("#detail h2")).to_have_text("Way 3 2")
    expect(node(page, "Way 3 2")).to_have_attribute("aria-current", "true")
    assert is_in_view(page, "Way 3 2")
    assert page.url.endswith("?state=Way%203%202")
    page.get_by_role("combobox", name="Find a state").fill("region 1")
    for number, state in ((1, f"{LONG} 1"), (2, f"{LONG} 10")):
        page.keyboard.press("Enter")
        expect(page.locator("#graph [role=status]")).to_have_text(f"{number} of 7")
        expect(page.locator("#detail h2")).to_have_text(state)
    page.get_by_role("combobox", name="Find a state").fill("no such thing")
    page.keyboard.press("Enter")
    expect(page.locator("#graph [role=status]")).to_have_text("No such state")


def test_the_graph_of_a_job_without_a_run_is_found_and_zoomed_too(
    served: ServedEngine, page: Page, large: tuple[str, str]
) -> None:
    picture = open_graph(page, f"{served.url}/jobs/{large[0]}")
    expect(page.locator("#graph .dot").first).to_be_in_viewport()
    page.get_by_role("combobox", name="Find a state").fill("broken")
    page.keyboard.press("Enter")
    expect(node(page, "Broken")).to_have_attribute("aria-current", "true")
    assert is_in_view(page, "Broken")
    page.get_by_role("button", name="Fit to window").click()
    outer = page.locator("#graph .view").evaluate("view => [view.clientWidth, view.clientHeight]")
    inner = picture.evaluate("picture => [picture.clientWidth, picture.clientHeight]")
    assert inner[0] <= outer[0]
    assert inner[1] <= outer[1]


def test_a_graph_is_zoomed_by_buttons_keys_and_the_wheel_around_the_pointer(
    served: ServedEngine, page: Page, large: tuple[str, str]
) -> None:
    open_graph(page, f"{served.url}/runs/{large[1]}")
    shown = page.locator("#graph output")
    expect(shown).to_have_text("100 %")
    page.get_by_role("button", name="Zoom in").click()
    expect(shown).to_have_text("125 %")
    view = page.locator("#graph .view")
    view.focus()
    page.keyboard.press("-")
    page.keyboard.press("-")
    expect(shown).to_have_text("80 %")
    node(page, BROKEN).hover()
    before = node(page, BROKEN).bounding_box()
    page.keyboard.down("Control")
    page.mouse.wheel(0, -100)
    page.keyboard.up("Control")
    expect(shown).to_have_text("100 %")
    after = node(page, BROKEN).bounding_box()
    assert before is not None
    assert after is not None
    middles = [(each["x"] + each["width"] / 2, each["y"] + each["height"] / 2) for each in (before, after)]
    assert middles[1] == pytest.approx(middles[0], abs=3)
    page.keyboard.press("0")
    expect(shown).not_to_have_text("100 %")


def test_two_fingers_zoom_a_graph(served: ServedEngine, page: Page, large: tuple[str, str]) -> None:
    open_graph(page, f"{served.url}/runs/{large[1]}")
    box = page.locator("#graph .view").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + 200
    devtools = page.context.new_cdp_session(page)
    for kind, distance in (("touchStart", 50), ("touchMove", 75), ("touchMove", 100), ("touchEnd", None)):
        points = (
            [] if distance is None else [{"x": x - distance, "y": y, "id": 0}, {"x": x + distance, "y": y, "id": 1}]
        )
        devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    expect(page.locator("#graph output")).to_have_text("200 %")
    assert page.evaluate("visualViewport.scale") == 1


def test_dragging_scrolls_a_large_graph_and_selects_no_state(
    served: ServedEngine, page: Page, large: tuple[str, str]
) -> None:
    open_graph(page, f"{served.url}/runs/{large[1]}")
    view = page.locator("#graph .view")
    before = view.evaluate("view => [view.scrollLeft, view.scrollTop]")
    node(page, BROKEN).hover()
    page.mouse.down()
    box = view.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2 + 90, box["y"] + 40, steps=5)
    page.mouse.up()
    after = view.evaluate("view => [view.scrollLeft, view.scrollTop]")
    assert after != before
    assert "state=" not in page.url
    node(page, BROKEN).click()
    expect(page.locator("#detail h2")).to_have_text(BROKEN)


def test_a_small_graph_has_no_tools(served: ServedEngine, page: Page) -> None:
    machine = served.machine({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}, "small")
    open_graph(page, f"{served.url}/jobs/{machine}")
    expect(page.locator("#graph .tools")).to_be_hidden()
    assert page.locator("#graph .view").get_attribute("tabindex") is None


@pytest.mark.parametrize(("command", "end"), [("exit 0", "well"), ("exit 3", "caught")])
def test_one_path_is_walked_through_a_choice_and_a_catch(
    served: ServedEngine, page: Page, command: str, end: str
) -> None:
    caught = [{"ErrorEquals": ["States.ALL"], "Next": "Judge", "ResultPath": None}]
    run = sample_jobs.build_task_state(served, "judged", command, Catch=caught)
    choice = {
        "Type": "Choice",
        "Choices": [{"Variable": "$.x", "IsPresent": True, "Next": "Well"}],
        "Default": "Failed",
    }
    states = {
        "Run": run,
        "Judge": choice,
        "Well": {"Type": "Pass", "End": True},
        "Failed": {"Type": "Fail", "Error": "Bad"},
    }
    execution = served.start(served.machine({"StartAt": "Run", "States": states}, f"judged-{end}"))
    served.ended(execution)
    picture = open_graph(page, f"{served.url}/runs/{execution}")
    if end == "well":
        assert walked(page) == [("Run", "end", "end"), ("start", "Run", "start")]
    else:
        path = [("Failed", "end", "end"), ("Judge", "Failed", "default"), ("Run", "Judge", "catch")]
        assert walked(page) == [*path, ("start", "Run", "start")]
    assert picture.evaluate(PARTS_OUTSIDE) == []


@pytest.fixture(scope="module")
def mapped(served: ServedEngine) -> str:
    """A run of an inline Map, of which one item fails."""
    rules = [{"Variable": "$.n", "NumericEquals": 7, "Next": "No"}]
    steps: Json = {
        "Look": {"Type": "Choice", "Choices": rules, "Default": "Yes"},
        "No": {"Type": "Fail", "Error": "Seven", "Cause": "it is seven"},
        "Yes": {"Type": "Pass", "End": True},
    }
    each = {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 1, "End": True}
    each["ItemProcessor"] = {"StartAt": "Look", "States": steps}
    machine = served.machine({"StartAt": "Files", "States": {"Files": each}}, "files")
    execution = served.start(machine, {"items": [{"n": number} for number in range(12)]})
    served.ended(execution)
    return execution


def test_an_item_of_a_map_is_chosen_by_its_index(served: ServedEngine, page: Page, mapped: str) -> None:
    open_graph(page, f"{served.url}/runs/{mapped}?state=Files")
    expect(page.locator("#detail .items")).to_contain_text("Files[7]")
    expect(page.locator("#detail .items")).to_contain_text("Seven: it is seven")
    page.get_by_role("spinbutton", name="Item").fill("5")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#detail")).to_contain_text("Only the item Files[5]")
    expect(page.locator('.node[data-name="Yes"]')).to_have_attribute("data-status", "SUCCEEDED")
    assert page.locator('.node[data-name="No"]').get_attribute("data-status") is None
    node(page, "Yes").click()
    expect(page.locator("#detail h2")).to_have_text("Yes")
    expect(page.locator("#detail")).to_contain_text('"n": 5')
    page.get_by_role("link", name="All items").click()
    expect(page.locator('.node[data-name="No"]')).to_have_attribute("data-status", "FAILED")


def test_the_states_inside_a_distributed_map_show_counts_that_fit_into_their_boxes(
    served: ServedEngine, page: Page
) -> None:
    rules = [{"Variable": "$", "NumericEquals": 7, "Next": "No"}]
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Look at the order",
        "States": {
            "Look at the order": {"Type": "Choice", "Choices": rules, "Default": "Yes"},
            "No": {"Type": "Fail", "Error": "Seven"},
            "Yes": {"Type": "Wait", "Seconds": 600, "End": True},
        },
    }
    each = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": processor, "ToleratedFailureCount": 9, "End": True}
    machine = served.machine(
        {
            "StartAt": "Orders of all the regions of the world",
            "States": {"Orders of all the regions of the world": each},
        },
        "orders",
    )
    execution = served.start(machine, {"items": list(range(20))})
    picture = open_graph(page, f"{served.url}/runs/{execution}")
    expect(node(page, "Yes").locator(".note")).to_have_text("19 running")
    expect(node(page, "No").locator(".note")).to_have_text("1 failed")
    expect(
        page.get_by_role("link", name="Orders of all the regions of the world: running, 19 of 20 running, 1 failed")
    ).to_be_visible()
    assert [each for each in picture.evaluate(BOXES_OF_TEXTS) if min(each[1:]) < 4] == []
    assert picture.evaluate(OVERLAPPING_TEXTS) == []
    served.sfn.stop_execution(executionArn=execution)


@pytest.mark.parametrize("scheme", get_args(real_browser.Scheme))
@pytest.mark.parametrize("width", [390, 1280])
def test_graphs_and_items_are_accessible_and_never_wider_than_the_screen(
    served: ServedEngine,
    chromium: Browser,
    large: tuple[str, str],
    mapped: str,
    scheme: real_browser.Scheme,
    width: int,
) -> None:
    items = served.start(_failing_map(served), {"items": list(range(120))})
    served.ended(items)
    (map_run,) = served.sfn.list_map_runs(executionArn=items)["mapRuns"]
    paths = [f"/runs/{large[1]}", f"/jobs/{large[0]}", f"/runs/{mapped}?state=Files&item=Files%5B7%5D"]
    paths += [f"/runs/{map_run['mapRunArn']}/items", f"/runs/{map_run['mapRunArn']}/items?status=ALL"]
    with real_browser.open_page(chromium, scheme, width) as page:
        for path in paths:
            page.goto(served.url + path)
            expect(page.locator("body[data-connected]")).to_be_attached()
            assert find_accessibility_problems(page) == [], path
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_failed_items_run_again_after_a_second_press(served: ServedEngine, page: Page) -> None:
    execution = served.start(_failing_map(served), {"items": [1, 7]})
    served.ended(execution)
    (map_run,) = served.sfn.list_map_runs(executionArn=execution)["mapRuns"]
    page.goto(f"{served.url}/runs/{map_run['mapRunArn']}/items")
    expect(page.locator("tbody tr")).to_have_count(1)
    button = page.get_by_role("button", name="Run failed items again")
    question = page.get_by_role("button", name="Run 1 item again now?")
    real_browser.press_and_confirm(button, question, page.locator("#summary"))
    page.wait_for_url(f"**/runs/{execution}")
    expect(page.locator("#summary")).to_contain_text("Redriven")


def _failing_map(served: ServedEngine) -> str:
    rules = [{"Variable": "$", "NumericEquals": 7, "Next": "No"}]
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Look",
        "States": {
            "Look": {"Type": "Choice", "Choices": rules, "Default": "Yes"},
            "No": {"Type": "Fail", "Error": "Seven", "Cause": "it is seven"},
            "Yes": {"Type": "Pass", "End": True},
        },
    }
    each = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": processor, "End": True}
    return served.machine({"StartAt": "Orders", "States": {"Orders": each}}, "failing")
