// The state of playing, and the one pure function that changes it: (state, action) -> state. No clock, no page.

export const SPEEDS = [0.25, 0.5, 1, 2, 4, 8];
export const FRAMES_PER_SECOND = 60; // At speed 1: as upstream shows its games.

const clamp = (value, least, most) => Math.min(Math.max(value, least), most);

/** The state before the first action; `last` is the number of the last frame. */
export function start(last, frame = 0) {
  return { position: clamp(Math.trunc(frame) || 0, 0, last), last, playing: false, speed: 1 };
}

/** The frame to show: positions run between frames while playing. */
export const frameOf = (state) => Math.floor(state.position);

function shift(speed, by) {
  const at = SPEEDS.indexOf(speed);
  return SPEEDS[clamp((at < 0 ? SPEEDS.indexOf(1) : at) + by, 0, SPEEDS.length - 1)];
}

function tick(state, seconds) {
  if (!state.playing) return state;
  const position = Math.min(state.position + Math.max(seconds, 0) * FRAMES_PER_SECOND * state.speed, state.last);
  return { ...state, position, playing: position < state.last };
}

/** Playing from the end starts over. */
function play(state) {
  return { ...state, playing: state.last > 0, position: frameOf(state) >= state.last ? 0 : state.position };
}

export function reduce(state, action) {
  switch (action.type) {
    case "play": return play(state);
    case "pause": return { ...state, playing: false };
    case "toggle": return reduce(state, { type: state.playing ? "pause" : "play" });
    case "seek": return Number.isFinite(action.frame)
      ? { ...state, position: clamp(Math.round(action.frame), 0, state.last) } : state;
    case "step": return { ...state, playing: false, position: clamp(frameOf(state) + action.by, 0, state.last) };
    case "speed": return SPEEDS.includes(action.value) ? { ...state, speed: action.value } : state;
    case "faster": return { ...state, speed: shift(state.speed, 1) };
    case "slower": return { ...state, speed: shift(state.speed, -1) };
    case "tick": return tick(state, action.seconds);
    default: return state;
  }
}

/** The action that a key asks for, or null. */
export function actionOf(key, shifted = false) {
  const by = shifted ? 10 : 1;
  return {
    " ": { type: "toggle" }, k: { type: "toggle" },
    ArrowRight: { type: "step", by }, ArrowLeft: { type: "step", by: -by },
    ArrowUp: { type: "step", by: 100 }, ArrowDown: { type: "step", by: -100 },
    Home: { type: "seek", frame: 0 }, End: { type: "seek", frame: Number.MAX_SAFE_INTEGER },
    "+": { type: "faster" }, "=": { type: "faster" }, "-": { type: "slower" },
  }[key] ?? null;
}
