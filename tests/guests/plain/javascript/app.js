// A guest from the plain WIT: no SDK of ours, only jco.

import { query } from "innkeeper:storage/db@0.1.0";
import { increment } from "innkeeper:storage/session@0.1.0";

addEventListener("fetch", (event) => event.respondWith(answer(event.request)));

function answer(request) {
  if (new URL(request.url).pathname !== "/") {
    return new Response("not found", { status: 404 });
  }
  const { rows } = query("select $1 + 1 as n", [{ tag: "integer", val: 1n }]);
  increment("visits", 1n);
  return new Response(`plain javascript: ${rows[0][0].val}`, { headers: { "content-type": "text/plain" } });
}
