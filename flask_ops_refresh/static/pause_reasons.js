// Why a page rests just now, and the end of it.

const DIALOG = ".modal.show, dialog[open], [data-ops-refresh-hold]";
const EVENTS = [
  "visibilitychange", "freeze", "resume", "online", "offline", "pageshow", "pagehide",
];

/** @type {Set<() => void>} */
const listeners = new Set();
const dialogs = new MutationObserver(tell);

/**
 * The first reason to rest; null when there is none.
 * @param {string} switchedOff reasons that do not count
 */
export function pauseReason(switchedOff) {
  if (document.hidden && !switchedOff.includes("hidden")) return "hidden";
  if (!navigator.onLine) return "offline";
  return isDialogOpen() && !switchedOff.includes("dialog") ? "dialog" : null;
}

/**
 * Be told whenever a reason may have come or gone.
 * @param {() => void} listener
 */
export function watchPauses(listener) {
  if (listeners.size === 0) connect();
  listeners.add(listener);
}

/** @param {() => void} listener */
export function unwatchPauses(listener) {
  listeners.delete(listener);
  if (listeners.size === 0) disconnect();
}

function isDialogOpen() {
  // Bootstrap marks the body as soon as a trigger is clicked, the dialog later.
  return document.body.classList.contains("modal-open") || !!document.querySelector(DIALOG);
}

function connect() {
  for (const name of EVENTS) addEventListener(name, tell, true);
  dialogs.observe(document.documentElement, {
    attributeFilter: ["class", "open", "data-ops-refresh-hold"],
    childList: true,
    subtree: true,
  });
}

function disconnect() {
  for (const name of EVENTS) removeEventListener(name, tell, true);
  dialogs.disconnect();
}

function tell() {
  for (const listener of [...listeners]) listener();
}
