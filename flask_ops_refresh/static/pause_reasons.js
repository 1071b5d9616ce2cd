// Why a region rests: hidden, offline, a dialog is open, or the person has paused it.

const DIALOG = ".modal.show, dialog[open], [data-ops-refresh-hold]";
const PAGE_EVENTS = ["visibilitychange", "pageshow", "online", "offline"];

/** @param {string} switchedOff reasons that do not count */
export function pauseReason(switchedOff) {
  if (document.hidden && !switchedOff.includes("hidden")) return "hidden";
  if (!navigator.onLine) return "offline";
  return isDialogOpen() && !switchedOff.includes("dialog") ? "dialog" : "";
}

export function isDialogOpen() {
  // Bootstrap marks the body as soon as a trigger is clicked, the dialog later.
  return document.body.matches(".modal-open") || !!document.querySelector(DIALOG);
}

/**
 * Tell whenever a reason to rest, or an element, may have come or gone.
 * @param {() => void} listener
 * @param {AbortSignal} signal
 */
export function watchPage(listener, signal) {
  for (const name of PAGE_EVENTS) addEventListener(name, listener, { capture: true, signal });
  const page = new MutationObserver(listener);
  page.observe(document, {
    attributeFilter: ["class", "open", "data-ops-refresh-hold"],
    childList: true,
    subtree: true,
  });
  signal.addEventListener("abort", () => page.disconnect());
}

/**
 * Whether the person has switched something off, now or before.
 * @param {string} key
 */
export function isStored(key) {
  try {
    return localStorage.getItem(key) !== null;
  } catch {
    return false;
  }
}

/**
 * Where nothing may be stored, it holds for the page: whoever calls keeps it as well.
 * @param {string} key
 * @param {boolean} off
 */
export function store(key, off) {
  try {
    if (off) localStorage.setItem(key, "");
    else localStorage.removeItem(key);
  } catch {}
}
