// The starting screen: asks its own address again until the app answers instead of us, then becomes the app.
(() => {
  "use strict";
  const here = document.querySelector("[data-starting]");
  if (!here) return;
  let pause = 700;
  const look = async () => {
    try {
      const answer = await fetch(location.href, { cache: "no-store", headers: { Accept: "text/html" } });
      if (answer.headers.get("X-Tabard-Gate") !== "starting") return location.reload();
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of document.querySelectorAll("[data-live]")) {
        const next = fresh.querySelector(`[data-live="${part.dataset.live}"]`);
        if (!next || next.textContent === part.textContent) continue;
        part.textContent = next.textContent;
        part.hidden = next.hidden;
        part.scrollTop = part.scrollHeight;
      }
    } catch {
      pause = Math.min(pause * 2, 5000); // the gateway is away for a moment: keep asking, less often
    }
    setTimeout(look, pause);
  };
  setTimeout(look, pause);
})();
