// The palette: what is typed is asked of the server, a moment after the last key; only the last answer counts.
// A combobox with a list: the field keeps the focus, the chosen result is told by aria-activedescendant.

const AFTER = 120; // ms without a key
const SLOW = 200; // ms until one is told to wait

const dialog = document.getElementById("palette");
const field = dialog.querySelector("input");
const answer = dialog.querySelector(".answer");
const status = dialog.querySelector("[role=status]");

let asked; // the request that is under way
let waiting; // the timer of the next one
let settled = Promise.resolve(); // until the results fit what is typed

export function open() {
  if (dialog.open) return;
  dialog.showModal();
  field.select();
  ask();
}

function ask() {
  clearTimeout(waiting);
  settled = fetchResults();
  return settled;
}

async function fetchResults() {
  asked?.abort();
  const request = new AbortController();
  asked = request;
  const slow = setTimeout(() => answer.setAttribute("aria-busy", "true"), SLOW);
  try {
    const response = await fetch(`${field.form.action}?${new URLSearchParams({ q: field.value })}`, {
      headers: { "HX-Request": "true", "HX-Target": "palette-results", "HX-Current-URL": location.href },
      cache: "no-store",
      signal: request.signal,
    });
    if (response.headers.has("HX-Redirect")) location.assign(response.headers.get("HX-Redirect"));
    else if (!response.ok) throw new Error(String(response.status));
    else show(await response.text());
  } catch (error) {
    if (error.name === "AbortError") return;
    answer.querySelector("[role=listbox]").replaceChildren();
    choose(null);
    status.textContent = answer.dataset.trouble;
    status.classList.remove("sr-only");
  } finally {
    clearTimeout(slow);
    if (asked === request) answer.removeAttribute("aria-busy");
  }
}

function show(html) {
  answer.innerHTML = html;
  answer.scrollTop = 0;
  status.classList.add("sr-only");
  status.textContent = answer.querySelector("[data-said]").dataset.said.trim();
  field.setAttribute("aria-expanded", String(options().length > 0));
  choose(options()[0]);
}

function options() {
  return [...answer.querySelectorAll("[role=option]")];
}

function chosen() {
  return answer.querySelector("[role=option][aria-selected=true]");
}

function choose(option) {
  chosen()?.setAttribute("aria-selected", "false");
  if (option) {
    option.setAttribute("aria-selected", "true");
    field.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  } else {
    field.removeAttribute("aria-activedescendant");
  }
}

function step(by) {
  const all = options();
  if (!all.length) return;
  choose(all[(all.indexOf(chosen()) + by + all.length) % all.length]);
}

async function follow({ inNewTab }) {
  if (waiting) await ask(); // typed and entered faster than it was asked
  await settled;
  const option = chosen();
  if (!option) {
    if (field.value.trim()) field.form.submit();
  } else if (inNewTab) {
    window.open(option.href, "_blank", "noopener");
  } else {
    dialog.close();
    location.assign(option.href);
  }
}

field.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    waiting = undefined;
    ask();
  }, AFTER);
});
field.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  const does = { ArrowDown: () => step(1), ArrowUp: () => step(-1), Enter: () => follow({ inNewTab: event.ctrlKey || event.metaKey }) };
  if (!(event.key in does)) return;
  event.preventDefault();
  does[event.key]();
});
answer.addEventListener("pointermove", ({ target }) => {
  const option = target.closest("[role=option]");
  if (option && option !== chosen()) choose(option);
});
dialog.addEventListener("click", (event) => {
  if (event.target === dialog || event.target.closest("[data-palette-close]")) dialog.close();
  else if (event.target.closest("[role=option]") && !event.ctrlKey && !event.metaKey) dialog.close();
});
dialog.addEventListener("close", () => {
  clearTimeout(waiting);
  waiting = undefined;
  asked?.abort();
});
