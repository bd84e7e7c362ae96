// The menu of exports: link at this step, PNG, GIF, WebM. Films are made in a copy of the canvas, so the page stays
// usable.

import { gif, nameOf, png, save, webm, webmType } from "./capturing.js";
import { frameOf } from "./player.js";

/** Connect the buttons [data-export] and [data-part=copy] of a stage. */
export function wireExports(stage, viewer) {
  const progress = stage.querySelector('[data-part="progress"]');
  const canvas = stage.querySelector('[data-part="canvas"]');
  const page = stage.dataset.episode ?? "replay";
  const buttons = [...stage.querySelectorAll("[data-export]")];
  const draw = (target, position) =>
    viewer.sides[0].scene.draw(target, Math.min(position, viewer.replay.last), viewer.view);
  const makers = {
    png: () => png(canvas),
    gif: (say) => gif(draw, viewer.state, canvas, say),
    webm: (say) => webm(draw, viewer.state, canvas, say),
  };

  async function run(kind) {
    for (const button of buttons) button.disabled = true;
    const state = { ...viewer.state };
    const say = (share) => {
      progress.hidden = false;
      progress.value = share;
      return stage.isConnected;
    };
    try {
      const blob = await makers[kind](say);
      if (blob) save(blob, nameOf(page, state, kind));
    } finally {
      progress.hidden = true;
      for (const button of buttons) button.disabled = button.dataset.export === "webm" && !webmType();
    }
  }

  for (const button of buttons) {
    if (button.dataset.export === "webm") button.disabled = !webmType();
    button.addEventListener("click", () => run(button.dataset.export));
  }

  const copy = stage.querySelector('[data-part="copy"]');
  copy?.addEventListener("click", async () => {
    const address = `${location.origin}${location.pathname}${location.search}#t=${frameOf(viewer.state)}`;
    history.replaceState(null, "", `#t=${frameOf(viewer.state)}`);
    try {
      await navigator.clipboard.writeText(address);
    } catch {
      return; // The address bar has it.
    }
    copy.dataset.done = "";
    setTimeout(() => {
      delete copy.dataset.done;
    }, 1500);
  });
}
