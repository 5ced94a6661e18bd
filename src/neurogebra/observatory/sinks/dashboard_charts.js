"use strict";
(() => {
  if (typeof Chart === "undefined") return;
  const { colour, short, explore, redraws } = neurogebra;
  const specs = JSON.parse(document.getElementById("data").textContent);
  const drawn = new Map();
  const views = new Map(); // what is zoomed: [first x, last x]
  const cursors = new Map();
  const readers = new Map();

  function dataset(series, spec) {
    const tone = colour(series.tone);
    const data = series.points.map(([x, y]) => ({ x, y }));
    const alone = (i) => data[i].y !== null && (data[i - 1]?.y ?? null) === null && (data[i + 1]?.y ?? null) === null;
    const thin = spec.id === "batch-loss" || spec.series.length > 8;
    const few = data.length <= 40 && spec.series.length <= 3;
    return {
      label: series.name, data, borderColor: tone, backgroundColor: tone,
      borderWidth: spec.kind === "bar" ? 0 : thin ? 1.2 : 2, borderJoinStyle: "round",
      pointRadius: (c) => (alone(c.dataIndex) ? 3 : few ? 1.8 : 0), pointHitRadius: 6, pointHoverRadius: 4,
      pointBorderWidth: 0, maxBarThickness: 26, borderRadius: 3, borderSkipped: "bottom",
    };
  }

  function axes(spec, type) {
    const view = views.get(spec.id);
    const ticks = { color: colour("soft"), font: { size: 11.5 }, padding: 6, maxRotation: 0, autoSkip: Boolean(view), maxTicksLimit: 7, callback: short };
    const placed = (range) => (view ? {} : { min: range.min, max: range.max, afterBuildTicks: (axis) => { axis.ticks = range.ticks.map((value) => ({ value })); } });
    const ends = view ? { min: view[0], max: view[1] } : {};
    return {
      x: { border: { display: false }, ticks, type: "linear", offset: false, grid: { display: false }, ...placed(spec.x), ...ends },
      y: { border: { display: false }, ticks, type, grid: { color: colour("line"), drawTicks: false }, ...placed(spec.y[type]),
        afterFit: (axis) => { axis.width = 52; } },
    };
  }

  function tooltip(spec) {
    return {
      backgroundColor: colour("card"), titleColor: colour("soft"), bodyColor: colour("ink"),
      borderColor: colour("line"), borderWidth: 1, padding: 10, cornerRadius: 8, boxPadding: 5,
      boxWidth: 8, boxHeight: 8, filter: (_, i) => i < 12,
      callbacks: {
        title: (items) => (items.length ? spec.name + " " + short(items[0].parsed.x) : ""),
        label: (item) => " " + item.dataset.label + "  " + short(item.parsed.y),
      },
    };
  }

  function draw(spec) {
    const figure = document.getElementById(spec.id);
    const before = drawn.get(spec.id);
    const hidden = before ? before.data.datasets.map((_, i) => !before.isDatasetVisible(i)) : [];
    before?.destroy();
    const box = figure.querySelector(".canvas");
    const canvas = box.querySelector("canvas") ?? box.appendChild(document.createElement("canvas"));
    canvas.setAttribute("aria-hidden", "true");
    const log = (figure.querySelector(".log")?.getAttribute("aria-pressed") ?? String(spec.log)) === "true";
    const datasets = spec.series.map((s, i) => ({ ...dataset(s, spec), hidden: hidden[i] ?? false }));
    drawn.set(spec.id, new Chart(canvas, {
      type: spec.kind,
      data: { datasets },
      options: {
        parsing: false, normalized: true, animation: false, responsive: true, maintainAspectRatio: false,
        spanGaps: false, interaction: { mode: "nearest", axis: "x", intersect: false },
        font: { family: colour("sans") }, scales: axes(spec, log ? "logarithmic" : "linear"), layout: { padding: { top: 6, right: 8 } },
        plugins: { legend: { display: false }, tooltip: tooltip(spec) },
      },
    }));
  }

  function zoom(spec, from, to) {
    const [low, high] = views.get(spec.id) ?? [spec.x.min, spec.x.max];
    if (from === undefined) views.delete(spec.id);
    else {
      const first = Math.max(spec.x.min, low + from * (high - low));
      const last = Math.min(spec.x.max, low + to * (high - low));
      views.set(spec.id, [first, last]);
      if (first <= spec.x.min && last >= spec.x.max) {
        views.delete(spec.id);
        readers.get(spec.id).whole();
      }
    }
    draw(spec);
  }

  function places(spec) {
    const chart = drawn.get(spec.id);
    const [low, high] = views.get(spec.id) ?? [spec.x.min, spec.x.max];
    const shown = spec.series.filter((_, i) => chart.isDatasetVisible(i));
    const found = shown.flatMap((s) => s.points.filter((p) => p[1] !== null && p[0] >= low && p[0] <= high).map((p) => p[0]));
    return [...new Set(found)].sort((a, b) => a - b);
  }

  function move(spec, key) {
    const xs = places(spec);
    if (!xs.length) return false;
    const now = cursors.get(spec.id);
    const at = now === undefined ? -1 : xs.findLastIndex((x) => x <= now);
    const jump = Math.max(1, Math.round(xs.length / 20));
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: xs.length - 1, PageDown: at + jump, PageUp: at - jump }[key];
    if (to === undefined) return false;
    read(spec, xs[Math.min(xs.length - 1, Math.max(0, to))]);
    return true;
  }

  function read(spec, x) {
    cursors.set(spec.id, x);
    const chart = drawn.get(spec.id);
    const active = [];
    spec.series.forEach((series, datasetIndex) => {
      const index = series.points.findIndex((p) => p[0] === x && p[1] !== null);
      if (index >= 0 && chart.isDatasetVisible(datasetIndex)) active.push({ datasetIndex, index });
    });
    chart.setActiveElements(active);
    chart.tooltip.setActiveElements(active, { x: 0, y: 0 });
    chart.update("none");
    const told = active.slice(0, 10).map((a) => spec.series[a.datasetIndex].name + " " + short(spec.series[a.datasetIndex].points[a.index][1]));
    readers.get(spec.id).say(spec.name + " " + short(x) + ": " + told.join(" · "));
  }

  function explored(spec) {
    const area = () => drawn.get(spec.id).chartArea;
    return explore(document.getElementById(spec.id), {
      span: () => [area().left, area().right],
      zoom: (from, to) => zoom(spec, from, to),
      move: (key) => move(spec, key),
      around: () => {
        const [low, high] = views.get(spec.id) ?? [spec.x.min, spec.x.max];
        return Math.min(1, Math.max(0, ((cursors.get(spec.id) ?? (low + high) / 2) - low) / (high - low || 1)));
      },
      leave: () => {
        const chart = drawn.get(spec.id);
        chart.setActiveElements([]);
        chart.tooltip.setActiveElements([], { x: 0, y: 0 });
        chart.update("none");
      },
    });
  }

  function legendButtons(spec) {
    for (const entry of document.querySelectorAll("#" + spec.id + " .legend li[data-at]")) {
      const button = document.createElement("button");
      button.type = "button";
      button.setAttribute("aria-pressed", "true");
      button.append(...entry.childNodes);
      entry.append(button);
      button.addEventListener("click", () => {
        const shown = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", String(shown));
        drawn.get(spec.id).setDatasetVisibility(Number(entry.dataset.at), shown);
        drawn.get(spec.id).update();
      });
    }
  }

  const full = specs.filter((s) => document.querySelector("#" + s.id + " .plot"));
  Chart.defaults.font.family = colour("sans");
  for (const spec of full) {
    draw(spec);
    readers.set(spec.id, explored(spec));
    legendButtons(spec);
    const log = document.querySelector("#" + spec.id + " .log");
    if (spec.y.logarithmic) log?.removeAttribute("hidden");
    log?.addEventListener("click", () => {
      log.setAttribute("aria-pressed", String(log.getAttribute("aria-pressed") !== "true"));
      draw(spec);
    });
  }
  document.documentElement.classList.add("charted");
  for (const chart of drawn.values()) chart.resize();
  redraws.push(() => full.forEach(draw));
})();
