// The figure under the pointer, or under the arrow keys. What a point says stands in its data-says.

function pointsOf(plot) {
  return [...plot.querySelectorAll("[data-says]")];
}

function read(plot, point) {
  for (const other of plot.querySelectorAll(".is-read")) other.classList.remove("is-read");
  let tip = plot.querySelector(".tip");
  if (!point) {
    tip?.remove();
    return;
  }
  point.classList.add("is-read");
  if (!tip) {
    tip = document.createElement("output");
    tip.className = "tip";
    plot.append(tip);
  }
  tip.textContent = point.dataset.says;
  const drawn = point.getBoundingClientRect();
  const frame = plot.getBoundingClientRect();
  const half = tip.offsetWidth / 2;
  const middle = drawn.left + drawn.width / 2 - frame.left;
  tip.style.left = `${Math.min(Math.max(middle, half), Math.max(frame.width - half, half))}px`;
  tip.style.top = `${drawn.top - frame.top}px`;
}

function nearest(plot, x, y) {
  const distance = (point) => {
    const drawn = point.getBoundingClientRect();
    const across = drawn.left + drawn.width / 2 - x;
    const down = Math.max(drawn.top - y, y - drawn.bottom, 0);
    return across * across + (down * down) / 16; // along the line first
  };
  return pointsOf(plot).reduce((best, point) => (!best || distance(point) < distance(best) ? point : best), null);
}

document.addEventListener("pointermove", ({ target, clientX, clientY }) => {
  const plot = target.closest?.("[data-plot]");
  if (plot) read(plot, nearest(plot, clientX, clientY));
});
document.addEventListener("pointerout", ({ target, relatedTarget }) => {
  const plot = target.closest?.("[data-plot]");
  if (plot && !plot.contains(relatedTarget)) read(plot, null);
});
document.addEventListener("focusout", ({ target }) => {
  if (target.matches?.("[data-plot]")) read(target, null);
});
document.addEventListener("keydown", (event) => {
  const plot = event.target;
  if (!plot.matches?.("[data-plot]")) return;
  const points = pointsOf(plot);
  const at = points.findIndex((point) => point.classList.contains("is-read"));
  const to = { ArrowRight: at + 1, ArrowLeft: at < 0 ? points.length - 1 : at - 1, Home: 0, End: points.length - 1 }[event.key];
  if (event.key === "Escape") read(plot, null);
  if (to === undefined || !points[to]) return;
  event.preventDefault();
  read(plot, points[to]);
});
