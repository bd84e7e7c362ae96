// The tabs beside the arena: figures, agents, events, cargo. Texts come from the page, which is translated.

import { fill } from "./format.js";

/** A text of the page in the reader's language. */
export const words = (key) => document.querySelector(`[data-word="${key}"]`)?.textContent ?? key;
/** Why a replay cannot be shown, in the reader's language. */
export const reasonOf = (error) => (error.text ? fill(words(error.text), error.values) : error.message);

const number = (value, digits = 0) =>
  value
    .toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits, signDisplay: "negative" })
    .replace("-", "−");
const percent = (value) => `${number(100 * value, 1)} %`;

const write = (place, text) => {
  if (place.textContent !== text) place.textContent = text;
};

/** Fill every [data-fact] below `root` with the figures of frame t. */
export function showFacts(root, replay, t) {
  const { totals } = replay;
  const facts = {
    step: number(t),
    targetReward: number(totals.reward[t]),
    cameraReward: number(-totals.reward[t]),
    delivered: number(totals.delivered[t]),
    coverage: percent(totals.coverage[t]),
    meanCoverage: percent(totals.meanCoverage[t]),
    transport: percent(replay.columns.mean_transport_rate.at(t)),
  };
  for (const place of root.querySelectorAll("[data-fact]")) write(place, facts[place.dataset.fact]);
}

/** Fill the cells of the cargo table, rows the warehouses that cargo waits at, columns where it goes. */
export function showCargo(table, replay, t) {
  const cells = table.querySelectorAll("tbody td");
  for (const [index, count] of replay.cargo(t).flat().entries()) write(cells[index], index % 5 ? String(count) : "·");
}

/** What happens at frame t, in a sentence, for readers who do not see the canvas. */
export function describe(replay, t) {
  const { cameras, targets } = replay.frame(t);
  return fill(words("spoken"), {
    step: t,
    tracked: targets.filter((target) => target.isTracked).length,
    targets: targets.length,
    looking: cameras.filter((camera) => camera.tracks).length,
    cameras: cameras.length,
    loaded: targets.filter((target) => target.goal >= 0).length,
    delivered: number(replay.totals.delivered[t]),
  });
}

/** The list of agents: a button for each, which shows what it observes, and its state in words. */
export class Agents {
  constructor(list, replay, choose) {
    this.replay = replay;
    const entries = [
      ...replay.cameras.map((_, index) => ({ team: "camera", index })),
      ...replay.targets.map((_, index) => ({ team: "target", index })),
    ];
    this.rows = entries.map((agent) => this.#row(agent, choose));
    list.replaceChildren(...this.rows.map(({ item }) => item));
  }

  #row(agent, choose) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.className = `agent-row team-${agent.team}`;
    button.setAttribute("aria-pressed", "false");
    const name = document.createElement("b");
    name.textContent = `${agent.team === "camera" ? "C" : "T"}${agent.index}`;
    const state = document.createElement("span");
    button.append(name, state);
    button.addEventListener("click", () => choose(button.getAttribute("aria-pressed") === "true" ? null : agent));
    item.append(button);
    return { item, button, state, agent };
  }

  show(t) {
    const { cameras, targets } = this.replay.frame(t);
    for (const {
      state,
      agent: { team, index },
    } of this.rows) {
      write(state, team === "camera" ? this.#camera(t, cameras[index], index) : this.#target(targets[index], t, index));
    }
  }

  #camera(t, { isSeen, angle }, index) {
    const mask = this.replay.columns.camera_target_view_mask;
    const count = this.replay.targets.length;
    const seen = this.replay.targets
      .map((_, j) => j)
      .filter((j) => mask.at(t, index * count + j))
      .map((j) => `T${j}`);
    const sees = seen.length ? fill(words("sees"), { who: seen.join(" ") }) : words("sees-nobody");
    return [sees, `${Math.round(angle)}°`, ...(isSeen ? [words("is-seen")] : [])].join(" · ");
  }

  #target({ goal, isTracked }, t, index) {
    const weight = this.replay.columns.target_weight.at(t, index);
    const load = goal >= 0 ? fill(words("carries"), { weight, goal }) : words("empty");
    return isTracked ? `${load} · ${words("is-seen")}` : load;
  }

  choose(agent) {
    for (const {
      button,
      agent: { team, index },
    } of this.rows) {
      button.setAttribute("aria-pressed", String(agent?.team === team && agent?.index === index));
    }
  }
}

/** The list of deliveries, each a link to its step; the last one that has happened is marked. */
export class Events {
  constructor(list, replay) {
    this.list = list;
    this.set(replay);
  }

  set(replay) {
    this.events = replay.totals.events;
    this.current = -1;
    const items = this.events.map(({ frame, target, weight, warehouse }) => {
      const item = document.createElement("li");
      const link = document.createElement("a");
      link.href = `#t=${frame}`;
      link.textContent = number(frame);
      const swatch = document.createElement("span");
      swatch.className = `swatch warehouse-${warehouse}`;
      item.append(link, swatch, fill(words("delivers"), { target, weight, warehouse }));
      return item;
    });
    this.list.replaceChildren(...items);
  }

  show(t) {
    const after = this.events.findIndex(({ frame }) => frame > t);
    const current = (after < 0 ? this.events.length : after) - 1;
    if (current === this.current) return;
    this.list.children[this.current]?.removeAttribute("aria-current");
    this.current = current;
    const item = this.list.children[current];
    if (!item) return;
    item.setAttribute("aria-current", "true");
    this.follow();
  }

  /** Scroll to the last delivery that has happened, where the list is shown. */
  follow() {
    const item = this.list.children[this.current];
    if (!item || !this.list.offsetParent) return;
    this.list.scrollTop = item.offsetTop - this.list.offsetTop - this.list.clientHeight / 2 + item.offsetHeight / 2;
  }
}

/** Tabs by the pattern of ARIA: arrows move between them. */
export function wireTabs(list) {
  const tabs = [...list.querySelectorAll("[role=tab]")];
  const open = (chosen) => {
    for (const tab of tabs) {
      const isChosen = tab === chosen;
      tab.setAttribute("aria-selected", String(isChosen));
      tab.tabIndex = isChosen ? 0 : -1;
      document.getElementById(tab.getAttribute("aria-controls")).hidden = !isChosen;
    }
  };
  tabs.forEach((tab, index) => {
    tab.addEventListener("click", () => open(tab));
    tab.addEventListener("keydown", (event) => {
      const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      const to = by ? tabs[(index + by + tabs.length) % tabs.length] : { Home: tabs[0], End: tabs.at(-1) }[event.key];
      if (!to) return;
      event.preventDefault();
      event.stopPropagation();
      open(to);
      to.focus();
    });
  });
}
