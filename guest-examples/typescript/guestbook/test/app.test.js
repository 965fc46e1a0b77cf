import assert from "node:assert/strict";
import { test } from "node:test";

import { Visitor } from "./visitor.js";

/** The newest entry of the book. */
async function newest(visitor) {
  const { entries } = await (await visitor.fetch("/entries.json?limit=1")).json();
  return entries[0];
}

test("an entry is shown as text, and only its author deletes it", async () => {
  const [ada, eve] = [new Visitor(), new Visitor()];
  assert.equal((await ada.post("/login", { name: "Ada" })).status, 303);
  assert.equal((await ada.post("/entries", { author: "Ada", message: "<b>hello</b>" })).status, 303);
  const { id, author, message, photo, created } = await newest(ada);
  assert.deepEqual([author, message, photo], ["Ada", "<b>hello</b>", null]);
  assert.match(created, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  assert.match(await eve.page("/"), /&lt;b&gt;hello&lt;\/b&gt;/);
  assert.equal((await eve.post(`/entries/${id}/delete`)).status, 403);
  assert.equal((await ada.post(`/entries/${id}/delete`)).status, 303);
  assert.equal((await ada.post(`/entries/${id}/delete`)).status, 404);
});

test("a form that is not accepted comes back with what was written", async () => {
  const visitor = new Visitor();
  for (const [fields, status, reason] of [
    [{ author: " ", message: "a line to be kept" }, 422, "Please fill in your name."],
    [{ author: "Ada", message: "to be kept".repeat(201) }, 422, "Please shorten your message: 2010 characters"],
    [{ author: "Ada", message: "to be kept", csrf: "guess" }, 403, "This page was out of date."],
  ]) {
    const answer = await visitor.post("/entries", fields);
    const page = await answer.text();
    assert.equal(answer.status, status);
    assert.ok(page.includes(reason) && page.includes("to be kept"), page);
  }
});

test("an address takes its own methods", async () => {
  const visitor = new Visitor();
  for (const [method, path, status, allow] of [
    ["GET", "/nothing", 404, null],
    ["GET", "/?before=x", 400, null],
    ["DELETE", "/", 405, "GET, HEAD"],
    ["GET", "/entries", 405, "POST"],
    ["HEAD", "/", 200, null],
  ]) {
    const answer = await visitor.fetch(path, { method });
    assert.deepEqual([answer.status, answer.headers.get("allow")], [status, allow], `${method} ${path}`);
  }
});
