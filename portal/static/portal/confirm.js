// Buttons that ask first (partials/confirm.html): the question opens as a dialog instead of a page. The browser keeps
// the focus
// inside, closes it on Escape and gives the focus back.

const dialogOf = (form) => document.getElementById(form.dataset?.confirm ?? "");

for (const form of document.querySelectorAll("form[data-confirm]")) {
  form.querySelector("button").setAttribute("aria-haspopup", "dialog");
}

document.addEventListener("submit", (event) => {
  const dialog = dialogOf(event.target);
  if (!dialog) return;
  event.preventDefault();
  if (!dialog.open) dialog.showModal();
});

// One press does it once, however impatient.
document.addEventListener("submit", (event) => {
  const isAnswer = event.target.matches("dialog.confirm form") && event.submitter?.formMethod === "post";
  if (isAnswer)
    setTimeout(() => {
      event.submitter.disabled = true;
    });
});
addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("dialog.confirm button:disabled")) button.disabled = false;
});
