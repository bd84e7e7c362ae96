// Wires replays to the page: fetch, controls, keyboard, address, redrawing. A stage shows one replay, or two in step.

import { wireExports } from "./exports.js";
import { follow } from "./fetching.js";
import { pan, WHOLE, zoomAt } from "./lens.js";
import { Agents, describe, Events, reasonOf, showCargo, showFacts, wireTabs, words } from "./panel.js";
import { actionOf, frameOf, reduce, start } from "./player.js";
import { LAYERS, Scene } from "./scene.js";
import { palette } from "./shapes.js";
import { INSET, Timeline } from "./timeline.js";

const PANEL_MILLISECONDS = 100; // The figures change ten times a second; more often, nobody can read them.

const stage = document.querySelector("[data-stage]");
const roots = stage.matches("[data-replay]") ? [stage] : [...stage.querySelectorAll("[data-replay]")];
const partsOf = (root, names) =>
  Object.fromEntries(names.map((name) => [name, root.querySelector(`[data-part="${name}"]`)]));
const controls = partsOf(stage, [
  "scrub",
  "play",
  "speed",
  "time",
  "timeline",
  "loop",
  "full",
  "copy",
  "kinds",
  "unzoom",
  "hover",
  "unobserve",
  "observed",
]);

const frameInAddress = () => Number(/^#t=(\d+)$/.exec(location.hash)?.[1] ?? 0);

/** One replay with its canvas and figures. After its end it stays at its last frame. */
class Side {
  constructor(root, replay, chooseAgent) {
    Object.assign(this, { root, parts: partsOf(root, ["canvas", "cargo", "events", "spoken", "agents"]) });
    this.chooseAgent = chooseAgent;
    this.set(replay);
  }

  /** Show this replay from now on: all of what was shown in part before. */
  set(replay) {
    this.replay = replay;
    this.scene = new Scene(replay);
    if (this.parts.events) this.events = new Events(this.parts.events, replay);
    if (this.parts.agents) this.agents = new Agents(this.parts.agents, replay, this.chooseAgent);
  }

  paint(position, view) {
    const { canvas } = this.parts;
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((side) =>
      Math.max(1, Math.round(side * ratio)),
    );
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    this.scene.draw(canvas, Math.min(position, this.replay.last), view);
  }

  tell(frame) {
    const at = Math.min(frame, this.replay.last);
    showFacts(this.root, this.replay, at);
    if (this.parts.cargo) showCargo(this.parts.cargo, this.replay, at);
    this.agents?.show(at);
    this.events?.show(at);
  }

  speak(frame) {
    this.parts.spoken.textContent = describe(this.replay, Math.min(frame, this.replay.last));
  }
}

class Viewer {
  constructor() {
    this.sides = [];
    this.lens = WHOLE;
    this.layers = { ...LAYERS };
    this.hiddenKinds = new Set();
    this.agent = null;
    this.told = 0;
    this.timeline = new Timeline(controls.timeline);
  }

  /** The first replay: on most pages the only one. */
  get replay() {
    return this.sides[0].replay;
  }

  /** The episode's last frame, of which the beginning alone may be rendered. */
  get end() {
    return Math.max(this.state.last, this.state.isComplete ? 0 : Number(stage.dataset.steps ?? 0));
  }

  get view() {
    return {
      colours: palette(document.documentElement.dataset.theme),
      layers: this.layers,
      lens: this.lens,
      agent: this.agent,
      kinds: this.hiddenKinds,
    };
  }

  /** A replay has come, or more of it. The controls work from the first one on. */
  take(root, replay) {
    const known = this.sides.find((side) => side.root === root);
    if (known) known.set(replay);
    else this.sides.push(new Side(root, replay, (agent) => this.observe(agent)));
    this.sides.sort((a, b) => roots.indexOf(a.root) - roots.indexOf(b.root));
    const last = Math.max(...this.sides.map((side) => side.replay.last));
    const isComplete = this.sides.length === roots.length && this.sides.every((side) => !side.replay.isPartial);
    if (!this.state) {
      this.state = start(last, frameInAddress(), isComplete);
      this.listen();
    } else {
      this.dispatch({ type: "extend", last, isComplete });
    }
    controls.scrub.max = this.end;
    this.listKinds();
    this.deliveries = [...new Set(this.sides.flatMap((side) => side.replay.deliveries))].sort((a, b) => a - b);
    this.repaint();
    this.speak();
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
   * Play by the clock, so that a slow screen shows fewer frames and not a slower game. There is one loop at most: one
   * that was paused a moment ago has a frame to come, which would go on beside a new one.
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

  /** Draw what has changed: the arena at every call, the figures ten times a second and whenever playing stops. */
  render() {
    const { playing, speed, loops, position } = this.state;
    const frame = frameOf(this.state);
    this.renderControls(playing, speed, loops);
    const shown = speed < 1 ? position : frame; // Slow playing moves between frames.
    if (shown === this.shown) return;
    this.shown = shown;
    for (const side of this.sides) side.paint(shown, this.view);
    this.timeline.draw(this.sides, frame, this.end);
    const now = performance.now();
    if (playing && now - this.told < PANEL_MILLISECONDS) return;
    this.told = now;
    controls.scrub.value = frame;
    controls.scrub.setAttribute("aria-valuetext", `${frame} / ${this.end}`);
    controls.time.textContent = `${frame.toLocaleString("en")} / ${this.end.toLocaleString("en")}`;
    for (const side of this.sides) side.tell(frame);
  }

  renderControls(playing, speed, loops) {
    const key = [playing, speed, loops].join();
    if (key === this.controlled) return;
    this.controlled = key;
    controls.play.setAttribute("aria-pressed", String(playing));
    controls.play.setAttribute("aria-label", playing ? controls.play.dataset.pause : controls.play.dataset.play);
    controls.speed.value = String(speed);
    controls.loop?.setAttribute("aria-pressed", String(loops));
    this.told = 0;
    this.shown = -1;
  }

  repaint() {
    this.shown = -1;
    this.told = 0;
    this.render();
  }

  /** Show the world as one agent observes it, or everything again. */
  observe(agent) {
    this.agent = agent;
    for (const side of this.sides) side.agents?.choose(agent);
    if (controls.unobserve) controls.unobserve.hidden = !agent;
    if (agent && controls.observed)
      controls.observed.textContent = `${agent.team === "camera" ? "C" : "T"}${agent.index}`;
    this.repaint();
  }

  look(lens) {
    this.lens = lens;
    if (controls.unzoom) controls.unzoom.hidden = lens.zoom === 1;
    this.repaint();
  }

  listen() {
    for (const part of [controls.scrub, ...stage.querySelectorAll("button[disabled]")]) part.disabled = false;
    controls.play.addEventListener("click", () => this.dispatch({ type: "toggle" }));
    controls.play.addEventListener("keydown", (event) => {
      if (event.repeat) event.preventDefault();
    }); // One press, one click.
    controls.scrub.addEventListener("input", () =>
      this.dispatch({ type: "seek", frame: Number(controls.scrub.value) }),
    );
    controls.scrub.addEventListener("pointermove", (event) => this.hover(event));
    controls.scrub.addEventListener("pointerleave", () => {
      controls.hover.hidden = true;
    });
    controls.speed.addEventListener("change", () =>
      this.dispatch({ type: "speed", value: Number(controls.speed.value) }),
    );
    controls.loop?.addEventListener("click", () => this.dispatch({ type: "loop" }));
    controls.unobserve?.addEventListener("click", () => this.observe(null));
    controls.unzoom?.addEventListener("click", () => this.look(WHOLE));
    controls.full?.addEventListener("click", () =>
      document.fullscreenElement ? document.exitFullscreen() : stage.requestFullscreen(),
    );
    for (const button of stage.querySelectorAll("[data-step]")) {
      button.addEventListener("click", () => this.dispatch({ type: "step", by: Number(button.dataset.step) }));
    }
    for (const button of stage.querySelectorAll("[data-jump]")) {
      button.addEventListener("click", () =>
        this.dispatch({ type: "jump", frames: this.deliveries, by: Number(button.dataset.jump) }),
      );
    }
    for (const box of stage.querySelectorAll("[data-layer]")) {
      this.layers[box.dataset.layer] = box.checked;
      box.addEventListener("change", () => {
        this.layers[box.dataset.layer] = box.checked;
        this.repaint();
      });
    }
    addEventListener("keydown", (event) => this.onKey(event));
    document.addEventListener("visibilitychange", () => {
      this.before = performance.now();
    }); // Nobody watched meanwhile.
    addEventListener("hashchange", () => this.dispatch({ type: "seek", frame: frameInAddress() }));
    addEventListener("arena:theme", () => this.repaint());
    const observer = new ResizeObserver(() => this.repaint());
    for (const root of roots) {
      const canvas = root.querySelector('[data-part="canvas"]');
      observer.observe(canvas);
      this.listenToLens(canvas);
    }
    observer.observe(controls.timeline);
    wireExports(stage, this);
  }

  /** A box for each kind of message that somebody hears, if there are several; the boxes stay while a replay grows. */
  listKinds() {
    const kinds = [...new Set(this.sides.flatMap(({ replay }) => replay.kinds))];
    const { kinds: list } = controls;
    if (list.dataset.kinds === kinds.join()) return;
    list.dataset.kinds = kinds.join();
    list.hidden = kinds.length < 2; // The box of the layer hides a single kind.
    list.replaceChildren(
      ...kinds.map((kind) => {
        const label = document.createElement("label");
        label.className = "choice";
        const box = document.createElement("input");
        Object.assign(box, { type: "checkbox", checked: !this.hiddenKinds.has(kind) });
        box.addEventListener("change", () => {
          this.hiddenKinds[box.checked ? "delete" : "add"](kind);
          this.repaint();
        });
        label.append(box, ` ${words(`kind-${kind}`)}`);
        return label;
      }),
    );
  }

  /** The wheel with Ctrl, or two fingers, magnify; what is magnified is dragged. The page scrolls as ever. */
  listenToLens(canvas) {
    const place = ({ clientX, clientY }) => {
      const box = canvas.getBoundingClientRect();
      return [((clientX - box.left) * canvas.width) / box.width, ((clientY - box.top) * canvas.height) / box.height];
    };
    const held = new Map();
    canvas.addEventListener(
      "wheel",
      (event) => {
        if (!event.ctrlKey && !event.metaKey && this.lens.zoom === 1 && event.deltaY > 0) return;
        event.preventDefault();
        this.look(
          zoomAt(this.lens, canvas, Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015)), ...place(event)),
        );
      },
      { passive: false },
    );
    canvas.addEventListener("dblclick", (event) => {
      this.look(this.lens.zoom > 1 ? WHOLE : zoomAt(this.lens, canvas, 3, ...place(event)));
    });
    canvas.addEventListener("pointerdown", (event) => {
      if (this.lens.zoom > 1 || event.pointerType === "touch") held.set(event.pointerId, place(event));
      if (this.lens.zoom > 1) canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      const from = held.get(event.pointerId);
      if (!from) return;
      const to = place(event);
      const other = [...held].find(([id]) => id !== event.pointerId)?.[1];
      held.set(event.pointerId, to);
      const apart = ([x, y]) => Math.hypot(x - other[0], y - other[1]);
      if (other) this.look(zoomAt(this.lens, canvas, apart(to) / Math.max(apart(from), 1), ...other));
      else if (this.lens.zoom > 1) this.look(pan(this.lens, canvas, to[0] - from[0], to[1] - from[1]));
    });
    for (const end of ["pointerup", "pointercancel"])
      canvas.addEventListener(end, (event) => held.delete(event.pointerId));
  }

  /** The step under the pointer, above the timeline. */
  hover(event) {
    const { left, width } = controls.scrub.getBoundingClientRect();
    const share = Math.min(Math.max((event.clientX - left - INSET) / (width - 2 * INSET), 0), 1);
    const frame = Math.round(share * this.end);
    controls.hover.hidden = false;
    controls.hover.textContent = frame.toLocaleString("en");
    controls.hover.style.left = `${INSET + share * (width - 2 * INSET)}px`;
  }

  /** Keys work anywhere on the page, except where they already mean something. */
  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const busy = event.target.closest?.("select, textarea, input:not([type=range]), summary, a, dialog, [role=tab]");
    const presses = event.key === " " && event.target.closest?.("button");
    if (busy || presses) return;
    const menu = stage.querySelector(".viewer-menu[open]");
    if (menu && event.key === "Escape") {
      menu.open = false;
      return;
    }
    const special = { f: controls.full, 0: controls.unzoom, Escape: controls.unobserve }[event.key];
    if (special && !special.hidden) {
      special.click();
      return;
    }
    const action = actionOf(event.key, event.shiftKey, this.deliveries);
    if (!action) return;
    event.preventDefault();
    if (!["toggle", "loop"].includes(action.type) || !event.repeat) this.dispatch(action);
  }
}

const viewer = new Viewer();
stage.viewer = viewer;
const tabs = stage.querySelector("[role=tablist]");
if (tabs) {
  wireTabs(tabs);
  tabs.addEventListener("click", () => {
    for (const side of viewer.sides) side.events?.follow();
  });
}
/** One menu is open at most; a click beside it closes it. */
document.addEventListener("click", ({ target }) => {
  for (const menu of stage.querySelectorAll(".viewer-menu[open]")) if (!menu.contains(target)) menu.open = false;
});

/** Follow the replay of a root; where it cannot be shown, the reason stands there. */
async function load(root) {
  const { status } = partsOf(root, ["status"]);
  const show = (replay) => {
    status.hidden = true;
    viewer.take(root, replay);
    if (!("ready" in stage.dataset)) performance.mark("first-frame");
    stage.dataset.ready = "";
  };
  try {
    await follow(root.dataset.replay, show, (message) => {
      status.textContent = message;
    });
  } catch (error) {
    status.hidden = false;
    status.textContent = reasonOf(error);
    status.classList.add("error");
  }
}

roots.forEach(load);
