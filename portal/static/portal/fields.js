// Fields that the server makes anew after a choice (#fields): what is chosen or written while its answer is on the way
// is kept.
// An answer to a form that was changed since is not shown; the fields are asked for once more instead.

let changes = 0;
let isAskingAgain = false;
for (const kind of ["input", "change"])
  document.addEventListener(
    kind,
    () => {
      if (!isAskingAgain) changes += 1;
    },
    true,
  );

document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  detail.xhr.changes = changes;
});

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.target.id !== "fields" || detail.xhr.changes === changes) return;
  detail.shouldSwap = false;
  isAskingAgain = true;
  htmx.trigger(detail.requestConfig.triggeringEvent.target, "change");
  isAskingAgain = false;
});
