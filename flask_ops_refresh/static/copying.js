// Copies a text of the page or the address of a link. Fetched when it is first asked for.

const SHOWN_MS = 2000;

/** @param {Element} source what was clicked: a link, or a button that names what it copies */
export async function copy(source) {
  const id = source.getAttribute("data-ops-refresh-copy") ?? "";
  const text = source instanceof HTMLAnchorElement
    ? source.href
    : document.getElementById(id)?.textContent ?? "";
  if (await put(text)) confirmCopied(source);
}

/**
 * Where no clipboard is given to pages, as without TLS, by what browsers had before.
 * @param {string} text
 */
async function put(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const write = (/** @type {ClipboardEvent} */ event) => {
      event.clipboardData?.setData("text/plain", text);
      event.preventDefault();
    };
    const listening = new AbortController();
    document.addEventListener("copy", write, { signal: listening.signal });
    const isDone = document.execCommand("copy");
    listening.abort();
    return isDone;
  }
}

/** @param {Element} source */
function confirmCopied(source) {
  const said = /** @type {HTMLElement | null} */ (document.querySelector("[data-copied]"));
  const copied = said?.dataset.copied;
  if (!said || !copied || source.textContent === copied) return;
  const label = source.textContent;
  source.textContent = copied;
  said.textContent = copied;
  setTimeout(() => {
    if (source.textContent === copied) source.textContent = label;
    if (said.textContent === copied) said.textContent = "";
  }, SHOWN_MS);
}
