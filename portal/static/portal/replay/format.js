// Reads a replay file (docs/replay-format.md): magic, length, JSON header, one deflate stream of columns.

import { sightOf } from "./fields.js";

const MAGIC = "MATERPLY";
const VERSIONS = [1, 2];

/** Put values into a text that names them in braces. */
export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

/** Why a replay cannot be shown; `text` has the names of `values` in braces, so that pages can translate it. */
export class ReplayError extends Error {
  constructor(text, values = {}) {
    super(fill(text, values));
    this.text = text;
    this.values = values;
  }
}

async function inflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  try {
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch {
    throw new ReplayError("The replay is damaged: its columns cannot be unpacked.");
  }
}

/** Bytes of the file -> {header, body}. */
export async function unpack(buffer) {
  const bytes = new Uint8Array(buffer);
  const text = new TextDecoder();
  if (bytes.length < 12 || text.decode(bytes.subarray(0, 8)) !== MAGIC)
    throw new ReplayError("This is not a replay file.");
  const end = 12 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(8, true);
  if (end > bytes.length) throw new ReplayError("The replay is cut short.");
  const header = JSON.parse(text.decode(bytes.subarray(12, end)));
  if (!VERSIONS.includes(header.version)) {
    throw new ReplayError("The replay has format version {version}; this page reads {versions}.", {
      version: header.version,
      versions: VERSIONS.join(", "),
    });
  }
  const body = await inflate(bytes.subarray(end));
  if (body.length !== header.body_bytes)
    throw new ReplayError("The replay is damaged: its columns have the wrong length.");
  return { header, body };
}

const WIDTHS = { int8: 1, int16: 2, int32: 4, float32: 4 };

/** Little-endian values from byte planes. */
function fromPlanes(bytes, dtype) {
  const width = WIDTHS[dtype];
  const count = bytes.length / width;
  const buffer = new ArrayBuffer(bytes.length);
  const packed = new Uint8Array(buffer);
  for (let plane = 0; plane < width; plane += 1) {
    for (let i = 0; i < count; i += 1) packed[i * width + plane] = bytes[plane * count + i];
  }
  const view = new DataView(buffer);
  const read = {
    int8: (i) => view.getInt8(i),
    int16: (i) => view.getInt16(2 * i, true),
    int32: (i) => view.getInt32(4 * i, true),
    float32: (i) => view.getFloat32(4 * i, true),
  }[dtype];
  return Float64Array.from({ length: count }, (_, i) => read(i));
}

function fromBits(bytes, series, length) {
  const stride = Math.ceil(length / 8);
  const values = new Float64Array(series * length);
  for (let s = 0; s < series; s += 1) {
    for (let t = 0; t < length; t += 1) values[s * length + t] = (bytes[s * stride + (t >> 3)] >> (t & 7)) & 1;
  }
  return values;
}

/** Running sums along each series, wrapping round as the stored integers do. */
function integrate(values, length, dtype) {
  const bits = 8 * WIDTHS[dtype];
  const wrap = (n) => (bits === 32 ? n | 0 : (n << (32 - bits)) >> (32 - bits));
  for (let start = 0; start < values.length; start += length) {
    for (let t = start + 1; t < start + length; t += 1) values[t] = wrap(values[t] + values[t - 1]);
  }
}

/** One column as {series, length, at(t, s)}, in natural units; `s` counts the values of one frame in C order. */
export function column(entry, body) {
  const [length, ...rest] = entry.shape;
  const series = rest.reduce((product, n) => product * n, 1);
  const bytes = body.subarray(entry.offset, entry.offset + entry.bytes);
  const values = entry.encoding === "bits" ? fromBits(bytes, series, length) : fromPlanes(bytes, entry.dtype);
  if (entry.encoding === "delta") integrate(values, length, entry.dtype);
  return { series, length, at: (t, s = 0) => values[s * length + t] * entry.quantum };
}

