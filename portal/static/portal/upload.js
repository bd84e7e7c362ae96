// Tells at once when a chosen file is too large, before anything is sent.

const form = document.querySelector("[data-upload-limit]");
const field = form.querySelector("input[type=file]");
const error = form.querySelector("[data-upload-error]");

function check() {
  const [file] = field.files;
  const isTooLarge = file && file.size > Number(form.dataset.uploadLimit);
  error.textContent = isTooLarge
    ? `This file is ${(file.size / 1024 ** 2).toFixed(1)} MiB; this portal accepts at most ${form.dataset.uploadLimitText}. Upload only the checkpoint itself.` : "";
  field.setAttribute("aria-invalid", String(Boolean(isTooLarge)));
  return !isTooLarge;
}

field.addEventListener("change", check);
form.addEventListener("submit", (event) => {
  if (!check()) { event.preventDefault(); field.focus(); return; }
  const button = form.querySelector("button[type=submit]");
  setTimeout(() => { button.disabled = true; button.textContent = "Uploading…"; });
});
addEventListener("pageshow", () => {
  const button = form.querySelector("button[type=submit]");
  button.disabled = false;
  button.textContent = "Upload and check";
});
