// When to ask again: pure rules. Durations are seconds, moments epoch milliseconds.

const SHORTEST = 1;
const LONGEST = 300;
const JITTER_FROM = 5;
const BACK_OFF_CAP = 30;

export const TIMEOUT = 10;
export const FAILURES_SHOWN = 3;

/**
 * An interval as the server wrote it; null (never again) for anything but one.
 * @param {string | null} text
 */
export function readInterval(text) {
  const seconds = Number(text);
  return seconds > 0 && seconds < Infinity ? clamp(seconds) : null;
}

/**
 * Seconds from a settled answer to the next poll.
 * @param {number} interval
 * @param {number} lastDuration how long the last request took
 * @param {number} random from 0 to 1
 */
export function nextDelay(interval, lastDuration, random) {
  const jitter = interval < JITTER_FROM ? 1 : 0.8 + 0.4 * random;
  return Math.max(interval * jitter, 4 * lastDuration);
}

/**
 * Seconds to wait after failures in a row: doubling, half of it random.
 * @param {number} interval
 * @param {number} failures at least 1
 * @param {number} random from 0 to 1
 */
export function backOff(interval, failures, random) {
  const cap = Math.max(BACK_OFF_CAP, interval);
  return (Math.min(cap, interval * 2 ** failures) * (1 + random)) / 2;
}

/**
 * Seconds that a Retry-After asks for; null where it asks for none.
 * @param {string | null} text seconds or an HTTP date
 * @param {number} now
 */
export function readRetryAfter(text, now) {
  if (!text) return null;
  const seconds = /^\d+$/.test(text.trim())
    ? Number(text)
    : (Date.parse(text) - now) / 1000;
  return Number.isNaN(seconds) ? null : clamp(seconds);
}

/** @param {number} seconds */
function clamp(seconds) {
  return Math.min(LONGEST, Math.max(SHORTEST, seconds));
}
