// The state of playing: actions in, states out. No clock and no page.

import assert from "node:assert/strict";
import { test } from "node:test";
import { actionOf, frameOf, reduce, SPEEDS, start } from "../../portal/static/portal/replay/player.js";

const after = (state, ...actions) => actions.reduce(reduce, state);

test("playing moves on by the time that passed, and stops at the last frame", () => {
  const playing = after(start(600), { type: "play" }, { type: "tick", seconds: 1 });
  assert.equal(frameOf(playing), 60);
  const ended = after(playing, { type: "tick", seconds: 100 });
  assert.equal(frameOf(ended), 600);
  assert.equal(ended.playing, false);
  assert.equal(frameOf(after(ended, { type: "play" })), 0);
});

test("playing waits at the last rendered frame until more frames are there", () => {
  const waiting = after(start(10, 0, false), { type: "play" }, { type: "tick", seconds: 9 });
  assert.equal(waiting.playing, true);
  assert.equal(frameOf(waiting), 10);
  const more = after(waiting, { type: "extend", last: 500, isComplete: true }, { type: "tick", seconds: 1 });
  assert.equal(frameOf(more), 70);
});

test("a frame that is not rendered yet is shown once it is", () => {
  const asked = start(10, 300, false);
  assert.equal(frameOf(asked), 10);
  assert.equal(frameOf(after(asked, { type: "extend", last: 400, isComplete: false })), 300);
});

test("a loop starts over instead of stopping", () => {
  const state = after(start(100), { type: "loop" }, { type: "play" }, { type: "tick", seconds: 2 });
  assert.equal(frameOf(state), 20);
  assert.equal(state.playing, true);
});

test("seeking and stepping stay within the replay, and numbers that are none change nothing", () => {
  assert.equal(frameOf(after(start(100), { type: "seek", frame: 1e9 })), 100);
  assert.equal(frameOf(after(start(100), { type: "step", by: -5 })), 0);
  const state = start(100, 7);
  assert.deepEqual(after(state, { type: "seek", frame: Number.NaN }), state);
  assert.deepEqual(after(state, { type: "unknown" }), state);
});

test("speeds stay within the list", () => {
  const fastest = after(start(1), ...Array(20).fill({ type: "faster" }));
  assert.equal(fastest.speed, SPEEDS.at(-1));
  assert.equal(after(fastest, ...Array(20).fill({ type: "slower" })).speed, SPEEDS[0]);
  assert.equal(after(start(1), { type: "speed", value: 3 }).speed, 1);
});

test("keys request actions; N and P jump to deliveries, and beyond them to the ends", () => {
  const deliveries = [20, 50];
  const state = start(100, 30);
  assert.equal(frameOf(reduce(state, actionOf("n", false, deliveries))), 50);
  assert.equal(frameOf(reduce(state, actionOf("p", false, deliveries))), 20);
  assert.equal(frameOf(reduce(start(100, 60), actionOf("n", false, deliveries))), 100);
  assert.equal(frameOf(reduce(state, actionOf("ArrowRight", true))), 40);
  assert.equal(actionOf("q"), null);
});
