// Single keys for the buttons beside the live regions, and the help that names them.
// Fetched when the first of them is pressed.

import { isStored, store } from "./pause_reasons.js";

const KEY = "ops-refresh-keys";
const TYPING = "input, textarea, select, [role=textbox], [role=searchbox], [role=combobox]";

/** @type {Record<string, () => void>} */
const ACTIONS = { "?": showHelp, p: togglePause, r: refreshNow };

/** @type {KeyboardEvent | null} */
let last = null;
// Also where nothing may be stored.
let off = false;

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
  return altKey || ctrlKey || isComposing || metaKey || repeat || isTyping(target);
}

/** Show which keys there are, and whether they are on. */
export function showHelp() {
  const controls = firstControls();
  if (!controls) return;
  const text = (/** @type {string} */ name) => controls.dataset[`text${name}`] ?? "";
  const keys = [["r", "KeyR"], ["p", "KeyP"], ["?", "KeyHelp"]].map(([key, name]) =>
    make("div", "mb-2", make("kbd", "", key), ` ${text(name)}`));
  const box = Object.assign(make("input", "mr-1 me-1"), { type: "checkbox", checked: areOn() });
  box.onchange = () => {
    off = !box.checked;
    store(KEY, off);
  };
  const form = make("form", "card card-body", make("strong", "h5 mb-3", text("Keys")), ...keys,
    make("label", "my-2", box, text("UseKeys")),
    make("button", "btn btn-sm ops-refresh-button", text("Close")));
  form.method = "dialog";
  const help = make("dialog", "ops-refresh-help p-0 border-0 rounded bg-transparent text-reset", form);
  help.ariaLabel = text("Keys");
  help.onclose = () => help.remove();
  controls.append(help);
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
  return !(off || isStored(KEY));
}

/** @returns {HTMLElement | null} */
function firstControls() {
  return document.querySelector("[data-pause-key]");
}

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {string} className
 * @param {(string | Node)[]} content
 */
function make(tag, className, ...content) {
  const element = Object.assign(document.createElement(tag), { className });
  element.append(...content);
  return element;
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
