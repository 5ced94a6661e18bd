"use strict";
(() => {
  const root = document.documentElement;
  const specs = JSON.parse(document.getElementById("data").textContent);
  const drawn = new Map();

  const colour = (name) => getComputedStyle(root).getPropertyValue("--" + name).trim();
  const remember = {
    get: () => { try { return localStorage.getItem("neurogebra-theme"); } catch { return null; } },
    set: (v) => { try { localStorage.setItem("neurogebra-theme", v); } catch { /* private mode */ } },
  };

  function short(value) {
    if (value === 0) return "0";
    const size = Math.abs(value);
    if (size < 1e-3 || size >= 1e6) return value.toExponential(1).replace("e+", "e").replace(".0e", "e");
    return value.toLocaleString("en", { maximumSignificantDigits: 4 });
  }

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
    const common = {
      border: { display: false },
      ticks: { color: colour("soft"), font: { size: 11.5 }, padding: 6, maxRotation: 0, autoSkip: false, callback: short },
    };
    const placed = (axis, range) => { axis.ticks = range.ticks.map((value) => ({ value })); };
    const range = spec.y[type];
    return {
      x: { ...common, type: "linear", min: spec.x.min, max: spec.x.max, offset: false, grid: { display: false },
        afterBuildTicks: (axis) => placed(axis, spec.x) },
      y: { ...common, type, min: range.min, max: range.max, grid: { color: colour("line"), drawTicks: false },
        afterBuildTicks: (axis) => placed(axis, range), afterFit: (axis) => { axis.width = 52; } },
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
    const log = spec.log !== (figure.querySelector(".log")?.getAttribute("aria-pressed") === "true");
    const datasets = spec.series.map((s, i) => ({ ...dataset(s, spec), hidden: hidden[i] ?? false }));
    drawn.set(spec.id, new Chart(canvas, {
      type: spec.kind,
      data: { datasets },
      options: {
        parsing: false, normalized: true, animation: false, responsive: true, maintainAspectRatio: false,
        spanGaps: false, interaction: { mode: "nearest", axis: "x", intersect: false },
        font: { family: colour("sans") }, scales: axes(spec, log ? "logarithmic" : "linear"), layout: { padding: { top: 6, right: 8 } },
        plugins: {
          legend: { display: false },
          tooltip: {
            backgroundColor: colour("card"), titleColor: colour("soft"), bodyColor: colour("ink"),
            borderColor: colour("line"), borderWidth: 1, padding: 10, cornerRadius: 8, boxPadding: 5,
            boxWidth: 8, boxHeight: 8, filter: (_, i) => i < 12,
            callbacks: {
              title: (items) => (items.length ? spec.name + " " + short(items[0].parsed.x) : ""),
              label: (item) => " " + item.dataset.label + "  " + short(item.parsed.y),
            },
          },
        },
      },
    }));
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

  function startCharts() {
    const full = specs.filter((s) => document.querySelector("#" + s.id + " .plot"));
    Chart.defaults.font.family = colour("sans");
    for (const spec of full) {
      draw(spec);
      legendButtons(spec);
      const log = document.querySelector("#" + spec.id + " .log");
      if (spec.y.logarithmic) log?.removeAttribute("hidden");
      log?.addEventListener("click", () => {
        log.setAttribute("aria-pressed", String(log.getAttribute("aria-pressed") !== "true"));
        draw(spec);
      });
    }
    root.classList.add("charted");
    for (const chart of drawn.values()) chart.resize();
    return () => full.forEach(draw);
  }

  function startTheme(redraw) {
    const system = matchMedia("(prefers-color-scheme: dark)");
    const button = document.getElementById("theme");
    const dark = () => (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
    const show = () => {
      button.textContent = dark() ? "Light" : "Dark";
      button.setAttribute("aria-label", "Change to the " + (dark() ? "light" : "dark") + " colours");
      redraw();
    };
    const kept = remember.get();
    if (kept === "dark" || kept === "light") root.dataset.theme = kept;
    button.addEventListener("click", () => {
      root.dataset.theme = dark() ? "light" : "dark";
      remember.set(root.dataset.theme);
      show();
    });
    system.addEventListener("change", show);
    button.hidden = false;
    show();
  }

  const redraw = typeof Chart === "undefined" ? () => {} : startCharts();
  startTheme(redraw);
})();
