const DATE = /^([+-]\d{6}|\d{4})-(\d\d)-(\d\d)$/;
const TIME = /^(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,6}))?)?$/;

/** A day of the calendar, without a zone. Year 0 is 1 BC. */
export class PlainDate {
  /**
   * @param {number} year
   * @param {number} month 1 to 12
   * @param {number} day 1 to 31
   */
  constructor(year, month, day) {
    whole("year", year, -9_999_999, 9_999_999);
    whole("month", month, 1, 12);
    whole("day", day, 1, daysOf(year, month));
    this.year = year;
    this.month = month;
    this.day = day;
    Object.freeze(this);
  }

  /**
   * Reads a text like `2026-10-03`.
   *
   * @param {string} text
   */
  static from(text) {
    const [year, month, day] = parts(DATE, text, "date like 2026-10-03");
    return new PlainDate(year, month, day);
  }

  /** As ISO 8601 writes it. */
  toString() {
    const digits = String(Math.abs(this.year));
    const short = this.year >= 0 && this.year <= 9999;
    const year = short ? digits.padStart(4, "0") : `${this.year < 0 ? "-" : "+"}${digits.padStart(6, "0")}`;
    return `${year}-${two(this.month)}-${two(this.day)}`;
  }

  /** As `toString`. */
  toJSON() {
    return this.toString();
  }
}

/** A time of day, without a zone. */
export class PlainTime {
  /**
   * @param {number} hour 0 to 24; 24 only as 24:00:00, the end of the day
   * @param {number} [minute]
   * @param {number} [second]
   * @param {number} [microsecond]
   */
  constructor(hour, minute = 0, second = 0, microsecond = 0) {
    const end = hour === 24;
    whole("hour", hour, 0, 24);
    whole("minute", minute, 0, end ? 0 : 59);
    whole("second", second, 0, end ? 0 : 59);
    whole("microsecond", microsecond, 0, end ? 0 : 999_999);
    this.hour = hour;
    this.minute = minute;
    this.second = second;
    this.microsecond = microsecond;
    Object.freeze(this);
  }

  /**
   * Reads a text like `14:05`, `14:05:06` or `14:05:06.000123`.
   *
   * @param {string} text
   */
  static from(text) {
    const [hour, minute, second] = parts(TIME, text, "time like 14:05:06");
    const fraction = TIME.exec(text)?.[4] ?? "";
    return new PlainTime(hour, minute, second, Number(fraction.padEnd(6, "0")));
  }

  /** As ISO 8601 writes it, with a fraction where there is one. */
  toString() {
    const fraction = this.microsecond ? `.${String(this.microsecond).padStart(6, "0")}` : "";
    return `${two(this.hour)}:${two(this.minute)}:${two(this.second)}${fraction}`;
  }

  /** As `toString`. */
  toJSON() {
    return this.toString();
  }
}

/** A date and a time of day without a zone: what a clock on the wall shows. */
export class PlainDateTime {
  /**
   * @param {PlainDate} date
   * @param {PlainTime} time
   */
  constructor(date, time) {
    this.date = date;
    this.time = time;
    Object.freeze(this);
  }

  /**
   * Reads a text like `2026-10-03T14:05:06`.
   *
   * @param {string} text
   */
  static from(text) {
    const [date, time = ""] = text.split(/[T ]/);
    return new PlainDateTime(PlainDate.from(date), PlainTime.from(time));
  }

  /** As ISO 8601 writes it. */
  toString() {
    return `${this.date}T${this.time}`;
  }

  /** As `toString`. */
  toJSON() {
    return this.toString();
  }
}

/** @param {RegExp} pattern @param {string} text @param {string} wanted */
function parts(pattern, text, wanted) {
  const match = pattern.exec(text);
  if (!match) {
    throw new TypeError(`${JSON.stringify(text)} is no ${wanted}`);
  }
  return match.slice(1).map((digits) => Number(digits ?? 0));
}

/** @param {string} name @param {number} value @param {number} least @param {number} most */
function whole(name, value, least, most) {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`${name} must be a whole number from ${least} to ${most}, not ${value}`);
  }
}

/** @param {number} year @param {number} month */
function daysOf(year, month) {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 2 ? (leap ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/** @param {number} number */
function two(number) {
  return String(number).padStart(2, "0");
}
