// Light or dark: the system's choice until the reader makes another, which this browser then keeps.

(() => {
  const key = "arena-theme";
  const root = document.documentElement;
  const stored = () => {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  };
  const store = (theme) => {
    try {
      localStorage.setItem(key, theme);
    } catch {
      /* private mode: this page only */
    }
  };
  const system = () => (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  const apply = () => {
    root.dataset.theme = stored() ?? system();
    root.classList.toggle("dark-mode", root.dataset.theme === "dark"); // What the API's reference goes by.
    dispatchEvent(new CustomEvent("arena:theme"));
  };
  root.classList.add("scripted");
  apply();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", apply);
  addEventListener("DOMContentLoaded", () => {
    document.querySelector("[data-theme-toggle]")?.addEventListener("click", () => {
      store(root.dataset.theme === "dark" ? "light" : "dark");
      apply();
    });
  });
})();
