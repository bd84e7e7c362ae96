// Draws one frame of a replay. World coordinates run from -1050 to 1050 with y upwards, as in upstream's window.

const HALF_WINDOW = 1050;
const TERRAIN = 1000;
const WAREHOUSES = [[925, 925], [-925, 925], [-925, -925], [925, -925]];
const WAREHOUSE_HALF_SIDE = 75;
const TARGET_SIZE = 27.5;
const RADIANS = Math.PI / 180;

const ARROW = [[1, 0], [-0.2, 0.6], [-0.8, 0.6], [-0.4, 0], [-0.8, -0.6], [-0.2, -0.6]];
const PENTAGON = [[1, 0], [0.3, 0.6], [-0.8, 0.6], [-0.8, -0.6], [0.3, -0.6]];

const LIGHT = {
  ground: "#ffffff", outline: "#000000", obstacle: "#4d4d4d", ink: "#000000",
  warehouses: ["#347fd4", "#ff2222", "#9575cd", "#866e44"],
  camera: "#1a3399", cameraSeen: "#99331a", body: "rgb(255 255 255 / .75)", lens: "rgb(26 26 26 / .75)",
  sector: "rgb(0 153 204 / .10)", sees: "rgb(0 153 0 / .25)", looks: "rgb(153 153 0 / .25)",
  empty: "#339933", tracked: "#ffff00", glyph: "rgb(255 255 255 / .66)",
};
const DARK = {
  ...LIGHT, ground: "#15181b", outline: "#c9d1d9", obstacle: "#8b939c", ink: "#f2f4f6",
  warehouses: ["#5b9ee6", "#ff5c5c", "#b39ddb", "#b89a66"],
  camera: "#6d8cff", cameraSeen: "#ef7d5a", body: "rgb(235 238 242 / .8)", lens: "rgb(12 14 16 / .85)",
  sector: "rgb(64 190 240 / .13)", sees: "rgb(70 210 90 / .30)", looks: "rgb(214 204 70 / .24)",
  empty: "#5fc46a", tracked: "#ffe94d", glyph: "rgb(255 255 255 / .75)",
};

export const palette = (theme) => (theme === "dark" ? DARK : LIGHT);

/** The sector between two angles (degrees): its edge at the camera's range, and what obstacles leave of it. */
export function fieldOfView(camera, orientation, angle, range, sight) {
  const outer = [];
  const inner = [];
  const add = (degrees) => {
    const [x, y] = [Math.cos(degrees * RADIANS), Math.sin(degrees * RADIANS)];
    const seen = Math.min(Math.max(sight(degrees), camera.radius), range);
    outer.push([camera.x + range * x, camera.y + range * y]);
    inner.push([camera.x + seen * x, camera.y + seen * y]);
  };
  const [from, to] = [orientation - angle / 2, orientation + angle / 2];
  add(from);
  for (const knot of sight.knotsBetween(from, to)) add(knot);
  add(to);
  return { outer, inner };
}

/** A function from an angle (degrees) to the free range along it, linear in the angle between the table's knots. */
export function sightOf(angles, ranges, maxRange) {
  const count = angles.length;
  const wrap = (a) => ((((a + 180) % 360) + 360) % 360) - 180;
  const after = (a) => { // index of the first knot beyond angle a
    let [low, high] = [0, count];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (angles[middle] <= a) low = middle + 1; else high = middle;
    }
    return low;
  };
  const sight = (degrees) => {
    if (!count) return maxRange;
    const a = wrap(degrees);
    const next = after(a);
    const [i, j] = [(next - 1 + count) % count, next % count];
    const left = angles[i] - (next === 0 ? 360 : 0);
    const right = angles[j] + (next === count ? 360 : 0);
    const share = right > left ? (a - left) / (right - left) : 0;
    return ranges[i] + share * (ranges[j] - ranges[i]);
  };
  sight.knotsBetween = (from, to) => {
    const knots = [];
    if (!count) for (let a = Math.ceil(from); a < to; a += 2) knots.push(a);
    let turn = from - wrap(from);
    let index = after(wrap(from));
    for (let steps = 0; count && steps < 2 * count; steps += 1, index += 1) {
      if (index === count) { index = 0; turn += 360; }
      const a = angles[index] + turn;
      if (a >= to) break;
      knots.push(a);
    }
    return knots;
  };
  return sight;
}

