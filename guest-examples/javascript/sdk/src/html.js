const ENTITIES = /** @type {Record<string, string>} */ ({
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
});

/** Markup. Everything else that `html` puts in becomes text. */
export class Html {
  #markup;

  /** @param {string} markup */
  constructor(markup) {
    this.#markup = markup;
  }

  /** The markup. */
  toString() {
    return this.#markup;
  }
}

/**
 * Markup with values in it: texts are escaped, `Html` is put in as it is, lists are joined, and
 * null, undefined and false leave nothing.
 *
 * @param {TemplateStringsArray} strings
 * @param {...unknown} values
 * @returns {Html}
 */
export function html(strings, ...values) {
  return new Html(String.raw({ raw: strings }, ...values.map(markup)));
}

/**
 * Text that is markup already.
 *
 * @param {string} text
 */
export function raw(text) {
  return new Html(text);
}

/** @param {unknown} value @returns {string} */
function markup(value) {
  if (value === null || value === undefined || value === false) {
    return "";
  }
  if (value instanceof Html) {
    return value.toString();
  }
  return Array.isArray(value) ? value.map(markup).join("") : escaped(String(value));
}

/** @param {string} text */
function escaped(text) {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]);
}
