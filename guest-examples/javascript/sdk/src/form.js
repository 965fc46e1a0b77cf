/** @import { Blob, Limits } from "./blobs.js" */

import { receiveForm } from "./blobs.js";
import { FormError, InnkeeperError } from "./errors.js";
import { ANY_FORM, csrfCheck } from "./session.js";

/** What a visitor is told, by the code of `blob-upload`. */
const MESSAGES = new Map([
  ["too-large", "That is too much: a file or the whole form is larger than allowed."],
  ["unsupported-type", "A file of that type is not accepted."],
  ["bad-form", "The form could not be read."],
  ["interrupted", "The form has not arrived as a whole."],
  ["quota-exceeded", "There is no room for another file."],
]);

/** A form that was received, in the order of the request. */
export class Form {
  /**
   * @param {{ name: string, value: string }[]} fields
   * @param {{ field: string, blob: Blob }[]} files
   */
  constructor(fields, files) {
    /** The fields that are no files. */
    this.fields = fields;
    /** The files, staged so far: `blobs.keep` makes them stay. */
    this.files = files;
  }

  /**
   * The first field of this name, or an empty text.
   *
   * @param {string} name
   */
  text(name) {
    return this.fields.find((field) => field.name === name)?.value ?? "";
  }

  /**
   * All fields of this name.
   *
   * @param {string} name
   */
  all(name) {
    return this.fields.filter((field) => field.name === name).map((field) => field.value);
  }

  /**
   * The first file of this name, or undefined.
   *
   * @param {string} name
   */
  file(name) {
    return this.files.find((file) => file.field === name)?.blob;
  }
}

/**
 * Receives the form of the request and checks that it is the app's own, by the hidden field of
 * `csrfField`. It takes no files unless `maxFiles` says so. Throws a `FormError` with the status for
 * the visitor otherwise. Do not read the body of the request besides.
 *
 * @param {Limits & { csrf?: string | false }} [options] `csrf`: the name of the form; false: no check
 * @returns {Form}
 */
export function form({ csrf = ANY_FORM, maxFiles = 0, ...limits } = {}) {
  const received = receive({ maxFiles, ...limits });
  if (csrf !== false && !csrfCheck(received.text("csrf"), csrf)) {
    const message = "This page was out of date. Please send the form again.";
    throw new FormError(403, message, "csrf", { form: received });
  }
  return received;
}

/** @param {Limits} limits */
function receive(limits) {
  try {
    const { fields, files } = receiveForm(limits);
    return new Form(fields, files);
  } catch (cause) {
    const message = cause instanceof InnkeeperError && MESSAGES.get(cause.code);
    throw message ? new FormError(cause.status, message, cause.code, { cause }) : cause;
  }
}
