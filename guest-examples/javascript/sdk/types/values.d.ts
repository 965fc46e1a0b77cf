// Generated from src/values.js by TypeScript 6.0.3.
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
export function toValue(value: Param): Value;
/**
 * Turns a value of the database into one of JavaScript: `integer` into a number, or a bigint beyond
 * 2^53; `decimal` into a `Decimal`, `uuid` into a string, `bytes` into a `Uint8Array`, `instant`
 * into an `Instant`, dates and times into `PlainDate`, `PlainTime` and `PlainDateTime`, `json` into
 * what `JSON.parse` makes of it.
 *
 * @param {Value} value
 * @returns {any}
 */
export function fromValue(value: Value): any;
/**
 * A number where that is exact, else the bigint itself.
 *
 * @param {bigint} value
 * @returns {number | bigint}
 */
export function toNumber(value: bigint): number | bigint;
/**
 * Turns rows of the database into objects. Of several columns of one name the last counts.
 *
 * @param {string[]} columns
 * @param {Value[][]} rows
 * @returns {any[]}
 */
export function toObjects(columns: string[], rows: Value[][]): any[];
/**
 * A value as a JSON document: for texts, numbers and null, which would go to the database as such.
 */
export class Json {
    /** @param {unknown} value */
    constructor(value: unknown);
    value: unknown;
}
/** A value of a type that has no counterpart here, for example `inet`. */
export class OtherValue {
    /**
     * @param {string} typeName the database's name of the type
     * @param {string} text the value as the database writes it
     */
    constructor(typeName: string, text: string);
    typeName: string;
    text: string;
    /** The value as the database writes it. */
    toString(): string;
}
/**
 * A value for a parameter. Objects and arrays go as JSON documents.
 */
export type Param = null | boolean | number | bigint | string | Decimal | Date | PlainDate | PlainTime | PlainDateTime | Uint8Array | ArrayBuffer | Json | OtherValue | readonly unknown[] | {
    readonly [key: string]: unknown;
};
import type { Value } from "innkeeper:storage/db@0.1.0";
import { Decimal } from "./decimal.js";
import { PlainDate } from "./plain.js";
import { PlainTime } from "./plain.js";
import { PlainDateTime } from "./plain.js";
