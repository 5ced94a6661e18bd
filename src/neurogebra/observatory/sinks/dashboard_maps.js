"use strict";
(() => {
  const { colour, short, explore, redraws } = neurogebra;

  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

  function numbers(text) {
    const raw = bytes(text);
    const bits = new Uint32Array(raw.length / 3);
    for (let i = 0; i < bits.length; i++) bits[i] = (raw[3 * i] << 24) | (raw[3 * i + 1] << 16) | (raw[3 * i + 2] << 8);
    return new Float32Array(bits.buffer);
  }

  const parts = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  const shades = Array.from({ length: 16 }, (_, i) => parts(colour("h" + i)));

  function mixed(share) {
    const at = Math.min(0.99999, Math.max(0, share)) * (shades.length - 1);
    const low = Math.floor(at);
    return shades[low].map((v, i) => v + (at - low) * (shades[low + 1][i] - v));
  }

  class HeatMap {
    constructor(spec) {
      this.spec = spec;
      this.figure = document.getElementById(spec.id);
      this.mean = numbers(spec.mean);
      this.low = spec.low ? numbers(spec.low) : this.mean;
      this.high = spec.high ? numbers(spec.high) : this.mean;
      this.looks = new Uint16Array(bytes(spec.looks).buffer);
      this.bad = new Map(spec.bad.map(([row, bin, n]) => [row * spec.bins + bin, n]));
      this.view = [0, spec.bins];
      this.at = null;
      this.canvas = document.createElement("canvas");
      this.canvas.setAttribute("aria-hidden", "true");
      this.figure.querySelector(".map").append(this.canvas);
      this.picture = this.painted();
      this.reader = explore(this.figure, {
        span: () => {
          const left = this.canvas.offsetLeft;
          return [left, left + this.canvas.offsetWidth];
        },
        zoom: (from, to) => this.zoom(from, to),
        move: (key) => this.move(key),
        around: () => (this.at ? (this.at.bin + 0.5 - this.view[0]) / (this.view[1] - this.view[0]) : 0.5),
        leave: () => { this.at = null; this.draw(); },
      });
      this.canvas.addEventListener("pointermove", (event) => this.point(event));
      this.canvas.addEventListener("pointerleave", () => { this.at = null; this.reader.say(""); this.draw(); });
      new ResizeObserver(() => this.draw()).observe(this.canvas);
      this.figure.classList.add("drawn");
    }

    colourOf(i) {
      if (this.bad.has(i) || Number.isNaN(this.mean[i])) return parts(colour("nan"));
      const { log, ends } = this.spec;
      if (log && this.mean[i] === 0) return parts(colour("zero"));
      const [value, low, high] = [this.mean[i], ...ends].map((v) => (log ? Math.log(v) : v));
      return mixed((value - low) / (high - low));
    }

    painted() {
      const { rows, bins } = this.spec;
      const canvas = document.createElement("canvas");
      canvas.width = bins;
      canvas.height = rows.length;
      const pen = canvas.getContext("2d");
      const image = pen.createImageData(bins, rows.length);
      for (let row = 0; row < rows.length; row++) {
        let last = bins - 1;
        while (last >= 0 && !this.looks[row * bins + last]) last--;
        let held = null;
        for (let bin = 0; bin <= last; bin++) {
          const i = row * bins + bin;
          if (this.looks[i]) held = this.colourOf(i);
          if (held) image.data.set([...held, 255], 4 * i);
        }
      }
      pen.putImageData(image, 0, 0);
      return canvas;
    }

    draw() {
      const { canvas, spec, view } = this;
      const ratio = devicePixelRatio || 1;
      const [wide, high] = [canvas.clientWidth * ratio, canvas.clientHeight * ratio].map(Math.round);
      if (!wide || !high) return;
      canvas.width = wide;
      canvas.height = high;
      const pen = canvas.getContext("2d");
      pen.imageSmoothingEnabled = false;
      pen.drawImage(this.picture, view[0], 0, view[1] - view[0], spec.rows.length, 0, 0, wide, high);
      if (!this.at) return;
      const scale = wide / (view[1] - view[0]);
      const [start, stop] = this.stretch(this.at.row, this.at.bin);
      const [x, y, tall] = [(start - view[0]) * scale, (this.at.row * high) / spec.rows.length, high / spec.rows.length];
      for (const [tone, width] of [["card", 4], ["ink", 2]]) {
        pen.strokeStyle = colour(tone);
        pen.lineWidth = width * ratio;
        pen.strokeRect(x, y, (stop - start) * scale, tall);
      }
    }

    stretch(row, bin) {
      const { bins } = this.spec;
      let stop = bin + 1;
      while (stop < bins && !this.looks[row * bins + stop]) stop++;
      return [bin, stop < bins ? stop : bin + 1];
    }

    look(row, bin) {
      while (bin >= 0 && !this.looks[row * this.spec.bins + bin]) bin--;
      return bin;
    }

    read(row, bin) {
      const found = this.look(row, bin);
      const ends = found < 0 ? [0, 0] : this.stretch(row, found);
      if (found < 0 || bin >= ends[1]) {
        this.at = null;
        this.reader.say(this.spec.rows[row] + ": not looked at");
      } else {
        this.at = { row, bin: found };
        this.reader.say(this.words(row, found));
      }
      this.draw();
    }

    words(row, bin) {
      const { spec } = this;
      const i = row * spec.bins + bin;
      const first = spec.origin + bin * spec.width;
      const last = Math.min(spec.last, first + spec.width - 1);
      const say = (v) => (Number.isNaN(v) ? "NaN or infinite" : short(v) + (spec.log ? "" : " %"));
      const when = first === last ? "step " + short(first) : "steps " + short(first) + "–" + short(last);
      const range = this.low[i] < this.high[i] ? " (lowest " + say(this.low[i]) + ", highest " + say(this.high[i]) + ")" : "";
      const bad = this.bad.has(i) ? " · NaN or infinite in " + this.bad.get(i) + " of " + this.looks[i] + " looks" : "";
      const looks = this.looks[i] > 1 ? " · mean of " + this.looks[i] + " looks" : "";
      return spec.rows[row] + " · " + when + " · " + say(this.mean[i]) + range + looks + bad;
    }

    point(event) {
      const box = this.canvas.getBoundingClientRect();
      const [from, to] = this.view;
      const inside = (share, n) => Math.min(n - 1, Math.max(0, Math.floor(share * n)));
      const bin = Math.floor(from + inside((event.clientX - box.left) / box.width, 1e6) / 1e6 * (to - from));
      this.read(inside((event.clientY - box.top) / box.height, this.spec.rows.length), bin);
    }

    move(key) {
      const { bins, rows } = this.spec;
      const { row, bin } = this.at ?? { row: 0, bin: -1 };
      const next = (at, by) => {
        let to = at + by;
        while (to >= 0 && to < bins && !this.looks[row * bins + to]) to += by;
        return to < 0 || to >= bins ? at : to;
      };
      const to = {
        ArrowRight: [row, next(bin, 1)], ArrowLeft: [row, next(bin, -1)], ArrowDown: [row + 1, bin], ArrowUp: [row - 1, bin],
        Home: [row, next(-1, 1)], End: [row, next(bins, -1)], PageDown: [row + 10, bin], PageUp: [row - 10, bin],
      }[key];
      if (!to) return false;
      this.read(Math.min(rows.length - 1, Math.max(0, to[0])), Math.max(0, to[1]));
      return true;
    }

    zoom(from, to) {
      const [low, high] = this.view;
      const all = this.spec.bins;
      this.view = [0, all];
      if (from !== undefined) {
        const first = Math.max(0, Math.floor(low + from * (high - low)));
        this.view = [first, Math.min(all, Math.max(first + 1, Math.ceil(low + to * (high - low))))];
      }
      if (this.view[1] - this.view[0] === all) this.reader.whole();
      this.label();
      this.draw();
    }

    label() {
      const place = this.figure.querySelector(".xs");
      this.ticks ??= [...place.childNodes];
      const { origin, width, bins } = this.spec;
      if (this.view[1] - this.view[0] === bins) {
        place.replaceChildren(...this.ticks);
        return;
      }
      place.replaceChildren(...[0, 0.5, 1].map((share) => {
        const tick = this.ticks[0].cloneNode();
        tick.setAttribute("x", share * 100 + "%");
        tick.textContent = short(origin + width * (this.view[0] + share * (this.view[1] - this.view[0])));
        return tick;
      }));
    }
  }

  const made = JSON.parse(document.getElementById("maps").textContent).map((spec) => new HeatMap(spec));
  redraws.push(() => made.forEach((map) => { map.picture = map.painted(); map.draw(); }));
})();
