import assert from "node:assert/strict";
import { test } from "node:test";

import { spoken } from "../src/clock.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

test("people read how long ago it was", () => {
  const then = new Date("2000-02-29T00:00:00Z");
  for (const [age, text] of [
    [-5, "just now"],
    [MINUTE - 1, "just now"],
    [MINUTE, "1 minute ago"],
    [47 * HOUR, "1 day ago"],
    [6 * DAY, "6 days ago"],
    [7 * DAY, "29 February 2000"],
  ]) {
    assert.equal(spoken(then, then.getTime() + age), text);
  }
});
