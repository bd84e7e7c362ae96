// What every page does in the browser: menus close, toasts go, times are told in the reader's zone, keys lead about,
// and what took
// long says that it has ended.

const language = document.documentElement.lang || "en";

// Menus are details. One is open at a time; Escape and a click elsewhere close it.
const closeMenus = (but) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (menu !== but) menu.open = false;
};
document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.activeElement?.closest("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

// Toasts: six seconds, ten with Undo; errors stay. Whoever points at one or has the focus in it keeps it.
for (const toast of document.querySelectorAll("[data-toast]")) {
  const close = toast.querySelector("[data-close]");
  close.hidden = false;
  close.addEventListener("click", () => toast.remove());
  if (toast.classList.contains("error")) continue;
  const seconds = toast.querySelector("form") ? 10 : 6;
  let timer;
  const start = () => {
    timer = setTimeout(() => toast.remove(), seconds * 1000);
  };
  for (const kind of ["pointerenter", "focusin"]) toast.addEventListener(kind, () => clearTimeout(timer));
  for (const kind of ["pointerleave", "focusout"]) toast.addEventListener(kind, start);
  start();
}

// Times in the reader's zone; the server wrote UTC.
const moment = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
const day = new Intl.DateTimeFormat(language, { dateStyle: "medium" });
const long = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "long" });
export function tellTimes(root) {
  for (const time of root.querySelectorAll("time[datetime][data-style]")) {
    const value = new Date(time.dateTime);
    if (Number.isNaN(value.getTime())) continue;
    time.title = long.format(value);
    if (time.dataset.style === "moment") time.textContent = moment.format(value);
    if (time.dataset.style === "day") time.textContent = day.format(value);
  }
}

// What is followed ([data-follow]: a name; [data-over]; [data-outcome]: a sentence) says once that it has ended: in the
// title,
// and as the browser's notification where that is allowed and nobody looks.
export function tellOutcomes(root) {
  for (const one of root.querySelectorAll("[data-follow]")) {
    const key = `follow-${one.dataset.follow}`;
    if (one.dataset.over !== "true") {
      sessionStorage.setItem(key, "1");
      continue;
    }
    if (!sessionStorage.getItem(key)) continue;
    sessionStorage.removeItem(key);
    document.title = `✓ ${document.title}`;
    if (document.hidden && globalThis.Notification?.permission === "granted") new Notification(one.dataset.outcome);
  }
}
for (const button of document.querySelectorAll("[data-notify]")) {
  button.hidden = globalThis.Notification?.permission !== "default";
  button.addEventListener("click", async () => {
    button.hidden = (await Notification.requestPermission()) !== "default";
  });
}

function refresh(root) {
  tellTimes(root);
  tellOutcomes(root);
}
refresh(document);
document.addEventListener("htmx:afterSettle", () => refresh(document));

// Copy buttons: [data-copy] names the element whose text is copied.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
  const label = button.querySelector("[data-label]") ?? button;
  const before = label.textContent;
  label.textContent = button.dataset.done;
  setTimeout(() => {
    label.textContent = before;
  }, 2000);
});

// Keys. Letters mean nothing while somebody writes, nor on pages that have keys of their own ([data-own-keys]).
// A field in a dialog that has just closed keeps the focus until the next frame.
const isWriting = (target) =>
  target.closest?.("input, textarea, select, [contenteditable]")?.checkVisibility() ?? false;
const keys = document.querySelector("[data-keys]");
let awaitsPlace = false;

function moveRow(by) {
  const rows = [...document.querySelectorAll("main tbody tr:has(th a, td a)")].filter((row) => row.checkVisibility());
  if (!rows.length) return;
  const here = rows.findIndex((row) => row.hasAttribute("data-here"));
  const next = rows[Math.min(Math.max(here + by, 0), rows.length - 1)];
  rows[here]?.removeAttribute("data-here");
  next.setAttribute("data-here", "");
  (next.querySelector("th a") ?? next.querySelector("a")).focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target)) return;
  if (document.querySelector("dialog[open]")) return;
  const key = event.key.toLowerCase();
  if (awaitsPlace) {
    awaitsPlace = false;
    const place = keys.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (place) location.assign(place.dataset.go);
    return;
  }
  if (event.key === "?") {
    event.preventDefault();
    keys.showModal();
    return;
  }
  if (event.key === "/") {
    event.preventDefault();
    document.querySelector("[data-search-open]").click();
    return;
  }
  if (document.querySelector("[data-replay], [data-stage], [data-own-keys]")) return;
  if (key === "g") {
    awaitsPlace = true;
    setTimeout(() => {
      awaitsPlace = false;
    }, 1500);
  }
  if (key === "j") moveRow(1);
  if (key === "k") moveRow(-1);
});

// Filters that are asked for while one types: what is empty need not stand in the address.
document.addEventListener("htmx:configRequest", ({ detail }) => {
  if (!detail.elt.matches("[data-live]")) return;
  for (const [name, value] of Object.entries(detail.parameters)) if (value === "") delete detail.parameters[name];
});
