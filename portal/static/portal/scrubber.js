// The number beside a run's scrubber follows it; htmx fetches the iteration's strategies and payoffs.

const [slider, value] = [document.getElementById("scrub"), document.getElementById("scrub-value")];
slider?.addEventListener("input", () => {
  value.textContent = slider.value;
});
