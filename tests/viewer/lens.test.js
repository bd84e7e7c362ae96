// The part of the world that a canvas shows.

import assert from "node:assert/strict";
import { test } from "node:test";
import { HALF_WINDOW, MOST, pan, toPixel, toWorld, WHOLE, zoomAt } from "../../portal/static/portal/replay/lens.js";

const size = { width: 800, height: 400 };

function near(values, wanted) {
  for (const [i, value] of values.entries())
    assert.ok(Math.abs(value - wanted[i]) < 1e-9, `${values} is not ${wanted}`);
}

test("pixels and places belong to each other at every magnification", () => {
  for (const lens of [WHOLE, zoomAt(WHOLE, size, 3, 100, 50)]) {
    near(toPixel(lens, size, ...toWorld(lens, size, 123, 45)), [123, 45]);
  }
});

test("the place under the pointer stays there while it is magnified", () => {
  const place = toWorld(WHOLE, size, 380, 200);
  near(toWorld(zoomAt(WHOLE, size, 4, 380, 200), size, 380, 200), place);
});

test("magnification stays between the whole world and its limit", () => {
  assert.equal(zoomAt(WHOLE, size, 0.01, 0, 0).zoom, 1);
  assert.equal(zoomAt(WHOLE, size, 1000, 0, 0).zoom, MOST);
});

test("the world cannot be moved out of sight", () => {
  const lens = pan(zoomAt(WHOLE, size, 2, 400, 200), size, 1e6, -1e6);
  assert.equal(lens.x, -HALF_WINDOW / 2);
  assert.equal(lens.y, -HALF_WINDOW / 2);
  const whole = pan(WHOLE, size, 50, 50);
  near([whole.x, whole.y, whole.zoom], [0, 0, 1]);
});
