/**
 * A reason why there is no component, for the author of the app: its message is all that is shown.
 */
export class BuildError extends Error {}
