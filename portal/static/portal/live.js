// Pages of work that is under way: asks for the changing part of the page when the portal says that something has
// changed.
// An element names its stream (data-events) and how it is fetched (hx-get, hx-trigger="progress"). Where no stream can
// be had,
// it is fetched every few seconds.

const SECONDS = 2; // Between two fetches, at least; and between all of them without a stream.

let stream = null;
let timer = null;
let isWaiting = false; // A fetch is planned.

function fetchSoon() {
  if (isWaiting) return;
  isWaiting = true;
  setTimeout(() => {
    isWaiting = false;
    document.querySelector("[data-events]")?.dispatchEvent(new Event("progress"));
  }, 1000 * SECONDS);
}

function fetchNow() {
  const part = document.querySelector("[data-events]");
  if (part) part.dispatchEvent(new Event("progress"));
  else close(); // All of it is over.
}

function poll() {
  if (timer === null) timer = setInterval(fetchNow, 1000 * SECONDS);
}

function close() {
  stream?.close();
  clearInterval(timer);
  stream = timer = null;
}

function open() {
  close();
  const part = document.querySelector("[data-events]");
  if (!part || document.hidden) return;
  stream = new EventSource(part.dataset.events);
  stream.addEventListener("progress", fetchSoon);
  stream.addEventListener("end", () => {
    close();
    fetchNow();
    poll(); // A page may follow more than its stream: after the check of an upload, its placement.
  });
  stream.addEventListener("error", () => {
    // While it is CONNECTING the browser tries again by itself. It has given up where it was refused.
    if (stream?.readyState === EventSource.CLOSED) poll();
  });
}

// A browser opens six connections to a site at most: pages that nobody looks at hold none.
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) fetchNow();
  open();
});
window.addEventListener("pagehide", close);
open();
