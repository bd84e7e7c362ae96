// Fetching a replay: it is rendered on demand, so the server first says how far it is, and sends its beginning
// meanwhile.

import { ReplayError, read } from "./format.js";

const PAUSES = [60, 100, 150, 250, 400, 700]; // Milliseconds between requests; the last one goes on.

const pause = (milliseconds) =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });

/**
 * Call `show(replay)` with the beginning of a replay as it grows, then with all of it. `say(message)` is told what the
 * server says while there is nothing to show. Throws an Error with the server's reason.
 */
export async function follow(address, show, say) {
  let shown = 0;
  for (let tries = 0; ; tries += 1) {
    const response = await fetch(`${address}?partial=1`, { headers: { Accept: "application/octet-stream" } });
    const isBusy = response.status === 429 || response.status === 503;
    if (response.status === 202 || isBusy) {
      const answer = await response.json();
      say(answer.message ?? answer.detail);
    } else if (response.ok) {
      const replay = await read(await response.arrayBuffer());
      if (!replay.isPartial) return show(replay);
      if (replay.last > shown) show(replay);
      shown = replay.last;
    } else {
      const answer = await response.json().catch(() => null);
      if (answer?.detail) throw new Error(answer.detail);
      throw new ReplayError("The replay could not be fetched (status {status}).", { status: response.status });
    }
    await pause(isBusy ? 3000 : PAUSES[Math.min(tries, PAUSES.length - 1)]);
  }
}
