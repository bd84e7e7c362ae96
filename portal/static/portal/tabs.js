// Parts of a page as tabs: the links of [data-tabs] show one [data-panel] at a time; the address keeps which.
// Without scripts all parts stand below each other, and the links lead to them.

const nav = document.querySelector("[data-tabs]");
const links = [...nav.querySelectorAll("a")];
const panels = [...document.querySelectorAll("[data-panel]")];

function show(name) {
  for (const link of links) {
    if (link.hash === `#${name}`) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  for (const panel of panels) panel.hidden = panel.dataset.panel !== name;
}

// The hash may name a part, or something within one.
function follow() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const panel = target ? target.closest("[data-panel]") : panels[0];
  show((panel ?? panels[0]).dataset.panel);
  if (target && target !== panel) target.scrollIntoView();
}

nav.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link) return;
  event.preventDefault();
  history.replaceState(null, "", link.hash);
  show(link.hash.slice(1));
});
addEventListener("hashchange", follow);
document.documentElement.classList.add("tabbed");
follow();
