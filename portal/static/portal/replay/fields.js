// Fields of view: what a camera can see, as polygons. Pure geometry in map units and degrees.

const RADIANS = Math.PI / 180;

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
  const after = (a) => {
    // index of the first knot beyond angle a
    let [low, high] = [0, count];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (angles[middle] <= a) low = middle + 1;
      else high = middle;
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
      if (index === count) {
        index = 0;
        turn += 360;
      }
      const a = angles[index] + turn;
      if (a >= to) break;
      knots.push(a);
    }
    return knots;
  };
  return sight;
}
