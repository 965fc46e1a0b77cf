/// <reference path="../types/wit.d.ts" preserve="true" />

/**
 * Rows, files and sessions of Innkeeper, for web apps in JavaScript and TypeScript.
 *
 * @module
 */

export * as blobs from "./blobs.js";
export * as db from "./db.js";
export * as session from "./session.js";

export { BlobReader, BlobWriter, sendBlob } from "./blobs.js";
export { now } from "./clock.js";
export { config } from "./config.js";
export { Decimal } from "./decimal.js";
export { FormError, HttpError, InnkeeperError } from "./errors.js";
export { Form, form } from "./form.js";
export { Html, html, raw } from "./html.js";
export { Instant } from "./instant.js";
export { PlainDate, PlainDateTime, PlainTime } from "./plain.js";
export { page, seeOther } from "./responses.js";
export { router } from "./router.js";
export { failure, serve } from "./serve.js";
export { csrfField } from "./session.js";
export { NOW, RANDOM_UUID } from "./table.js";
export { Json, OtherValue } from "./values.js";
