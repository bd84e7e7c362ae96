// Wires replays to the page: fetch, controls, keyboard, address, redrawing. A stage shows one replay, or several in step.

import { read } from "./format.js";
import { actionOf, frameOf, reduce, start } from "./player.js";
import { draw, palette } from "./scene.js";
import { describe, drawSparks, listEvents, showCargo, showFacts } from "./panel.js";

const stage = document.querySelector("[data-stage]");
const roots = stage.matches("[data-replay]") ? [stage] : [...stage.querySelectorAll("[data-replay]")];
const partsOf = (root, names) => Object.fromEntries(names.map((name) => [name, root.querySelector(`[data-part="${name}"]`)]));
const controls = partsOf(stage, ["scrub", "play", "speed", "time", "fields", "names"]);

const frameInAddress = () => Number(/^#t=(\d+)$/.exec(location.hash)?.[1] ?? 0);

/** One replay with its canvas and figures. After its end it stays at its last frame. */
class Side {
  constructor(root, replay) {
    Object.assign(this, { root, replay, parts: partsOf(root, ["canvas", "sparks", "cargo", "events", "spoken"]) });
    if (this.parts.events) listEvents(this.parts.events, replay);
  }

  show(frame, layers) {
    const at = Math.min(frame, this.replay.last);
    this.paint(at, layers);
    showFacts(this.root, this.replay, at);
    if (this.parts.cargo) showCargo(this.parts.cargo, this.replay, at);
    if (this.parts.sparks) drawSparks(this.parts.sparks, this.replay, at);
  }

  paint(frame, layers) {
    const { canvas } = this.parts;
    const size = Math.round(Math.min(canvas.clientWidth, canvas.clientHeight) * (window.devicePixelRatio || 1));
    if (canvas.width !== size) canvas.width = canvas.height = size;
    draw(canvas.getContext("2d"), size, this.replay, this.replay.frame(frame), palette(document.documentElement.dataset.theme), layers);
  }

  speak(frame) {
    this.parts.spoken.textContent = describe(this.replay, Math.min(frame, this.replay.last));
  }
}

class Viewer {
  constructor(sides) {
    this.sides = sides;
    this.last = Math.max(...sides.map(({ replay }) => replay.last));
    this.state = start(this.last, frameInAddress());
    this.shown = -1;
    controls.scrub.max = this.last;
    controls.scrub.disabled = controls.play.disabled = false;
    this.listen();
    this.render();
    this.speak();
  }

  /** The first replay: on most pages the only one. */
  get replay() {
    return this.sides[0].replay;
  }

  dispatch(action) {
    const wasPlaying = this.state.playing;
    this.state = reduce(this.state, action);
    if (this.state.playing && !wasPlaying) this.run();
    if (this.state.playing) clearTimeout(this.settling);
    if (!this.state.playing && action.type !== "speed") this.settle();
    this.render();
  }

  /**
   * Play by the clock, so that a slow screen shows fewer frames and not a slower game. There is one loop at most: one that was
   * paused a moment ago has a frame to come, which would go on beside a new one.
   */
  run() {
    cancelAnimationFrame(this.coming);
    this.before = performance.now();
    const advance = (now) => {
      this.dispatch({ type: "tick", seconds: (now - this.before) / 1000 });
      this.before = Math.max(now, this.before);
      if (this.state.playing) this.coming = requestAnimationFrame(advance);
    };
    this.coming = requestAnimationFrame(advance);
  }

  /** Standing still: say where we are, in the address and to screen readers. */
  settle() {
    clearTimeout(this.settling);
    this.settling = setTimeout(() => {
      history.replaceState(null, "", `#t=${frameOf(this.state)}`);
      this.speak();
    }, 250);
  }

  speak() {
    for (const side of this.sides) side.speak(frameOf(this.state));
  }

  render() {
    const frame = frameOf(this.state);
    controls.play.textContent = this.state.playing ? "Pause" : "Play";
    controls.speed.value = String(this.state.speed);
    if (frame === this.shown) return;
    this.shown = frame;
    controls.scrub.value = frame;
    controls.scrub.setAttribute("aria-valuetext", `step ${frame} of ${this.last}`);
    controls.time.textContent = `${frame.toLocaleString("en")} / ${this.last.toLocaleString("en")}`;
    const layers = { fields: controls.fields.checked, names: controls.names.checked };
    for (const side of this.sides) side.show(frame, layers);
  }

  repaint() {
    this.shown = -1;
    this.render();
  }

  listen() {
    controls.play.addEventListener("click", () => this.dispatch({ type: "toggle" }));
    controls.scrub.addEventListener("input", () => this.dispatch({ type: "seek", frame: Number(controls.scrub.value) }));
    controls.speed.addEventListener("change", () => this.dispatch({ type: "speed", value: Number(controls.speed.value) }));
    for (const button of stage.querySelectorAll("[data-step]")) {
      button.disabled = false;
      button.addEventListener("click", () => this.dispatch({ type: "step", by: Number(button.dataset.step) }));
    }
    for (const layer of [controls.fields, controls.names]) layer.addEventListener("change", () => this.repaint());
    addEventListener("keydown", (event) => this.onKey(event));
    controls.play.addEventListener("keydown", (event) => { if (event.repeat) event.preventDefault(); }); // One press, one click.
    document.addEventListener("visibilitychange", () => { this.before = performance.now(); }); // Nobody watched meanwhile.
    addEventListener("hashchange", () => this.dispatch({ type: "seek", frame: frameInAddress() }));
    addEventListener("arena:theme", () => this.repaint());
    const observer = new ResizeObserver(() => this.repaint());
    for (const side of this.sides) {
      observer.observe(side.parts.canvas);
      side.parts.sparks?.addEventListener("click", (event) => {
        this.dispatch({ type: "seek", frame: (event.offsetX / side.parts.sparks.clientWidth) * side.replay.last });
      });
    }
  }

  /** Keys work anywhere on the page, except where they already mean something. */
  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const busy = event.target.closest?.("select, textarea, input:not([type=range]), summary, a");
    const presses = event.key === " " && event.target.closest?.("button");
    const action = busy || presses ? null : actionOf(event.key, event.shiftKey);
    if (!action) return;
    event.preventDefault();
    if (action.type !== "toggle" || !event.repeat) this.dispatch(action);
  }
}

/** The file is made on demand: until it is there, the server says how far it is. */
async function fetchReplay(address, status) {
  for (;;) {
    const response = await fetch(address, { headers: { Accept: "application/octet-stream" } });
    if (response.status === 202) {
      status.textContent = (await response.json()).message;
      await new Promise((resolve) => { setTimeout(resolve, 700); });
    } else if (response.ok) {
      return response.arrayBuffer();
    } else {
      const answer = await response.json().catch(() => null);
      throw new Error(answer?.error?.message ?? `The replay could not be fetched (status ${response.status}).`);
    }
  }
}

/** The side of a root, or null after saying there why it cannot be shown. */
async function load(root) {
  const { status } = partsOf(root, ["status"]);
  try {
    const side = new Side(root, await read(await fetchReplay(root.dataset.replay, status)));
    status.hidden = true;
    return side;
  } catch (error) {
    status.textContent = error.message;
    status.className = "notice error";
    return null;
  }
}

const sides = (await Promise.all(roots.map(load))).filter(Boolean);
if (sides.length) {
  stage.viewer = new Viewer(sides);
  stage.dataset.ready = "";
}
