// Keys: what they are and do is read from the dialog that lists them (templates/shell/shortcuts.html).
// Ctrl-K fetches the palette when it is first wanted.

const OFF = "single-keys-off"; // in localStorage: this browser's user wants no single-character shortcuts
const SECOND_KEY_WITHIN = 1500;

const help = document.getElementById("shortcuts");
const box = document.getElementById("single-keys");
const deeds = new Map([...help.querySelectorAll("[data-keys]")].map(({ dataset }) => [dataset.keys, dataset]));

// The palette

async function openPalette() {
  const palette = document.getElementById("palette");
  if (!document.querySelector(`link[href="${palette.dataset.style}"]`)) await addStyle(palette.dataset.style);
  const { open } = await import(palette.dataset.module);
  open();
}

function addStyle(address) {
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = address;
  return new Promise((resolve) => {
    link.onload = link.onerror = resolve;
    document.head.append(link);
  });
}

document.addEventListener("click", ({ target }) => {
  if (target.closest?.("[data-palette-open]")) openPalette();
});

// Rows of the page's main list: the one whose link has the focus is marked.

function area() {
  return document.querySelector("#drawer[open]") ?? document.getElementById("main");
}

function linkOf(row) {
  return row.querySelector("a[href]:not(.btn), a[href]");
}

function rows() {
  const tables = [...area().querySelectorAll("table, [data-list]")];
  const list = tables
    .map((table) => [...table.querySelectorAll(":scope > tbody > tr, :scope > li")].filter(linkOf))
    .find((found) => found.length);
  return list ?? [];
}

function move(step) {
  const all = rows();
  const current = all.findIndex((row) => row.contains(document.activeElement) || row.matches(".at"));
  const next = all[current === -1 ? (step > 0 ? 0 : all.length - 1) : current + step];
  if (!next) return;
  linkOf(next).focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

document.addEventListener("focusin", ({ target }) => {
  for (const row of document.querySelectorAll("tr[aria-current], li[aria-current]")) row.removeAttribute("aria-current");
  const row = target.closest?.("main tbody > tr, main [data-list] > li, #drawer tbody > tr");
  if (row && linkOf(row)) row.setAttribute("aria-current", "true");
});

const doing = {
  help: () => help.showModal(),
  search() {
    const field = area().querySelector("form[role=search] input[type=search]");
    if (!field) return openPalette();
    field.focus();
    return field.select();
  },
  next: () => move(1),
  previous: () => move(-1),
  pick() {
    const row = document.activeElement.closest?.("tr, li");
    row?.querySelector("input[type=checkbox]:not(:disabled)")?.click();
  },
  // A link is followed. A button may cost something: the key only goes to it, and Enter presses it.
  act() {
    const main = area().querySelector(".acts .btn.go:not(:disabled)");
    if (main?.matches("a")) main.click();
    else main?.focus();
  },
  go: ({ url }) => location.assign(url),
};

// Reading keys

let first = ""; // of two
let forgetting;

function isTyping(target) {
  return target.isContentEditable || target.matches?.("textarea, select, input:not([type=checkbox], [type=radio], [type=button], [type=submit])");
}

function isOff() {
  return localStorage.getItem(OFF) !== null;
}

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
    event.preventDefault();
    openPalette();
    return;
  }
  if (event.key === "Escape" && isTyping(event.target) && !document.querySelector("dialog:modal")) {
    event.target.blur();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || event.isComposing) return;
  if (isOff() || isTyping(event.target) || document.querySelector("dialog:modal, [popover].panel:popover-open")) return;
  const keys = first ? `${first} ${event.key}` : event.key;
  first = "";
  clearTimeout(forgetting);
  if (!event.repeat && [...deeds.keys()].some((known) => known.startsWith(`${keys} `))) {
    first = keys;
    forgetting = setTimeout(() => (first = ""), SECOND_KEY_WITHIN);
    return;
  }
  const deed = deeds.get(keys);
  if (!deed) return;
  event.preventDefault();
  doing[deed.deed](deed);
});

// WCAG 2.1.4: single characters can be switched off, for people who speak to their computer or slip on keys.

box.checked = !isOff();
box.addEventListener("change", () => {
  if (box.checked) localStorage.removeItem(OFF);
  else localStorage.setItem(OFF, "yes");
});
