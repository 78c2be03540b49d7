// What HTML cannot do alone: failed requests become sentences, dangerous buttons ask first, double clicks wait,
// focus outlives a swap, panels ask for their content when they open. Words come from the templates.

const root = document.documentElement;
const calm = matchMedia("(prefers-reduced-motion: reduce)");

function remember(name, value) {
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `${name}=${value}; path=/; max-age=${400 * 24 * 3600}; samesite=lax${secure}`;
}

// Messages: what went well leaves after a while, unless one looks at it. Everything else stays until it is closed.

const LEAVES_AFTER = 6000;

function tell(text) {
  const messages = document.getElementById("messages");
  const message = document.createElement("div");
  message.className = "message error";
  message.setAttribute("role", "alert");
  const words = document.createElement("span");
  words.textContent = text;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "btn quiet little";
  close.dataset.close = "";
  close.textContent = messages.dataset.closeWord;
  message.append(words, close);
  messages.append(message);
}

function letLeave(message) {
  let leaving;
  const wait = () => {
    clearTimeout(leaving);
    leaving = setTimeout(leave, LEAVES_AFTER);
  };
  const leave = () => {
    message.classList.add("going");
    setTimeout(() => message.remove(), calm.matches ? 0 : 400);
  };
  const stay = () => clearTimeout(leaving);
  for (const [event, then] of [["mouseenter", stay], ["focusin", stay], ["mouseleave", wait], ["focusout", wait]]) {
    message.addEventListener(event, then);
  }
  message.dataset.leaves = "";
  wait();
}

function watchMessages() {
  for (const message of document.querySelectorAll("#messages .success:not([data-leaves])")) letLeave(message);
}
watchMessages();

document.addEventListener("click", ({ target }) => {
  target.closest?.("[data-close]")?.closest(".message").remove();
});

// An answer that is no page to swap in: say what its page would have said.
function tellProblem(status, body) {
  const page = new DOMParser().parseFromString(body, "text/html");
  const problem = page.querySelector("[data-problem]")?.textContent.trim().replace(/\s+/g, " ");
  const { serverError } = document.getElementById("messages").dataset;
  tell(problem || serverError.replace("{status}", status));
}
document.addEventListener("htmx:responseError", ({ detail: { xhr } }) => tellProblem(xhr.status, xhr.responseText));
// A poll that fails says nothing: the next one follows by itself.
document.addEventListener("htmx:sendError", ({ detail: { requestConfig } }) => {
  if (requestConfig.verb !== "get") tell(document.getElementById("messages").dataset.noServer);
});
// Other modules say it with an event: {status, body} of an answer, or nothing when there was none.
document.addEventListener("shell:failed", ({ detail }) => {
  if (detail) tellProblem(detail.status, detail.body);
  else tell(document.getElementById("messages").dataset.noServer);
});
document.addEventListener("shell:told", watchMessages);

// <form data-confirm="Sentence"> asks in a dialog whose button repeats the form's own.
const confirmed = new WeakSet();
document.addEventListener(
  "submit",
  (event) => {
    const { target: form, submitter } = event;
    if (!form.dataset.confirm || confirmed.has(form)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const dialog = document.getElementById("confirm");
    dialog.querySelector("p").textContent = form.dataset.confirm;
    const yes = dialog.querySelector("[value=yes]");
    yes.textContent = submitter?.textContent.trim() || yes.dataset.otherwise;
    dialog.returnValue = "";
    dialog.addEventListener(
      "close",
      () => {
        if (dialog.returnValue !== "yes") return;
        confirmed.add(form);
        form.requestSubmit(submitter);
        confirmed.delete(form);
      },
      { once: true },
    );
    dialog.showModal();
  },
  { capture: true },
);

// A second click while the first is on its way does nothing. Coming back to the page wakes the button.
document.addEventListener("submit", (event) => {
  const { target: form, submitter } = event;
  if (event.defaultPrevented || form.method !== "post" || !submitter) return; // htmx guards its own forms
  if (submitter.getAttribute("aria-busy") === "true") event.preventDefault();
  submitter.setAttribute("aria-busy", "true");
});
window.addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("[aria-busy=true]")) button.removeAttribute("aria-busy");
});

// The line on top: something that a person asked for takes longer than a blink. Polls are nobody's wish.
const underWay = new Set();
function isPoll({ requestConfig }) {
  return (requestConfig?.triggeringEvent?.type ?? "poll") === "poll";
}
document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  if (isPoll(detail)) return;
  underWay.add(detail.xhr);
  root.classList.add("is-busy");
});
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  underWay.delete(detail.xhr);
  root.classList.toggle("is-busy", underWay.size > 0);
});

// Focus outlives a swap: on the element of the same id, name or address, else on the heading of what came in.
// Screen readers hear how many rows came, or what the state is now.
const swaps = new WeakMap(); // request → what was there before

