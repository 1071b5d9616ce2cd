// Live regions: each asks again while the server names an interval, then never.

import { correctClock, serverNow, setClock, startCounting, TIMES } from "./elapsed_time.js";
import { isInUse, patchRegion, takeIn } from "./patch_region.js";
import { isDialogOpen, isStored, pauseReason, store, watchPage } from "./pause_reasons.js";
import { backOff, nextDelay, readInterval, readRetryAfter, TIMEOUT } from "./refresh_schedule.js";
import { Controls } from "./region_controls.js";

// What the region's own server says of a record; other codes are a proxy's.
const GONE = [400, 403, 404, 410];
// What the page is called where nothing is told of what it shows.
const TITLE = document.querySelector("meta[name=ops-refresh-title]")?.getAttribute("content")
  ?? document.title;
const COPY = "[data-ops-refresh-copy], .ops-refresh-share";

/** @type {Set<Region>} */
const regions = new Set();

export class Region {
  /** @type {AbortController | null} */ request = null;
  /** @type {string | null} */ pending = null;
  waiting = 0;
  isNew = false;
  resting = "";
  reason = "";
  asked = false;
  failures = 0;
  duration = 0;
  due = 0;
  timer = 0;
  listening = new AbortController();
  count = () => {};

  /** @param {HTMLElement} element */
  constructor(element) {
    const given = element.dataset;
    this.element = element;
    this.controls = new Controls(element.id);
    this.updated = this.controls.time();
    this.paused = isStored(this.controls.pauseKey);
    this.url = given.opsRefreshUrl ?? "";
    this.etag = given.opsRefreshEtag ?? "";
    this.switchedOff = given.opsRefreshNoPause ?? "";
    this.interval = readInterval(given.opsRefreshInterval ?? null);
    setClock(Number(given.opsRefreshNow) * 1000);
  }

  start() {
    if (this.interval === null) return;
    regions.add(this);
    this.#listen();
    this.#schedule(this.#usualDelay());
  }

  #listen() {
    this.listening.abort();
    const { signal } = (this.listening = new AbortController());
    const { controls, element } = this;
    watchPage(this.update, signal);
    document.addEventListener("submit", () => this.#giveWay(), { capture: true, signal });
    document.addEventListener("selectionchange", () => this.#apply(), { signal });
    element.addEventListener("focusout", () => setTimeout(() => this.#apply()), { signal });
    element.addEventListener("pointerleave", () => this.#apply(), { signal });
    element.addEventListener("change", () => this.#apply(), { signal });
    controls.onClick("pause", () => this.#togglePause(), signal);
    controls.onClick("refresh", () => this.#refreshNow(), signal);
    controls.onClick("waiting", () => this.#apply(true), signal);
    controls.onClick("keys", async () => (await import("./keyboard.js")).showHelp(), signal);
    document.addEventListener("keydown", (event) => onKey(event), { signal });
    document.addEventListener("click", (event) => onClick(event), { signal });
    takeIn(document);
    this.count = startCounting(this);
    this.controls.show(this);
  }

  /** Go on in a copy that the page has put in this region's place, if there is one. */
  #moveToCopy() {
    const copy = document.getElementById(this.element.id);
    const isTaken = [...regions].some(({ element }) => element === copy);
    if (!copy?.dataset.opsRefreshUrl || isTaken) return false;
    this.element = copy;
    // Nobody knows what the copy shows.
    this.etag = "";
    this.#listen();
    return true;
  }

  /** @param {number} seconds */
  #schedule(seconds) {
    this.due = performance.now() + seconds * 1000;
    this.update();
  }

  #usualDelay() {
    return nextDelay(this.interval ?? 1, this.duration, Math.random());
  }

  /** Poll, wait or rest, as things stand now. */
  update = () => {
    clearTimeout(this.timer);
    if (!this.element.isConnected && !this.#moveToCopy()) return this.end("removed", "");
    const rested = this.resting;
    this.resting = pauseReason(this.switchedOff);
    if (rested && !this.resting) this.#apply();
    if (this.interval === null) return;
    const reason = this.paused ? "user" : this.resting;
    if (reason && reason !== this.reason) this.#tell("paused", reason);
    this.reason = reason;
    if (this.resting || (this.paused && !this.asked)) {
      if (this.request) this.due = 0;
      this.#abort();
    } else if (!this.request) {
      const wait = this.due - performance.now();
      if (wait <= 0) this.#poll();
      else this.timer = setTimeout(this.update, wait);
    }
  };

  async #poll() {
    const request = (this.request = new AbortController());
    const timeout = setTimeout(() => request.abort(), TIMEOUT * 1000);
    const began = performance.now();
    const { interval } = this;
    let delay = 0;
    try {
      const response = await fetch(this.url, {
        headers: { "Ops-Refresh": "1", "If-None-Match": this.etag },
        cache: "no-store",
        credentials: "same-origin",
        redirect: "manual",
        signal: request.signal,
      });
      const isOurs = response.headers.has("Ops-Refresh-Region") && [200, 304].includes(response.status);
      const html = isOurs ? await response.text() : null;
      if (this.request !== request) return;
      this.duration = (performance.now() - began) / 1000;
      delay = html === null ? this.#refuse(response) : this.#accept(response, html);
    } catch {
      if (this.request !== request) return;
      this.interval = interval;
      delay = this.#fail(0);
    } finally {
      clearTimeout(timeout);
      request.abort();
      if (this.request === request) {
        this.request = null;
        this.asked = false;
        this.#schedule(delay);
      }
    }
  }

  /**
   * Gives, as all that take an answer in, the seconds until the next poll.
   * @param {Response} response
   * @param {string} html
   */
  #accept({ headers, status }, html) {
    this.failures = 0;
    this.updated = this.controls.time();
    this.interval = readInterval(headers.get("Ops-Refresh-Interval"));
    this.controls.show(this);
    correctClock(dateIn(headers));
    if (status === 200) {
      this.pending = html;
      this.isNew = true;
      this.#apply();
      // Only now: what could not be shown is to be sent again.
      this.etag = headers.get("ETag") ?? "";
    } else if (this.paused || !this.element.querySelector(TIMES)) {
      // Else with the next second, which the page is drawn for anyway.
      this.count();
    }
    if (this.interval === null && this.pending === null) this.#finish("");
    return this.#usualDelay();
  }

  /** @param {Response} response that does not show the region */
  #refuse({ headers, status }) {
    // A redirect, not followed, has the status 0.
    if (status === 401 || status < 400) signOut();
    else if (GONE.includes(status)) this.end("gone", this.controls.text("Gone"));
    else return this.#fail(readRetryAfter(headers.get("Retry-After"), dateIn(headers) || serverNow()));
    return 0;
  }

  /** Show what was sent, unless the person is busy with what is there or a dialog. */
  #apply(showAll = false) {
    if (this.pending === null || this.resting === "dialog" || isInUse(this.element)) return;
    const isLast = this.interval === null;
    const { waiting, said } = patchRegion(this.element, this.pending, showAll || isLast);
    const isNews = this.isNew || waiting !== this.waiting;
    this.isNew = false;
    this.waiting = waiting;
    this.controls.show(this);
    if (!waiting) this.pending = null;
    this.count();
    if (isNews) this.#tell("updated", "changed");
    if (isLast) this.#finish(said);
    else if (said) this.controls.write("announcement", said);
  }

  /** @param {number} retryAfter */
  #fail(retryAfter) {
    this.failures += 1;
    this.controls.show(this);
    return backOff(this.interval ?? 1, this.failures, retryAfter, Math.random());
  }

  #togglePause() {
    this.paused = !this.paused;
    store(this.controls.pauseKey, this.paused);
    this.controls.show(this);
    this.count();
    this.update();
  }

