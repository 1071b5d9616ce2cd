// Bring a region to what the server sent, touching only what differs.

import { TIMES } from "./elapsed_time.js";

const NEVER = "script, style, iframe, object, embed, link, meta, base, template";
const FIELDS = "input:not([type=checkbox], [type=radio], [type=button], [type=submit]), select, textarea, [contenteditable]";

/**
 * Patch a region; say how many new rows were kept waiting, so as not to move what
 * the person is on.
 * @param {Element} region
 * @param {string} html
 * @param {boolean} showAll whether new rows come in whatever they move
 */
export function patchRegion(region, html, showAll) {
  const sent = parse(html);
  const waiting = showAll ? [] : rowsToHold(region, sent);
  for (const row of waiting) row.remove();
  const focused = document.activeElement;
  morphChildren(region, sent, waiting.length > 0);
  if (focused instanceof HTMLElement && region.contains(focused)) {
    focused.focus({ preventScroll: true });
  }
  return waiting.length;
}

/**
 * Whether somebody selects text in a region or edits a field of it.
 * @param {Element} region
 */
export function isInUse(region) {
  const selection = getSelection();
  if (selection && !selection.isCollapsed && selection.containsNode(region, true)) return true;
  const active = document.activeElement;
  return !!active && region.contains(active) && active.matches(FIELDS);
}

/** @param {string} html */
function parse(html) {
  const { content } = Object.assign(document.createElement("template"), { innerHTML: html });
  for (const element of content.querySelectorAll(NEVER)) element.remove();
  return content;
}

/**
 * The new rows that would push down a row under the pointer or a ticked one.
 * @param {Element} region
 * @param {DocumentFragment} sent
 */
function rowsToHold(region, sent) {
  const known = new Set(rows(region).map(keyOf));
  const sentRows = rows(sent);
  const mine = rows(region).filter((row) => row.matches(":hover, :has(input:checked)")).map(keyOf);
  const last = Math.max(...mine.map((key) => {
    const at = sentRows.findIndex((row) => keyOf(row) === key);
    return at < 0 ? sentRows.length : at;
  }), -1);
  return sentRows.slice(0, Math.max(last, 0)).filter((row) => !known.has(keyOf(row)));
}

/** @param {ParentNode} root */
function rows(root) {
  return [...root.querySelectorAll("tbody > tr")].filter((row) => keyOf(row));
}

/** @param {Node} node */
export function keyOf(node) {
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
    while (at && keyOf(at) && !sent.has(keyOf(at))) at = at.nextSibling;
    const found = keyed.get(keyOf(wanted)) ?? (keyOf(wanted) ? null : at);
    if (!found || !isAlike(found, wanted)) {
      from.insertBefore(wanted, at);
      continue;
    }
    keyed.delete(keyOf(wanted));
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
 * @param {Node} one
 * @param {Node} other
 */
function isAlike(one, other) {
  return one.nodeName === other.nodeName && keyOf(one) === keyOf(other);
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
  if (isSameMoment && from.matches(TIMES)) return;
  morphChildren(from, to, keepRows);
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
    if (name !== kept && from.getAttribute(name) !== value) from.setAttribute(name, value);
  }
}
