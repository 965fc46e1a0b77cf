// Loads the page again once it is out of date. innkeeper dev --reload adds this script to pages.
"use strict";
(() => {
  const script = document.currentScript;
  if (!script || window.innkeeperReloads) return;
  window.innkeeperReloads = true;
  const { mark, method } = script.dataset;
  // Under this key: how often this page was loaded again for one mark, as "MARK TIMES".
  const key = `innkeeper-reload ${location.pathname}${location.search}`;
  const most = 3;
  let events = null;

  // A page in a sandbox has no storage, and is loaded again each time.
  const stored = (access) => {
    try {
      return access(sessionStorage);
    } catch {
      return null;
    }
  };

  // A service worker may answer with an old page whatever is served, and would do so for ever.
  const isInVain = (wanted) => {
    const [last, times] = (stored((storage) => storage.getItem(key)) ?? "").split(" ");
    const count = last === wanted ? Number(times) + 1 : 1;
    stored((storage) => storage.setItem(key, `${wanted} ${count}`));
    return count > most;
  };

  const reload = () => {
    // A form is not sent again: its address is opened anew.
    if (method === "GET") location.reload();
    else location.replace(location.pathname + location.search);
  };

  // A page that nobody sees holds no connection: a browser has six for all its tabs.
  const listen = () => {
    if (document.visibilityState === "hidden") {
      events?.close();
      events = null;
    } else if (!events) {
      events = new EventSource("/_innkeeper/dev/events");
      events.onmessage = (event) => {
        if (event.data === mark) {
          stored((storage) => storage.removeItem(key));
          return;
        }
        events.close();
        if (isInVain(event.data)) {
          console.warn("innkeeper: this page stays old, perhaps because of a service worker; load it again yourself");
          return;
        }
        reload();
      };
    }
  };

  document.addEventListener("visibilitychange", listen);
  listen();
})();
