// Announcements that this browser has closed stay closed; the others get a button for it.

(() => {
  const label = document.currentScript.dataset.close;
  const key = "arena-dismissed";
  const closed = () => {
    try {
      return JSON.parse(localStorage.getItem(key) ?? "[]");
    } catch {
      return [];
    }
  };
  for (const notice of document.querySelectorAll("[data-dismiss]")) {
    const name = notice.dataset.dismiss;
    if (closed().includes(name)) {
      notice.remove();
      continue;
    }
    const button = document.createElement("button");
    button.type = "button";
    button.className = "tool notice-close";
    button.textContent = "×";
    button.setAttribute("aria-label", label);
    button.addEventListener("click", () => {
      try {
        localStorage.setItem(key, JSON.stringify([...closed(), name].slice(-50)));
      } catch {
        /* private mode: this page only */
      }
      notice.remove();
    });
    notice.append(button);
  }
})();
