// /connect/#/apps/<guid>[/logs|/access|/draft/<id>] was how an older dashboard addressed its pages: go to ours.
// /connect/#/claim/<secret> is where a tool that asks to sign in sends people.
(() => {
  "use strict";
  const claim = /^#\/claim\/([A-Za-z0-9_-]{43})\/?$/.exec(location.hash);
  if (claim) return location.replace(`/claim/${claim[1]}`);
  const found = /^#\/apps\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:\/(logs|access|info|draft)(?:\/[^/]*)*)?\/?$/i.exec(location.hash);
  if (!found) return location.replace("/");
  const tab = found[2] === "logs" || found[2] === "access" ? found[2] : "info";
  location.replace(`/apps/${found[1].toLowerCase()}/${tab}`);
})();
