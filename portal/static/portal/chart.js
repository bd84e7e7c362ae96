// Adds to the server's charts: a read-out under the pointer, zooming into a range by dragging, and smoothing. Each
// chart has its figures beside it as JSON; charts of one group share their smoothing.

const SVG = "http://www.w3.org/2000/svg";

/** A number in few letters: 1.2 M, 35 k, 0.043. As the server writes it. */
export function brief(value) {
  const size = Math.abs(value);
  const digits = (number) => Number(number.toPrecision(3)).toString();
  let text = digits(value);
  if (size >= 999500) text = `${digits(value / 1e6)} M`;
  else if (size >= 9995) text = `${digits(value / 1e3)} k`;
  else if (size >= 1000) text = value.toFixed(0);
  return text.replace("-", "−");
}

/** Exponential smoothing without bias towards the start: each value weighs `weight` times as much as the next. */
export function smooth(points, weight) {
  let [sum, total] = [0, 0];
  return points.map(([x, y]) => {
    sum = sum * weight + y;
    total = total * weight + 1;
    return [x, sum / total];
  });
}

/** About `count` round values between two. */
export function roundValues(low, high, count) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= 0.999 * rough);
  const values = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + 1e-9 * step; n += 1) values.push(n * step);
  return values;
}

const make = (name, attributes, text) => {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
};

class Chart {
  constructor(figure) {
    this.figure = figure;
    this.svg = figure.querySelector("svg.chart");
    this.data = JSON.parse(figure.querySelector("script[type='application/json']").textContent);
    [this.width, this.height, this.left, this.right, this.top, this.bottom] = this.data.size;
    this.words = figure.querySelector("[data-readout]");
    this.range = null;
    this.weight = 0;
    this.cursor = make("line", { class: "cursor", x1: -9, x2: -9, y1: this.top, y2: this.height - this.bottom });
    this.zone = make("rect", { class: "zone", y: this.top, height: this.height - this.bottom - this.top });
    this.marks = [...this.svg.querySelectorAll(".mark")].map((mark) => ({ mark, x: null }));
    this.listen();
    figure.dataset.ready = "";
  }

  get shown() {
    return this.data.series.map(({ points, ...one }) => ({
      ...one,
      points: this.weight ? smooth(points, this.weight) : points,
    }));
  }

  /** The range of x and y that is drawn, from all curves within the zoomed range. */
  bounds(series) {
    const xs = series.flatMap(({ points }) => [points.at(0)?.[0], points.at(-1)?.[0]]).filter((x) => x !== undefined);
    const [x0, x1] = this.range ?? [Math.min(...xs), Math.max(...xs)];
    const ys = series.flatMap(({ points, band }) => [
      ...points.filter(([x]) => x >= x0 && x <= x1).map(([, y]) => y),
      ...band.filter(([x]) => x >= x0 && x <= x1).flatMap(([, low, high]) => [low, high]),
    ]);
    if (this.data.level !== null) ys.push(this.data.level);
    let [low, high] = [Math.min(...ys), Math.max(...ys)];
    if (!(high > low)) [low, high] = [low - 0.5 * (Math.abs(low) || 1), high + 0.5 * (Math.abs(high) || 1)];
    const slack = 0.04 * (high - low);
    return [x0, x1, low - slack, high + slack];
  }

