// The state of playing, and the one pure function that changes it: (state, action) -> state. No clock, no page.

export const SPEEDS = [0.25, 0.5, 1, 2, 4, 8, 16, 32, 64];
export const FRAMES_PER_SECOND = 60; // At speed 1: as upstream shows its games.

const clamp = (value, least, most) => Math.min(Math.max(value, least), most);

/**
 * The state before the first action. `last` is the number of the last frame that can be shown; while `isComplete` is
 * false, more frames are being rendered, and playing waits for them. `wanted` is a frame beyond the last one, to be
 * shown when it is there.
 */
export function start(last, frame = 0, isComplete = true) {
  const asked = Math.max(Math.trunc(frame) || 0, 0);
  return {
    position: Math.min(asked, last),
    wanted: isComplete ? 0 : asked,
    last,
    isComplete,
    playing: false,
    speed: 1,
    loops: false,
  };
}

/** The frame to show: positions run between frames while playing. */
export const frameOf = (state) => Math.floor(state.position);

function shift(speed, by) {
  const at = SPEEDS.indexOf(speed);
  return SPEEDS[clamp((at < 0 ? SPEEDS.indexOf(1) : at) + by, 0, SPEEDS.length - 1)];
}

function tick(state, seconds) {
  if (!state.playing) return state;
  const position = state.position + Math.max(seconds, 0) * FRAMES_PER_SECOND * state.speed;
  if (position < state.last) return { ...state, position };
  if (!state.isComplete) return { ...state, position: state.last };
  if (state.loops) return { ...state, position: state.last ? position % state.last : 0 };
  return { ...state, position: state.last, playing: false };
}

/** Playing from the end starts over. */
function play(state) {
  const isOver = state.isComplete && frameOf(state) >= state.last;
  return { ...state, playing: state.last > 0 || !state.isComplete, position: isOver ? 0 : state.position };
}

/** More frames have been rendered. */
function extend(state, { last, isComplete }) {
  const position = state.wanted > state.position && !state.playing ? Math.min(state.wanted, last) : state.position;
  return { ...state, last, isComplete, position, wanted: isComplete ? 0 : state.wanted };
}

/** The next or the previous of some frames in ascending order; where there is none, the last or the first frame. */
function jump(state, { frames, by }) {
  const here = frameOf(state);
  const found = by > 0 ? frames.find((frame) => frame > here) : frames.findLast((frame) => frame < here);
  return { ...state, wanted: 0, position: clamp(found ?? (by > 0 ? state.last : 0), 0, state.last) };
}

export function reduce(state, action) {
  switch (action.type) {
    case "play":
      return play(state);
    case "pause":
      return { ...state, playing: false };
    case "toggle":
      return reduce(state, { type: state.playing ? "pause" : "play" });
    case "loop":
      return { ...state, loops: action.on ?? !state.loops };
    case "seek":
      return Number.isFinite(action.frame)
        ? { ...state, wanted: 0, position: clamp(Math.round(action.frame), 0, state.last) }
        : state;
    case "step":
      return { ...state, wanted: 0, playing: false, position: clamp(frameOf(state) + action.by, 0, state.last) };
    case "jump":
      return jump(state, action);
    case "extend":
      return extend(state, action);
    case "speed":
      return SPEEDS.includes(action.value) ? { ...state, speed: action.value } : state;
    case "faster":
      return { ...state, speed: shift(state.speed, 1) };
    case "slower":
      return { ...state, speed: shift(state.speed, -1) };
    case "tick":
      return tick(state, action.seconds);
    default:
      return state;
  }
}

/** The action that a key requests, or null. `deliveries` are the frames that N and P jump to. */
export function actionOf(key, shifted = false, deliveries = []) {
  const by = shifted ? 10 : 1;
  return (
    {
      " ": { type: "toggle" },
      k: { type: "toggle" },
      ArrowRight: { type: "step", by },
      ArrowLeft: { type: "step", by: -by },
      ArrowUp: { type: "step", by: 100 },
      ArrowDown: { type: "step", by: -100 },
      Home: { type: "seek", frame: 0 },
      End: { type: "seek", frame: Number.MAX_SAFE_INTEGER },
      n: { type: "jump", frames: deliveries, by: 1 },
      p: { type: "jump", frames: deliveries, by: -1 },
      l: { type: "loop" },
      "+": { type: "faster" },
      "=": { type: "faster" },
      "-": { type: "slower" },
    }[key] ?? null
  );
}
