// What stands beside a region: its state, the buttons, notices and announcements.

export class Controls {
  /** @param {string} regionId */
  constructor(regionId) {
    this.root = /** @type {HTMLElement} */ (
      document.querySelector(`[data-ops-refresh-for="${CSS.escape(regionId)}"]`)
        ?? document.createElement("div")
    );
    this.lastUpdate = new Date();
  }

  /**
   * A text of the server's, in the reader's language.
   * @param {string} name
   * @param {string | number} value what stands for %s in it
   */
  text(name, value = "%s") {
    return (this.root.dataset[`text${name}`] ?? "").replace("%s", String(value));
  }

  /** @param {string} name */
  part(name) {
    return /** @type {HTMLElement | null} */ (this.root.querySelector(`[data-part=${name}]`));
  }

  /**
   * @param {string} name
   * @param {() => void} action
   * @param {AbortSignal} signal
   */
  onClick(name, action, signal) {
    this.part(name)?.addEventListener("click", action, { signal });
  }

  /**
   * @param {number} interval
   * @param {boolean} paused
   */
  showState(interval, paused) {
    this.#write("state", paused ? this.text("Paused") : this.text("Live", interval));
    this.#write("pause", this.text(paused ? "Resume" : "Pause"));
    this.root.classList.toggle("ops-refresh-paused", paused);
  }

  showUpdate() {
    this.lastUpdate = new Date();
    this.#write("updated", this.lastUpdate.toLocaleTimeString());
  }

  /** @param {string} sentence */
  announce(sentence) {
    if (sentence) this.#write("announcement", sentence);
  }

  showConnectionLost() {
    this.#write("notice", this.text("Lost", this.lastUpdate.toLocaleTimeString()));
  }

  clearNotice() {
    this.#write("notice", "");
  }

  /** @param {number} rows */
  showWaiting(rows) {
    const button = this.part("waiting");
    if (!button) return;
    button.hidden = rows === 0;
    this.#write("waiting", rows ? this.text("Waiting", rows) : "");
  }

  /**
   * The end of a region that is no longer to be seen.
   * @param {string} sentence
   * @param {string} [signIn] the words of a link to sign in with
   */
  refuse(sentence, signIn) {
    const notice = document.createElement("p");
    notice.className = "ops-refresh-notice";
    notice.setAttribute("role", "status");
    notice.textContent = sentence;
    if (signIn) {
      const link = document.createElement("a");
      link.href = location.href.split("#")[0];
      link.textContent = signIn;
      notice.append(" ", link);
    }
    this.root.replaceChildren(...(sentence ? [notice] : []));
  }

  /**
   * The end of a region that is finished: nothing stays but what is read out.
   * @param {string} sentence
   */
  finish(sentence) {
    this.announce(sentence);
    const kept = this.part("announcement");
    for (const part of [...this.root.children]) if (part !== kept) part.remove();
    this.root.className = "";
    for (const name of this.root.getAttributeNames()) this.root.removeAttribute(name);
  }

  /**
   * @param {string} name
   * @param {string} text
   */
  #write(name, text) {
    const part = this.part(name);
    if (part && part.textContent !== text) part.textContent = text;
  }
}