function stateOf(region) {
  return region?.querySelector(".pill")?.textContent.trim();
}

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const { target, xhr } = detail;
  if (!target || !detail.shouldSwap) return;
  const held = document.activeElement;
  swaps.set(xhr, {
    id: target.id,
    state: stateOf(target),
    held: target.contains(held) && held !== document.body
      ? { id: held.id, name: held.getAttribute("name"), value: held.getAttribute("value"), href: held.getAttribute("href"), text: held.textContent }
      : null,
  });
});

function sameAs(held, region) {
  const all = [...region.querySelectorAll("a[href], button, input, select, textarea, summary")];
  return (
    (held.id && document.getElementById(held.id)) ||
    (held.name && all.find((one) => one.getAttribute("name") === held.name && one.getAttribute("value") === held.value)) ||
    (held.href && all.find((one) => one.getAttribute("href") === held.href)) ||
    (!held.name && !held.href && all.find((one) => one.textContent === held.text))
  );
}

function focusOn(element) {
  if (!element.matches("a[href], button, input, select, textarea, summary")) element.tabIndex = -1;
  element.focus({ preventScroll: true });
}

document.addEventListener("htmx:afterSettle", ({ detail }) => {
  const before = swaps.get(detail.xhr);
  if (!before) return;
  const region = (before.id && document.getElementById(before.id)) || detail.elt;
  swaps.delete(detail.xhr);
  if (before.held && (!document.activeElement || document.activeElement === document.body)) {
    focusOn(sameAs(before.held, region) || region.querySelector("h1, h2, h3, caption") || region);
  }
  watchMessages();
  const state = stateOf(region);
  if (!isPoll(detail)) announce(summaryOf(region));
  else if (state && before.state && state !== before.state) announce(state);
});

// What says most about the rows that came in, the best first.
const SUMMARIES = [".empty h2", ".pagination > span", ".list-head [role=status]", "caption", "h1, h2, h3"];

function summaryOf(region) {
  return SUMMARIES.map((selector) => region.querySelector(selector)).find(Boolean)?.textContent;
}

function announce(words) {
  if (words) document.getElementById("announcer").textContent = words.trim().replace(/\s+/g, " ");
}

// <div popover data-opens hx-trigger="open"> asks for its content whenever it is opened.
document.addEventListener(
  "toggle",
  ({ target, newState }) => {
    if (newState === "open" && target.matches?.("[popover][data-opens]")) window.htmx.trigger(target, "open");
  },
  { capture: true },
);

// A page that is looked at again after a while asks the bell's panel anew: the count comes with it.
let leftAt = 0;
document.addEventListener("visibilitychange", () => {
  if (document.hidden) leftAt = Date.now();
  else if (Date.now() - leftAt > 60_000) window.htmx.trigger("#bell-panel", "open");
});

// The sidebar, narrow or not: the server draws it as the cookie says, so that nothing jumps.
document.querySelector("[data-collapse]")?.addEventListener("click", ({ currentTarget: button }) => {
  const isNarrow = root.dataset.sidebar !== "narrow";
  if (isNarrow) root.dataset.sidebar = "narrow";
  else delete root.dataset.sidebar;
  remember("sidebar", isNarrow ? "narrow" : "wide");
  button.setAttribute("aria-expanded", String(!isNarrow));
  for (const word of document.querySelectorAll(".side .word")) {
    const named = word.closest("a, button");
    if (isNarrow) named?.setAttribute("title", word.textContent.trim());
    else named?.removeAttribute("title");
  }
});

// Clients used lately, for the switcher: the last ten, newest first.
if (root.dataset.client) {
  const known = /(?:^|; )recent_clients=([\d.]*)/.exec(document.cookie)?.[1].split(".") ?? [];
  const recent = [root.dataset.client, ...known.filter((pk) => pk && pk !== root.dataset.client)];
  remember("recent_clients", recent.slice(0, 10).join("."));
}

// <form data-first-row="#rows">: Enter takes the first row, arrows walk through them.
document.addEventListener("submit", (event) => {
  const rows = event.target.dataset.firstRow && document.querySelector(event.target.dataset.firstRow);
  const first = rows?.querySelector("li a");
  if (!first) return;
  event.preventDefault();
  first.click();
});
document.addEventListener("keydown", (event) => {
  const panel = event.target.closest?.(".switcher");
  if (!panel || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
  const stops = [panel.querySelector("input"), ...panel.querySelectorAll(".rows a")];
  const next = stops.indexOf(event.target.closest("li")?.querySelector("a") ?? event.target) + (event.key === "ArrowDown" ? 1 : -1);
  stops[Math.max(0, Math.min(next, stops.length - 1))].focus();
  event.preventDefault();
});

// ? opens the list of shortcuts; this is its button.
document.addEventListener("click", ({ target }) => {
  if (target.closest?.("[data-shortcuts-open]")) document.getElementById("shortcuts")?.showModal();
});
