// Chosen rows are counted, texts are copied, days are filled in. Without this file the boxes, texts and fields remain.

// <form data-bulk> is drawn after a table whose boxes name it by their `form`. It floats while something is chosen.
function boxesOf(form) {
  return [...form.elements].filter((box) => box.type === "checkbox" && box.closest(".pick") && !("pickAll" in box.dataset));
}

function countChosen(form) {
  const boxes = boxesOf(form);
  const chosen = boxes.filter((box) => box.checked).length;
  const output = form.querySelector("output");
  const words = chosen === 1 ? output.dataset.one : output.dataset.many;
  output.textContent = chosen ? words.replace("0", chosen.toLocaleString(document.documentElement.lang)) : "";
  form.classList.toggle("floating", chosen > 0);
  form.hidden = chosen === 0 && !form.querySelector(".errorlist"); // what was refused stays in sight
  for (const all of document.querySelectorAll("[data-pick-all]")) {
    if (all.form !== form) continue;
    all.hidden = boxes.length === 0;
    all.checked = chosen > 0 && chosen === boxes.length;
    all.indeterminate = chosen > 0 && chosen < boxes.length;
  }
}

function wake(root) {
  for (const button of root.querySelectorAll("[data-copy], [data-fills]")) button.hidden = false;
  for (const form of root.querySelectorAll("form[data-bulk]")) countChosen(form);
}

document.addEventListener("change", ({ target }) => {
  const form = target.form;
  if (!form?.matches("[data-bulk]") || !target.closest(".pick")) return;
  if ("pickAll" in target.dataset) for (const box of boxesOf(form)) box.checked = target.checked;
  countChosen(form);
});

document.addEventListener("click", async ({ target }) => {
  const copy = target.closest?.("[data-copy]");
  if (copy) {
    await navigator.clipboard.writeText(copy.dataset.copy);
    const words = copy.textContent;
    copy.textContent = copy.dataset.done;
    setTimeout(() => (copy.textContent = words), 2000);
  }
  const preset = target.closest?.("[data-fills] [data-value]");
  if (preset) {
    const field = document.getElementById(preset.parentElement.dataset.fills);
    field.value = preset.dataset.value;
    field.dispatchEvent(new Event("change", { bubbles: true }));
    field.focus();
  }
});

document.addEventListener("htmx:afterSettle", ({ target }) => wake(target.parentElement ?? document));
wake(document);
