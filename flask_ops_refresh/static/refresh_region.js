// Live regions: each asks again while the server names an interval, then never.

import { correctClock, count, setClock, startCounting, stopCounting } from "./elapsed_time.js";
import { isInUse, keyOf, patchRegion } from "./patch_region.js";
import { pauseReason, unwatchPauses, watchPauses } from "./pause_reasons.js";
import {
  backOff, FAILURES_SHOWN, nextDelay, readInterval, readRetryAfter, TIMEOUT,
} from "./refresh_schedule.js";
import { Controls } from "./region_controls.js";

// What the region's own server says of a record; other codes are a proxy's.
const REFUSED = [400, 403, 404, 410];

/** @type {Set<Region>} */
const regions = new Set();

class Region {
  /** @type {AbortController | null} */ request = null;
  /** @type {string | null} */ pending = null;
  /** @type {number | null} */ waiting = null;
  /** @type {string | null} */ resting = null;
  /** @type {string | null} */ reason = null;
  ended = false;
  asked = false;
  paused = false;
  failures = 0;
  duration = 0;
  due = 0;
  timer = 0;
  listening = new AbortController();
  update = () => this.#update();

  /** @param {HTMLElement} element */
  constructor(element) {
    const given = element.dataset;
    this.element = element;
    this.controls = new Controls(element.id);
    this.url = given.opsRefreshUrl ?? "";
    this.etag = given.opsRefreshEtag ?? "";
    this.switchedOff = given.opsRefreshNoPause ?? "";
    this.interval = readInterval(given.opsRefreshInterval ?? null);
    setClock(Number(given.opsRefreshNow) * 1000);
  }

  start() {
    if (this.interval === null) return;
    regions.add(this);
    const { controls, element, listening: { signal } } = this;
    startCounting(element, { ago: controls.text("Ago"), justNow: controls.text("JustNow") });
    watchPauses(this.update);
    document.addEventListener("submit", () => this.#giveWay(), { capture: true, signal });
    document.addEventListener("selectionchange", () => this.#apply(), { signal });
    element.addEventListener("focusout", () => setTimeout(() => this.#apply()), { signal });
    element.addEventListener("pointerleave", () => this.#apply(), { signal });
    element.addEventListener("change", () => this.#apply(), { signal });
    controls.onClick("pause", () => this.#togglePause(), signal);
    controls.onClick("refresh", () => this.#refreshNow(), signal);
    controls.onClick("waiting", () => this.#apply(true), signal);
    controls.showUpdate();
    controls.showState(this.interval, false);
    this.#schedule(nextDelay(this.interval, 0, Math.random()));
  }

  /** @param {number} seconds */
  #schedule(seconds) {
    this.due = performance.now() + seconds * 1000;
    this.#update();
  }

  /** Poll, wait or rest, as things stand now. */
  #update() {
    clearTimeout(this.timer);
    if (!this.element.isConnected) return this.#refuse("removed", "");
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
  }

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
      const html = response.status === 200 ? await response.text() : "";
      if (this.request !== request) return;
      this.duration = (performance.now() - began) / 1000;
      delay = this.#accept(response, html);
    } catch {
      if (this.request !== request) return;
      this.interval = interval;
      delay = this.#fail();
    } finally {
      clearTimeout(timeout);
      if (this.request === request) {
        this.request = null;
        this.asked = false;
        if (!this.ended) this.#schedule(delay);
      }
    }
  }

  /**
   * Take an answer in; seconds until the next poll.
   * @param {Response} response
   * @param {string} html
   */
  #accept({ status, headers, type }, html) {
    const now = Date.parse(headers.get("Date") ?? "");
    correctClock(now);
    const isOurs = headers.has("Ops-Refresh-Region");
    if (isOurs && (status === 200 || status === 304)) return this.#succeed(status, headers, html);
    if (status === 429 || status >= 500) {
      const delay = this.#fail();
      const mayAsk = status === 429 || status === 503;
      return (mayAsk && readRetryAfter(headers.get("Retry-After"), now || Date.now())) || delay;
    }
    if (status === 401 || type === "opaqueredirect" || status < 400) signOut();
    else if (REFUSED.includes(status)) this.#refuse("gone", this.controls.text("Gone"));
    else return this.#fail();
    return 0;
  }

  /**
   * @param {number} status
   * @param {Headers} headers
   * @param {string} html
   */
  #succeed(status, headers, html) {
    this.failures = 0;
    this.interval = readInterval(headers.get("Ops-Refresh-Interval"));
    this.controls.clearNotice();
    this.controls.showUpdate();
    if (status === 200) {
      this.pending = html;
      this.waiting = null;
      this.#apply();
      // Only now: what could not be shown is to be sent again.
      this.etag = headers.get("ETag") ?? "";
    }
    if (this.interval === null) {
      if (this.pending === null && !this.ended) this.#finish("");
      return 0;
    }
    this.controls.showState(this.interval, this.paused);
    return nextDelay(this.interval, this.duration, Math.random());
  }

  /** Show what was sent, unless the person is busy with what is there or a dialog. */
  #apply(showAll = false) {
    if (this.ended || this.pending === null) return;
    if (this.resting === "dialog" || isInUse(this.element)) return;
    const isLast = this.interval === null;
    const before = announcements(this.element);
    const { waiting } = this;
    this.waiting = patchRegion(this.element, this.pending, showAll || isLast);
    this.controls.showWaiting(this.waiting);
    if (!this.waiting) this.pending = null;
    count();
    const changed = changes(before, announcements(this.element));
    if (this.waiting !== waiting) this.#tell("updated", "changed");
    if (isLast) this.#finish(changed);
    else this.controls.announce(changed);
  }

  /** Seconds to wait after one more failure. */
  #fail() {
    this.failures += 1;
    if (this.failures >= FAILURES_SHOWN) this.controls.showConnectionLost();
    return backOff(this.interval ?? 1, this.failures, Math.random());
  }

  #togglePause() {
    if (this.interval === null) return;
    this.paused = !this.paused;
    this.controls.showState(this.interval, this.paused);
    this.#update();
  }