/** A replay ready to draw. */
export async function read(buffer) {
  const { header, body } = await unpack(buffer);
  const columns = Object.fromEntries(header.columns.map((entry) => [entry.name, column(entry, body)]));
  return new Replay(header, columns);
}

/** Angles run through 180 degrees the short way. */
const turned = (from, to, share) => from + (((((to - from + 540) % 360) + 360) % 360) - 180) * share;

export class Replay {
  constructor(header, columns) {
    const { facts } = header;
    this.header = header;
    this.columns = columns;
    this.isPartial = Boolean(header.partial);
    this.last = columns.target_location.length - 1;
    this.cameras = facts.cameras.map((c) => ({
      x: c.location[0],
      y: c.location[1],
      radius: c.radius,
      maxRange: c.max_sight_range,
      minAngle: c.min_viewing_angle,
    }));
    this.targets = facts.targets.map((t) => ({
      capacity: t.capacity,
      heading: t.orientation,
      sightRange: t.sight_range,
    }));
    this.obstacles = facts.obstacles.map((o) => ({ x: o.location[0], y: o.location[1], radius: o.radius }));
    this.sights = this.#sights(facts.boundary_counts);
    this.headings = this.#headings();
    this.maxReward = facts.max_target_team_episode_reward;
    this.totals = this.#totals();
    this.deliveries = [...new Set(this.totals.events.map(({ frame }) => frame))];
  }

