// The search over a page: Ctrl-K (Cmd-K), a click or / (see shell.js) opens it. The server finds (htmx asks while one
// types); arrows choose, Enter opens.
// Pattern: https://www.w3.org/WAI/ARIA/apg/patterns/combobox/

const palette = document.querySelector("[data-palette]");
const field = palette.querySelector("input");
const results = palette.querySelector("[role=listbox]");
const address = palette.querySelector("form").action;
let asked = 0;

const options = () => [...results.querySelectorAll("[role=option]")];
const chosen = () => results.querySelector("[aria-selected=true]");

function choose(option) {
  chosen()?.setAttribute("aria-selected", "false");
  option?.setAttribute("aria-selected", "true");
  option?.scrollIntoView({ block: "nearest" });
  if (option) field.setAttribute("aria-activedescendant", option.id);
  else field.removeAttribute("aria-activedescendant");
}

async function find() {
  const mine = ++asked;
  const text = field.value.trim();
  const answer = await fetch(`${address}?q=${encodeURIComponent(text)}`, { headers: { "HX-Request": "true" } });
  if (mine !== asked || !answer.ok) return; // A later question was asked meanwhile.
  results.innerHTML = await answer.text();
  choose(options()[0]);
  field.setAttribute("aria-expanded", String(options().length > 0));
}

function open() {
  if (palette.open) return;
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  palette.showModal();
  field.select();
  find();
}

let timer;
field.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(find, 120);
});
field.addEventListener("keydown", (event) => {
  const all = options();
  const place = all.indexOf(chosen());
  if (event.key === "ArrowDown") choose(all[(place + 1) % all.length]);
  else if (event.key === "ArrowUp") choose(all[(place - 1 + all.length) % all.length]);
  else if (event.key === "Enter" && chosen()) location.assign(chosen().href);
  else return;
  event.preventDefault();
});
palette.addEventListener("click", (event) => {
  if (event.target === palette) palette.close();
});
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-search-open]")) return;
  event.preventDefault();
  open();
});
document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "k") return;
  event.preventDefault();
  open();
});
