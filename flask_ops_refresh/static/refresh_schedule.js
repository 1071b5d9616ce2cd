// When to ask again. Durations are seconds, moments epoch milliseconds.

export const TIMEOUT = 10;
const BACK_OFF_CAP = 30;

/**
 * Null, which is never again, for anything but a number of seconds.
 * @param {string | null} text
 */
export function readInterval(text) {
  const seconds = Number(text);
  return seconds > 0 && seconds < Infinity ? clamp(seconds) : null;
}

/**
 * @param {number} interval
 * @param {number} lastDuration
 * @param {number} random
 */
export function nextDelay(interval, lastDuration, random) {
  const jitter = interval < 5 ? 1 : 0.8 + 0.4 * random;
  return Math.max(interval * jitter, 4 * lastDuration);
}

/**
 * Doubling, half of it random; where the server says when, no sooner, and spread over
 * one interval.
 * @param {number} interval
 * @param {number} failures
 * @param {number} retryAfter
 * @param {number} random
 */
export function backOff(interval, failures, retryAfter, random) {
  const doubled = Math.min(Math.max(BACK_OFF_CAP, interval), interval * 2 ** failures);
  return Math.max((doubled * (1 + random)) / 2, retryAfter && retryAfter + interval * random);
}

/**
 * The seconds of a Retry-After, which may be a date; 0 for none.
 * @param {string | null} text
 * @param {number} now
 */
export function readRetryAfter(text, now) {
  if (!text) return 0;
  const seconds = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - now) / 1000;
  return Number.isNaN(seconds) ? 0 : clamp(seconds);
}

/** @param {number} seconds */
function clamp(seconds) {
  return Math.min(300, Math.max(1, seconds));
}