  /** Ask once, as soon as nothing but the person's own pause is in the way. */
  #refreshNow() {
    this.due = 0;
    this.asked = true;
    this.update();
  }

  /** A form on the page goes before a poll. */
  #giveWay() {
    if (!this.request) return;
    this.#abort();
    this.#schedule(this.#usualDelay());
  }

  #abort() {
    const { request } = this;
    this.request = null;
    request?.abort();
  }

  /** @param {string} said */
  #finish(said) {
    this.end("finished", [said, this.controls.text("Finished")].filter(Boolean).join(". "));
  }

  /**
   * @param {string} reason
   * @param {string} sentence
   * @param {string} [signIn]
   */
  end(reason, sentence, signIn) {
    regions.delete(this);
    this.interval = null;
    this.pending = null;
    clearTimeout(this.timer);
    this.#abort();
    this.listening.abort();
    const isFinished = reason === "finished";
    if (!isFinished) this.element.replaceChildren();
    if (!isFinished && reason !== "removed") this.#clearSurface();
    if (!isFinished) document.title = TITLE;
    this.controls.end(sentence, !isFinished, signIn);
    for (const name of this.element.getAttributeNames()) {
      if (name.startsWith("data-ops-refresh-")) this.element.removeAttribute(name);
    }
    this.#tell("stopped", reason);
  }

  /** Take away what else of its page shows what may no longer be seen. */
  #clearSurface() {
    const { element, controls: { root } } = this;
    const own = `.ops-refresh-surface[data-for="${CSS.escape(element.id)}"]`;
    for (const surface of document.querySelectorAll(own)) {
      surface.replaceChildren(...(surface.contains(root) ? [root, element] : []));
    }
  }

  /**
   * @param {string} name
   * @param {string} reason
   */
  #tell(name, reason) {
    const event = new CustomEvent(`ops-refresh:${name}`, { bubbles: true, detail: { reason } });
    this.element.dispatchEvent(event);
  }
}

// What is not needed to refresh is fetched when somebody asks for it.

/** @param {KeyboardEvent} event */
async function onKey(event) {
  const [target] = event.composedPath();
  // A dialog takes its keys, and may be closed by the time that the module is there.
  if (isDialogOpen() || !/^([rp?]|Escape)$/.test(event.key)) return;
  (await import("./keyboard.js")).press(event, target);
}

/** @param {MouseEvent} event */
async function onClick(event) {
  const [target] = event.composedPath();
  const source = target instanceof Element && target.closest(COPY);
  // Opened elsewhere or downloaded, a link is a link. Another region may have heard it.
  const isOther = event.altKey || event.ctrlKey || event.metaKey || event.shiftKey;
  if (!source || isOther || event.defaultPrevented) return;
  event.preventDefault();
  (await import("./copying.js")).copy(source);
}

/** @param {Headers} headers */
function dateIn(headers) {
  return Date.parse(headers.get("Date") ?? "");
}

function signOut() {
  const [first, ...others] = regions;
  for (const region of others) region.end("signed-out", "");
  first.end("signed-out", first.controls.text("SignedOut"), first.controls.text("SignIn"));
}

for (const element of document.querySelectorAll("[data-ops-refresh-url]")) {
  new Region(/** @type {HTMLElement} */ (element)).start();
}
