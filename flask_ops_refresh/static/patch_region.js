// Brings a region to what the server sent, touching only what differs.

import { TIMES } from "./elapsed_time.js";

const NEVER = "script, style, iframe, object, embed, link, meta, base, template";
const TITLE = "data-ops-refresh-title";
const EDITED = ":read-write:focus, select:focus";

/** @type {string[]} */
let news = [];

/**
 * Gives how many new rows wait, and what to read out.
 * @param {Element} region
 * @param {string} html
 * @param {boolean} showAll
 */
export function patchRegion(region, html, showAll) {
  const sent = parse(html);
  const waiting = showAll ? [] : rowsToHold(region, sent);
  for (const row of waiting) row.remove();
  const focused = document.activeElement;
  news = [];
  morphChildren(region, sent, waiting.length > 0);
  if (region.contains(focused) && focused instanceof HTMLElement) {
    focused.focus({ preventScroll: true });
  }
  return { waiting: waiting.length, said: news.slice(0, 3).join(", ") };
}

/** @param {Element} region */
export function isInUse(region) {
  const selection = getSelection();
  const isSelected = selection?.isCollapsed === false && selection.containsNode(region, true);
  return isSelected || !!region.querySelector(EDITED);
}

/** @param {string} html */
function parse(html) {
  const { content } = Object.assign(document.createElement("template"), { innerHTML: html });
  for (const element of content.querySelectorAll(NEVER)) element.remove();
  takeIn(content);
  return content;
}

/**
 * Show the buttons that need a script, and let the browser's tab say what a region says.
 * @param {ParentNode} root
 */
export function takeIn(root) {
  for (const each of root.querySelectorAll(`[data-ops-refresh-copy], [${TITLE}]`)) {
    each.removeAttribute("hidden");
    document.title = each.getAttribute(TITLE) ?? document.title;
    each.removeAttribute(TITLE);
  }
}

/**
 * The new rows that would push down a row under the pointer or a ticked one.
 * @param {Element} region
 * @param {DocumentFragment} sent
 */
function rowsToHold(region, sent) {
  const shown = rows(region);
  const known = shown.map(keyOf);
  const keys = rows(sent).map(keyOf);
  const busy = shown.filter((row) => row.matches(":hover, :has(input:checked)"));
  const ends = busy.map((row) => keys.indexOf(keyOf(row))).map((at) => at < 0 ? keys.length : at);
  return rows(sent).slice(0, Math.max(0, ...ends)).filter((row) => !known.includes(keyOf(row)));
}

/** @param {ParentNode} root */
function rows(root) {
  return [...root.querySelectorAll("tbody > tr")].filter(keyOf);
}

/** @param {Node} node */
function keyOf(node) {
  if (!(node instanceof HTMLElement)) return "";
  const key = node.id || node.dataset.key;
  return key || (node instanceof HTMLTableRowElement && node.cells[0]?.dataset.key) || "";
}

/**
 * @param {Element} from
 * @param {Element | DocumentFragment} to
 * @param {boolean} keepRows whether rows that were not sent stay
 */
function morphChildren(from, to, keepRows) {
  const sent = new Set([...to.children].map(keyOf));
  const keyed = new Map();
  for (const child of [...from.children]) {
    const key = keyOf(child);
    if (key && sent.has(key)) keyed.set(key, child);
    else if (key && !keepRows) child.remove();
  }
  let at = from.firstChild;
  for (const wanted of [...to.childNodes]) {
    const key = keyOf(wanted);
    while (at && keyOf(at) && !sent.has(keyOf(at))) at = at.nextSibling;
    const found = keyed.get(key) ?? (key ? null : at);
    if (found?.nodeName !== wanted.nodeName || keyOf(found) !== key) {
      from.insertBefore(wanted, at);
      continue;
    }
    keyed.delete(key);
    // Text between rows goes sooner than a row moves.
    while (at !== found && at instanceof Text) at = removed(at);
    if (at === found) at = found.nextSibling;
    else from.insertBefore(found, at);
    morph(found, wanted, keepRows);
  }
  while (at) at = keepRows && keyOf(at) ? at.nextSibling : removed(at);
}

/** @param {ChildNode} node */
function removed(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

/**
 * @param {Node} from
 * @param {Node} to
 * @param {boolean} keepRows
 */
function morph(from, to, keepRows) {
  if (from.isEqualNode(to)) return;
  if (!(from instanceof Element && to instanceof Element)) {
    from.nodeValue = to.nodeValue;
    return;
  }
  const isSameMoment = from.getAttribute("datetime") === to.getAttribute("datetime");
  morphAttributes(from, to);
  // Such a time has counted on by itself.
  if (!(isSameMoment && from.matches(TIMES))) morphChildren(from, to, keepRows);
}

/**
 * @param {Element} from
 * @param {Element} to
 */
function morphAttributes(from, to) {
  // What the person has opened stays open.
  const kept = from instanceof HTMLDetailsElement ? "open" : "";
  for (const name of from.getAttributeNames()) {
    if (name !== kept && !to.hasAttribute(name)) from.removeAttribute(name);
  }
  for (const { name, value } of to.attributes) {
    if (name === kept || from.getAttribute(name) === value) continue;
    from.setAttribute(name, value);
    if (name === "data-announce" && keyOf(from)) news.push(value);
  }
}
