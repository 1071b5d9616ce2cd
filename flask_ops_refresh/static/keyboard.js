// Single keys for the buttons beside the live regions, and the help that names them.
// Fetched when the first of them is pressed.

import { isDialogOpen, keepPause, readPause } from "./pause_reasons.js";

const TYPING = "input, textarea, select, [role=textbox], [role=searchbox], [role=combobox]";

/** @type {Record<string, () => void>} */
const ACTIONS = { "?": showHelp, p: togglePause, r: refreshNow };

/** @type {KeyboardEvent | null} */
let last = null;

/**
 * Do what a key stands for. Each region of a page passes it on; one of them is enough.
 * @param {KeyboardEvent} event
 * @param {EventTarget} target where it began, in whatever shadow
 */
export function press(event, target) {
  if (event === last || isForOthers(event, target)) return;
  last = event;
  if (event.key === "Escape") leave();
  else if (areOn()) ACTIONS[event.key]?.();
}

/**
 * @param {KeyboardEvent} event
 * @param {EventTarget} target
 */
function isForOthers({ altKey, ctrlKey, isComposing, metaKey, repeat }, target) {
  return altKey || ctrlKey || isComposing || metaKey || repeat || isTyping(target) || isDialogOpen();
}

/** Show which keys there are, and whether they are on. */
export function showHelp() {
  const [help] = parts("help");
  const [box] = parts("shortcuts");
  if (!(help instanceof HTMLDialogElement && box instanceof HTMLInputElement)) return;
  box.checked = areOn();
  box.onchange = () => keepPause(storageKey(), !box.checked);
  help.showModal();
}

/** All regions of the page rest, or go on if all do. */
function togglePause() {
  const buttons = parts("pause");
  const running = buttons.filter((button) => !button.closest(".ops-refresh-paused"));
  for (const button of running.length ? running : buttons) button.click();
  // Whose focus is elsewhere does not hear the button's new name.
  const [state] = parts("state");
  const [said] = parts("announcement");
  if (state && said) said.textContent = state.textContent;
}

function leave() {
  document.querySelector(".ops-refresh-leave")?.dispatchEvent(new MouseEvent("click"));
}

/** @param {EventTarget} target */
function isTyping(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches(TYPING));
}

function areOn() {
  return !readPause(storageKey());
}

function storageKey() {
  const controls = /** @type {HTMLElement | null} */ (document.querySelector("[data-pause-key]"));
  return `${controls?.dataset.pauseKey}-keys`;
}

function refreshNow() {
  for (const button of parts("refresh")) button.click();
}

/**
 * @param {string} name
 * @returns {HTMLElement[]}
 */
function parts(name) {
  return [...document.querySelectorAll(`[data-ops-refresh-for] [data-part=${name}]`)]
    .filter((part) => part instanceof HTMLElement);
}