  draw() {
    const series = this.shown;
    const [x0, x1, y0, y1] = this.bounds(series);
    this.across = (x) => this.left + ((x - x0) / (x1 - x0)) * (this.width - this.right - this.left);
    this.up = (y) => this.height - this.bottom - ((y - y0) / (y1 - y0)) * (this.height - this.bottom - this.top);
    this.back = (px) => x0 + ((px - this.left) / (this.width - this.right - this.left)) * (x1 - x0);
    const axes = this.svg.querySelector(".axes");
    const title = axes.querySelector(".title");
    const right = this.width - this.right;
    axes.replaceChildren(
      ...roundValues(y0, y1, 5).flatMap((y) => [
        make("line", { x1: this.left, x2: right, y1: this.up(y), y2: this.up(y) }),
        make(
          "text",
          { x: this.left - 6, y: this.up(y), "text-anchor": "end", "dominant-baseline": "central" },
          brief(y),
        ),
      ]),
      ...roundValues(x0, x1, 5).map((x) =>
        make("text", { x: this.across(x), y: this.height - this.bottom + 18, "text-anchor": "middle" }, brief(x)),
      ),
      ...(this.data.level === null
        ? []
        : [
            make("line", {
              class: "level",
              x1: this.left,
              x2: right,
              y1: this.up(this.data.level),
              y2: this.up(this.data.level),
            }),
          ]),
      title,
    );
    const path = (points) => points.map(([x, y]) => `${this.across(x).toFixed(1)},${this.up(y).toFixed(1)}`).join(" ");
    const inside = (points) => points.filter(([x]) => x >= x0 && x <= x1);
    [...this.svg.querySelectorAll(".curves > g")].forEach((group, index) => {
      const { points, band } = series[index];
      group.querySelector("polyline").setAttribute("points", path(inside(points)));
      const shown = inside(band);
      group
        .querySelector(".band")
        ?.setAttribute(
          "points",
          path([...shown.map(([x, , high]) => [x, high]), ...shown.map(([x, low]) => [x, low]).reverse()]),
        );
      for (const mark of group.querySelectorAll(".mark")) mark.style.display = this.range || this.weight ? "none" : "";
    });
  }

  place(event) {
    const box = this.svg.getBoundingClientRect();
    const px = ((event.clientX - box.left) * this.width) / box.width;
    return Math.min(Math.max(px, this.left), this.width - this.right);
  }

  listen() {
    this.draw();
    this.svg.append(this.zone, this.cursor);
    let from = null;
    this.svg.addEventListener("pointermove", (event) => {
      const px = this.place(event);
      this.tell(px);
      if (from !== null) {
        this.zone.setAttribute("x", Math.min(from, px));
        this.zone.setAttribute("width", Math.abs(px - from));
      }
    });
    this.svg.addEventListener("pointerdown", (event) => {
      if (event.pointerType === "mouse" && !event.target.closest("a")) from = this.place(event);
    });
    addEventListener("pointerup", (event) => {
      if (from === null) return;
      const ends = [from, this.place(event)].sort((a, b) => a - b);
      from = null;
      this.zone.setAttribute("width", 0);
      if (ends[1] - ends[0] < 8) return;
      this.range = ends.map(this.back);
      this.draw();
    });
    this.svg.addEventListener("dblclick", () => {
      this.range = null;
      this.draw();
    });
    this.svg.addEventListener("pointerleave", () => {
      this.cursor.setAttribute("x1", -9);
      this.cursor.setAttribute("x2", -9);
      this.words.replaceChildren(this.words.dataset.readout);
    });
  }

  /** The value of each curve at the place under the pointer. */
  tell(px) {
    const x = this.back(px);
    this.cursor.setAttribute("x1", px);
    this.cursor.setAttribute("x2", px);
    const values = this.shown.map(({ label, css, points }) => {
      const near = points.reduce(
        (best, point) => (Math.abs(point[0] - x) < Math.abs(best[0] - x) ? point : best),
        points[0] ?? [x, NaN],
      );
      const part = document.createElement("span");
      part.className = `read ${css}`;
      part.textContent = `${label} ${Number.isFinite(near[1]) ? brief(near[1]) : "–"}`;
      return part;
    });
    const head = document.createElement("b");
    head.textContent = `${brief(x)} ${this.data.across}`;
    this.words.replaceChildren(head, ...values);
  }
}

const charts = [...document.querySelectorAll("[data-chart]")].map((figure) => new Chart(figure));
for (const slider of document.querySelectorAll("[data-smoothing]")) {
  slider.addEventListener("input", () => {
    for (const chart of charts) {
      chart.weight = Number(slider.value);
      chart.draw();
    }
  });
}
