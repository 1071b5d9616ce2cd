// What the person sees of a region: its content, its times, and what stands beside it.

const NEVER = "script, style, iframe, object, embed, link, meta, base, template";
const EDITED = ":read-write:focus, select:focus";
const TIMES = "time.ops-refresh-ago, time.ops-refresh-elapsed";
const UNITS = /** @type {const} */ ([["d", 86400], ["h", 3600], ["min", 60], ["s", 1]]);
const FAILURES_SHOWN = 3;

// Of the server's clock to one that nobody can set, as people set the browser's.
let offset = performance.timeOrigin;
/** @type {string[]} */
let news = [];

export class Controls {
  /** @param {string} regionId */
  constructor(regionId) {
    this.selector = `[data-ops-refresh-for="${CSS.escape(regionId)}"]`;
  }

  get root() {
    const found = document.querySelector(this.selector) ?? document.createElement("div");
    return /** @type {HTMLElement} */ (found);
  }

  /**
   * A text in the reader's language, with a value for its %s.
   * @param {string} name
   * @param {string | number | null} value
   */
  text(name, value = "") {
    return (this.root.dataset[`text${name}`] ?? "").replace("%s", String(value));
  }

  /** @param {string} name */
  part(name) {
    return this.root.querySelector(`[data-part=${name}]`);
  }

  /**
   * @param {string} name
   * @param {() => void} action
   * @param {AbortSignal} signal
   */
  onClick(name, action, signal) {
    this.part(name)?.addEventListener("click", action, { signal });
  }

  /** @param {import("./refresh_region.js").Region} region */
  show({ failures, interval, paused, updated, waiting }) {
    this.write("state", paused ? this.text("Paused") : this.text("Live", interval));
    this.write("pause", this.text(paused ? "Resume" : "Pause"));
    this.write("updated", updated);
    this.write("notice", failures < FAILURES_SHOWN ? "" : this.text("Lost", updated));
    this.write("waiting", this.text("Waiting", waiting));
    this.part("waiting")?.toggleAttribute("hidden", !waiting);
    this.root.classList.toggle("ops-refresh-paused", paused);
  }

  /**
   * @param {string} name
   * @param {string} text
   */
  write(name, text) {
    const part = this.part(name);
    if (part && part.textContent !== text) part.textContent = text;
  }

  /**
   * The end: nothing stays but a sentence that is read out.
   * @param {string} sentence
   * @param {boolean} isSeen
   * @param {string} [signIn]
   */
  end(sentence, isSeen, signIn) {
    const { root } = this;
    const said = this.part("announcement");
    for (const part of [...root.children]) if (part !== said) part.remove();
    for (const name of root.getAttributeNames()) root.removeAttribute(name);
    if (!said) return;
    said.textContent = sentence;
    if (isSeen) said.className = "ops-refresh-notice";
    if (!signIn) return;
    const link = document.createElement("a");
    link.href = location.href.split("#")[0];
    link.textContent = signIn;
    said.append(" ", link);
  }
}

/**
 * Touch only what differs. Gives how many new rows wait, and what to read out.
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
  return content;
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
 * @param {Controls} controls
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
 * @param {Controls} controls
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
