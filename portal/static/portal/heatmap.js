// The payoff heat map: drawn by Plotly from the JSON beside it, with the Nash strategies' shares as bars along both
// edges; a cell
// leads to its pairing. The table below says the same.

const SCALE = [
  [0, "#00224e"],
  [0.25, "#414d6b"],
  [0.5, "#7c7b78"],
  [0.75, "#bcaf6f"],
  [1, "#fee838"],
]; // cividis
const MOST_NAMES = 40; // More names than this along an edge cannot be read; a cell's are told when it is pointed at.

const number = (value, digits = 3) =>
  value
    .toFixed(digits)
    .replace(/^-(?=[0.]*$)/, "")
    .replace("-", "−"); // Zero has no sign.
const share = (value) => `${(100 * value).toFixed(value > 0 && value < 0.0995 ? 1 : 0)} %`;

/**
 * The standard error beside a mean: all alike where it is zero but for rounding, a question mark where it is unknown.
 */
const spread = (error) =>
  error === null ? "± ?" : error < 1e-7 ? "all alike" : error < 0.0005 ? "± < 0.001" : `± ${number(error)}`;

/** Plotly reads some HTML in its texts; names are to be shown as they are. */
const plain = (name) => name.replace(/[&<>]/g, (letter) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[letter]);

/** Agents may share a name; Plotly's categories may not. */
const label = (agents, length) =>
  agents.map(({ name }) => plain(name.length > length ? `${name.slice(0, length - 1)}…` : name));

function describe(data, row, column) {
  const title = `<b>${plain(data.cameras[row].name)}</b> v <b>${plain(data.targets[column].name)}</b><br>`;
  const value = data.payoff[row][column];
  if (value === null) return `${title}not played`;
  const error = data.error[row][column];
  const count = data.count[row][column];
  // Imported payoffs come without theirs.
  const episodes = count ? `<br>${count} episode${count === 1 ? "" : "s"}` : "";
  return `${title}payoff ${number(value)}${error === null ? "" : ` ${spread(error)}`}${episodes}`;
}

/** The figures in the cells: black or white, whichever can be read on the cell's colour. */
function annotate(data, font, isRoomy) {
  const values = data.payoff.flat().filter((value) => value !== null);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  // Either is 4.5 to 1 or better.
  const isBright = (value) => (most > least ? (value - least) / (most - least) : 0.5) > 0.47;
  const text = (value, error, count) =>
    isRoomy && count
      ? `${number(value, 2)}<br><span style="font-size:${font.size - 3}px">${spread(error)}, ${count}</span>`
      : number(value, 2);
  return data.payoff.flatMap((row, y) =>
    row.flatMap((value, x) =>
      value === null
        ? []
        : [
            {
              x,
              y,
              text: text(value, data.error[y][x], data.count[y][x]),
              showarrow: false,
              captureevents: false,
              font: { ...font, color: isBright(value) ? "#000000" : "#ffffff" },
            },
          ],
    ),
  );
}

/** Bars of the Nash shares: above the targets' columns, right of the cameras' rows. */
function edges(data, colour) {
  const hover = (agents) => agents.map(({ name, nash }) => `<b>${plain(name)}</b><br>Nash share ${share(nash)}`);
  const bar = { type: "bar", hoverinfo: "text", showlegend: false, textposition: "none", width: 0.7 };
  const shares = (agents) => agents.map(({ nash }) => nash);
  return [
    {
      ...bar,
      x: data.targets.map((_, i) => i),
      y: shares(data.targets),
      hovertext: hover(data.targets),
      yaxis: "y2",
      marker: { color: colour("--target") },
    },
    {
      ...bar,
      orientation: "h",
      y: data.cameras.map((_, i) => i),
      x: shares(data.cameras),
      hovertext: hover(data.cameras),
      xaxis: "x2",
      marker: { color: colour("--camera") },
    },
  ];
}

function show(holder, data) {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const narrow = holder.clientWidth < 560;
  const [rows, columns] = [data.cameras.length, data.targets.length];
  const font = { family: style.fontFamily, size: narrow ? 11 : 13, color: colour("--ink") };
  const main = [0, narrow ? 0.88 : 0.93];
  const isNamed = (count) => count <= (narrow ? 24 : MOST_NAMES);
  const height = Math.max(300, Math.min(rows > MOST_NAMES && narrow ? 560 : 880, 150 + 46 * rows));
  const showsText = columns <= (narrow ? 5 : 14) && rows <= 30;
  const gap = columns > (narrow ? 20 : 60) ? 0 : columns > 30 || narrow ? 1 : 2;
  const trace = {
    type: "heatmap",
    z: data.payoff,
    colorscale: SCALE,
    hoverongaps: false,
    xgap: gap,
    ygap: gap,
    x: data.targets.map((_, i) => i),
    y: data.cameras.map((_, i) => i),
    hovertext: data.payoff.map((row, i) => row.map((_, j) => describe(data, i, j))),
    hoverinfo: "text",
    colorbar: {
      title: { text: "payoff of the camera", side: narrow ? "top" : "right" },
      thickness: 12,
      outlinewidth: 0,
      orientation: narrow ? "h" : "v",
      y: narrow ? 1.02 : 0.5,
      yanchor: narrow ? "bottom" : "middle",
    },
  };
  const axis = { fixedrange: true, showgrid: false, zeroline: false, automargin: true, ticks: "" };
  const edge = { ...axis, showticklabels: false, range: [0, 1.02] };
  const layout = {
    font,
    height,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    margin: { l: 8, r: 8, t: narrow ? 60 : 12, b: isNamed(columns) ? 8 : 40 },
    xaxis: {
      ...axis,
      domain: main,
      range: [-0.5, columns - 0.5],
      title: { text: narrow && !isNamed(columns) ? "" : "target", standoff: 10 },
      tickvals: trace.x,
      ticktext: label(data.targets, narrow ? 14 : 32),
      tickangle: narrow || columns > 6 ? -40 : 0,
      showticklabels: isNamed(columns),
    },
    yaxis: {
      ...axis,
      domain: main,
      range: [rows - 0.5, -0.5],
      title: { text: narrow ? "" : "camera", standoff: 14 },
      tickvals: trace.y,
      ticktext: label(data.cameras, narrow ? 14 : 32),
      showticklabels: isNamed(rows),
    },
    xaxis2: { ...edge, domain: [main[1] + 0.015, 1] },
    yaxis2: { ...edge, domain: [main[1] + 0.015, 1] },
    annotations: showsText ? annotate(data, font, !narrow && columns <= 8) : [],
    hoverlabel: { bgcolor: colour("--card"), bordercolor: colour("--line"), font: { color: colour("--ink") } },
  };
  return Plotly.react(holder, [trace, ...edges(data, colour)], layout, { displayModeBar: false, responsive: true });
}

async function start(holder) {
  const data = JSON.parse(document.getElementById(holder.dataset.heatmap).textContent);
  const draw = () => show(holder, data);
  await draw();
  holder.on("plotly_click", ({ points: [{ curveNumber, pointIndex }] }) => {
    const pairing = curveNumber === 0 ? data.pairing[pointIndex[0]][pointIndex[1]] : null;
    if (pairing !== null) location.assign(data.address.replace("/0/", `/${pairing}/`));
  });
  addEventListener("arena:theme", draw);
  holder.dataset.ready = "";
}

addEventListener("DOMContentLoaded", () => document.querySelectorAll("[data-heatmap]").forEach(start));
