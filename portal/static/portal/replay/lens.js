// The part of the world that a canvas shows: a centre in map units and a magnification. Pure functions.

export const HALF_WINDOW = 1050; // Map units from the centre to the edge at magnification 1, as in upstream's window.
export const MOST = 12;

export const WHOLE = { x: 0, y: 0, zoom: 1 };

const clamp = (value, least, most) => Math.min(Math.max(value, least), most);

/** Pixels for each map unit on a canvas of this size. */
export const scaleOf = (lens, { width, height }) => (Math.min(width, height) / (2 * HALF_WINDOW)) * lens.zoom;

/** The place in the world under a pixel. */
export function toWorld(lens, size, px, py) {
  const scale = scaleOf(lens, size);
  return [lens.x + (px - size.width / 2) / scale, lens.y - (py - size.height / 2) / scale];
}

/** The pixel of a place in the world. */
export function toPixel(lens, size, x, y) {
  const scale = scaleOf(lens, size);
  return [size.width / 2 + (x - lens.x) * scale, size.height / 2 - (y - lens.y) * scale];
}

/** The centre stays where it shows some of the world. */
function bounded({ x, y, zoom }) {
  const free = HALF_WINDOW * (1 - 1 / zoom);
  return { x: clamp(x, -free, free), y: clamp(y, -free, free), zoom };
}

/** Magnify by a factor; the place under the pixel stays under it. */
export function zoomAt(lens, size, factor, px, py) {
  const zoom = clamp(lens.zoom * factor, 1, MOST);
  const [x, y] = toWorld(lens, size, px, py);
  const share = lens.zoom / zoom;
  return bounded({ x: x + (lens.x - x) * share, y: y + (lens.y - y) * share, zoom });
}

/** Move the world by so many pixels. */
export function pan(lens, size, dx, dy) {
  const scale = scaleOf(lens, size);
  return bounded({ ...lens, x: lens.x - dx / scale, y: lens.y + dy / scale });
}
