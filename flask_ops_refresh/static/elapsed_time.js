// Times that count on by themselves, by the server's clock.

export const TIMES = "time.ops-refresh-ago, time.ops-refresh-elapsed";
const UNITS = /** @type {const} */ ([["d", 86400], ["h", 3600], ["min", 60], ["s", 1]]);

// Of the server's clock to one that nobody can set, as people set the browser's.
let offset = performance.timeOrigin;

export function serverNow() {
  return offset + performance.now();
}

/** @param {number} now */
export function setClock(now) {
  if (now > 0) offset = now - performance.now();
}

/** @param {number} now of whole seconds */
export function correctClock(now) {
  if (Math.abs(now - serverNow()) > 2000) setClock(now);
}

/**
 * Gives what brings the times up to date at once.
 * @param {Element} region
 * @param {import("./region_controls.js").Controls} controls
 * @param {AbortSignal} signal
 */
export function startCounting(region, controls, signal) {
  let ticker = 0;
  const count = () => {
    clearTimeout(ticker);
    const times = region.querySelectorAll(TIMES);
    if (document.hidden || signal.aborted || !times.length) return;
    for (const time of times) show(time, controls);
    ticker = setTimeout(count, 1000 - (serverNow() % 1000));
  };
  document.addEventListener("visibilitychange", count, { signal });
  signal.addEventListener("abort", count, { once: true });
  count();
  return count;
}

/**
 * @param {Element} time
 * @param {import("./region_controls.js").Controls} controls
 */
function show(time, controls) {
  const since = Date.parse(time.getAttribute("datetime") ?? "");
  const seconds = Math.max(0, Math.floor((serverNow() - since) / 1000));
  if (Number.isNaN(seconds)) return;
  let text = duration(seconds);
  if (time.classList.contains("ops-refresh-ago")) {
    text = seconds < 60 ? controls.text("JustNow") : controls.text("Ago", duration(seconds, 1));
  }
  if (time.textContent !== text) time.textContent = text;
}

/** @param {number} seconds */
export function duration(seconds, units = 2) {
  const first = UNITS.findIndex(([, size]) => seconds >= size);
  const parts = [];
  for (const [unit, size] of UNITS.slice(first).slice(0, units)) {
    parts.push(`${Math.floor(seconds / size)} ${unit}`);
    seconds %= size;
  }
  return parts.join(" ");
}
