// What stands beside a region: its state, its buttons, and what is read out.

const FAILURES_SHOWN = 3;

export class Controls {
  /** @type {Element | null} */ found = null;

  /** @param {string} regionId */
  constructor(regionId) {
    this.selector = `[data-ops-refresh-for="${CSS.escape(regionId)}"]`;
  }

  get root() {
    if (!this.found?.isConnected) {
      this.found = document.querySelector(this.selector) ?? document.createElement("div");
    }
    return /** @type {HTMLElement} */ (this.found);
  }

  /**
   * A text in the reader's language, with a value for its %s.
   * @param {string} name
   * @param {string | number | null} value
   */
  text(name, value = "") {
    return (this.root.dataset[`text${name}`] ?? "").replace("%s", String(value));
  }

  get pauseKey() {
    return this.root.dataset.pauseKey ?? "";
  }

  /** The time of day as the reader has it; the browser's own where that is not known. */
  time() {
    const { language, timeZone } = this.root.dataset;
    const now = new Date();
    try {
      return now.toLocaleTimeString(language || undefined, { timeZone: timeZone || undefined });
    } catch {
      return now.toLocaleTimeString();
    }
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
    const lost = failures < FAILURES_SHOWN ? "" : this.text("Lost", updated);
    const seconds = `${interval}`.replace(".", this.root.dataset.point ?? ".");
    // What came last may have to wait until it can be shown.
    this.write("state", this.text(paused ? "Paused" : interval ? "Live" : "Finished", seconds));
    this.write("pause", this.text(paused ? "Resume" : "Pause"));
    this.write("notice", lost);
    if (lost) this.write("announcement", lost);
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
    if (part) setText(part, text);
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
    this.found = null;
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
 * Write a text where there is another. Only the text node changes: who watches for
 * elements that come and go, as every region does, has nothing to look at.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  const { firstChild, textContent } = element;
  if (textContent === text) return;
  if (firstChild instanceof Text && firstChild === element.lastChild) firstChild.data = text;
  else element.textContent = text;
}
