"""What a person does with the dashboard: hover, zoom, read with the keyboard, print it."""

from __future__ import annotations

import math
import re

import pytest
from tests.observatory.test_dashboard_heat import fed, seen
from tests.observatory.visit import Visit

from neurogebra.observatory.events import EpochEnd
from neurogebra.observatory.render.assets import asset_text
from neurogebra.observatory.sinks.dashboard_notes import note
from neurogebra.observatory.sinks.dashboard_page import page

pytestmark = pytest.mark.browser
READING = "document.querySelector('#{} .reading').textContent"


@pytest.fixture(scope="module")
def paper(tmp_path_factory):
    """A run of 600 updates, 3 layers and 40 epochs; one gradient of the last is NaN, one 0."""
    facts = fed(600, every=10)
    for epoch in range(40):
        metrics = {"loss": 1 / (epoch + 1), "val_loss": 1.1 / (epoch + 1)}
        end = EpochEnd(epoch=epoch, step=600, metrics=metrics, learning_rate=0.1, seconds=0.5)
        note(facts, end)
    facts.looks.add(seen(601, "dense_0", "gradient", 0.0))
    facts.looks.add(seen(601, "dense_1", "gradient", math.nan, nonfinite=100))
    facts.looks.settle()
    path = tmp_path_factory.mktemp("page") / "d.html"
    path.write_text(page(facts), "utf-8")
    return path


@pytest.fixture
def visit(paper, browser):
    if asset_text("chart.js") is None:
        pytest.skip("Chart.js is not installed: neurogebra assets install")
    made = Visit(browser, paper, viewport={"width": 1200, "height": 900})
    yield made
    made.end()


def test_a_map_is_read_with_the_pointer(visit):
    canvas = visit.page.locator("#map-weight canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    visit.page.mouse.move(box["x"] + 3, box["y"] + box["height"] / 2)
    said = visit.of(READING.format("map-weight"))
    assert re.fullmatch(r"dense_1 · steps? [\d–]+ · 2\.\d+.*", said), said
    visit.page.mouse.move(box["x"] + 3, box["y"] + box["height"] - 3)
    assert visit.of(READING.format("map-weight")).startswith("dense_2 · ")
    visit.page.mouse.move(5, 5)
    assert visit.of(READING.format("map-weight")) == ""


def test_a_map_is_read_with_the_keyboard(visit):
    visit.page.focus("#map-gradient .canvas")
    for key in ("End", "ArrowDown"):
        visit.page.keyboard.press(key)
    said = visit.of(READING.format("map-gradient"))
    assert "dense_1" in said
    assert "NaN or infinite in 1 of" in said
    visit.page.keyboard.press("ArrowUp")
    visit.page.keyboard.press("Home")
    first = visit.of(READING.format("map-gradient"))
    visit.page.keyboard.press("ArrowRight")
    assert visit.of(READING.format("map-gradient")) != first
    assert visit.of("document.activeElement.closest('figure').id") == "map-gradient"
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert visit.of(outline) == "solid", "the focus is seen"


def test_a_map_is_zoomed_and_shown_whole_again(visit):
    ticks = "[...document.querySelectorAll('#map-weight .xs text')].map(t => t.textContent)"
    before = visit.of(ticks)
    canvas = visit.page.locator("#map-weight canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    visit.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    visit.page.mouse.down()
    visit.page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 20)
    visit.page.mouse.up()
    low, _, high = (float(t) for t in visit.of(ticks))
    assert 280 <= low < high <= 480
    visit.page.keyboard.press("Tab")
    visit.page.click("#map-weight .all")
    assert visit.of(ticks) == before
    visit.page.focus("#map-weight .canvas")
    visit.page.keyboard.press("+")
    assert visit.of(ticks) != before
    visit.page.keyboard.press("0")
    assert visit.of(ticks) == before


def test_the_colours_of_a_map_are_those_of_its_numbers(visit):
    pixel = """(share) => { const c = document.querySelector('#map-gradient canvas');
      const copy = document.createElement('canvas');
      copy.width = c.width; copy.height = c.height;
      const pen = copy.getContext('2d'); pen.drawImage(c, 0, 0);
      return [...pen.getImageData(c.width - 2, Math.floor(c.height * share), 1, 1).data]; }"""
    zero, bad = (visit.page.evaluate(pixel, share) for share in (1 / 6, 1 / 2))
    assert bad == [0xD1, 0x12, 0x1F, 255]
    assert zero[3] == 255, "the bin of the 0 has earlier looks too and is a mean"
    beyond = visit.page.evaluate(pixel, 5 / 6)
    assert beyond != bad


def test_a_chart_is_zoomed_read_and_shown_whole(visit):
    def ends():
        chart = "Chart.getChart(document.querySelector('#batch-loss canvas'))"
        return visit.of(f"(c => [c.scales.x.min, c.scales.x.max])({chart})")

    before = ends()
    canvas = visit.page.locator("#batch-loss canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    visit.page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 50)
    visit.page.mouse.down()
    visit.page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 50)
    visit.page.mouse.up()
    low, high = ends()
    assert before[0] < low < high < before[1]
    visit.page.focus("#batch-loss .canvas")
    visit.page.keyboard.press("Escape")
    assert ends() == before
    visit.page.keyboard.press("Home")
    assert visit.of(READING.format("batch-loss")) == "step 1: batch loss 1"
    visit.page.keyboard.press("ArrowRight")
    assert visit.of(READING.format("batch-loss")) == "step 2: batch loss 0.5"
    visit.page.keyboard.press("+")
    assert ends()[1] < before[1]


def test_on_paper_the_pictures_are_lines_and_the_colours_light(visit):
    visit.page.emulate_media(media="print", color_scheme="dark")
    for place in ("#metric-0 .plot", "#map-weight .field"):
        assert visit.page.locator(place).first.is_visible()
    assert not any(c.is_visible() for c in visit.page.locator("canvas").all())
    assert visit.of("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_the_first_paint_of_a_long_run_of_a_hundred_layers_is_quick(tmp_path, browser):
    facts = fed(4_000, layer_count=100, every=100)
    (tmp_path / "long.html").write_text(page(facts), "utf-8")
    visit = Visit(browser, tmp_path / "long.html")
    visit.page.wait_for_function("performance.getEntriesByType('paint').length > 1")
    first = visit.of("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    visit.end()
    assert first < 3000, "1 s on a quiet machine; others share the one that tests run on"


def test_a_run_that_goes_on_can_be_followed(tmp_path, browser):
    facts = fed(20)
    facts.status = "running"
    (tmp_path / "live.html").write_text(page(facts), "utf-8")
    visit = Visit(browser, tmp_path / "live.html")
    assert visit.of("document.querySelector('.follow').parentElement.className") == "going"
    visit.page.click(".follow")
    assert visit.page.get_attribute(".follow", "aria-pressed") == "true"
    visit.page.click(".follow")
    assert visit.page.get_attribute(".follow", "aria-pressed") == "false"
    visit.end()
