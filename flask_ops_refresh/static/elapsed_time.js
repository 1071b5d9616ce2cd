// Times that count on by themselves, by the server's clock.

import { setText } from "./region_controls.js";

export const TIMES = "time.ops-refresh-ago, time.ops-refresh-elapsed";
const UNITS = /** @type {const} */ ([["Days", 86400], ["Hours", 3600], ["Minutes", 60], ["Seconds", 1]]);

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
 * Gives what brings the times up to date at once, and goes on unless all is to rest.
 * @param {import("./refresh_region.js").Region} region
 */
export function startCounting(region) {
  const { controls, element, listening: { signal } } = region;
  let ticker = 0;
  const count = () => {
    clearTimeout(ticker);
    controls.write("updated", region.updated);
    const times = element.querySelectorAll(TIMES);
    if (document.hidden || region.paused || signal.aborted || !times.length) return;
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
  let text = duration(controls, seconds);
  if (time.classList.contains("ops-refresh-ago")) {
    text = seconds < 60 ? controls.text("JustNow") : controls.text("Ago", duration(controls, seconds, 1));
  }
  setText(time, text);
}

/**
 * @param {import("./region_controls.js").Controls} controls
 * @param {number} seconds
 */
export function duration(controls, seconds, units = 2) {
  const first = UNITS.findIndex(([, size]) => seconds >= size);
  const parts = [];
  for (const [unit, size] of UNITS.slice(first).slice(0, units)) {
    parts.push(controls.text(unit, Math.floor(seconds / size)));
    seconds %= size;
  }
  return parts.join(" ");
}
