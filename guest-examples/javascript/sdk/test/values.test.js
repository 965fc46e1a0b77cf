import assert from "node:assert/strict";
import { test } from "node:test";

import { Decimal } from "../src/decimal.js";
import { Instant } from "../src/instant.js";
import { PlainDate, PlainDateTime, PlainTime } from "../src/plain.js";
import { fromValue, Json, OtherValue, toObjects, toValue } from "../src/values.js";

test("every kind of value goes to the database and comes back", () => {
  const date = { year: 2026, month: 10, day: 3 };
  const time = { hour: 14, minute: 5, second: 6, microsecond: 123 };
  for (const [plain, value] of [
    [null, { tag: "null" }],
    [true, { tag: "boolean", val: true }],
    [42, { tag: "integer", val: 42n }],
    [Number.MAX_SAFE_INTEGER, { tag: "integer", val: 2n ** 53n - 1n }],
    [2n ** 63n - 1n, { tag: "integer", val: 2n ** 63n - 1n }],
    [-(2n ** 63n), { tag: "integer", val: -(2n ** 63n) }],
    [1.5, { tag: "float", val: 1.5 }],
    [1e300, { tag: "float", val: 1e300 }],
    [-0, { tag: "float", val: -0 }],
    [NaN, { tag: "float", val: NaN }],
    ["Grüße 🦀", { tag: "text", val: "Grüße 🦀" }],
    [new Uint8Array([0, 255]), { tag: "bytes", val: new Uint8Array([0, 255]) }],
    [new Decimal("-12.50"), { tag: "decimal", val: "-12.50" }],
    [new PlainDate(2026, 10, 3), { tag: "date", val: date }],
    [new PlainTime(14, 5, 6, 123), { tag: "time", val: time }],
    [PlainDateTime.from("2026-10-03T14:05:06.000123"), { tag: "datetime", val: { date, time } }],
    [new Instant(1_791_036_306_000_123n), { tag: "instant", val: 1_791_036_306_000_123n }],
    [{ a: [1, null] }, { tag: "json", val: '{"a":[1,null]}' }],
    [[1, "b"], { tag: "json", val: '[1,"b"]' }],
    [new OtherValue("inet", "::1"), { tag: "other", val: { typeName: "inet", text: "::1" } }],
  ]) {
    assert.deepEqual(toValue(plain), value);
    assert.deepEqual(fromValue(value), plain);
  }
});

test("no digit of an integer is lost", () => {
  for (const value of [2n ** 53n, -(2n ** 53n), 2n ** 53n + 1n, 2n ** 63n - 1n]) {
    assert.equal(fromValue({ tag: "integer", val: value }), value);
  }
  assert.equal(fromValue({ tag: "integer", val: 2n ** 53n - 1n }), 2 ** 53 - 1);
});

test("what goes one way only", () => {
  assert.deepEqual(toValue(new Date(5)), { tag: "instant", val: 5000n });
  assert.deepEqual(toValue(new Json("text")), { tag: "json", val: '"text"' });
  assert.deepEqual(toValue(new Json(null)), { tag: "json", val: "null" });
  assert.deepEqual(toValue(new Uint16Array([1]).buffer), { tag: "bytes", val: new Uint8Array([1, 0]) });
  assert.deepEqual(toValue(new Uint8Array([1, 2, 3]).subarray(1)), { tag: "bytes", val: new Uint8Array([2, 3]) });
  assert.equal(
    fromValue({ tag: "uuid", val: "f81d4fae-7dec-11d0-a765-00a0c91e6bf6" }),
    "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
  );
});

test("what is no value of a database is refused", () => {
  for (const wrong of [undefined, () => 1, Symbol("x"), new Map(), new Date(NaN), "\ud800", new Json(undefined)]) {
    assert.throws(() => toValue(wrong), TypeError, String(wrong));
  }
  for (const wide of [2n ** 63n, -(2n ** 63n) - 1n]) {
    assert.throws(() => toValue(wide), RangeError);
  }
});

test("rows become objects, whatever their columns are called", () => {
  const one = { tag: "integer", val: 1n };
  const [row] = toObjects(["n", "__proto__"], [[one, { tag: "text", val: "x" }]]);
  assert.deepEqual(Object.entries(row), [
    ["n", 1],
    ["__proto__", "x"],
  ]);
});
