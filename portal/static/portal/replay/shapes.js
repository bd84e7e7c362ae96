// Colours of the arena in both themes, and the drawing of its single things. World coordinates, y upwards.

export const WAREHOUSES = [
  [925, 925],
  [-925, 925],
  [-925, -925],
  [925, -925],
];
export const TARGET_SIZE = 27.5;
const HALF_SIDE = 75;
const RADIANS = Math.PI / 180;

const ARROW = [
  [1, 0],
  [-0.2, 0.6],
  [-0.8, 0.6],
  [-0.4, 0],
  [-0.8, -0.6],
  [-0.2, -0.6],
];
const PENTAGON = [
  [1, 0],
  [0.3, 0.6],
  [-0.8, 0.6],
  [-0.8, -0.6],
  [0.3, -0.6],
];

const LIGHT = {
  ground: "#ffffff",
  outside: "#f2f2f3",
  outline: "#52525b",
  obstacle: "#52555c",
  ink: "#18181b",
  warehouses: ["#347fd4", "#e5332a", "#8a63d2", "#866e44"],
  camera: "#1a3399",
  cameraSeen: "#99331a",
  body: "rgb(255 255 255 / .75)",
  lens: "rgb(26 26 26 / .75)",
  sector: "rgb(0 120 190 / .08)",
  sees: "rgb(0 140 40 / .22)",
  looks: "rgb(150 130 0 / .16)",
  empty: "#2e8b36",
  tracked: "#ffe500",
  glyph: "rgb(255 255 255 / .8)",
  focus: "#6d3fc8",
};
const DARK = {
  ...LIGHT,
  ground: "#15171a",
  outside: "#0f1012",
  outline: "#8d939c",
  obstacle: "#7c848e",
  ink: "#f2f4f6",
  warehouses: ["#5b9ee6", "#ff5c5c", "#b39ddb", "#b89a66"],
  camera: "#6d8cff",
  cameraSeen: "#ef7d5a",
  body: "rgb(235 238 242 / .8)",
  lens: "rgb(12 14 16 / .85)",
  sector: "rgb(64 170 240 / .10)",
  sees: "rgb(70 210 90 / .26)",
  looks: "rgb(214 204 70 / .18)",
  empty: "#5fc46a",
  tracked: "#ffe94d",
  glyph: "rgb(255 255 255 / .8)",
  focus: "#b79bf5",
};

export const palette = (theme) => (theme === "dark" ? DARK : LIGHT);

export function polygon(context, points) {
  context.beginPath();
  for (const [x, y] of points) context.lineTo(x, y); // The first one only moves: the path is empty.
  context.closePath();
}

export function disc(context, x, y, radius, colour) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = colour;
  context.fill();
}

function shape(context, points, x, y, degrees, scale, colour) {
  const [c, s] = [Math.cos(degrees * RADIANS) * scale, Math.sin(degrees * RADIANS) * scale];
  polygon(
    context,
    points.map(([a, b]) => [x + a * c - b * s, y + a * s + b * c]),
  );
  context.fillStyle = colour;
  context.fill();
}

const box = (x0, x1, half) => [
  [x0, half],
  [x1, half],
  [x1, -half],
  [x0, -half],
];

/** A vertical arrow beside a warehouse's shed: up when cargo waits to leave, down when some is awaited. */
function arrow(context, x, y, up, colour) {
  const tip = up ? 26 : -26;
  polygon(context, [
    [x - 6, y - tip],
    [x + 6, y - tip],
    [x + 6, y],
    [x + 16, y],
    [x, y + tip],
    [x - 16, y],
    [x - 6, y],
  ]);
  context.fillStyle = colour;
  context.fill();
}

export function drawWarehouse(context, colours, index, { remaining, awaiting, unknown }) {
  const [x, y] = WAREHOUSES[index];
  context.globalAlpha = remaining || awaiting ? 0.6 : 0.3;
  context.fillStyle = colours.warehouses[index];
  context.fillRect(x - HALF_SIDE, y - HALF_SIDE, 2 * HALF_SIDE, 2 * HALF_SIDE);
  context.globalAlpha = 0.85;
  context.strokeStyle = colours.ink;
  context.lineWidth = 6;
  context.lineJoin = "round";
  polygon(context, [
    [x - 58, y - 55],
    [x - 58, y + 22],
    [x, y + 55],
    [x + 58, y + 22],
    [x + 58, y - 55],
  ]);
  context.stroke();
  if (remaining) arrow(context, awaiting ? x - 22 : x, y - 16, true, colours.ink);
  if (awaiting) arrow(context, remaining ? x + 22 : x, y - 16, false, colours.ink);
  if (!remaining && !awaiting && !unknown) {
    context.beginPath();
    context.arc(x, y - 16, 14, 0, 2 * Math.PI);
    context.stroke();
  }
  context.globalAlpha = 1;
}

export function drawCamera(context, colours, { x, y, radius }, orientation, isSeen) {
  disc(context, x, y, radius, isSeen ? colours.cameraSeen : colours.camera);
  shape(context, box(-0.8, 0.8, 0.6), x, y, orientation, radius, colours.body);
  shape(context, box(0.7, 1.2, 0.3), x, y, orientation, radius, colours.lens);
}

export function drawTarget(context, colours, target, grow) {
  const points = target.capacity === 1 ? ARROW : PENTAGON;
  const colour = target.goal < 0 ? colours.empty : colours.warehouses[target.goal];
  const size = TARGET_SIZE * grow;
  shape(context, points, target.x, target.y, target.heading, size, colour);
  if (target.isExhausted) shape(context, points, target.x, target.y, target.heading, 0.4 * size, colours.glyph);
}

/** An arrow from one place to another, with a head of `size`, shortened at both ends by `gap`. */
export function drawArrow(context, [x0, y0], [x1, y1], size, gap) {
  const length = Math.hypot(x1 - x0, y1 - y0);
  if (length <= 2 * gap) return;
  const [ux, uy] = [(x1 - x0) / length, (y1 - y0) / length];
  const [ax, ay, bx, by] = [x0 + ux * gap, y0 + uy * gap, x1 - ux * gap, y1 - uy * gap];
  context.beginPath();
  context.moveTo(ax, ay);
  context.lineTo(bx - ux * size, by - uy * size);
  context.stroke();
  polygon(context, [
    [bx, by],
    [bx - ux * size - uy * size * 0.5, by - uy * size + ux * size * 0.5],
    [bx - ux * size + uy * size * 0.5, by - uy * size - ux * size * 0.5],
  ]);
  context.fill();
}
