import { now as read } from "wasi:clocks/wall-clock@0.2.10";

import { Instant } from "./instant.js";

/** This moment, to the microsecond. */
export function now() {
  const { seconds, nanoseconds } = read();
  return new Instant(seconds * 1_000_000n + BigInt(Math.floor(nanoseconds / 1000)));
}
