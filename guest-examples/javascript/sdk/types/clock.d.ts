// Generated from src/clock.js by TypeScript 6.0.3.
/** This moment, to the microsecond. */
export function now(): Instant;
import { Instant } from "./instant.js";
