// What one agent observes at a frame: the vector that the environment gives it, and the world as that vector tells it.
// The layout is that of docs/environments.md; quantised columns make a difference of less than their quantum.

const RADIANS = Math.PI / 180;
const has = (teams, team) => teams === team || teams === "both";

/** Numbers before the first entity: sizes, own index, warehouses, then the agent's own state. */
const PRESERVED = 13;
const OWN = { camera: 9, target: 14 };
const SIZES = { camera: 7, target: 5, obstacle: 4 }; // Of each entity, with the flag that it is seen.
const ORDER = { camera: ["target", "obstacle", "camera"], target: ["camera", "obstacle", "target"] };

/** Whether the replay holds what each agent sees: files of format 1 do not. */
export const canObserve = (replay) => Boolean(replay.columns.target_target_view_mask);

function preserved(replay, index) {
  const { facts } = replay.header;
  return [
    replay.cameras.length,
    replay.targets.length,
    replay.obstacles.length,
    index,
    ...facts.warehouses.flat(),
    facts.warehouse_radius,
  ];
}

function stateOf(replay, t, kind, index) {
  const {
    columns: c,
    header: { facts },
  } = replay;
  if (kind === "obstacle") {
    const { x, y, radius } = replay.obstacles[index];
    return [x, y, radius];
  }
  if (kind === "target") {
    const loaded = c.target_weight.at(t, index) > 0 ? 1 : 0;
    return [
      c.target_location.at(t, 2 * index),
      c.target_location.at(t, 2 * index + 1),
      facts.targets[index].sight_range,
      loaded,
    ];
  }
  const camera = replay.cameras[index];
  const angle = c.camera_viewing_angle.at(t, index);
  const range = Math.sqrt((camera.minAngle * camera.maxRange ** 2) / angle);
  const heading = c.camera_orientation.at(t, index) * RADIANS;
  return [camera.x, camera.y, camera.radius, range * Math.cos(heading), range * Math.sin(heading), angle];
}

/** The agent's own state: the public one, and what only it knows. */
function ownState(replay, t, team, index, knowsAll, shares) {
  const {
    columns: c,
    header: { facts },
  } = replay;
  const state = stateOf(replay, t, team, index);
  if (team === "camera") {
    const { max_sight_range: range, rotation_step: turn, zooming_step: zoom } = facts.cameras[index];
    return [...state, range, turn, zoom];
  }
  const { capacity, step_size: step } = facts.targets[index];
  const goal = c.target_goal.at(t, index);
  const four = [0, 1, 2, 3];
  const load = four.map((w) => (w === goal ? c.target_weight.at(t, index) : 0));
  const isEmpty = (who, w) => c.target_empty_bits.at(t, 4 * who + w) > 0;
  const empty = four.map((w) => {
    if (knowsAll) return four.every((to) => c.remaining_cargoes.at(t, 4 * w + to) === 0);
    return isEmpty(index, w) || (shares && replay.targets.some((_, other) => isEmpty(other, w)));
  });
  return [...state, step, capacity, ...load, ...empty.map(Number)];
}

/** The observation of one agent of a team at frame t. */
export function observe(replay, t, team, index) {
  const { facts } = replay.header;
  const counts = { camera: replay.cameras.length, target: replay.targets.length, obstacle: replay.obstacles.length };
  const knowsAll = has(facts.enhanced_observation, team);
  const shares = has(facts.shared_field_of_view, team);
  const sees = (kind, who, whom) => replay.columns[`${team}_${kind}_view_mask`].at(t, who * counts[kind] + whom) > 0;
  const vector = [...preserved(replay, index), ...ownState(replay, t, team, index, knowsAll, shares)];
  for (const kind of ORDER[team]) {
    for (let whom = 0; whom < counts[kind]; whom += 1) {
      const teammates = () =>
        kind === team
          ? shares
          : shares && Array.from({ length: counts[team] }, (_, who) => sees(kind, who, whom)).some(Boolean);
      if (knowsAll || sees(kind, index, whom) || teammates()) vector.push(...stateOf(replay, t, kind, whom), 1);
      else vector.push(...Array(SIZES[kind]).fill(0));
    }
  }
  return vector;
}

/**
 * The world that a vector tells of: {camera, target, obstacle} are lists with null for those that are hidden. The agent
 * itself is among its team. `goal` is the warehouse of a target's own cargo, or -1; `empty` says which warehouses it
 * knows to be empty.
 */
export function worldOf(vector, team) {
  const [cameras, targets, obstacles, index] = vector;
  const counts = { camera: cameras, target: targets, obstacle: obstacles };
  const world = { team, index, camera: [], target: [], obstacle: [], goal: -1, empty: [false, false, false, false] };
  let at = PRESERVED + OWN[team];
  for (const kind of ORDER[team]) {
    for (let i = 0; i < counts[kind]; i += 1, at += SIZES[kind]) {
      const entity = vector.slice(at, at + SIZES[kind]);
      world[kind].push(entity.at(-1) ? read(kind, entity) : null);
    }
  }
  const own = vector.slice(PRESERVED, PRESERVED + OWN[team]);
  world[team][index] = read(team, own);
  if (team === "target") {
    world.goal = own.slice(6, 10).findIndex((units) => units > 0);
    world.empty = own.slice(10, 14).map(Boolean);
  }
  return world;
}

function read(kind, [x, y, third, fourth, fifth, sixth]) {
  if (kind === "obstacle") return { x, y, radius: third };
  if (kind === "target") return { x, y, sightRange: third, isLoaded: fourth > 0 };
  return {
    x,
    y,
    radius: third,
    range: Math.hypot(fourth, fifth),
    orientation: Math.atan2(fifth, fourth) / RADIANS,
    angle: sixth,
  };
}
