// The stage: keeps its own address in step with the app's, and takes the way to a connection out of the frame.
(() => {
  "use strict";
  const frame = document.querySelector(".stage-app");
  if (!frame) return;
  const { base, stageBase } = frame.dataset;
  const trouble = document.querySelector("[data-stage-trouble]");

  // What the app's page can be asked of; null where it is not ours to read.
  const inside = () => {
    try { return frame.contentDocument && frame.contentWindow.location; } catch { return null; }
  };

  // A page that may not be framed shows as nothing: if the stage itself would lead elsewhere now (signed out, not
  // connected), go there; else say that this app cannot be shown here.
  const missing = async () => {
    const answer = await fetch(location.href, { redirect: "manual", cache: "no-store" }).catch(() => null);
    if (answer && answer.type === "opaqueredirect") location.reload();
    else trouble.hidden = false;
  };

  const follow = () => {
    const at = inside();
    if (!at || at.href === "about:blank") return void missing();
    trouble.hidden = true;
    if (at.pathname.startsWith(base)) {
      history.replaceState(null, "", stageBase + at.pathname.slice(base.length) + at.search + at.hash);
    } else if (at.pathname.startsWith("/content/") || at.origin !== location.origin) {
      return; // another app, or another site: the bar would speak for the wrong one, so leave its address alone
    }
    frame.contentDocument.addEventListener("click", (event) => {
      const link = event.target.closest?.("a[href]");
      if (!link || event.defaultPrevented || !["", "_self"].includes(link.target)) return; // a new tab is right as it is
      const to = new URL(link.href, at.href);
      if (to.origin !== location.origin || !/^\/__oauth__\/integrations\/[^/]+\/login$/.test(to.pathname)) return;
      event.preventDefault();
      to.searchParams.set("next", location.pathname + location.search);
      location.assign(to.href);
    });
  };
  frame.addEventListener("load", follow);
  if (inside()?.href !== "about:blank" && frame.contentDocument?.readyState === "complete") follow();

  // A menu closes when the app below gets the focus, and by Escape.
  const menus = document.querySelectorAll(".stage-bar details");
  const close = () => { for (const menu of menus) menu.open = false; };
  window.addEventListener("blur", () => { if (document.activeElement === frame) close(); });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of menus) if (menu.open) { menu.open = false; menu.querySelector("summary").focus(); }
  });
})();
