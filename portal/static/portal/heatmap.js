// Adds to the server's picture of payoffs: a cross-hair with a fixed read-out, by pointer and by keyboard, and the way
// down to the pairing of a cell. The figures come with the page, or, for large pictures, when they are first wanted.

const SVG = "http://www.w3.org/2000/svg";

const number = (value, digits = 3) =>
  value
    .toFixed(digits)
    .replace(/^-(?=[0.]*$)/, "")
    .replace("-", "−"); // Zero has no sign.
const share = (value) => `${(100 * value).toFixed(value > 0 && value < 0.0995 ? 1 : 0)} %`;

/** The standard error beside a mean: all alike where it is zero but for rounding. */
const spread = (error, alike) => (error < 1e-7 ? alike : error < 0.0005 ? "± < 0.001" : `± ${number(error)}`);
const clamp = (value, least, most) => Math.min(Math.max(value, least), most);

class HeatMap {
  constructor(figure) {
    this.figure = figure;
    this.picture = figure.querySelector(".payoff-map");
    this.words = figure.querySelector("[data-readout]");
    const [left, top, side, rows, columns] = this.picture.dataset.cells.split(" ").map(Number);
    Object.assign(this, { left, top, side, rows, columns, at: null });
    this.hair = document.createElementNS(SVG, "path");
    this.hair.setAttribute("class", "cross-hair");
    this.picture.append(this.hair);
    this.listen();
    figure.dataset.ready = "";
  }

  /** The figures: inline, or fetched once. */
  data() {
    const inline = this.figure.querySelector("script[type='application/json']");
    this.figures ??= inline
      ? Promise.resolve(JSON.parse(inline.textContent))
      : fetch(this.figure.dataset.address).then((answer) => answer.json());
    return this.figures;
  }

  listen() {
    const { picture, figure } = this;
    picture.addEventListener("pointermove", (event) => this.point(this.cellAt(event)));
    picture.addEventListener("pointerleave", () => {
      if (document.activeElement !== figure) this.point(null);
    });
    picture.addEventListener("click", (event) => {
      const cell = this.cellAt(event);
      if (!cell || event.target.closest("a")) return;
      this.point(cell);
      if (event.pointerType !== "touch") this.open();
    });
    figure.addEventListener("focus", () => {
      if (!this.at) this.point([0, 0]);
    });
    figure.addEventListener("keydown", (event) => this.onKey(event));
  }

  cellAt({ clientX, clientY }) {
    const box = this.picture.getBoundingClientRect();
    const scale = this.picture.viewBox.baseVal.width / box.width;
    const column = Math.floor(((clientX - box.left) * scale - this.left) / this.side);
    const row = Math.floor(((clientY - box.top) * scale - this.top) / this.side);
    return row >= 0 && row < this.rows && column >= 0 && column < this.columns ? [row, column] : null;
  }

  onKey(event) {
    const by = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (by) {
      event.preventDefault();
      const [row, column] = this.at ?? [0, 0];
      this.point([clamp(row + by[0], 0, this.rows - 1), clamp(column + by[1], 0, this.columns - 1)]);
    } else if (event.key === "Enter" && event.target === this.figure) {
      this.open();
    }
  }

  async point(cell) {
    this.at = cell;
    if (!cell) {
      this.hair.setAttribute("d", "");
      this.words.textContent = this.words.dataset.readout;
      return;
    }
    const [row, column] = cell;
    const { left, top, side, rows, columns } = this;
    const [x, y, right, bottom] = [left + column * side, top + row * side, left + columns * side, top + rows * side];
    this.hair.setAttribute("d", `M0 ${y}H${right}v${side}H0zM${x} 0V${bottom}h${side}V0z`);
    const data = await this.data();
    if (this.at === cell) this.words.textContent = this.describe(data, row, column);
  }

  describe(data, row, column) {
    const [camera, target] = [data.cameras[row], data.targets[column]];
    const value = data.payoff[row][column];
    const names = `${camera.name} (${share(camera.nash)}) – ${target.name} (${share(target.nash)})`;
    if (value === null) return `${names}: ${this.words.dataset.unplayed}`;
    const error = data.error[row][column];
    const count = data.count[row][column];
    const episodes = count ? `, ${count} ${this.words.dataset.episodes}` : ""; // Imported payoffs come without theirs.
    const margin = error === null ? "" : ` ${spread(error, this.words.dataset.alike)}`;
    return `${names}: ${number(value)}${margin}${episodes}`;
  }

  async open() {
    if (!this.at) return;
    const data = await this.data();
    const pairing = data.pairing[this.at[0]][this.at[1]];
    if (pairing !== null) location.assign(data.address.replace("/0/", `/${pairing}/`));
  }
}

const start = () => {
  for (const figure of document.querySelectorAll("[data-heatmap]:not([data-ready])")) new HeatMap(figure);
};
start();
document.addEventListener("htmx:afterSwap", start); // Another iteration of a run has another picture.
