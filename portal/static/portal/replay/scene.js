// Draws one frame of a replay: ground, fields of view, terrain, trails, agents, messages, names; or the world as one
// agent observes it. What does not change from frame to frame is drawn once, into a layer that is copied.

import { fieldOfView } from "./fields.js";
import { scaleOf, toPixel, WHOLE } from "./lens.js";
import { canObserve, observe, worldOf } from "./observation.js";
import { disc, drawArrow, drawCamera, drawTarget, drawWarehouse, polygon, TARGET_SIZE } from "./shapes.js";

const TERRAIN = 1000;
const TRAIL_FRAMES = 150;
const MESSAGE_FRAMES = 12; // A message is seen for a fifth of a second at speed 1, fading.

export const LAYERS = { fields: true, names: false, trails: false, messages: true };

/** Draws frames of one replay, and keeps the layer of its terrain. */
export class Scene {
  constructor(replay) {
    this.replay = replay;
    this.key = "";
    this.terrain = null;
  }

  /**
   * Draw the replay at a position on a canvas. `view` has `colours`, `layers`, a `lens`, `agent` ({team, index}: only
   * what it observes is drawn, or null) and `kinds` (of messages that are hidden).
   */
  draw(canvas, position, { colours, layers = LAYERS, lens = WHOLE, agent = null, kinds = new Set() }) {
    const context = canvas.getContext("2d");
    const frame = this.replay.frame(position);
    const scale = scaleOf(lens, canvas);
    const grow = Math.max(1, Math.min(1.7, 0.24 / scale)); // Targets stay visible on small screens.
    const world = () => context.setTransform(scale, 0, 0, -scale, ...toPixel(lens, canvas, 0, 0));
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = colours.outside;
    context.fillRect(0, 0, canvas.width, canvas.height);
    world();
    context.fillStyle = colours.ground;
    context.fillRect(-TERRAIN, -TERRAIN, 2 * TERRAIN, 2 * TERRAIN);
    const seen =
      agent && canObserve(this.replay)
        ? worldOf(observe(this.replay, frame.t, agent.team, agent.index), agent.team)
        : null;
    if (layers.fields) this.#fields(context, frame, colours, seen);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.drawImage(this.#terrainLayer(canvas, lens, frame, colours, seen), 0, 0);
    world();
    if (layers.trails && !seen) this.#trails(context, frame, colours, grow);
    this.#agents(context, frame, colours, grow, seen);
    if (layers.messages && !seen) this.#messages(context, frame, colours, scale, kinds);
    if (layers.names) this.#names(context, canvas, lens, frame, colours, seen);
  }

