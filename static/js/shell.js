// What HTML cannot do alone: failed requests become sentences, dangerous buttons ask first, double clicks wait.

const messages = document.getElementById("messages");

function tell(text, kind = "error") {
  const message = document.createElement("div");
  message.className = `message ${kind}`;
  message.append(text);
  const close = document.createElement("button");
  close.type = "button";
  close.className = "btn quiet little";
  close.dataset.close = "";
  close.textContent = "Close";
  message.append(close);
  messages.append(message);
}

// An answer that is no page to swap in: say what its page would have said.
document.addEventListener("htmx:responseError", ({ detail: { xhr } }) => {
  const page = new DOMParser().parseFromString(xhr.responseText, "text/html");
  const problem = page.querySelector("[data-problem]")?.textContent.trim().replace(/\s+/g, " ");
  tell(problem || `The server answered with error ${xhr.status}. Nothing more is known; reload the page.`);
});
// A poll that fails says nothing: the next one follows by itself.
document.addEventListener("htmx:sendError", ({ detail: { requestConfig } }) => {
  if (requestConfig.verb !== "get") {
    tell("The server cannot be reached. Check your connection, reload the page and see whether it happened.");
  }
});

document.addEventListener("click", ({ target }) => {
  target.closest?.("[data-close]")?.closest(".message").remove();
});

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
    yes.textContent = submitter?.textContent.trim() || "Yes";
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
