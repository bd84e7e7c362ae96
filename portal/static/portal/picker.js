// The picker of agents (parts/picker.html): a combobox that adds chips. The server finds; the form's own check boxes,
// or its selection, are what is sent.
// Pattern: https://www.w3.org/WAI/ARIA/apg/patterns/combobox/. Forms are rendered anew by htmx, so all listens on the
// document.

const pickerOf = (target) => target.closest?.("[data-picker]");
const listOf = (picker) => picker.querySelector("[role=listbox]");
const fieldOf = (picker) => picker.querySelector("[role=combobox]");
const optionsOf = (picker) => [...listOf(picker).querySelectorAll("[role=option]:not([aria-disabled])")];
const asked = new WeakMap();

function close(picker) {
  listOf(picker).hidden = true;
  fieldOf(picker).setAttribute("aria-expanded", "false");
  fieldOf(picker).removeAttribute("aria-activedescendant");
}

function choose(picker, option) {
  for (const other of optionsOf(picker)) other.setAttribute("aria-selected", String(other === option));
  if (!option) return;
  fieldOf(picker).setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

async function find(picker) {
  const number = (asked.get(picker) ?? 0) + 1;
  asked.set(picker, number);
  const address = `${picker.dataset.options}&search=${encodeURIComponent(fieldOf(picker).value.trim())}`;
  const answer = await fetch(address, { headers: { "HX-Request": "true" } });
  if (!answer.ok || asked.get(picker) !== number || !picker.isConnected) return;
  listOf(picker).innerHTML = await answer.text();
  listOf(picker).hidden = false;
  fieldOf(picker).setAttribute("aria-expanded", "true");
  choose(picker, optionsOf(picker)[0]);
}

function add(picker, option) {
  const one = picker.querySelector("select");
  const changed = one ? select(one, option) : tick(picker, option);
  fieldOf(picker).value = "";
  close(picker);
  changed.dispatchEvent(new Event("change", { bubbles: true }));
}

// A field of one agent: what is found becomes one more of its options.
function select(field, option) {
  const value = field.dataset.by === "slug" ? option.dataset.slug : option.dataset.value;
  if (![...field.options].some((one) => one.value === value)) field.add(new Option(option.dataset.name, value));
  field.value = value;
  return field;
}

function tick(picker, option) {
  const chips = picker.querySelector("[data-chosen]");
  let box = chips.querySelector(`input[value="${CSS.escape(option.dataset.value)}"]`);
  if (!box) {
    const chip = document.createElement("label");
    chip.className = chips.querySelector("label")?.className ?? "chip";
    box = document.createElement("input");
    Object.assign(box, { type: "checkbox", name: picker.dataset.picker, value: option.dataset.value });
    const name = document.createElement("span");
    name.className = "cut-name";
    name.textContent = option.dataset.name;
    chip.append(box, name);
    chips.prepend(chip);
  }
  box.checked = true;
  return box;
}

let timer;
document.addEventListener(
  "input",
  (event) => {
    const picker = pickerOf(event.target);
    if (!picker || event.target !== fieldOf(picker)) return;
    event.stopPropagation();
    clearTimeout(timer);
    timer = setTimeout(() => find(picker), 120);
  },
  true,
);
document.addEventListener(
  "change",
  (event) => {
    // What is typed is no part of the form.
    if (event.target.matches?.("[data-picker] [role=combobox]")) event.stopPropagation();
  },
  true,
);
document.addEventListener("mousedown", (event) => {
  // The focus stays in the field; otherwise the list would be closed before the click.
  if (event.target.closest?.("[data-picker] [role=listbox]")) event.preventDefault();
});
document.addEventListener("focusin", (event) => {
  const picker = pickerOf(event.target);
  for (const other of document.querySelectorAll("[data-picker]")) if (other !== picker) close(other);
});
document.addEventListener("click", (event) => {
  const picker = pickerOf(event.target);
  if (!picker) {
    for (const other of document.querySelectorAll("[data-picker]")) close(other);
    return;
  }
  const option = event.target.closest("[role=option]:not([aria-disabled])");
  if (option) {
    add(picker, option);
    fieldOf(picker).focus();
  } else if (event.target === fieldOf(picker) && listOf(picker).hidden) find(picker);
});
document.addEventListener("keydown", (event) => {
  const picker = pickerOf(event.target);
  if (!picker || event.target !== fieldOf(picker)) return;
  const options = optionsOf(picker);
  const here = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
  const isOpen = !listOf(picker).hidden;
  if (event.key === "ArrowDown" && !isOpen) find(picker);
  else if (event.key === "ArrowDown") choose(picker, options[(here + 1) % options.length]);
  else if (event.key === "ArrowUp" && isOpen) choose(picker, options[(here - 1 + options.length) % options.length]);
  else if (event.key === "Enter") {
    if (isOpen && options[here]) add(picker, options[here]);
  } else if (event.key === "Escape" && isOpen) close(picker);
  else return;
  event.preventDefault(); // Enter never sends the form from here.
});
