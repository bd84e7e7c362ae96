// Opens a chart in Plotly, for readers who want to zoom, pan and read single values. The server's picture stays what
// everybody sees first. Plotly is fetched when somebody reaches for a chart that is in view, and no sooner.

let library = null;

/** Plotly, fetched once with its stylesheet. */
function fetchPlotly({ plotly, plotlyCss }) {
  if (!library) {
    const sheet = document.createElement("link");
    Object.assign(sheet, { rel: "stylesheet", href: plotlyCss });
    document.head.append(sheet);
    library = import(plotly);
    library.catch(() => {
      library = null; // The next reach tries again.
    });
  }
  return library;
}

const ramp = ["#00224e", "#414d6b", "#7c7b78", "#bcaf6f", "#fee838"];
const colour = (name, element = document.documentElement) => getComputedStyle(element).getPropertyValue(name).trim();

/** What both kinds of charts have in common: our colours and type, nothing behind them. */
function layoutOf(more) {
  const [ink, line] = [colour("--ink"), colour("--line")];
  const axis = { gridcolor: line, linecolor: line, zerolinecolor: line, automargin: true };
  return {
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: getComputedStyle(document.body).fontFamily, color: ink, size: 12 },
    margin: { l: 56, r: 16, t: 32, b: 48 },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: colour("--soft"), activecolor: ink },
    hoverlabel: { bgcolor: colour("--paper"), bordercolor: line, font: { color: ink } },
    xaxis: { ...axis },
    yaxis: { ...axis },
    ...more,
  };
}

/** The traces and the layout of payoffs. */
function describePayoffs(data) {
  const plain = (name) => name.replaceAll("&", "&amp;").replaceAll("<", "&lt;"); // Plotly reads tags.
  const label = ({ name }) => plain(name.length > 28 ? `${name.slice(0, 13)}…${name.slice(-12)}` : name);
  const places = (side) => side.map((_, place) => place);
  const errors = data.payoff.map((row, i) =>
    row.map((_, j) => [
      data.error[i][j] ?? "",
      data.count[i][j] ?? "",
      plain(data.cameras[i].name),
      plain(data.targets[j].name),
    ]),
  );
  const layout = layoutOf({ height: Math.max(360, Math.min(900, 120 + 24 * data.cameras.length)) });
  const ticks = (side) => ({ tickmode: "array", tickvals: places(side), ticktext: side.map(label) });
  Object.assign(layout.xaxis, ticks(data.targets), { showgrid: false, tickangle: -45 });
  Object.assign(layout.yaxis, ticks(data.cameras), { showgrid: false, autorange: "reversed" });
  const trace = {
    type: "heatmap",
    x: places(data.targets),
    y: places(data.cameras),
    z: data.payoff,
    customdata: errors,
    colorscale: ramp.map((value, place) => [place / (ramp.length - 1), value]),
    hovertemplate:
      "%{customdata[2]} – %{customdata[3]}<br>%{z:.3f} ± %{customdata[0]:.3f} (%{customdata[1]})<extra></extra>",
    xgap: 1,
    ygap: 1,
  };
  return { traces: [trace], layout };
}

/** The traces and the layout of curves with their bands. */
function describeCurves(data, figure) {
  const traces = data.series.flatMap((one) => {
    const drawn = figure.querySelector(`svg .${one.css.split(" ")[0]}`);
    const ink = (drawn && colour("--series", drawn)) || colour("--ink");
    const [up, down] = [one.band, [...one.band].reverse()];
    const band = {
      type: "scatter",
      mode: "none",
      x: [...up.map(([x]) => x), ...down.map(([x]) => x)],
      y: [...up.map(([, , high]) => high), ...down.map(([, low]) => low)],
      fill: "toself",
      fillcolor: ink,
      opacity: 0.18,
      hoverinfo: "skip",
      showlegend: false,
    };
    const line = {
      type: "scatter",
      mode: one.points.length > 60 ? "lines" : "lines+markers",
      name: one.label.replaceAll("<", "&lt;"),
      x: one.points.map(([x]) => x),
      y: one.points.map(([, y]) => y),
      line: { color: ink, width: 2 },
      marker: { size: 5 },
    };
    return one.band.length ? [band, line] : [line];
  });
  const layout = layoutOf({ height: 380, hovermode: "x unified", legend: { orientation: "h", y: -0.2 } });
  if (typeof data.across === "string") layout.xaxis.title = { text: data.across };
  return { traces, layout };
}

class Explorer {
  constructor(button) {
    this.button = button;
    this.figure = button.closest("[data-heatmap], [data-chart]");
    this.place = null;
    this.name = button.querySelector("[data-label]").textContent;
    button.hidden = false;
    for (const kind of ["pointerenter", "focusin", "touchstart"]) {
      this.figure.addEventListener(kind, () => fetchPlotly(button.dataset), { once: true, passive: true });
    }
    button.addEventListener("click", () => (this.place ? this.close() : this.open()));
    button.dataset.ready = "";
  }

  async data() {
    const inline = this.figure.querySelector("script[type='application/json']");
    return inline ? JSON.parse(inline.textContent) : (await fetch(this.figure.dataset.address)).json();
  }

  async open() {
    this.button.disabled = true;
    try {
      const [plotly, data] = await Promise.all([fetchPlotly(this.button.dataset), this.data()]);
      const isMap = this.figure.matches("[data-heatmap]");
      const { traces, layout } = isMap ? describePayoffs(data) : describeCurves(data, this.figure);
      this.place = document.createElement("div");
      this.place.className = "explorer";
      this.figure.after(this.place);
      this.figure.hidden = true;
      this.place.before(this.button); // It leads back while the picture is hidden.
      await plotly.newPlot(this.place, traces, layout, { displaylogo: false, responsive: true, logging: 0 });
      if (isMap) this.place.on("plotly_click", (event) => this.follow(data, event.points[0]));
      this.say(true);
    } catch {
      this.close();
    } finally {
      this.button.disabled = false;
    }
  }

  /** Go to the pairing of a cell. */
  follow(data, { x, y }) {
    const pairing = data.pairing[y][x];
    if (pairing !== null) location.assign(data.address.replace("/0/", `/${pairing}/`));
  }

  async close() {
    if (this.place) {
      (await library)?.purge(this.place);
      this.place.remove();
      this.place = null;
    }
    this.figure.hidden = false;
    this.figure.prepend(this.button);
    this.say(false);
    this.button.focus();
  }

  say(isOpen) {
    this.button.setAttribute("aria-pressed", String(isOpen));
    this.button.querySelector("[data-label]").textContent = isOpen ? this.button.dataset.back : this.name;
  }
}

const start = () => {
  for (const button of document.querySelectorAll("[data-explore]:not([data-ready])")) new Explorer(button);
};
start();
document.addEventListener("htmx:afterSwap", start);
