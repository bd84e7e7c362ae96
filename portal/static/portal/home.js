// The first page: the replay of the best camera against the best target plays over the still picture, from when it is
// in view. Not
// where motion or data is to be saved.

import { follow } from "./replay/fetching.js";
import { LAYERS, Scene } from "./replay/scene.js";
import { palette } from "./replay/shapes.js";

const stage = document.querySelector("[data-show]");
const SPEED = 90; // Steps a second.

function play(replay) {
  const canvas = document.createElement("canvas");
  canvas.setAttribute("aria-hidden", "true");
  const side = Math.round(stage.clientWidth * Math.min(devicePixelRatio, 2));
  Object.assign(canvas, { width: side, height: side });
  stage.append(canvas);
  const scene = new Scene(replay);
  let begun;
  let isSeen = true;
  new IntersectionObserver(([entry]) => {
    isSeen = entry.isIntersecting;
  }).observe(stage);
  const draw = (now) => {
    begun ??= now;
    if (isSeen && !document.hidden) {
      const position = (((now - begun) / 1000) * SPEED) % Math.max(replay.last, 1);
      const colours = palette(document.documentElement.dataset.theme);
      scene.draw(canvas, position, { colours, layers: { ...LAYERS, messages: false } });
      canvas.classList.add("ready");
    }
    requestAnimationFrame(draw);
  };
  requestAnimationFrame(draw);
}

const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches || navigator.connection?.saveData;
if (stage && !isStill) {
  new IntersectionObserver(async ([entry], observer) => {
    if (!entry.isIntersecting) return;
    observer.disconnect();
    let newest = null;
    // Without a replay the still picture stays.
    await follow(
      stage.dataset.show,
      (replay) => {
        newest = replay;
      },
      () => {},
    ).catch(() => {});
    if (newest) play(newest);
  }).observe(stage);
}
