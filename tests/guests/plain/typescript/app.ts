// A guest from the plain WIT: no SDK of ours, only jco, which makes the types too.

import { query } from "innkeeper:storage/db@0.1.0";
import { increment } from "innkeeper:storage/session@0.1.0";

interface FetchEvent extends Event {
  readonly request: Request;
  respondWith(response: Response): void;
}

addEventListener("fetch", (event) => {
  const { request } = event as FetchEvent;
  (event as FetchEvent).respondWith(answer(request));
});

function answer(request: Request): Response {
  if (new URL(request.url).pathname !== "/") {
    return new Response("not found", { status: 404 });
  }
  const [row] = query("select $1 + 1 as n", [{ tag: "integer", val: 1n }]).rows;
  const [value] = row ?? [];
  if (value?.tag !== "integer") {
    throw new TypeError(`${value?.tag} is no integer`);
  }
  increment("visits", 1n);
  return new Response(`plain typescript: ${value.val}`, { headers: { "content-type": "text/plain" } });
}
