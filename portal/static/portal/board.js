// Boards: a row opens what is behind it, and the field above finds agents while one types.

for (const button of document.querySelectorAll("[data-more]")) button.hidden = false;

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-more]");
  if (!button) return;
  const row = button.closest("tr");
  const isOpen = button.getAttribute("aria-expanded") === "true";
  button.setAttribute("aria-expanded", String(!isOpen));
  if (isOpen) {
    row.nextElementSibling.remove();
    return;
  }
  const answer = await fetch(button.dataset.more, { headers: { "HX-Request": "true" } });
  if (answer.ok && button.getAttribute("aria-expanded") === "true")
    row.insertAdjacentHTML("afterend", await answer.text());
});
