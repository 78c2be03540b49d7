// Counts characters as one types. The server counts too, and its count is the one that counts.
// [data-count=limit] gets a counter below it; [data-shows=id] repeats what the field of that id says.

function count(field) {
  let counter = field.parentElement.querySelector(":scope > .counter");
  if (!counter) {
    counter = document.createElement("span");
    counter.className = "counter";
    field.after(counter);
  }
  const limit = Number(field.dataset.count);
  const length = [...field.value].length;
  counter.textContent = `${length}/${limit}`;
  counter.classList.toggle("over", length > limit);
}

function show(field) {
  for (const place of document.querySelectorAll(`[data-shows="${field.id}"]`)) {
    const text = field.value.trim();
    place.textContent = text ? (place.dataset.before ?? "") + text : (place.dataset.empty ?? "");
  }
}

for (const field of document.querySelectorAll("[data-count]")) count(field);
document.addEventListener("input", ({ target }) => {
  if (target.dataset.count) count(target);
  if (target.id) show(target);
});
