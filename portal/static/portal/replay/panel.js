// The figures beside the arena, and the small pictures of how they ran.

const number = (value, digits = 0) => value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits, signDisplay: "negative" }).replace("-", "−");
const percent = (value) => `${number(100 * value, 1)} %`;

/** Fill every [data-fact] below `root` with the figures of frame t. */
export function showFacts(root, replay, t) {
  const { totals } = replay;
  const facts = {
    step: `${number(t)} of ${number(replay.last)}`,
    targetReward: number(totals.reward[t]),
    cameraReward: number(-totals.reward[t]),
    delivered: number(totals.delivered[t]),
    coverage: percent(totals.coverage[t]),
    meanCoverage: percent(totals.meanCoverage[t]),
    transport: percent(replay.columns.mean_transport_rate.at(t)),
  };
  for (const place of root.querySelectorAll("[data-fact]")) {
    const text = facts[place.dataset.fact];
    if (place.textContent !== text) place.textContent = text;
  }
}

/** Fill the cells of the cargo table, rows the warehouses that cargo waits at, columns where it goes. */
export function showCargo(table, replay, t) {
  const cells = table.querySelectorAll("tbody td");
  replay.cargo(t).flat().forEach((count, index) => {
    const text = index % 5 ? String(count) : "·";
    if (cells[index].textContent !== text) cells[index].textContent = text;
  });
}

/** What happens at frame t, in a sentence, for readers who do not see the canvas. */
export function describe(replay, t) {
  const { cameras, targets } = replay.frame(t);
  const tracked = targets.filter((target) => target.isTracked).length;
  const loaded = targets.filter((target) => target.goal >= 0).length;
  const looking = cameras.filter((camera) => camera.tracks).length;
  return `Step ${t}: ${tracked} of ${targets.length} targets are seen, by ${looking} of ${cameras.length} cameras; `
    + `${loaded} carry cargo; ${number(replay.totals.delivered[t])} units are delivered.`;
}

function path(values, width, top, height, least, most) {
  const span = most - least || 1;
  const every = Math.max(1, Math.floor(values.length / (2 * width)));
  const points = [];
  for (let t = 0; t < values.length; t += every) {
    points.push([(t / Math.max(values.length - 1, 1)) * width, top + height * (1 - (values[t] - least) / span)]);
  }
  return points;
}

function stroke(context, points, colour) {
  context.beginPath();
  points.forEach(([x, y], index) => (index ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.strokeStyle = colour;
  context.stroke();
}

/** Mean coverage and reward over the episode, a tick for each delivery, a line at frame t. */
export function drawSparks(canvas, replay, t) {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
  if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
  const style = getComputedStyle(canvas);
  const colour = (name) => style.getPropertyValue(name).trim();
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.lineWidth = 1;
  context.fillStyle = colour("--soft");
  for (const event of replay.totals.events) context.fillRect((event.frame / replay.last) * width, height - 9, 1, 9);
  const { reward, meanCoverage } = replay.totals;
  const bounds = [Math.min(...sample(reward)), Math.max(...sample(reward))];
  context.lineWidth = 1.6;
  stroke(context, path(reward, width, 4, height - 18, ...bounds), colour("--target"));
  stroke(context, path(meanCoverage, width, 4, height - 18, 0, 1), colour("--camera"));
  context.fillStyle = colour("--ink");
  context.fillRect((t / Math.max(replay.last, 1)) * (width - 1.5), 0, 1.5, height);
}

const sample = (values) => Array.from({ length: Math.min(values.length, 2000) }, (_, i) => values[Math.floor((i * (values.length - 1)) / Math.max(Math.min(values.length, 2000) - 1, 1))]);

/** Fill a list with the deliveries, each a link to its step. */
export function listEvents(list, replay) {
  const names = ["north-east (0)", "north-west (1)", "south-west (2)", "south-east (3)"];
  list.replaceChildren(...replay.totals.events.map((event) => {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = `#t=${event.frame}`;
    link.textContent = `step ${event.frame}`;
    item.append(link, `: target ${event.target} delivers ${event.weight} to the ${names[event.warehouse]} warehouse`);
    return item;
  }));
}
