// Pictures and films of a replay, made in the browser: PNG, animated GIF, WebM.

import { frameOf, reduce } from "./player.js";

export const CLIP_SECONDS = 10; // Of playing at the chosen speed, from the frame that is shown.
const GIF_RATE = 20; // Frames a second; players do not keep up with much more.
const GIF_SIDE = 480;
const PATIENCE = 40; // Milliseconds of encoding after which the page gets its turn.

const WEBM = ["video/webm;codecs=vp9", "video/webm;codecs=vp8", "video/webm"];

/** The type of films that this browser can record, or undefined. */
export const webmType = () => WEBM.find((type) => globalThis.MediaRecorder?.isTypeSupported(type));

/** Offer bytes as a download. */
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

export const png = (canvas) =>
  new Promise((resolve) => {
    canvas.toBlob(resolve, "image/png");
  });

/** The positions of a clip from a state of playing on, `rate` for each second. Pure. */
export function positionsOf(state, rate, seconds = CLIP_SECONDS) {
  const positions = [];
  let now = { ...state, playing: true, loops: false };
  for (let i = 0; i < rate * seconds && now.playing; i += 1) {
    positions.push(now.position);
    now = reduce(now, { type: "tick", seconds: 1 / rate });
  }
  return positions;
}

/**
 * An animated GIF of a clip. `draw(canvas, position)` draws; `say(share)` is told how far it is, and stops it by
 * returning false.
 */
export async function gif(draw, state, size, say) {
  const { GIFEncoder, applyPalette, quantize } = await import("../vendor/gifenc.js");
  const canvas = document.createElement("canvas");
  const scale = Math.min(1, GIF_SIDE / Math.min(size.width, size.height));
  Object.assign(canvas, { width: Math.round(size.width * scale), height: Math.round(size.height * scale) });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const encoder = GIFEncoder();
  const positions = positionsOf(state, GIF_RATE);
  let palette = null;
  let turn = performance.now();
  for (const [index, position] of positions.entries()) {
    draw(canvas, position);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    palette ??= quantize(data, 256);
    encoder.writeFrame(applyPalette(data, palette), canvas.width, canvas.height, {
      palette: index ? undefined : palette,
      delay: 1000 / GIF_RATE,
    });
    if (performance.now() - turn > PATIENCE) {
      if (say((index + 1) / positions.length) === false) return null;
      await new Promise((resolve) => {
        setTimeout(resolve);
      });
      turn = performance.now();
    }
  }
  encoder.finish();
  return new Blob([encoder.bytes()], { type: "image/gif" });
}

/** A film of a clip, recorded while it is drawn at the speed of its playing. As `gif`. */
export async function webm(draw, state, size, say) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: size.width - (size.width % 2), height: size.height - (size.height % 2) });
  draw(canvas, state.position);
  const recorder = new MediaRecorder(canvas.captureStream(), { mimeType: webmType(), videoBitsPerSecond: 8_000_000 });
  const pieces = [];
  recorder.addEventListener("dataavailable", ({ data }) => pieces.push(data));
  const stopped = new Promise((resolve) => {
    recorder.addEventListener("stop", resolve, { once: true });
  });
  recorder.start(250);
  const began = performance.now();
  let now = { ...state, playing: true, loops: false };
  let before = began;
  const isEmpty = () => pieces.every((piece) => piece.size === 0); // A short clip ends before the encoder gives a byte.
  for (let passed = 0; (passed < CLIP_SECONDS && now.playing) || isEmpty(); ) {
    const moment = await new Promise(requestAnimationFrame);
    now = reduce(now, { type: "tick", seconds: (moment - before) / 1000 });
    before = moment;
    passed = (moment - began) / 1000;
    draw(canvas, now.position);
    if (say(Math.min(1, passed / CLIP_SECONDS)) === false) {
      recorder.stop();
      return null;
    }
  }
  recorder.stop();
  await stopped;
  return new Blob(pieces, { type: "video/webm" });
}

export const nameOf = (page, state, ending) => `mate-arena-${page}-${frameOf(state)}.${ending}`;