function polygon(context, points) {
  context.beginPath();
  points.forEach(([x, y], index) => (index ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.closePath();
}

function disc(context, x, y, radius, colour) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = colour;
  context.fill();
}

function shape(context, points, x, y, degrees, scale, colour) {
  const [c, s] = [Math.cos(degrees * RADIANS) * scale, Math.sin(degrees * RADIANS) * scale];
  polygon(context, points.map(([a, b]) => [x + a * c - b * s, y + a * s + b * c]));
  context.fillStyle = colour;
  context.fill();
}

function box(x0, x1, half) {
  return [[x0, half], [x1, half], [x1, -half], [x0, -half]];
}

function drawGround(context, colours) {
  context.strokeStyle = colours.outline;
  context.lineWidth = 5;
  context.strokeRect(-TERRAIN, -TERRAIN, 2 * TERRAIN, 2 * TERRAIN);
}

/** A vertical arrow beside a warehouse's shed: up when cargo waits to leave, down when some is awaited. */
function arrow(context, x, y, up, colour) {
  const tip = up ? 26 : -26;
  polygon(context, [[x - 6, y - tip], [x + 6, y - tip], [x + 6, y], [x + 16, y], [x, y + tip], [x - 16, y], [x - 6, y]]);
  context.fillStyle = colour;
  context.fill();
}

function drawWarehouse(context, colours, index, remaining, awaiting) {
  const [x, y] = WAREHOUSES[index];
  const side = 2 * WAREHOUSE_HALF_SIDE;
  context.globalAlpha = remaining || awaiting ? 0.6 : 0.3;
  context.fillStyle = colours.warehouses[index];
  context.fillRect(x - WAREHOUSE_HALF_SIDE, y - WAREHOUSE_HALF_SIDE, side, side);
  context.globalAlpha = 0.85;
  context.strokeStyle = colours.ink;
  context.lineWidth = 6;
  context.lineJoin = "round";
  polygon(context, [[x - 58, y - 55], [x - 58, y + 22], [x, y + 55], [x + 58, y + 22], [x + 58, y - 55]]);
  context.stroke();
  if (remaining) arrow(context, awaiting ? x - 22 : x, y - 16, true, colours.ink);
  if (awaiting) arrow(context, remaining ? x + 22 : x, y - 16, false, colours.ink);
  if (!remaining && !awaiting) {
    context.beginPath();
    context.arc(x, y - 16, 14, 0, 2 * Math.PI);
    context.stroke();
  }
  context.globalAlpha = 1;
}

function drawCameraIcon(context, colours, camera, orientation, isSeen) {
  const [x, y, r] = [camera.x, camera.y, camera.radius];
  disc(context, x, y, r, isSeen ? colours.cameraSeen : colours.camera);
  shape(context, box(-0.8, 0.8, 0.6), x, y, orientation, r, colours.body);
  shape(context, box(0.7, 1.2, 0.3), x, y, orientation, r, colours.lens);
}

function drawTarget(context, colours, target, grow) {
  const points = target.capacity === 1 ? ARROW : PENTAGON;
  const colour = target.goal < 0 ? colours.empty : colours.warehouses[target.goal];
  const size = TARGET_SIZE * grow;
  shape(context, points, target.x, target.y, target.heading, size, colour);
  if (target.isExhausted) shape(context, points, target.x, target.y, target.heading, 0.4 * size, colours.glyph);
}

/** Draw `frame` (from Replay.frame) on a square of `size` device pixels. */
export function draw(context, size, replay, frame, colours, layers = { fields: true, names: false }) {
  const scale = size / (2 * HALF_WINDOW);
  const grow = Math.max(1, Math.min(1.7, 0.24 / scale)); // Targets stay visible on small screens.
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.fillStyle = colours.ground;
  context.fillRect(0, 0, size, size);
  context.setTransform(scale, 0, 0, -scale, size / 2, size / 2);
  drawGround(context, colours);
  frame.warehouses.forEach(({ remaining, awaiting }, index) => drawWarehouse(context, colours, index, remaining, awaiting));
  for (const { x, y, radius } of replay.obstacles) disc(context, x, y, radius, colours.obstacle);
  if (layers.fields) drawFields(context, replay, frame, colours);
  frame.cameras.forEach((camera, index) => drawCameraIcon(context, colours, replay.cameras[index], camera.orientation, camera.isSeen));
  for (const target of frame.targets) if (target.isTracked) disc(context, target.x, target.y, 1.2 * TARGET_SIZE * grow, colours.tracked);
  for (const target of frame.targets) drawTarget(context, colours, target, grow);
  if (layers.names) drawNames(context, replay, frame, colours, scale);
}

function drawFields(context, replay, frame, colours) {
  frame.cameras.forEach((state, index) => {
    const camera = replay.cameras[index];
    const { outer, inner } = fieldOfView(camera, state.orientation, state.angle, state.range, replay.sights[index]);
    polygon(context, [[camera.x, camera.y], ...outer]);
    context.fillStyle = colours.sector;
    context.fill();
    polygon(context, [[camera.x, camera.y], ...inner]);
    context.fillStyle = state.tracks ? colours.sees : colours.looks;
    context.fill();
  });
}

function drawNames(context, replay, frame, colours, scale) {
  context.setTransform(1, 0, 0, 1, 0, 0);
  const size = context.canvas.width;
  context.fillStyle = colours.ink;
  context.font = `${Math.max(11, 34 * scale)}px system-ui, sans-serif`;
  context.textAlign = "center";
  const write = (text, x, y) => context.fillText(text, size / 2 + x * scale, size / 2 - y * scale);
  replay.cameras.forEach((camera, index) => write(`C${index}`, camera.x, camera.y + camera.radius + 18));
  frame.targets.forEach((target, index) => write(`T${index}`, target.x, target.y + 42));
}
