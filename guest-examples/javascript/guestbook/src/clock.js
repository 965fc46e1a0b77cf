// How people and browsers read a point in time.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

/** For the attribute `datetime`, which knows no more than three digits of a second. */
export function htmlDatetime(instant) {
  return `${instant.toISOString().slice(0, -".000000Z".length)}Z`;
}

/** For people: `5 minutes ago`, and the day once a week has gone by. */
export function spoken(instant, now = Date.now()) {
  const age = now - instant;
  if (age < MINUTE) {
    return "just now";
  }
  if (age >= 7 * DAY) {
    return `${instant.getUTCDate()} ${MONTHS[instant.getUTCMonth()]} ${instant.getUTCFullYear()}`;
  }
  const [unit, name] = age < HOUR ? [MINUTE, "minute"] : age < DAY ? [HOUR, "hour"] : [DAY, "day"];
  const count = Math.floor(age / unit);
  return `${count} ${name}${count === 1 ? "" : "s"} ago`;
}
