/** This moment, to the microsecond. */
export function now(): Instant;
import { Instant } from "./instant.js";
