// The payoff heat map: drawn by Plotly from the JSON beside it; a cell leads to its pairing. The table below says the same.

const SCALE = [[0, "#00224e"], [0.25, "#414d6b"], [0.5, "#7c7b78"], [0.75, "#bcaf6f"], [1, "#fee838"]]; // cividis

const number = (value, digits = 3) => value.toFixed(digits).replace("-", "−");

/** Plotly reads some HTML in its texts; names are to be shown as they are. */
const plain = (name) => name.replace(/[&<>]/g, (letter) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[letter]);

/** Agents may share a name; Plotly's categories may not. */
const label = (agents, short) => agents.map(({ name, nash }) => {
  const length = short ? 14 : 32;
  const text = plain(name.length > length ? `${name.slice(0, length - 1)}…` : name);
  return nash > 0.0005 ? `${text} <b>${Math.round(100 * nash)} %</b>` : text;
});

function describe(data, row, column) {
  const cell = data.cells[row][column];
  const title = `<b>${plain(data.cameras[row].name)}</b> v <b>${plain(data.targets[column].name)}</b><br>`;
  if (!cell) return `${title}not played`;
  const error = cell.error === null ? "" : ` ± ${number(cell.error)}`;
  return `${title}payoff ${number(cell.payoff)}${error}<br>${cell.count} episodes`;
}

/** The figures in the cells: black or white, whichever can be read on the cell's colour. */
function annotate(z, font) {
  const values = z.flat().filter((value) => value !== null);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const isBright = (value) => (most > least ? (value - least) / (most - least) : 0.5) > 0.47; // Either is 4.5 to 1 or better.
  return z.flatMap((row, y) => row.flatMap((value, x) => (value === null ? [] : [{
    x, y, text: number(value, 2), showarrow: false, captureevents: false,
    font: { ...font, color: isBright(value) ? "#000000" : "#ffffff" },
  }])));
}

function show(holder, data) {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const narrow = holder.clientWidth < 560;
  const columns = data.targets.length;
  const z = data.cells.map((row) => row.map((cell) => cell?.payoff ?? null));
  const showsText = columns <= (narrow ? 5 : 14) && data.cameras.length <= 30;
  const font = { family: style.fontFamily, size: narrow ? 11 : 13, color: colour("--ink") };
  const trace = {
    type: "heatmap", z, colorscale: SCALE, hoverongaps: false, xgap: 2, ygap: 2,
    x: data.targets.map((_, i) => i), y: data.cameras.map((_, i) => i),
    hovertext: z.map((row, i) => row.map((_, j) => describe(data, i, j))), hoverinfo: "text",
    colorbar: { title: { text: "payoff of the camera", side: narrow ? "top" : "right" }, thickness: 12, outlinewidth: 0, orientation: narrow ? "h" : "v", y: narrow ? 1.02 : 0.5, yanchor: narrow ? "bottom" : "middle" },
  };
  const axis = { fixedrange: true, showgrid: false, zeroline: false, automargin: true, ticks: "" };
  const layout = {
    font, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", margin: { l: 8, r: 8, t: narrow ? 60 : 12, b: 8 },
    height: Math.max(300, Math.min(900, 150 + 46 * data.cameras.length)),
    xaxis: { ...axis, title: { text: "target" }, tickvals: trace.x, ticktext: label(data.targets, narrow), tickangle: narrow || columns > 6 ? -40 : 0 },
    yaxis: { ...axis, title: { text: narrow ? "" : "camera" }, tickvals: trace.y, ticktext: label(data.cameras, narrow), autorange: "reversed" },
    annotations: showsText ? annotate(z, font) : [],
    hoverlabel: { bgcolor: colour("--card"), bordercolor: colour("--line"), font: { color: colour("--ink") } },
  };
  return Plotly.react(holder, [trace], layout, { displayModeBar: false, responsive: true });
}

async function start(holder) {
  const data = JSON.parse(document.getElementById(holder.dataset.heatmap).textContent);
  const draw = () => show(holder, data);
  await draw();
  holder.on("plotly_click", ({ points: [{ pointIndex: [row, column] }] }) => {
    const cell = data.cells[row][column];
    if (cell) location.assign(cell.url);
  });
  addEventListener("arena:theme", draw);
  holder.dataset.ready = "";
}

addEventListener("DOMContentLoaded", () => document.querySelectorAll("[data-heatmap]").forEach(start));
