// A detail beside its list: <a data-drawer href="…"> opens that page's content in #drawer, under the page's own
// address. Back closes it, Forward opens it again, reloading shows the full page. Narrow windows follow the link.

const drawer = document.getElementById("drawer");
const roomy = matchMedia("(min-width: 900px)");

let beneath = here(); // the address whose page lies beneath the drawer
let titleBeneath = document.title;
let shown = ""; // the href of the link whose page the drawer shows
let asked; // to leave off a request that nobody waits for any more

function pathOf(address) {
  return address.split("?")[0];
}

function here() {
  return location.pathname + location.search;
}

// Reloaded with the drawer open: this is the full page now, and no longer a drawer's.
if (history.state?.drawer) history.replaceState(null, "");

// Fetching

async function ask(url, options = {}) {
  asked?.abort();
  asked = new AbortController();
  document.documentElement.classList.add("is-busy");
  try {
    const response = await fetch(url, {
      cache: "no-store", // else Back may show the bare content
      headers: { "HX-Request": "true", "HX-Target": drawer.id, "HX-Current-URL": new URL(url, location).href },
      signal: asked.signal,
      ...options,
    });
    return { response, body: await response.text() };
  } finally {
    document.documentElement.classList.remove("is-busy");
  }
}

// Whatever goes wrong, the page itself says it best.
async function load(url) {
  try {
    const { response, body } = await ask(url);
    if (!response.ok || response.headers.has("HX-Redirect")) throw new Error(String(response.status));
    await show(body);
    return true;
  } catch (error) {
    if (error.name !== "AbortError") location.assign(url);
    return false;
  }
}

async function show(body) {
  const page = new DOMParser().parseFromString(body, "text/html");
  await Promise.all([...page.querySelectorAll("link[rel=stylesheet], script[src]")].map(fetchOnce));
  tell(page);
  drawer.replaceChildren(...page.body.children);
  if (!drawer.open) {
    titleBeneath = document.title;
    drawer.show();
  }
  document.title = page.title;
  drawer.setAttribute("aria-label", page.title);
  drawer.scrollTop = 0;
  window.htmx.process(drawer);
  mark();
  const heading = drawer.querySelector("h1") ?? drawer;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

function tell(page) {
  const messages = page.querySelector("template[data-messages]");
  document.getElementById("messages").append(messages.content);
  messages.remove();
  document.dispatchEvent(new Event("shell:told"));
}

// Styles and scripts of the page's own: once, and the styles before it is seen.
function fetchOnce(wanted) {
  const address = wanted.getAttribute("href") ?? wanted.getAttribute("src");
  wanted.remove();
  if (document.head.querySelector(`[href="${CSS.escape(address)}"], [src="${CSS.escape(address)}"]`)) return null;
  const element = document.createElement(wanted.localName);
  for (const { name, value } of wanted.attributes) element.setAttribute(name, value);
  return new Promise((resolve) => {
    element.onload = element.onerror = resolve;
    document.head.append(element);
  });
}

// Opening and closing

async function open(link) {
  const url = new URL(link.href).pathname + new URL(link.href).search;
  const wasOpen = drawer.open;
  if (!wasOpen) beneath = here();
  if (!(await load(url))) return;
  shown = link.getAttribute("href");
  mark();
  history[wasOpen ? "replaceState" : "pushState"]({ drawer: true, beneath, shown }, "", url);
}

function hide() {
  asked?.abort();
  if (!drawer.open) return;
  const held = document.activeElement;
  const link = drawer.contains(held) || held === document.body ? linkOf(shown) : null; // elsewhere, one is at work there
  drawer.close();
  drawer.replaceChildren();
  document.title = titleBeneath;
  shown = "";
  mark();
  link?.focus();
}

function linkOf(href) {
  return href && document.querySelector(`a[data-drawer][href="${CSS.escape(href)}"]`);
}

// The row whose detail is open.
function mark() {
  for (const link of document.querySelectorAll("a[data-drawer]")) {
    link.toggleAttribute("data-open", link.getAttribute("href") === shown);
  }
}

function isPlain(event) {
  return !(event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-drawer]");
  if (!link || !isPlain(event) || !roomy.matches) return;
  event.preventDefault();
  open(link);
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !drawer.open || event.defaultPrevented) return;
  if (document.querySelector("dialog:modal, [popover]:popover-open")) return; // that one first
  if (event.target.matches?.("input, textarea, select") && !drawer.contains(event.target)) return;
  event.preventDefault();
  history.back();
});

// Inside

drawer.addEventListener("click", (event) => {
  if (event.target.closest("[data-drawer-close]")) history.back();
  const link = event.target.closest("a[href]");
  if (!link || link.target || !isPlain(event) || event.target.closest(".drawer-bar")) return;
  if (link.pathname !== location.pathname || link.hash) return; // another page, as a page
  event.preventDefault();
  const url = link.pathname + link.search;
  load(url).then((came) => came && history.replaceState(history.state, "", url));
});

// A form goes out from here and its answer comes in here; then the list beneath may be out of date.
drawer.addEventListener("submit", async (event) => {
  const { target: form, submitter } = event;
  if (event.defaultPrevented || form.method !== "post" || form.matches("[hx-post]")) return;
  event.preventDefault();
  if (submitter?.getAttribute("aria-busy") === "true") return;
  submitter?.setAttribute("aria-busy", "true");
  const action = submitter?.getAttribute("formaction") ?? form.getAttribute("action") ?? location.href;
  try {
    const { response, body } = await ask(action, { method: "POST", body: new FormData(form, submitter) });
    if (response.headers.has("HX-Redirect")) location.assign(response.headers.get("HX-Redirect"));
    else if (response.ok || response.status === 422) await answered(response, body);
    else document.dispatchEvent(new CustomEvent("shell:failed", { detail: { status: response.status, body } }));
  } catch (error) {
    if (error.name !== "AbortError") document.dispatchEvent(new CustomEvent("shell:failed"));
  } finally {
    submitter?.removeAttribute("aria-busy");
  }
});

async function answered(response, body) {
  const { pathname, search } = new URL(response.url);
  if (pathname === pathOf(beneath)) {
    tell(new DOMParser().parseFromString(body, "text/html")); // it went back to the list
    history.back();
  } else {
    await show(body);
    if (response.ok) history.replaceState(history.state, "", pathname + search);
  }
  if (response.ok) window.htmx.ajax("GET", beneath, { target: "#main", swap: "none" }); // the server says what to replace
}

// History

window.addEventListener(
  "popstate",
  (event) => {
    const { state } = event;
    if (state?.drawer && state.beneath === beneath) {
      event.stopImmediatePropagation();
      shown = state.shown;
      load(here());
    } else if (here() === beneath) {
      if (!drawer.open) return; // a place on the page, or htmx's own
      event.stopImmediatePropagation(); // the list is still there: nothing to fetch
      hide();
    } else if (state?.htmx && location.pathname === pathOf(beneath)) {
      hide(); // the same list with other filters: htmx fetches it
    } else {
      event.stopImmediatePropagation();
      location.reload(); // this document has never shown that page
    }
  },
  { capture: true }, // before htmx
);
// The list goes on beneath the drawer: what it pushes follows the list, not the detail.
document.addEventListener("htmx:beforeHistorySave", () => {
  if (!drawer.open) return;
  history.replaceState(null, "", beneath);
  hide();
});
for (const name of ["htmx:pushedIntoHistory", "htmx:replacedInHistory", "htmx:historyRestore"]) {
  document.addEventListener(name, () => {
    beneath = here();
  });
}
document.addEventListener("htmx:afterSettle", mark);
