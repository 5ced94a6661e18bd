"use strict";
const neurogebra = (() => {
  const root = document.documentElement;
  const colour = (name) => getComputedStyle(root).getPropertyValue("--" + name).trim();
  const kept = (store) => ({
    get: (key) => { try { return store().getItem(key); } catch { return null; } },
    set: (key, v) => { try { store().setItem(key, v); } catch { /* private mode */ } },
  });
  const redraws = [];

  function short(value) {
    if (value === 0) return "0";
    const size = Math.abs(value);
    if (size < 1e-3 || size >= 1e6) return value.toExponential(1).replace("e+", "e").replace(".0e", "e");
    return value.toLocaleString("en", { maximumSignificantDigits: 4 });
  }

  function make(kind, name, parent, words = "") {
    const made = document.createElement(kind);
    made.className = name;
    made.textContent = words;
    parent.append(made);
    return made;
  }

  /* A picture that is zoomed by dragging and read with the keyboard.
     span() gives the two ends of its field in pixels; zoom(from, to) takes shares of what is shown,
     zoom() shows all; move(key) reads another value; around() is the share that is read. */
  function explore(figure, { span, zoom, move, around, leave }) {
    const box = figure.querySelector(".canvas");
    const reading = document.createElement("output");
    reading.className = "reading";
    box.after(reading);
    const all = make("button", "all", figure.querySelector("figcaption"), "Show all");
    all.type = "button";
    all.hidden = true;
    const band = make("div", "band", box);
    band.hidden = true;
    box.tabIndex = 0;
    box.setAttribute("aria-describedby", "keys");
    let from = null;
    const place = (event) => {
      const [low, high] = span();
      return Math.min(high, Math.max(low, event.clientX - box.getBoundingClientRect().left));
    };
    const show = (a, b) => { all.hidden = a === undefined; zoom(a, b); };
    box.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || event.pointerType === "touch") return;
      from = place(event);
      box.setPointerCapture(event.pointerId);
    });
    box.addEventListener("pointermove", (event) => {
      if (from === null) return;
      const to = place(event);
      band.hidden = Math.abs(to - from) < 6;
      band.style.left = Math.min(from, to) + "px";
      band.style.width = Math.abs(to - from) + "px";
    });
    const stop = (event) => {
      if (from === null) return;
      const [low, high] = span();
      const ends = [from, place(event)].sort((a, b) => a - b).map((at) => (at - low) / (high - low));
      const wide = !band.hidden;
      band.hidden = true;
      from = null;
      if (wide && event.type === "pointerup") show(...ends);
    };
    box.addEventListener("pointerup", stop);
    box.addEventListener("pointercancel", stop);
    box.addEventListener("dblclick", () => show());
    all.addEventListener("click", () => { show(); box.focus(); });
    box.addEventListener("blur", () => { reading.textContent = ""; leave(); });
    box.addEventListener("keydown", (event) => {
      const at = around();
      const shares = { "+": [at / 2, at / 2 + 0.5], "=": [at / 2, at / 2 + 0.5], "-": [-0.5, 1.5] }[event.key];
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (shares) show(...shares);
      else if (event.key === "0" || event.key === "Escape") show();
      else if (!move(event.key)) return;
      event.preventDefault();
    });
    return { say: (words) => { reading.textContent = words; }, whole: () => { all.hidden = true; } };
  }

  function startTheme() {
    const store = kept(() => localStorage);
    const system = matchMedia("(prefers-color-scheme: dark)");
    const button = document.getElementById("theme");
    const dark = () => (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
    const label = () => {
      button.textContent = dark() ? "Light" : "Dark";
      button.setAttribute("aria-label", dark() ? "Light colours" : "Dark colours");
    };
    const show = () => { label(); redraws.forEach((redraw) => redraw()); };
    const before = store.get("neurogebra-theme");
    if (before === "dark" || before === "light") root.dataset.theme = before;
    button.addEventListener("click", () => {
      root.dataset.theme = dark() ? "light" : "dark";
      store.set("neurogebra-theme", root.dataset.theme);
      show();
    });
    system.addEventListener("change", show);
    button.hidden = false;
    label();
  }

  function startFollowing() {
    const live = document.querySelector(".going");
    if (!live) return;
    const store = kept(() => sessionStorage);
    const button = make("button", "follow", live, "Follow");
    button.type = "button";
    let timer = 0;
    const show = (on) => {
      button.setAttribute("aria-pressed", String(on));
      clearTimeout(timer);
      if (on) timer = setTimeout(() => location.reload(), 5000);
    };
    button.addEventListener("click", () => {
      const on = button.getAttribute("aria-pressed") !== "true";
      store.set("neurogebra-follow", String(on));
      show(on);
    });
    show(store.get("neurogebra-follow") === "true");
  }

  document.getElementById("keys").hidden = false;
  startTheme();
  startFollowing();
  return { colour, short, explore, redraws };
})();
