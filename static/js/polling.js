// One way to follow work: <div id="…" data-poll="2" hx-get="…"> asks for itself, first every 2 seconds. While what it
// shows stays the same it asks ever more rarely, in a hidden tab hardly at all, on coming back at once. It stops when
// the answer no longer carries data-poll. A failed poll says nothing and waits longer.

const SLOWER = 1.25; // each time that nothing has changed
const FAILED = 2; // each time that no good answer came
const SLOWEST = 30; // seconds
const HIDDEN = 120; // seconds, in a tab that nobody looks at

const paces = new Map(); // id → {seconds, text, timer, since}

function intervalOf(element, pace) {
  const first = Number(element.dataset.poll);
  const seconds = Math.min(Math.max(pace.seconds, first), Math.max(first, SLOWEST));
  return document.hidden ? Math.max(seconds, HIDDEN) : seconds;
}

function plan(element) {
  const pace = paces.get(element.id) ?? { seconds: Number(element.dataset.poll), text: element.textContent };
  clearTimeout(pace.timer);
  paces.set(element.id, pace);
  pace.timer = setTimeout(() => ask(element.id), intervalOf(element, pace) * 1000);
}

async function ask(id) {
  const element = document.getElementById(id);
  if (!element?.dataset.poll) return paces.delete(id);
  const pace = paces.get(id);
  clearTimeout(pace.timer);
  if (pace.isAsking) return undefined;
  if (isBeingFilledIn(element)) return plan(element); // a swap would take away what was typed or chosen
  pace.isAsking = true;
  // Not an event of the element's: that would count as something that a person asked for.
  await window.htmx.ajax("GET", element.getAttribute("hx-get"), { source: element }).catch(() => undefined);
  pace.isAsking = false;
  const now = document.getElementById(id);
  if (!now?.dataset.poll) return paces.delete(id);
  if (!pace.hasFailed) {
    pace.seconds = now.textContent === pace.text ? pace.seconds * SLOWER : Number(now.dataset.poll);
    pace.text = now.textContent;
  }
  pace.hasFailed = false;
  return plan(now);
}

function isBeingFilledIn(element) {
  const field = document.activeElement;
  const isTyping = element.contains(field) && field.matches("textarea, select, input:not([type=checkbox], [type=radio])");
  return isTyping || element.querySelector(".pick input:checked") !== null;
}

// Quiet: the page says nothing about it, and the next one comes later.
function fail(event) {
  const pace = paces.get(event.detail.elt?.id);
  if (!pace?.isAsking) return;
  event.stopImmediatePropagation();
  pace.hasFailed = true;
  pace.seconds = Math.min(pace.seconds * FAILED, SLOWEST);
}
for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  window.addEventListener(name, fail, { capture: true });
}

function look() {
  for (const element of document.querySelectorAll("[data-poll]")) {
    if (!paces.has(element.id)) plan(element);
  }
}

function wake() {
  for (const [id, pace] of paces) {
    const element = document.getElementById(id);
    if (!element?.dataset.poll) {
      clearTimeout(pace.timer);
      paces.delete(id);
    } else if (document.hidden) {
      plan(element);
    } else {
      pace.seconds = Number(element.dataset.poll);
      ask(id);
    }
  }
}
document.addEventListener("visibilitychange", wake);
window.addEventListener("online", wake);
window.addEventListener("pageshow", ({ persisted }) => persisted && wake());
document.addEventListener("htmx:afterSettle", look);
document.addEventListener("shell:told", look); // a drawer was opened
look();
