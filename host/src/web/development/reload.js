// Loads the page again once it is out of date. innkeeper dev --reload adds this script to pages.
"use strict";
(() => {
  const script = document.currentScript;
  if (!script || window.innkeeperReloads) return;
  window.innkeeperReloads = true;
  const { mark, method } = script.dataset;
  let events = null;

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
        if (event.data === mark) return;
        events.close();
        reload();
      };
    }
  };

  document.addEventListener("visibilitychange", listen);
  listen();
})();