  /** Obstacles, warehouses and the border, on nothing: drawn anew only when the view or the cargo at stake changes. */
  #terrainLayer(canvas, lens, frame, colours, seen) {
    // An agent is told nothing of the cargo at a warehouse, but that it is empty.
    const warehouses = seen
      ? seen.empty.map((isEmpty) => ({ remaining: false, awaiting: false, unknown: !isEmpty }))
      : frame.warehouses;
    const cargo = warehouses
      .map(({ remaining, awaiting, unknown }) => `${+remaining}${+awaiting}${+Boolean(unknown)}`)
      .join("");
    const hidden = seen ? seen.obstacle.map((one) => (one ? 1 : 0)).join("") : "";
    const key = [canvas.width, canvas.height, lens.x, lens.y, lens.zoom, cargo, hidden, colours.ground].join();
    if (key === this.key) return this.terrain;
    this.terrain ??= document.createElement("canvas");
    Object.assign(this.terrain, { width: canvas.width, height: canvas.height });
    const context = this.terrain.getContext("2d");
    const scale = scaleOf(lens, canvas);
    context.setTransform(scale, 0, 0, -scale, ...toPixel(lens, canvas, 0, 0));
    context.strokeStyle = colours.outline;
    context.lineWidth = 4;
    context.strokeRect(-TERRAIN, -TERRAIN, 2 * TERRAIN, 2 * TERRAIN);
    for (const [index, state] of warehouses.entries()) drawWarehouse(context, colours, index, state);
    const obstacles = seen ? seen.obstacle.filter(Boolean) : this.replay.obstacles;
    for (const { x, y, radius } of obstacles) disc(context, x, y, radius, colours.obstacle);
    this.key = key;
    return this.terrain;
  }

  /** Fields of view lie under everything and end at the terrain's border. */
  #fields(context, frame, colours, seen) {
    context.save();
    context.beginPath();
    context.rect(-TERRAIN, -TERRAIN, 2 * TERRAIN, 2 * TERRAIN);
    context.clip();
    frame.cameras.forEach((state, index) => {
      if (seen && !seen.camera[index]) return;
      const camera = this.replay.cameras[index];
      const { outer, inner } = fieldOfView(
        camera,
        state.orientation,
        state.angle,
        state.range,
        this.replay.sights[index],
      );
      polygon(context, [[camera.x, camera.y], ...outer]);
      context.fillStyle = colours.sector;
      context.fill();
      if (seen) return; // An observation tells how far a camera looks, not what stands in its way.
      polygon(context, [[camera.x, camera.y], ...inner]);
      context.fillStyle = state.tracks ? colours.sees : colours.looks;
      context.fill();
    });
    if (seen?.team === "target") {
      const { x, y, sightRange } = seen.target[seen.index];
      disc(context, x, y, sightRange, colours.sector);
    }
    context.restore();
  }

  #trails(context, { t, targets }, colours, grow) {
    const place = this.replay.columns.target_location;
    const from = Math.max(0, t - TRAIL_FRAMES);
    context.lineWidth = 7 * grow;
    context.lineCap = "round";
    targets.forEach(({ goal }, i) => {
      context.strokeStyle = goal < 0 ? colours.empty : colours.warehouses[goal];
      for (const [part, alpha] of [
        [0, 0.15],
        [1, 0.3],
        [2, 0.5],
      ]) {
        // It fades in three steps.
        const [a, b] = [0, 1].map((end) => Math.round(from + ((t - from) * (part + end)) / 3));
        context.globalAlpha = alpha;
        context.beginPath();
        for (let s = a; s <= b; s += 1) context.lineTo(place.at(s, 2 * i), place.at(s, 2 * i + 1));
        context.stroke();
      }
    });
    context.globalAlpha = 1;
  }

  #agents(context, frame, colours, grow, seen) {
    frame.cameras.forEach(({ orientation, isSeen }, index) => {
      if (!seen) drawCamera(context, colours, this.replay.cameras[index], orientation, isSeen);
      else if (seen.camera[index])
        drawCamera(context, colours, seen.camera[index], seen.camera[index].orientation, false);
    });
    for (const { isTracked, x, y } of seen ? [] : frame.targets) {
      // Nobody observes whether a target is seen.
      if (isTracked) disc(context, x, y, 1.2 * TARGET_SIZE * grow, colours.tracked);
    }
    frame.targets.forEach((target, index) => {
      if (!seen) drawTarget(context, colours, target, grow);
      else if (seen.target[index]) this.#observedTarget(context, target, seen, index, colours, grow);
    });
    if (seen) {
      const { x, y } = seen[seen.team][seen.index];
      context.beginPath();
      context.arc(x, y, 62, 0, 2 * Math.PI);
      Object.assign(context, { strokeStyle: colours.focus, lineWidth: 8 });
      context.stroke();
    }
  }

  /** Others are told whether a target is loaded, not what for: only the target itself knows its goal. */
  #observedTarget(context, target, seen, index, colours, grow) {
    const { x, y, isLoaded } = seen.target[index];
    const isSelf = seen.team === "target" && seen.index === index;
    drawTarget(
      context,
      colours,
      { ...target, x, y, goal: isSelf ? seen.goal : -1, isExhausted: false, capacity: isSelf ? target.capacity : 1 },
      grow,
    );
    if (isLoaded && !isSelf) disc(context, x, y, 0.3 * TARGET_SIZE * grow, colours.ink);
  }

  /** Messages of the last frames as arrows in their sender's colour, fading. */
  #messages(context, frame, colours, scale, kinds) {
    const size = Math.max(14, 7 / scale);
    for (let t = Math.max(0, frame.t - MESSAGE_FRAMES); t <= frame.t; t += 1) {
      context.globalAlpha = 1 - (frame.t - t) / (MESSAGE_FRAMES + 1);
      for (const { team, sender, recipient, kind } of this.replay.messages(t) ?? []) {
        if (kinds.has(kind)) continue;
        const places = team === "camera" ? this.replay.cameras : frame.targets;
        const colour = team === "camera" ? colours.camera : this.#colourOf(frame.targets[sender], colours);
        Object.assign(context, { strokeStyle: colour, fillStyle: colour, lineWidth: Math.max(4, 1.5 / scale) });
        drawArrow(context, [places[sender].x, places[sender].y], [places[recipient].x, places[recipient].y], size, 34);
      }
    }
    context.globalAlpha = 1;
  }

  #colourOf({ goal }, colours) {
    return goal < 0 ? colours.empty : colours.warehouses[goal];
  }

  #names(context, canvas, lens, frame, colours, seen) {
    const ratio = Math.max(1, canvas.width / Math.max(canvas.clientWidth ?? canvas.width, 1));
    context.setTransform(1, 0, 0, 1, 0, 0);
    Object.assign(context, {
      fillStyle: colours.ink,
      font: `600 ${12 * ratio}px Inter, system-ui, sans-serif`,
      textAlign: "center",
    });
    const write = (text, x, y, above) => {
      const [px, py] = toPixel(lens, canvas, x, y + above);
      context.fillText(text, px, py - 3 * ratio);
    };
    this.replay.cameras.forEach((camera, index) => {
      if (!seen || seen.camera[index]) write(`C${index}`, camera.x, camera.y, camera.radius);
    });
    frame.targets.forEach((target, index) => {
      if (!seen || seen.target[index]) write(`T${index}`, target.x, target.y, TARGET_SIZE);
    });
  }
}
