// Uploads: files are dropped or chosen, sent one after the other, and the bytes are counted as they go. A file that is
// too large is
// told before anything is sent. Without scripts the form sends one file.

const form = document.querySelector("[data-upload-limit]");
const field = form.querySelector("input[type=file]");
const error = form.querySelector("[data-upload-error]");
const drop = form.querySelector("[data-drop]");
const list = form.querySelector("[data-files]");
const button = form.querySelector("button[type=submit]");
const words = form.dataset;
const mebibytes = (bytes) => (bytes / 1024 ** 2).toFixed(1);
const fill = (text, ...values) => values.reduce((filled, value) => filled.replace("%s", value), text);

field.multiple = true;

function check() {
  const large = [...field.files].find((file) => file.size > Number(words.uploadLimit));
  error.textContent = large ? fill(words.tooLarge, mebibytes(large.size)) : "";
  field.setAttribute("aria-invalid", String(Boolean(large)));
  return !large;
}

for (const kind of ["dragenter", "dragover"]) {
  drop.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  field.files = event.dataTransfer.files;
  check();
});

// What the server refused is told on its page; here only the sentences are wanted.
function readRefusal(text) {
  const page = new DOMParser().parseFromString(text, "text/html");
  const said = [...page.querySelectorAll("main .errorlist, main .notice.error")].map((one) => one.textContent.trim());
  return said.filter(Boolean).join(" ") || page.querySelector("main h1")?.textContent || "";
}

function send(file, row) {
  return new Promise((resolve) => {
    const body = new FormData(form);
    body.set("file", file);
    const request = new XMLHttpRequest();
    request.open("POST", form.getAttribute("action") ?? location.href);
    request.upload.addEventListener("progress", (event) => {
      row.bar.max = event.total;
      row.bar.value = event.loaded;
      row.note.textContent = fill(words.sending, mebibytes(event.loaded), mebibytes(event.total));
    });
    request.addEventListener("load", () => {
      if (request.status < 400) {
        resolve(request.responseURL);
        return;
      }
      row.note.textContent = readRefusal(request.responseText);
      row.note.className = "errorlist wide";
      resolve("");
    });
    request.addEventListener("error", () => {
      row.note.textContent = words.lost;
      row.note.className = "errorlist wide";
      resolve("");
    });
    request.send(body);
  });
}

function addRow(file) {
  const row = document.createElement("li");
  const name = document.createElement("span");
  const note = document.createElement("span");
  const bar = document.createElement("progress");
  name.textContent = file.name;
  note.className = "soft small";
  bar.className = "wide";
  bar.value = 0;
  bar.setAttribute("aria-label", file.name);
  row.append(name, note, bar);
  list.append(row);
  return { row, note, bar };
}

async function sendAll(files) {
  list.replaceChildren();
  button.disabled = true;
  error.textContent = "";
  const rows = files.map(addRow);
  const addresses = [];
  for (const [place, file] of files.entries()) {
    const address = await send(file, rows[place]);
    addresses.push(address);
    rows[place].bar.remove();
    if (!address) continue;
    const link = document.createElement("a");
    link.href = address;
    link.textContent = words.open;
    rows[place].note.replaceChildren(words.received, " ", link);
  }
  button.disabled = false;
  if (addresses.length === 1 && addresses[0]) location.assign(addresses[0]);
  else if (!addresses.every(Boolean))
    error.textContent =
      rows.map(({ note }) => note).find((note) => note.className.includes("errorlist"))?.textContent ?? "";
}

field.addEventListener("change", check);
form.addEventListener("submit", (event) => {
  if (!field.files.length) return; // The server says what is missing.
  event.preventDefault();
  if (check()) sendAll([...field.files]);
  else field.focus();
});
addEventListener("pageshow", () => {
  button.disabled = false;
});
