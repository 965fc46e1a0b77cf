import assert from "node:assert/strict";
import { test } from "node:test";

import { Decimal } from "../src/decimal.js";
import { Instant } from "../src/instant.js";
import { PlainDate, PlainDateTime, PlainTime } from "../src/plain.js";

test("an instant keeps its microseconds", () => {
  for (const [microseconds, text] of [
    [0n, "1970-01-01T00:00:00.000000Z"],
    [951_782_400_000_001n, "2000-02-29T00:00:00.000001Z"],
    [-1n, "1969-12-31T23:59:59.999999Z"],
    [253_402_300_800_000_000n, "+010000-01-01T00:00:00.000000Z"],
  ]) {
    const instant = new Instant(microseconds);
    assert.equal(instant.microseconds, microseconds);
    assert.equal(instant.toISOString(), text);
    assert.equal(JSON.stringify({ instant }), `{"instant":"${text}"}`);
    assert.equal(Instant.from(text).microseconds, microseconds);
  }
  assert.equal(new Instant(1_500n).getTime(), 1);
});

test("an instant is read in any zone", () => {
  const expected = 1_791_036_306_500_000n;
  for (const text of ["2026-10-03T14:05:06.5Z", "2026-10-03 16:05:06.500+02:00", "2026-10-03T14:05:06.5000009z"]) {
    assert.equal(Instant.from(text).microseconds, expected, text);
  }
  for (const wrong of ["", "2026-10-03", "2026-10-03T14:05:06", "2026-13-03T14:05:06Z"]) {
    assert.throws(() => Instant.from(wrong), TypeError, wrong);
  }
  assert.throws(() => new Instant(2n ** 63n - 1n), RangeError);
});

test("dates and times are read and written", () => {
  for (const text of ["2026-10-03", "0000-02-29", "-004713-11-24", "+010000-01-01"]) {
    assert.equal(String(PlainDate.from(text)), text);
  }
  for (const text of ["14:05:06", "00:00:00.000001", "24:00:00"]) {
    assert.equal(String(PlainTime.from(text)), text);
  }
  assert.equal(String(PlainTime.from("14:05")), "14:05:00");
  assert.equal(JSON.stringify([PlainDateTime.from("2026-10-03 14:05:06.5")]), '["2026-10-03T14:05:06.500000"]');
});

test("days and times that do not exist are refused", () => {
  for (const wrong of ["2026-02-29", "1900-02-29", "2026-13-01", "2026-04-31"]) {
    assert.throws(() => PlainDate.from(wrong), RangeError, wrong);
  }
  for (const wrong of ["24:00:01", "23:60:00", "25:00:00"]) {
    assert.throws(() => PlainTime.from(wrong), RangeError, wrong);
  }
  assert.throws(() => PlainDate.from("3 October"), TypeError);
  assert.throws(() => PlainDateTime.from("2026-10-03"), TypeError);
});

test("a decimal keeps its digits", () => {
  const digits = "123456789012345678901234567890.10";
  assert.equal(String(new Decimal(digits)), digits);
  assert.equal(JSON.stringify(new Decimal("1.50")), '"1.50"');
  assert.equal(new Decimal("1.50").toNumber(), 1.5);
  for (const wrong of ["", "1e5", "1,5", "abc"]) {
    assert.throws(() => new Decimal(wrong), TypeError, wrong);
  }
});
