// Reading replay files: columns come back as they were written, and what is no replay is refused with the reason.

import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync } from "node:zlib";
import { column, ReplayError, unpack } from "../../portal/static/portal/replay/format.js";

/** A file with this header and body, as docs/replay-format.md lays it out. */
function fileOf(header, body) {
  const text = Buffer.from(JSON.stringify({ version: 2, body_bytes: body.length, ...header }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  const file = Buffer.concat([Buffer.from("MATERPLY"), length, text, deflateSync(body)]);
  return new Uint8Array(file).buffer;
}

const refusal = (buffer) =>
  unpack(buffer).then(
    () => "",
    (error) => (error instanceof ReplayError ? error.message : `${error}`),
  );

test("header and body come back", async () => {
  const { header, body } = await unpack(fileOf({ steps: 7 }, Buffer.from([1, 2, 3])));
  assert.equal(header.steps, 7);
  assert.deepEqual([...body], [1, 2, 3]);
});

test("what is no replay is refused with the reason", async () => {
  const whole = fileOf({}, Buffer.from([1, 2, 3]));
  assert.match(await refusal(new ArrayBuffer(4)), /not a replay file/);
  assert.match(await refusal(whole.slice(0, 20)), /cut short/);
  assert.match(await refusal(whole.slice(0, -6)), /damaged/);
  assert.match(await refusal(fileOf({ version: 9 }, Buffer.alloc(0))), /version 9/);
  assert.match(await refusal(fileOf({ body_bytes: 99 }, Buffer.from([1]))), /wrong length/);
});

test("byte planes, deltas and bits are decoded, in natural units", () => {
  const entry = { offset: 0, quantum: 0.5, encoding: "plain", dtype: "int16", shape: [2], bytes: 4 };
  const plain = column(entry, new Uint8Array([1, 255, 0, 255])); // Low bytes of 1 and -1, then their high bytes.
  assert.deepEqual([plain.at(0), plain.at(1)], [0.5, -0.5]);
  const delta = column(
    { ...entry, encoding: "delta", quantum: 1, dtype: "int8", shape: [3], bytes: 3 },
    new Uint8Array([5, 1, 255]),
  );
  assert.deepEqual(
    [0, 1, 2].map((t) => delta.at(t)),
    [5, 6, 5],
  );
  const bits = column(
    { ...entry, encoding: "bits", quantum: 1, dtype: "int8", shape: [3, 2], bytes: 2 },
    new Uint8Array([0b101, 0b010]),
  );
  assert.deepEqual(
    [0, 1, 2].map((t) => [bits.at(t, 0), bits.at(t, 1)]),
    [
      [1, 0],
      [0, 1],
      [1, 0],
    ],
  );
});
