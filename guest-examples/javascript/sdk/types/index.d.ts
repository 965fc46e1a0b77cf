// Generated from src/index.js by TypeScript 6.0.3.
/// <reference path="wit.d.ts" preserve="true" />
export * as blobs from "./blobs.js";
export * as db from "./db.js";
export * as session from "./session.js";
export { now } from "./clock.js";
export { config } from "./config.js";
export { Decimal } from "./decimal.js";
export { Instant } from "./instant.js";
export { router } from "./router.js";
export { csrfField } from "./session.js";
export { BlobReader, BlobWriter, sendBlob } from "./blobs.js";
export { FormError, HttpError, InnkeeperError } from "./errors.js";
export { Form, form } from "./form.js";
export { Html, html, raw } from "./html.js";
export { PlainDate, PlainDateTime, PlainTime } from "./plain.js";
export { page, seeOther } from "./responses.js";
export { failure, serve } from "./serve.js";
export { NOW, RANDOM_UUID } from "./table.js";
export { Json, OtherValue } from "./values.js";
