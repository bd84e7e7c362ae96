// Fields that the server makes anew after a choice (#fields): what is chosen or written while its answer is on the way is kept.
// An answer to a form that has changed since is not shown; the fields are asked for once more instead.

const read = (fields) => new URLSearchParams(new FormData(fields.closest("form"))).toString();

document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  if (detail.target.id === "fields") detail.xhr.form = read(detail.target);
});

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.target.id !== "fields" || detail.xhr.form === read(detail.target)) return;
  detail.shouldSwap = false;
  htmx.trigger(detail.requestConfig.triggeringEvent.target, "change");
});