  #sights(counts) {
    const { boundary_angle: angles, boundary_range: ranges } = this.columns;
    let from = 0;
    return counts.map((count, index) => {
      const pick = (source) => Array.from({ length: count }, (_, i) => source.at(from + i));
      const [degrees, lengths] = [pick(angles), pick(ranges)];
      from += count;
      return sightOf(degrees, lengths, this.cameras[index].maxRange);
    });
  }

  /**
   * Messages that arrived in the step to frame t: [{team, sender, recipient, kind}]; null where the file does not say.
   */
  messages(t) {
    if (!this.columns.camera_messages) return null;
    if (t === 0) return [];
    const kinds = this.header.facts.message_kinds;
    return ["camera", "target"].flatMap((team) => {
      const lines = this.columns[`${team}_message_lines`];
      const used = this.columns[`${team}_messages`];
      const found = [];
      for (let line = 0; line < used.series; line += 1) {
        if (used.at(t - 1, line)) {
          const [sender, recipient, kind] = [0, 1, 2].map((part) => lines.at(line, part));
          found.push({ team, sender, recipient, kind: kinds[kind] });
        }
      }
      return found;
    });
  }

  /** Kinds of the messages that arrive at any time, in the order of the file's list. */
  get kinds() {
    const names = this.header.facts.message_kinds ?? {};
    const bits = ["camera", "target"].flatMap((team) => {
      const lines = this.columns[`${team}_message_lines`];
      return lines ? Array.from({ length: lines.length }, (_, line) => lines.at(line, 2)) : [];
    });
    return Object.keys(names)
      .filter((bit) => bits.includes(Number(bit)))
      .map((bit) => names[bit]);
  }

  /** Directions that targets are drawn in: of the last movement, or as at the start. */
  #headings() {
    const place = this.columns.target_location;
    return this.targets.map(({ heading }, i) => {
      const values = new Float32Array(this.last + 1);
      values[0] = heading;
      for (let t = 1; t <= this.last; t += 1) {
        const dx = place.at(t, 2 * i) - place.at(t - 1, 2 * i);
        const dy = place.at(t, 2 * i + 1) - place.at(t - 1, 2 * i + 1);
        values[t] = dx || dy ? (Math.atan2(dy, dx) * 180) / Math.PI : values[t - 1];
      }
      return values;
    });
  }

  /** Per frame: reward so far, coverage and its mean, cargo delivered so far; and the deliveries as events. */
  #totals() {
    const frames = this.last + 1;
    const series = () => new Float64Array(frames);
    const totals = { reward: series(), coverage: series(), meanCoverage: series(), delivered: series(), events: [] };
    const awaited = (t) => [0, 1, 2, 3].reduce((sum, w) => sum + this.columns.awaiting_cargo_counts.at(t, w), 0);
    for (let t = 0; t < frames; t += 1) {
      totals.coverage[t] = this.targets.filter((_, i) => this.isTracked(t, i)).length / this.targets.length;
      // The mean runs over the steps: the state after the reset is left out, as in results.
      totals.meanCoverage[t] =
        t > 1 ? (totals.meanCoverage[t - 1] * (t - 1) + totals.coverage[t]) / t : totals.coverage[t];
      totals.delivered[t] = awaited(0) - awaited(t);
      if (t) totals.reward[t] = totals.reward[t - 1] + this.columns.target_reward.at(t - 1);
      if (t) totals.events.push(...this.#deliveries(t));
    }
    return totals;
  }

  /** What was delivered in the step to frame t. */
  #deliveries(t) {
    const { target_goal: goal, target_weight: weight } = this.columns;
    const arrived = (i) => weight.at(t - 1, i) > 0 && (weight.at(t, i) === 0 || goal.at(t, i) !== goal.at(t - 1, i));
    return this.targets.flatMap((_, i) =>
      arrived(i) ? [{ frame: t, target: i, weight: weight.at(t - 1, i), warehouse: goal.at(t - 1, i) }] : [],
    );
  }

  isTracked(t, target) {
    const mask = this.columns.camera_target_view_mask;
    return this.cameras.some((_, c) => mask.at(t, c * this.targets.length + target));
  }

  cargo(t) {
    return [0, 1, 2, 3].map((from) => [0, 1, 2, 3].map((to) => this.columns.remaining_cargoes.at(t, 4 * from + to)));
  }

  /** What the scene draws at a position; between two frames, what moves is drawn between its places. */
  frame(position) {
    const t = Math.floor(position);
    const share = t < this.last ? position - t : 0;
    return {
      t,
      cameras: this.#camerasAt(t, share),
      targets: this.#targetsAt(t, share),
      warehouses: this.#warehousesAt(t),
    };
  }

  #camerasAt(t, share) {
    const c = this.columns;
    const next = share ? t + 1 : t;
    return this.cameras.map((camera, i) => {
      const angle = c.camera_viewing_angle.at(t, i) * (1 - share) + c.camera_viewing_angle.at(next, i) * share;
      const orientation = c.camera_orientation.at(t, i);
      return {
        orientation: share ? turned(orientation, c.camera_orientation.at(next, i), share) : orientation,
        angle,
        range: Math.sqrt((camera.minAngle * camera.maxRange ** 2) / angle),
        isSeen: c.camera_is_seen.at(t, i) > 0,
        tracks: this.targets.some((_, j) => c.camera_target_view_mask.at(t, i * this.targets.length + j)),
      };
    });
  }

  #targetsAt(t, share) {
    const c = this.columns;
    const next = share ? t + 1 : t;
    const place = (i, axis) =>
      c.target_location.at(t, 2 * i + axis) * (1 - share) + c.target_location.at(next, 2 * i + axis) * share;
    return this.targets.map(({ capacity }, i) => {
      const isLoaded = c.target_weight.at(t, i) > 0;
      return {
        x: place(i, 0),
        y: place(i, 1),
        capacity,
        heading: this.headings[i][t],
        goal: isLoaded ? c.target_goal.at(t, i) : -1,
        isExhausted: isLoaded && c.bounties.at(t, i) === 0,
        isTracked: this.isTracked(t, i),
      };
    });
  }

  #warehousesAt(t) {
    return this.cargo(t).map((row, w) => ({
      remaining: row.some((n) => n > 0),
      awaiting: this.columns.awaiting_cargo_counts.at(t, w) > 0,
    }));
  }
}
