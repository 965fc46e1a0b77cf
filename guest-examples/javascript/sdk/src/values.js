/** @import { Value } from "innkeeper:storage/db@0.1.0" */

import { Decimal } from "./decimal.js";
import { Instant } from "./instant.js";
import { PlainDate, PlainDateTime, PlainTime } from "./plain.js";

const LEAST = -(2n ** 63n);
const MOST = 2n ** 63n - 1n;

/**
 * A value as a JSON document: for texts, numbers and null, which would go to the database as such.
 */
export class Json {
  /** @param {unknown} value */
  constructor(value) {
    this.value = value;
  }
}

/** A value of a type that has no counterpart here, for example `inet`. */
export class OtherValue {
  /**
   * @param {string} typeName the database's name of the type
   * @param {string} text the value as the database writes it
   */
  constructor(typeName, text) {
    this.typeName = typeName;
    this.text = text;
    Object.freeze(this);
  }

  /** The value as the database writes it. */
  toString() {
    return this.text;
  }
}

/**
 * A value for a parameter. Objects and arrays go as JSON documents.
 *
 * @typedef {null | boolean | number | bigint | string | Decimal | Date | PlainDate | PlainTime | PlainDateTime
 *   | Uint8Array | ArrayBuffer | Json | OtherValue | readonly unknown[]
 *   | { readonly [key: string]: unknown }} Param
 */

/**
 * Turns a value of JavaScript into one of the database.
 *
 * @param {Param} value
 * @returns {Value}
 */
export function toValue(value) {
  switch (typeof value) {
    case "boolean":
      return { tag: "boolean", val: value };
    case "number":
      return fromNumber(value);
    case "bigint":
      if (value < LEAST || value > MOST) {
        throw new RangeError(`${value} does not fit into 64 bits`);
      }
      return { tag: "integer", val: value };
    case "string":
      return { tag: "text", val: wellFormed(value) };
    case "object":
      return value === null ? { tag: "null" } : fromObject(value);
    case "undefined":
      throw new TypeError("undefined cannot be a parameter: give null for NULL");
    default:
      throw new TypeError(`a ${typeof value} cannot be a parameter`);
  }
}

/**
 * A number without a fraction is an integer as long as it is exact. -0 is a float, because an
 * integer 0 has no sign.
 *
 * @param {number} value
 * @returns {Value}
 */
function fromNumber(value) {
  return Number.isSafeInteger(value) && !Object.is(value, -0)
    ? { tag: "integer", val: BigInt(value) }
    : { tag: "float", val: value };
}

/** @param {object} value @returns {Value} */
function fromObject(value) {
  if (value instanceof Date) {
    return { tag: "instant", val: Instant.of(value).microseconds };
  }
  if (value instanceof Decimal) {
    return { tag: "decimal", val: value.toString() };
  }
  if (value instanceof PlainDate) {
    return { tag: "date", val: fieldsOfDate(value) };
  }
  if (value instanceof PlainTime) {
    return { tag: "time", val: fieldsOfTime(value) };
  }
  if (value instanceof PlainDateTime) {
    return { tag: "datetime", val: { date: fieldsOfDate(value.date), time: fieldsOfTime(value.time) } };
  }
  if (value instanceof ArrayBuffer) {
    return { tag: "bytes", val: new Uint8Array(value) };
  }
  if (ArrayBuffer.isView(value)) {
    return { tag: "bytes", val: new Uint8Array(value.buffer, value.byteOffset, value.byteLength) };
  }
  if (value instanceof OtherValue) {
    return { tag: "other", val: { typeName: value.typeName, text: wellFormed(value.text) } };
  }
  if (value instanceof Json) {
    return document(value.value);
  }
  const prototype = Object.getPrototypeOf(value);
  if (Array.isArray(value) || prototype === Object.prototype || prototype === null) {
    return document(value);
  }
  throw new TypeError(`a ${value.constructor?.name ?? "value of this class"} cannot be a parameter`);
}

/** @param {unknown} value @returns {Value} */
function document(value) {
  const text = JSON.stringify(value);
  if (text === undefined) {
    throw new TypeError(`a ${typeof value} is no JSON document`);
  }
  return { tag: "json", val: text };
}

/**
 * Turns a value of the database into one of JavaScript: `integer` into a number, or a bigint beyond
 * 2^53; `decimal` into a `Decimal`, `uuid` into a string, `bytes` into a `Uint8Array`, `instant`
 * into an `Instant`, dates and times into `PlainDate`, `PlainTime` and `PlainDateTime`, `json` into
 * what `JSON.parse` makes of it.
 *
 * @param {Value} value
 * @returns {any}
 */
export function fromValue(value) {
  switch (value.tag) {
    case "null":
      return null;
    case "integer":
      return toNumber(value.val);
    case "decimal":
      return new Decimal(value.val);
    case "date":
      return toDate(value.val);
    case "time":
      return toTime(value.val);
    case "datetime":
      return new PlainDateTime(toDate(value.val.date), toTime(value.val.time));
    case "instant":
      return new Instant(value.val);
    case "json":
      return JSON.parse(value.val);
    case "other":
      return new OtherValue(value.val.typeName, value.val.text);
    default:
      return value.val;
  }
}

/**
 * A number where that is exact, else the bigint itself.
 *
 * @param {bigint} value
 * @returns {number | bigint}
 */
export function toNumber(value) {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/**
 * Turns rows of the database into objects. Of several columns of one name the last counts.
 *
 * @param {string[]} columns
 * @param {Value[][]} rows
 * @returns {any[]}
 */
export function toObjects(columns, rows) {
  return rows.map((row) => Object.fromEntries(row.map((value, index) => [columns[index], fromValue(value)])));
}

/** @param {string} text Half a surrogate pair would arrive as another character. */
function wellFormed(text) {
  if (!text.isWellFormed()) {
    throw new TypeError("a text with half a surrogate pair cannot be a parameter");
  }
  return text;
}

/** @param {PlainDate} value */
function fieldsOfDate({ year, month, day }) {
  return { year, month, day };
}

/** @param {PlainTime} value */
function fieldsOfTime({ hour, minute, second, microsecond }) {
  return { hour, minute, second, microsecond };
}

/** @param {{ year: number, month: number, day: number }} value */
function toDate({ year, month, day }) {
  return new PlainDate(year, month, day);
}

/** @param {{ hour: number, minute: number, second: number, microsecond: number }} value */
function toTime({ hour, minute, second, microsecond }) {
  return new PlainTime(hour, minute, second, microsecond);
}
