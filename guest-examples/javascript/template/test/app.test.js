import assert from "node:assert/strict";
import { test } from "node:test";

import { Visitor } from "./visitor.js";

test("a note is added and shown as text", async () => {
  const visitor = new Visitor();
  assert.equal((await visitor.post("/", { text: "milk & <b>bread</b>" })).status, 303);
  assert.equal((await visitor.fetch("/", { method: "HEAD" })).status, 200);
  const page = await visitor.page("/");
  assert.match(page, /milk &amp; &lt;b&gt;bread&lt;\/b&gt;/);
  assert.match(page, /Thank you/);
  assert.doesNotMatch(await visitor.page("/"), /Thank you/);
});

test("a note that does not fit is refused", async () => {
  for (const text of ["", "x".repeat(501), "a\0b"]) {
    assert.equal((await new Visitor().post("/", { text })).status, 422);
  }
  assert.equal((await new Visitor().post("/", { text: "🦀".repeat(500) })).status, 303);
});

test("a form without its token is refused", async () => {
  for (const csrf of ["", "guess"]) {
    assert.equal((await new Visitor().post("/", { text: "x", csrf })).status, 403);
  }
});

test("visits are counted", async () => {
  const visitor = new Visitor();
  await visitor.page("/");
  await visitor.fetch("/", { method: "HEAD" });
  assert.match(await visitor.page("/"), /Your visits: 2/);
});

test("what is not there is not found", async () => {
  const visitor = new Visitor();
  assert.equal((await visitor.fetch("/nothing")).status, 404);
  assert.equal((await visitor.fetch("/", { method: "PUT" })).status, 405);
});
