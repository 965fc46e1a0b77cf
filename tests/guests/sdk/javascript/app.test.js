// The SDK inside a host: `innkeeper test` in this folder runs it.

import assert from "node:assert/strict";
import { test } from "node:test";

const url = process.env.INNKEEPER_URL;
const ask = (path, init) => fetch(url + path, init);

test("every call of the SDK does what it says", async (context) => {
  const names = await (await ask("/checks")).json();
  assert.ok(names.length > 5);
  for (const name of names) {
    await context.test(name, async () => {
      assert.equal(await (await ask(`/checks/${name}`)).text(), "as it should be");
    });
  }
});

test("a form has its fields and files", async () => {
  const pixel = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0]);
  const body = new FormData();
  body.append("a", "1");
  body.append("a", "2");
  body.append("f", new Blob([pixel], { type: "image/png" }), "a.png");
  assert.deepEqual(await (await ask("/form", { method: "POST", body })).json(), {
    all: ["1", "2"],
    text: "1",
    file: 12,
  });
});

test("a form that is not accepted has its status", async () => {
  const withFile = (bytes, name) => {
    const body = new FormData();
    body.append("f", new Blob([bytes]), name);
    return { method: "POST", body };
  };
  const large = Buffer.concat([Buffer.from("89504e470d0a1a0a", "hex"), Buffer.alloc(2000)]);
  assert.equal((await ask("/form", withFile("words", "a.txt"))).status, 415);
  assert.equal((await ask("/form", withFile(large, "a.png"))).status, 413);
  assert.equal(
    (await ask("/form", { method: "POST", body: "{}", headers: { "content-type": "application/json" } })).status,
    400,
  );
});

test("a body becomes a blob and is sent", async () => {
  const answer = await ask("/body", { method: "PUT", body: "some words", headers: { "content-type": "text/plain" } });
  assert.equal(await answer.text(), "some words");
  assert.equal(answer.headers.get("cache-control"), "private, max-age=60");
  assert.equal(answer.headers.get("x-own"), "sent along");
});

test("nothing of a request with an uncaught error is kept", async () => {
  const answer = await ask("/undone", { method: "POST" });
  assert.equal(answer.status, 500);
  assert.deepEqual(await (await ask("/notes")).json(), []);
});

test("errors have their status", async () => {
  const answer = await ask("/status/418");
  assert.deepEqual([answer.status, await answer.text()], [418, "with 418"]);
  assert.equal((await ask("/nowhere")).status, 404);
  assert.equal((await ask("/nothing")).status, 500);
});

test("no two requests see the same random numbers, although the app was started at build time", async () => {
  const seen = await Promise.all([1, 2, 3].map(async () => (await ask("/random")).json()));
  assert.equal(new Set(seen.flat()).size, 6);
});
