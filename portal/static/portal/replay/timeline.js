// The timeline below the arena: coverage and reward over the episode, a tick for each delivery, how much is rendered,
// and where we are. The curves are drawn once, into a layer; each frame copies it and draws the playhead.

export const INSET = 8; // Pixels at both ends: half a thumb of the range input that lies over the canvas.
const TICKS = 12; // Height in pixels of the strip of deliveries.
const MOST_POINTS = 2000;

/** The values of at most so many frames, as [frame, value]; of neighbours the first. Pure. */
export function sample(values, most = MOST_POINTS) {
  const every = Math.max(1, Math.ceil(values.length / most));
  const points = [];
  for (let t = 0; t < values.length; t += every) points.push([t, values[t]]);
  if (values.length && points.at(-1)[0] !== values.length - 1) points.push([values.length - 1, values.at(-1)]);
  return points;
}

/** The least and the greatest of some points' values, never the same. Pure. */
export function boundsOf(points) {
  const values = points.map(([, value]) => value);
  const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
  return low === high ? [low, low + 1] : [low, high];
}

export class Timeline {
  constructor(canvas) {
    this.canvas = canvas;
    this.layer = document.createElement("canvas");
    this.key = "";
  }

  /**
   * Draw for a position. `last` is the number of the episode's last frame, of which the replay may have only the first
   * ones.
   */
  draw(sides, position, last) {
    const { canvas, layer } = this;
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (!w || !h) return;
    const key = [w, h, last, document.documentElement.dataset.theme, ...sides.map(({ replay }) => replay.last)].join();
    if (key !== this.key) {
      Object.assign(layer, { width: w, height: h });
      this.#drawLayer(layer.getContext("2d"), sides, width, height, ratio, last);
      this.key = key;
    }
    if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
    const context = canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, w, h);
    context.drawImage(layer, 0, 0);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const x = INSET + (Math.min(position, last) / Math.max(last, 1)) * (width - 2 * INSET);
    context.fillStyle = this.ink;
    context.fillRect(x - 1, 0, 2, height);
    context.beginPath();
    context.arc(x, 5, 5, 0, 2 * Math.PI);
    context.fill();
  }

  #drawLayer(context, sides, width, height, ratio, last) {
    const style = getComputedStyle(this.canvas);
    const colour = (name) => style.getPropertyValue(name).trim();
    this.ink = colour("--ink");
    const at = (frame) => INSET + (frame / Math.max(last, 1)) * (width - 2 * INSET);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = colour("--sunk");
    const rendered = Math.max(...sides.map(({ replay }) => replay.last));
    context.fillRect(INSET, 0, at(rendered) - INSET, height);
    const top = 4;
    const room = height - TICKS - 2 * top;
    const rewards = sides.map(({ replay }) => sample(replay.totals.reward));
    const [low, high] = boundsOf(rewards.flat());
    const stroke = (points, least, most, name, dash) => {
      context.beginPath();
      context.setLineDash(dash);
      for (const [t, value] of points) context.lineTo(at(t), top + room * (1 - (value - least) / (most - least)));
      Object.assign(context, { strokeStyle: colour(name), lineWidth: 1.6, lineJoin: "round" });
      context.stroke();
    };
    sides.forEach(({ replay }, index) => {
      const dash = index ? [4, 3] : []; // The second of two replays is dashed.
      stroke(rewards[index], low, high, "--target", dash);
      stroke(sample(replay.totals.meanCoverage), 0, 1, "--camera", dash);
      context.fillStyle = colour("--soft");
      const strip = TICKS / sides.length;
      for (const event of replay.totals.events) {
        context.fillRect(at(event.frame) - 0.5, height - TICKS + index * strip + 1, 1, strip - 1);
      }
    });
    context.setLineDash([]);
  }
}
