// Forms: the host receives them, this file says what is acceptable.

import { form, FormError } from "innkeeper-sdk";

import { CSRF_FORM } from "./visitor.js";

const MAX_NAME_CHARS = 80;
const MAX_MESSAGE_CHARS = 2_000;
/** The host takes no longer name for a user. */
const MAX_USER_BYTES = 200;

/** The limits of the form that may have a photo. */
export const withPhoto = { maxFile: 10 * 1024 * 1024, maxFiles: 1, accept: ["image/*"] };

/** What to tell a visitor whose form has not arrived. What he wrote is not known then. */
const NOT_RECEIVED = {
  "too-large": [413, "That is too much: a short message and one photo of at most 10 MiB fit."],
  "quota-exceeded": [413, "The book is full: there is no room for another photo."],
  "unsupported-type": [415, "That file is no image."],
  "bad-form": [400, "The form could not be read."],
  interrupted: [400, "The form could not be read."],
};

/** Receives a form that this app has handed out to this visitor. */
export function receive(limits) {
  try {
    return form({ csrf: CSRF_FORM, ...limits });
  } catch (error) {
    const [status, reason] = (error instanceof FormError && NOT_RECEIVED[error.code]) || [];
    throw reason ? new FormError(status, reason, error.code) : error;
  }
}

/** The entry that was written. */
export function draftOf(form) {
  check(form, "author", "your name", MAX_NAME_CHARS);
  check(form, "message", "your message", MAX_MESSAGE_CHARS);
  return { author: form.text("author"), message: form.text("message") };
}

/** The name to sign in with. */
export function userOf(form) {
  check(form, "name", "your name", MAX_NAME_CHARS);
  const name = form.text("name");
  if (new TextEncoder().encode(name).length > MAX_USER_BYTES) {
    throw refusal(form, "Please choose a shorter name.");
  }
  return name;
}

function check(form, field, spoken, maxChars) {
  const problem = problemOf(form.text(field), spoken, maxChars);
  if (problem) {
    throw refusal(form, problem);
  }
}

function refusal(form, reason) {
  return new FormError(422, reason, "refused", { form });
}

/** What is wrong with a text, if anything. */
function problemOf(text, spoken, maxChars) {
  const length = [...text].length;
  if (text.trim() === "") {
    return `Please fill in ${spoken}.`;
  }
  if (length > maxChars) {
    return `Please shorten ${spoken}: ${length} characters are too many, ${maxChars} fit.`;
  }
  // Postgres keeps no such character.
  return text.includes("\0") ? `Please remove the invisible character from ${spoken}.` : undefined;
}
