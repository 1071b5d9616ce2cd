// Times that count on by themselves, by the server's clock.

const UNITS = /** @type {const} */ ([["d", 86400], ["h", 3600], ["min", 60], ["s", 1]]);
export const TIMES = "time.ops-refresh-ago, time.ops-refresh-elapsed";

/** @typedef {{ ago: string, justNow: string }} Words */
/** @type {Map<Element, Words>} */
const regions = new Map();
let ticker = 0;
let ahead = 0;

/**
 * Set the clock to the server's.
 * @param {number} now epoch milliseconds; NaN changes nothing
 */
export function setClock(now) {
  if (now > 0) ahead = now - Date.now();
}

/**
 * Set the clock by a date of whole seconds, where it is off by more than that.
 * @param {number} now
 */
export function correctClock(now) {
  if (Math.abs(now - Date.now() - ahead) > 2000) setClock(now);
}

/**
 * Let the times in a region count.
 * @param {Element} region
 * @param {Words} words for an age, with %s for the time
 */
export function startCounting(region, words) {
  regions.set(region, words);
  document.addEventListener("visibilitychange", count);
  count();
}

/** @param {Element} region */
export function stopCounting(region) {
  regions.delete(region);
  if (regions.size) return;
  clearTimeout(ticker);
  document.removeEventListener("visibilitychange", count);
}

/**
 * Seconds in the two largest units they fill.
 * @param {number} seconds
 */
export function duration(seconds) {
  const [text, left, smaller] = largest(seconds);
  return smaller ? `${text} ${Math.floor(left / smaller[1])} ${smaller[0]}` : text;
}

/**
 * @param {number} seconds
 * @returns {[string, number, readonly [string, number] | undefined]}
 */
function largest(seconds) {
  const fits = UNITS.findIndex(([, size]) => seconds >= size);
  const at = fits < 0 ? UNITS.length - 1 : fits;
  const [unit, size] = UNITS[at];
  return [`${Math.floor(seconds / size)} ${unit}`, seconds % size, UNITS[at + 1]];
}

export function count() {
  clearTimeout(ticker);
  if (document.hidden) return;
  let counting = false;
  for (const [region, words] of regions) {
    for (const time of region.querySelectorAll(TIMES)) {
      show(time, words);
      counting = true;
    }
  }
  if (counting) ticker = setTimeout(count, 1000 - ((Date.now() + ahead) % 1000));
}

/**
 * @param {Element} time
 * @param {Words} words
 */
function show(time, words) {
  const since = Date.parse(time.getAttribute("datetime") ?? "");
  const seconds = Math.max(0, Math.floor((Date.now() + ahead - since) / 1000));
  if (Number.isNaN(seconds)) return;
  const text = time.classList.contains("ops-refresh-ago") ? age(seconds, words) : duration(seconds);
  if (time.textContent !== text) time.textContent = text;
}

/**
 * @param {number} seconds
 * @param {Words} words
 */
function age(seconds, words) {
  return seconds < 60 ? words.justNow : words.ago.replace("%s", largest(seconds)[0]);
}