  /** Ask once, as soon as nothing but the person's own pause is in the way. */
  #refreshNow() {
    this.due = 0;
    this.asked = true;
    this.#update();
  }

  /** A form on the page goes before a poll. */
  #giveWay() {
    if (!this.request) return;
    this.#abort();
    this.#schedule(nextDelay(this.interval ?? 1, this.duration, Math.random()));
  }

  #abort() {
    const { request } = this;
    this.request = null;
    request?.abort();
  }

  /** @param {string} changed */
  #finish(changed) {
    this.controls.finish([changed, this.controls.text("Finished")].filter(Boolean).join(". "));
    this.#end("finished");
  }

  /**
   * @param {string} reason
   * @param {string} sentence
   * @param {string} [signIn]
   */
  #refuse(reason, sentence, signIn) {
    this.element.replaceChildren();
    if (reason !== "removed") this.#clearSurface();
    this.controls.refuse(sentence, signIn);
    this.#end(reason);
  }

  /** Take away what else of its page shows what may no longer be seen. */
  #clearSurface() {
    const { element, controls: { root } } = this;
    const own = `.ops-refresh-surface[data-for="${CSS.escape(element.id)}"]`;
    for (const surface of document.querySelectorAll(own)) {
      surface.replaceChildren(...(surface.contains(root) ? [root, element] : []));
    }
  }

  signOut(first = false) {
    const { controls } = this;
    this.#refuse("signed-out", first ? controls.text("SignedOut") : "", controls.text("SignIn"));
  }

  /** @param {string} reason */
  #end(reason) {
    if (this.ended) return;
    this.ended = true;
    this.interval = null;
    clearTimeout(this.timer);
    this.#abort();
    this.listening.abort();
    unwatchPauses(this.update);
    stopCounting(this.element);
    regions.delete(this);
    for (const name of this.element.getAttributeNames()) {
      if (name.startsWith("data-ops-refresh-")) this.element.removeAttribute(name);
    }
    this.#tell("stopped", reason);
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

function signOut() {
  [...regions].forEach((region, i) => region.signOut(i === 0));
}

/** @param {Element} region */
function announcements(region) {
  const said = /** @type {NodeListOf<HTMLElement>} */ (region.querySelectorAll("[data-announce]"));
  return new Map([...said].map((element) => [keyOf(element), element.dataset.announce]));
}

/**
 * What to read out: the new texts of what was there before, three at most.
 * @param {Map<string, string | undefined>} before
 * @param {Map<string, string | undefined>} after
 */
function changes(before, after) {
  const changed = [...after].filter(([key, text]) => before.has(key) && before.get(key) !== text);
  return changed.slice(0, 3).map(([, text]) => text).join(", ");
}

for (const element of document.querySelectorAll("[data-ops-refresh-url]")) {
  new Region(/** @type {HTMLElement} */ (element)).start();
}
