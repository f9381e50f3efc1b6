// The dashboard's own script: dialogs, menus, the log that follows itself, and form fields that depend on others.
(() => {
  "use strict";

  // Dialogs: a link opens its dialog here; without a script it leads to the page with the dialog drawn open.
  for (const dialog of document.querySelectorAll("dialog[open]")) {
    dialog.close();
    dialog.showModal();
  }
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    if (opener) {
      event.preventDefault();
      document.getElementById(opener.dataset.dialog).showModal();
    }
    const closer = event.target.closest("[data-close]");
    if (closer) {
      event.preventDefault();
      closer.closest("dialog").close();
    }
    if (event.target.matches("dialog")) event.target.close(); // the backdrop
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  // Acts with a consequence say it first. The form itself works without this.
  document.addEventListener("submit", (event) => {
    const { confirm, consequence, verb } = event.target.dataset;
    if (!confirm) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const form = event.target;
    const dialog = document.createElement("dialog");
    const make = (tag, className, text, into) => {
      const part = document.createElement(tag);
      part.className = className;
      part.textContent = text;
      into.append(part);
      return part;
    };
    const body = make("div", "dialog-ask", "", dialog);
    make("h2", "", confirm, body).id = "ask-title";
    make("p", "muted", consequence, body);
    const foot = make("div", "dialog-foot", "", dialog);
    make("button", "btn danger primary", verb, foot).addEventListener("click", () => form.submit());
    const keep = make("button", "btn quiet", "Cancel", foot);
    keep.addEventListener("click", () => dialog.close());
    dialog.setAttribute("aria-labelledby", "ask-title");
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
    keep.focus();
  }, true);

  // The log follows its end until somebody scrolls up, and forgets its oldest lines.
  const log = document.querySelector("[data-log]");
  if (log) {
    const follow = document.querySelector("[data-follow]");
    const toEnd = () => { if (follow.checked) log.scrollTop = log.scrollHeight; };
    toEnd();
    follow.addEventListener("change", toEnd);
    log.addEventListener("scroll", () => {
      follow.checked = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    });
    new MutationObserver(() => {
      const lines = log.getElementsByClassName("log-line");
      if (lines.length) log.querySelector("[data-log-empty]")?.remove();
      while (lines.length > 5000) lines[0].remove();
      toEnd();
    }).observe(log, { childList: true });
  }

  // A list that narrows as somebody types; without a script its form asks the server.
  for (const input of document.querySelectorAll("[data-filter]")) {
    const list = document.querySelector(input.dataset.filter);
    const said = document.querySelector("[data-filter-said]");
    const none = document.querySelector("[data-filter-none]");
    input.form.addEventListener("submit", (event) => event.preventDefault());
    input.addEventListener("input", () => {
      const words = input.value.toLowerCase().split(/\s+/);
      let shown = 0;
      for (const item of list.querySelectorAll("[data-filter-text]")) {
        const text = item.dataset.filterText.toLowerCase();
        item.hidden = !words.every((word) => text.includes(word));
        if (!item.hidden) shown += 1;
      }
      for (const group of list.querySelectorAll("[data-filter-group]")) {
        group.hidden = !group.querySelector("[data-filter-text]:not([hidden])");
      }
      none.hidden = shown > 0;
      said.textContent = shown === 1 ? "1 system" : `${shown} systems`;
    });
  }

  // Fields of an integration form that only some choices need. A hidden field is not sent.
  const form = document.querySelector("[data-template-form]");
  if (form) {
    const valueOf = (name) => {
      const input = form.querySelector(`[data-config="${CSS.escape(name)}"]`);
      if (!input) return "";
      return input.type === "checkbox" ? String(input.checked) : input.value;
    };
    const holds = (rule) => {
      if (!("operator" in rule)) return valueOf(rule.name) === String(rule.value);
      const held = rule.operands.map(holds);
      const operator = rule.operator.toLowerCase();
      if (operator === "and") return held.every(Boolean);
      if (operator === "or") return held.some(Boolean);
      return !held.some(Boolean);
    };
    const show = () => {
      for (const part of document.querySelectorAll("[data-shown-when]")) {
        part.hidden = !holds(JSON.parse(part.dataset.shownWhen));
        for (const input of part.querySelectorAll("input, select, textarea")) input.disabled = part.hidden;
      }
    };
    form.addEventListener("change", show);
    show();
  }
})();
