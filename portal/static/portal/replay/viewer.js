// Wires a replay to the page: fetch, controls, keyboard, address, redrawing.

import { read } from "./format.js";
import { actionOf, frameOf, reduce, start } from "./player.js";
import { draw, palette } from "./scene.js";
import { describe, drawSparks, listEvents, showCargo, showFacts } from "./panel.js";

const root = document.querySelector("[data-replay]");
const find = (name) => root.querySelector(`[data-part="${name}"]`);
const parts = Object.fromEntries(["canvas", "scrub", "play", "speed", "time", "sparks", "cargo", "events", "status", "spoken", "fields", "names"].map((name) => [name, find(name)]));

const frameInAddress = () => Number(/^#t=(\d+)$/.exec(location.hash)?.[1] ?? 0);

class Viewer {
  constructor(replay) {
    this.replay = replay;
    this.state = start(replay.last, frameInAddress());
    this.shown = -1;
    parts.scrub.max = replay.last;
    parts.scrub.disabled = parts.play.disabled = false;
    listEvents(parts.events, replay);
    this.listen();
    this.render();
    this.speak();
  }

  dispatch(action) {
    const wasPlaying = this.state.playing;
    this.state = reduce(this.state, action);
    if (this.state.playing && !wasPlaying) this.run();
    if (!this.state.playing && action.type !== "speed") this.settle();
    this.render();
  }

  /** Plays by the clock, so that a slow screen shows fewer frames and not a slower game. */
  run() {
    let before = performance.now();
    const advance = (now) => {
      if (!this.state.playing) return;
      this.dispatch({ type: "tick", seconds: (now - before) / 1000 });
      before = now;
      requestAnimationFrame(advance);
    };
    requestAnimationFrame(advance);
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
    parts.spoken.textContent = describe(this.replay, frameOf(this.state));
  }

  render() {
    const frame = frameOf(this.state);
    parts.play.textContent = this.state.playing ? "Pause" : "Play";
    parts.speed.value = String(this.state.speed);
    if (frame === this.shown) return;
    this.shown = frame;
    parts.scrub.value = frame;
    parts.scrub.setAttribute("aria-valuetext", `step ${frame} of ${this.replay.last}`);
    parts.time.textContent = `${frame.toLocaleString("en")} / ${this.replay.last.toLocaleString("en")}`;
    this.paint();
    showFacts(root, this.replay, frame);
    showCargo(parts.cargo, this.replay, frame);
    drawSparks(parts.sparks, this.replay, frame);
  }

  paint() {
    const canvas = parts.canvas;
    const size = Math.round(Math.min(canvas.clientWidth, canvas.clientHeight) * (window.devicePixelRatio || 1));
    if (canvas.width !== size) canvas.width = canvas.height = size;
    const layers = { fields: parts.fields.checked, names: parts.names.checked };
    draw(canvas.getContext("2d"), size, this.replay, this.replay.frame(frameOf(this.state)), palette(document.documentElement.dataset.theme), layers);
  }

  repaint() {
    this.shown = -1;
    this.render();
  }

  listen() {
    parts.play.addEventListener("click", () => this.dispatch({ type: "toggle" }));
    parts.scrub.addEventListener("input", () => this.dispatch({ type: "seek", frame: Number(parts.scrub.value) }));
    parts.speed.addEventListener("change", () => this.dispatch({ type: "speed", value: Number(parts.speed.value) }));
    for (const button of root.querySelectorAll("[data-step]")) {
      button.disabled = false;
      button.addEventListener("click", () => this.dispatch({ type: "step", by: Number(button.dataset.step) }));
    }
    parts.sparks.addEventListener("click", (event) => {
      this.dispatch({ type: "seek", frame: (event.offsetX / parts.sparks.clientWidth) * this.replay.last });
    });
    for (const layer of [parts.fields, parts.names]) layer.addEventListener("change", () => this.repaint());
    addEventListener("keydown", (event) => this.onKey(event));
    addEventListener("hashchange", () => this.dispatch({ type: "seek", frame: frameInAddress() }));
    addEventListener("arena:theme", () => this.repaint());
    new ResizeObserver(() => this.repaint()).observe(parts.canvas);
  }

  /** Keys work anywhere on the page, except where they already mean something. */
  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const busy = event.target.closest?.("select, textarea, input:not([type=range]), summary, a");
    const presses = event.key === " " && event.target.closest?.("button");
    const action = busy || presses ? null : actionOf(event.key, event.shiftKey);
    if (!action) return;
    event.preventDefault();
    this.dispatch(action);
  }
}

/** The file is made on demand: until it is there, the server says how far it is. */
async function fetchReplay(address) {
  for (;;) {
    const response = await fetch(address, { headers: { Accept: "application/octet-stream" } });
    if (response.status === 202) {
      parts.status.textContent = (await response.json()).message;
      await new Promise((resolve) => { setTimeout(resolve, 700); });
    } else if (response.ok) {
      return response.arrayBuffer();
    } else {
      const answer = await response.json().catch(() => null);
      throw new Error(answer?.error?.message ?? `The replay could not be fetched (status ${response.status}).`);
    }
  }
}

try {
  const replay = await read(await fetchReplay(root.dataset.replay));
  root.viewer = new Viewer(replay);
  parts.status.hidden = true;
  root.dataset.ready = "";
} catch (error) {
  parts.status.textContent = error.message;
  parts.status.className = "notice error";
}
