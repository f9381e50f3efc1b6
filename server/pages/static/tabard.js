// What every screen of ours does beyond plain HTML: copy buttons, clocks that keep going, buttons that show work.
(() => {
  "use strict";
  document.documentElement.classList.add("js");

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const text = button.dataset.copy;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Plain http on another host has no clipboard API: select a hidden field and copy that.
      const field = document.createElement("textarea");
      field.value = text;
      field.className = "sr";
      (button.closest("dialog") || document.body).append(field);
      field.select();
      document.execCommand("copy");
      field.remove();
      button.focus();
    }
    const before = button.getAttribute("aria-label");
    button.classList.add("done");
    button.setAttribute("aria-label", "Copied");
    button.title = "Copied";
    setTimeout(() => {
      button.classList.remove("done");
      button.setAttribute("aria-label", before);
      button.title = before;
    }, 1600);
  });

  const steps = [[45, 1, ""], [2700, 60, "minute"], [79200, 3600, "hour"], [2246400, 86400, "day"],
    [27648000, 2626560, "month"], [Infinity, 31557600, "year"]];
  const distance = (seconds) => {
    const [, unit, word] = steps.find(([limit]) => seconds < limit);
    const count = Math.max(1, Math.round(seconds / unit));
    return word && `${count} ${word}${count === 1 ? "" : "s"}`;
  };
  const tick = () => {
    for (const time of document.querySelectorAll("time[data-relative]")) {
      const seconds = (Date.now() - Date.parse(time.dateTime)) / 1000;
      const words = distance(Math.abs(seconds));
      const future = seconds < 0;
      time.textContent = words ? (future ? `in ${words}` : `${words} ago`) : (future ? "in a moment" : "just now");
    }
  };
  setInterval(tick, 30000);

  // design.md principle 4: over 300 ms shows motion.
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button || event.defaultPrevented || event.target.method === "dialog") return;
    setTimeout(() => button.setAttribute("aria-busy", "true"), 300);
  });
  addEventListener("pageshow", () => {
    for (const button of document.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
  });
})();
