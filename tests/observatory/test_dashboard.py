"""The dashboard: one inert offline page, bounded and honest, with charts, without, and on paper."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from tests.observatory.visit import Visit

from neurogebra.errors import RunError
from neurogebra.observatory.events import (
    Alert,
    BatchEnd,
    EpochEnd,
    Evaluated,
    LayerInfo,
    LayerSeen,
    Level,
    SinkFailed,
    Stamped,
    Stats,
    TrainEnd,
    TrainStart,
    Verdict,
)
from neurogebra.observatory.render.assets import asset_text
from neurogebra.observatory.sinks import dashboard_sections
from neurogebra.observatory.sinks.dashboard import Dashboard, DashboardExporter
from neurogebra.observatory.sinks.dashboard_charts import charts
from neurogebra.observatory.sinks.dashboard_maps import maps
from neurogebra.observatory.sinks.dashboard_page import data_block, page
from neurogebra.observatory.sinks.dashboard_svg import plot
from neurogebra.observatory.stats import histogram
from neurogebra.observatory.verbs import LogEvent

HOSTILE = (
    "<script>window.__pwn=1</script>", "</script><script>window.__pwn=1</script>",
    "<img src=x onerror=window.__pwn=1>", '"><svg onload=window.__pwn=1>', "'><b>", "<!--", "-->",
    "<!DOCTYPE html>", "]]>", "</style><style>*{}", "</title><h1>", "</textarea>",
    "<iframe src=//x>", '" onmouseover="window.__pwn=1',
    "' autofocus onfocus='window.__pwn=1", "javascript:alert(1)",
    "&lt;b&gt;", "&#60;script&#62;", "{{data}}", "{{csp}} {{scripts}}", "\u2028\u2029",
    "\x00\x1b[31m", "\ud800", "\u202etxt.exe", "a\r\nb", "${7*7}`", "%3Cscript%3E",
)  # fmt: skip
STATS = Stats(size=4, mean=0.0, std=1.0, min=-1.0, max=1.0, norm=0.5)
SITES = {"gradient": "W", "weight": "W", "update": "W", "forward": ""}


def run(text="a", key=None, epochs=2):
    """A little run in which every text is `text`, and every free name is `key`."""
    key = key or text
    layer = LayerInfo(name=text, type=text, formula=text, gradient=(text, text),
                      in_shape=(3,), out_shape=(2,), params=8, activation=text)  # fmt: skip
    yield TrainStart(name=text, engine=text, seed=1, epochs=epochs, batches=1, train_rows=9,
                     val_rows=3, layers=(layer,), params=8,
                     run={key: text, "optimizer": {"name": text}})  # fmt: skip
    for epoch in range(epochs):
        step = epoch + 1
        for site, param in SITES.items():
            yield LayerSeen(epoch=epoch, batch=0, step=step, index=0, layer=text, site=site,
                            shape=(3, 2), stats=STATS, param=param,
                            histogram=histogram([0.0, 1.0, -2.0, epoch]))  # fmt: skip
        yield BatchEnd(epoch=epoch, batch=0, step=step, rows=9, loss=1.0 / step)
        yield EpochEnd(epoch=epoch, step=step, learning_rate=0.1, seconds=0.5, best=True,
                       metrics={"loss": 1.0 / step, "val_loss": 1.1 / step, key: 0.5})  # fmt: skip
        yield Alert(rule=text, severity="warning", message=text, advice=(text,), diagnosis=text,
                    layer=text, epoch=epoch, evidence={key: 1.0})  # fmt: skip
    yield Alert(rule="update_too_large", severity="warning", message=text, layer=text,
                evidence={key: 1.0})  # fmt: skip
    yield SinkFailed(sink=text, error=text)
    yield TrainEnd(reason=text, epochs=epochs, step=epochs, seconds=1.0, metrics={key: 1.0})
    yield Evaluated(split=text, rows=3, metrics={key: 1.0})
    yield Verdict(status=text, summary=text, causes=(text,))


def tell(sink, events, start=1000.0):
    for n, event in enumerate(events):
        sink.handle(Stamped(n, start + n, event))
    return sink


def told(tmp_path, events=None, text="a"):
    sink = Dashboard(tmp_path / "d.html", every=1e9)
    sink.add_fingerprint({text: text, "nested": {text: [text, None, 1.5]}})
    tell(sink, run(text) if events is None else events)
    sink.close()
    return sink


class Reader(HTMLParser):
    """Collects the tags with their attribute names, and the text of every element."""

    def __init__(self, source):
        super().__init__()
        self.tags, self.texts, self.scripts, self._inside = [], [], [], ""
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        self._inside = tag
        if tag == "script":
            self.scripts.append((dict(attrs), ""))

    def handle_endtag(self, tag):
        self._inside = ""

    def handle_decl(self, decl):
        self.tags.append(("!", decl))

    def handle_comment(self, data):
        self.tags.append(("--", data))

    def handle_data(self, data):
        if self._inside == "script":
            self.scripts[-1] = (self.scripts[-1][0], self.scripts[-1][1] + data)
        else:
            self.texts.append(data)


def data_of(source):
    return json.loads(next(b for attrs, b in Reader(source).scripts if attrs.get("id") == "data"))


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_adds_a_tag(text, tmp_path):
    plain, hostile = (page(told(tmp_path, text=t).facts) for t in ("a", text))
    assert Reader(hostile).tags == Reader(plain).tags
    assert [c["id"] for c in data_of(hostile)] == [c["id"] for c in data_of(plain)]
    if text.isprintable():
        assert text in Reader(hostile).texts, "what is shown is what was said"
    hostile.encode("utf-8")


def test_the_corpus_is_hostile(tmp_path, monkeypatch):
    """The tooth: without escaping, the same comparison must fail for most of the texts."""
    assert len(set(HOSTILE)) == 27
    monkeypatch.setattr(dashboard_sections, "text", lambda value, limit=0: str(value))
    plain = Reader(page(told(tmp_path).facts)).tags
    caught = 0
    for text in HOSTILE:
        try:
            caught += Reader(page(told(tmp_path, text=text).facts)).tags != plain
        except (RunError, UnicodeError):
            caught += 1
    assert caught >= 10


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_of_a_logger_adds_a_tag(text, tmp_path):
    def of(word):
        exporter = DashboardExporter(tmp_path / "e.html")
        for event_type, data, more in (
            ("train_start", {"total_epochs": 2, "model_info": {"name": word, word: word}}, {}),
            ("batch_end", {"metrics": {"loss": 1.0}}, {}),
            ("gradient_computed", {"gradient": {"norm": 1.0}}, {"layer_name": word}),
            ("epoch_end", {"metrics": {"loss": 1.0, word: 2.0}}, {"epoch": 0}),
            ("health_check", {"check_name": word, "recommendations": [word]}, {"severity": word}),
            (word, {}, {"severity": "danger", "layer_name": word}),
        ):
            more = {"message": word} | more
            exporter.handle_event(
                LogEvent(event_type=event_type, level=Level.BASIC, timestamp=1.0, data=data, **more)
            )
        return Reader(exporter.save().read_text("utf-8")).tags

    assert of(text) == of("a")


def test_the_page_is_whole_and_says_what_happened(tmp_path):
    source = page(told(tmp_path, run("cells", key="f1")).facts)
    for part in ("cells", "epoch 2 of 2", "1.0000", "best 0.5500 · epoch 2", "9 training rows",
                 "The listener &#x27;cells&#x27; failed", "3 → 2", "Final scores", "Fingerprint",
                 "Health timeline", "Divide the learning rate", "Histograms", "f1",
                 'role="img"'):  # fmt: skip
        assert part in source, part


def test_nothing_is_fetched_and_only_our_own_scripts_and_style_may_run(tmp_path):
    source = page(told(tmp_path).facts)
    without_licences = re.sub(r"/\*!.*?\*/", "", source, flags=re.S)
    assert not re.search(r"https?:|@import|url\(|sourceMappingURL", without_licences)
    assert not any("src" in names or "href" in names for tag, names in Reader(source).tags
                   if tag not in ("a", "use"))  # fmt: skip
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', source)[1]
    assert policy.startswith("default-src 'none'; ")
    bodies = [body for attrs, body in Reader(source).scripts if not attrs]
    style = re.search(r"<style>(.*?)</style>", source, re.S)[1]
    for body in (*bodies, style):
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert not any("style" in names or any(n.startswith("on") for n in names)
                   for _, names in Reader(source).tags)  # fmt: skip


def test_chart_js_comes_with_its_licence_or_not_at_all(tmp_path):
    facts = told(tmp_path).facts
    with_it, without = page(facts, "var Chart;"), page(facts, "")
    assert "<script>var Chart;</script>" in with_it
    assert "neurogebra assets install" in without
    assert "neurogebra assets install" not in with_it
    for source in (with_it, without):
        assert source.count('class="plot"') == len(charts(facts))
    if asset_text("chart.js"):
        assert "Permission is hereby granted" in page(facts)


def test_a_missing_metric_is_a_gap_and_never_zero(tmp_path):
    events = [e for e in run(epochs=6) if not isinstance(e, EpochEnd)]
    for epoch in range(6):
        metrics = {"loss": 0.5} | ({"val_loss": 0.7} if epoch % 3 == 0 else {})
        events.append(
            EpochEnd(epoch=epoch, step=epoch, metrics=metrics, learning_rate=0.1, seconds=1)
        )
    events.append(
        EpochEnd(epoch=6, step=6, metrics={"loss": float("nan")}, learning_rate=0.1, seconds=1)
    )
    facts = told(tmp_path, events).facts
    loss, val = charts(facts)[0].series
    assert [y for _, y in val.points] == [0.7, None, None, 0.7, None, None, None]
    assert [y for _, y in loss.points][-1] is None
    source = page(facts)
    shown = data_of(source)[0]["series"]
    assert [y for _, y in shown[1]["points"]] == [0.7, None, None, 0.7, None, None, None]
    assert "1 values were NaN or infinite" in source
    assert ">NaN</td>" in source
    val_cells = re.findall(r'<td class="n">([^<]*)</td>', dashboard_sections.epochs(facts))[1::4]
    assert val_cells == ["0.7000", "–", "–", "0.7000", "–", "–", "–"]
    drawn = re.findall(r'class="line val" d="([^"]*)"', plot(charts(facts)[0]))[0]
    assert drawn.count("M") == 2
    assert "L" not in drawn


def test_a_run_without_an_epoch_and_a_run_without_anything_have_a_page(tmp_path):
    assert "no value yet" in page(Dashboard(tmp_path / "x").facts)
    source = page(told(tmp_path, list(run())[:3]).facts)
    assert "epoch 0 of 2" in source
    assert "not measured" in source


def test_a_long_run_stays_small_whatever_it_measures(tmp_path):
    sink = Dashboard(tmp_path / "d.html", every=1e9)
    start = TrainStart(name="long", engine="numpy", seed=1, epochs=500, batches=120,
                       train_rows=1, val_rows=1, layers=(), params=1)  # fmt: skip
    tell(sink, [start])
    noise = np.random.default_rng(0).random(60_001)
    for epoch in range(500):
        for step in range(120 * epoch + 1, 120 * epoch + 121):
            sink.facts.batch(step, noise[step])
        metrics = {f"metric_{k}": noise[step - k] for k in range(40)} | {"loss": noise[step]}
        event = EpochEnd(epoch=epoch, step=step, metrics=metrics, learning_rate=1e-3, seconds=0.1)
        alert = Alert(rule=f"rule_{epoch}", severity="warning", message="m" * 900, epoch=epoch)
        tell(sink, [event, alert])
    sink.close()
    assert (tmp_path / "d.html").stat().st_size < 1_200_000
    facts = sink.facts
    assert len(facts.metrics) == 13
    assert facts.metrics["loss"].last == noise[step], "the loss is kept whatever else there is"
    assert len(facts.batch_loss.points()) <= 4000
    assert len(facts.findings) == 100
    assert len(facts.table.lines()) <= 402


def test_a_second_run_begins_a_new_page(tmp_path):
    sink = Dashboard(tmp_path / "d.html")
    sink.add_fingerprint({"seed": 1})
    tell(sink, run(epochs=5))
    tell(sink, run("b", epochs=2))
    assert sink.facts.epochs == 2
    assert sink.facts.name == "b"
    assert sink.facts.fingerprint == {"seed": 1}
    assert sink.facts.looks.last == 2


def test_updates_that_nobody_told_of_are_counted(tmp_path):
    events = list(run())
    events[5] = replace(events[5], step=40)
    source = page(told(tmp_path, events).facts)
    assert "updates were told" not in page(told(tmp_path).facts)
    assert isinstance(events[5], BatchEnd)
    facts = told(tmp_path, events[:6]).facts
    assert "1 of 40 updates were told" in page(facts)
    assert source


def test_a_loss_that_runs_away_begins_on_a_log_axis(tmp_path):
    def chart(*losses):
        ends = [EpochEnd(epoch=i, step=i, metrics={"loss": x}, learning_rate=1, seconds=1)
                for i, x in enumerate(losses)]  # fmt: skip
        return charts(told(tmp_path, ends).facts)[0]

    assert chart(1.0, 1e12).log
    assert not chart(1.0, 1e3).log
    assert not chart(0.0, 1e12).log, "0 has no place there"


def test_the_numbers_behind_a_chart_are_its_extremes(tmp_path):
    facts = told(tmp_path).facts
    facts.batch_loss.__init__(100)
    values = np.random.default_rng(1).random(5000)
    for step, value in enumerate(values):
        facts.batch_loss.add(step, value)
    spans = next(c for c in charts(facts) if c.id == "batch-loss").spans()
    assert len(spans) <= 24
    found = [y for _, _, (ys,) in spans for y in ys]
    assert (min(found), max(found)) == (values.min(), values.max())


def test_it_is_written_while_the_run_goes_on_but_not_for_every_event(tmp_path, monkeypatch):
    sink, written = Dashboard(tmp_path / "d.html", every=10.0), []
    real = sink._write
    monkeypatch.setattr(sink, "_write", lambda: (written.append(sink.facts.updated), real()))
    events = list(run(epochs=20))
    tell(sink, events[:-3])
    assert written == [1000.0 + 10 * i for i in range(len(written))]
    assert len(written) == len(events[:-3]) // 10 + 1
    assert "training</span>" in (tmp_path / "d.html").read_text("utf-8")
    assert list(tmp_path.iterdir()) == [tmp_path / "d.html"], "nothing half-written lies about"
    tell(sink, events[-3:], start=2000.0)
    sink.close()
    assert "20 of 20" in (tmp_path / "d.html").read_text("utf-8")
    before = len(written)
    sink.close()
    assert len(written) == before, "nothing new, nothing written"


def test_the_clock_may_jump_back(tmp_path):
    sink = tell(Dashboard(tmp_path / "d.html", every=10.0), list(run())[:2], start=5000.0)
    tell(sink, list(run())[2:4], start=100.0)
    assert sink._written == 100.0
    sink.close()


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"d\.html"):
        tell(Dashboard(tmp_path / "file" / "d.html"), run())


def test_data_never_ends_its_element():
    text = data_block({"x": "</script>&\u2028\u2029<!--"})
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text) == {"x": "</script>&\u2028\u2029<!--"}
    with pytest.raises(ValueError, match="JSON"):
        data_block(float("nan"))


PAINTED = """() => [...document.querySelectorAll('canvas')].map(c => {
  const copy = Object.assign(document.createElement('canvas'), {width: c.width, height: c.height});
  const pen = copy.getContext('2d', {willReadFrequently: true});
  pen.drawImage(c, 0, 0);
  const d = pen.getImageData(0, 0, c.width, c.height).data;
  return d.some((v, i) => i % 4 === 3 && v > 0) && c.offsetHeight > 60;
})"""


@pytest.mark.browser
@pytest.mark.parametrize("text", ["cells", HOSTILE[1], HOSTILE[3]], ids=["plain", "script", "svg"])
def test_in_a_browser_the_charts_are_drawn_and_nothing_is_asked_for(text, tmp_path, browser):
    if asset_text("chart.js") is None:
        pytest.skip("Chart.js is not installed: neurogebra assets install")
    facts = told(tmp_path, run(text, key="f1", epochs=5)).facts
    visit = Visit(browser, tmp_path / "d.html", viewport={"width": 1024, "height": 800})
    painted = visit.of(PAINTED)
    assert len(painted) == len(charts(facts)) + len(maps(facts.looks))
    assert all(painted)
    assert visit.of("document.querySelector('h1').textContent") == text
    visit.page.click("#metric-0 .log")
    assert visit.of("Chart.getChart(document.querySelector('#metric-0 canvas')).scales.y.type") == (
        "logarithmic"
    )
    visit.page.focus("#metric-0 .legend button")
    visit.page.keyboard.press("Enter")
    assert not visit.of(
        "Chart.getChart(document.querySelector('#metric-0 canvas')).isDatasetVisible(0)"
    )
    paper = "getComputedStyle(document.body).backgroundColor"
    light = visit.of(paper)
    visit.page.click("#theme")
    assert visit.of(paper) != light
    assert all(visit.of(PAINTED))
    visit.end()


@pytest.mark.browser
@pytest.mark.parametrize("scripted", [True, False])
@pytest.mark.parametrize("width", [1440, 390])
def test_in_a_browser_without_chart_js_the_curves_are_svg(scripted, width, tmp_path, browser):
    facts = told(tmp_path, run("cells", key="f1", epochs=5)).facts
    (tmp_path / "plain.html").write_text(page(facts, ""), "utf-8")
    size = {"width": width, "height": 800}
    visit = Visit(browser, tmp_path / "plain.html", viewport=size, java_script_enabled=scripted)
    assert visit.page.locator(".plot path.line").count() == 5
    assert visit.page.locator(".map .names text").count() == len(maps(facts.looks)) == 4
    assert visit.page.locator(".map .field").first.is_visible() is not scripted, "or its canvas"
    assert visit.page.locator(".plot").first.is_visible()
    visit.end(scripted)


@pytest.mark.browser
def test_the_browser_test_sees_a_page_that_is_not_closed(tmp_path, browser):
    """The tooth: an image, a foreign script and an inline handler must all be noticed."""
    told(tmp_path, run("cells"))
    source = (tmp_path / "d.html").read_text("utf-8")
    bad = source.replace("</main>", "<img src='http://127.0.0.1:9/x.png'><script>1</script></main>")
    (tmp_path / "bad.html").write_text(bad, "utf-8")
    visit = Visit(browser, tmp_path / "bad.html")
    with pytest.raises(AssertionError):
        visit.end()
    visit.context.close()
