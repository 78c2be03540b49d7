// <select data-country-picker> becomes a field that finds a country by its name or code: a combobox after the ARIA
// pattern. The select stays in the form and keeps the value; without this file it is the list itself.

let pickers = 0;

function enhance(select) {
  const id = `country-picker-${++pickers}`;
  const combo = document.createElement("div");
  combo.className = "combo";
  const input = document.createElement("input");
  Object.assign(input, { type: "text", autocomplete: "off", id: `${id}-input` });
  const list = document.createElement("ul");
  list.id = `${id}-list`;
  list.hidden = true;
  list.setAttribute("role", "listbox");

  const label = select.labels[0];
  const name = label?.firstChild?.textContent.trim() || select.getAttribute("aria-label") || "";
  list.setAttribute("aria-label", name);
  for (const [key, value] of Object.entries({
    role: "combobox",
    "aria-expanded": "false",
    "aria-controls": list.id,
    "aria-autocomplete": "list",
  })) input.setAttribute(key, value);
  for (const key of ["aria-describedby", "aria-invalid", "aria-label"]) {
    if (select.hasAttribute(key)) input.setAttribute(key, select.getAttribute(key));
  }
  if (label) label.htmlFor = input.id;
  input.disabled = select.disabled;
  // A hidden field cannot show the browser's "fill in this field": this one stands for it.
  input.required = select.required;
  select.required = false;

  const countries = [...select.options].filter((option) => option.value);
  const empty = [...select.options].find((option) => !option.value);
  input.placeholder = empty?.text ?? "";
  const words = (option) => option.text;
  let shown = [];
  let at = -1;

  const showChosen = () => (input.value = select.value ? words(select.selectedOptions[0]) : "");

  function close() {
    list.hidden = true;
    at = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function point(index) {
    at = index;
    [...list.children].forEach((row, number) => row.setAttribute("aria-selected", String(number === at)));
    if (at < 0) return input.removeAttribute("aria-activedescendant");
    input.setAttribute("aria-activedescendant", list.children[at].id);
    list.children[at].scrollIntoView({ block: "nearest" });
  }

  function open(text) {
    const sought = text.trim().toLocaleLowerCase();
    const starts = (option) => option.value.toLocaleLowerCase() === sought || words(option).toLocaleLowerCase().startsWith(sought);
    const fits = countries.filter(
      (option) => `${words(option)} ${option.value}`.toLocaleLowerCase().includes(sought) && !option.disabled,
    );
    shown = [...fits.filter(starts), ...fits.filter((option) => !starts(option))];
    list.replaceChildren(
      ...shown.map((option, number) => {
        const row = document.createElement("li");
        row.id = `${id}-${number}`;
        row.setAttribute("role", "option");
        row.setAttribute("aria-selected", "false");
        const code = document.createElement("span");
        code.className = "mono";
        code.textContent = option.value;
        row.append(words(option), code);
        return row;
      }),
    );
    list.hidden = shown.length === 0;
    input.setAttribute("aria-expanded", String(shown.length > 0));
    point(sought && shown.length ? 0 : -1);
  }

  function choose(option) {
    select.value = option ? option.value : "";
    showChosen();
    close();
    select.dispatchEvent(new Event("input", { bubbles: true }));
    select.dispatchEvent(new Event("change", { bubbles: true }));
  }

  input.addEventListener("input", (event) => {
    event.stopPropagation(); // a form that follows its fields hears of the choice, not of the search
    input.setCustomValidity("");
    open(input.value);
  });
  input.addEventListener("change", (event) => event.stopPropagation());
  input.addEventListener("click", () => open(""));
  input.addEventListener("keydown", (event) => {
    const last = shown.length - 1;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) return open("");
      const step = event.key === "ArrowDown" ? 1 : -1;
      point(at + step > last ? 0 : at + step < 0 ? last : at + step);
    } else if (event.key === "Enter" && !list.hidden) {
      event.preventDefault();
      if (at >= 0) choose(shown[at]);
    } else if (event.key === "Escape" && !list.hidden) {
      event.stopPropagation();
      showChosen();
      close();
    }
  });
  input.addEventListener("blur", () => {
    if (!input.value.trim() && select.value && empty) choose(null);
    else if (!list.hidden && at >= 0) choose(shown[at]);
    else showChosen();
    close();
  });
  list.addEventListener("pointerdown", (event) => {
    event.preventDefault(); // the field keeps the focus
    const row = event.target.closest("li");
    if (row) choose(shown[[...list.children].indexOf(row)]);
  });
  select.form?.addEventListener("reset", () => setTimeout(showChosen));

  // Out of sight rather than hidden: what changes its value, an autofill too, still finds it.
  select.classList.add("sr-only");
  select.tabIndex = -1;
  select.setAttribute("aria-hidden", "true");
  select.addEventListener("change", showChosen);
  select.removeAttribute("data-country-picker");
  select.before(combo);
  combo.append(input, list, select);
  showChosen();
}

function enhanceAll(root) {
  for (const select of root.querySelectorAll("select[data-country-picker]")) enhance(select);
}

document.addEventListener("htmx:afterSettle", ({ target }) => enhanceAll(target.parentElement ?? document));
enhanceAll(document);
