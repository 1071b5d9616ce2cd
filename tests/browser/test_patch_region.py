from __future__ import annotations

from .conftest import Open

# Random trees: keyed and unkeyed elements, rows, text and comments, some nested.
RANDOM_PATCHES = """
async ([seed, rounds]) => {
  const { patchRegion } = await import("/static/patch_region.js");
  const below = (most) => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return Math.floor((seed / 2147483648) * most);
  };
  const attributes = () => ["", ' class="a"', ' title="b" class="c"'][below(3)];
  const children = (depth, tags) => {
    const keys = [..."abcdefgh"].sort(() => below(3) - 1).slice(0, below(7));
    return keys.map((key) => node(depth, tags[below(tags.length)], key)).join("");
  };
  const node = (depth, tag, key) => {
    const kind = below(5);
    if (kind === 0) return `text ${below(3)}`;
    if (kind === 1) return `<!--${below(3)}-->`;
    const named = [` data-key="${key}"`, ` id="${depth}-${key}"`, ""][below(3)];
    const inner = depth ? children(depth - 1, ["b", "i"]) : `${below(3)}`;
    return `<${tag}${named}${attributes()}>${inner}</${tag}>`;
  };
  const table = () => {
    const keys = [..."12345678"].sort(() => below(3) - 1).slice(0, below(9));
    const rows = keys.map((key) =>
      `\\n<tr><td data-key="${key}">${below(2)}</td><td>${below(3)}</td></tr>`);
    return `<table><tbody>${rows.join("")}\\n</tbody></table>`;
  };
  const make = () => (below(2) ? table() : "") + children(2, ["p", "div", "p"]);
  const isSame = ({ childNodes: given }, { childNodes: wanted }) =>
    given.length === wanted.length
      && [...given].every((each, i) => each.isEqualNode(wanted[i]));
  const region = document.querySelector("#ops-refresh-one");
  const wrong = [];
  region.innerHTML = make();
  for (let round = 0; round < rounds; round += 1) {
    const before = region.innerHTML;
    const html = make();
    const wanted = document.createElement("div");
    wanted.innerHTML = html;
    patchRegion(region, html, true);
    if (!isSame(region, wanted)) wrong.push({ before, html, got: region.innerHTML });
    const observer = new MutationObserver(() => {});
    observer.observe(region, {
      attributes: true, characterData: true, childList: true, subtree: true,
    });
    patchRegion(region, html, true);
    if (observer.takeRecords().length) wrong.push({ twice: html });
    observer.disconnect();
  }
  return wrong.slice(0, 3);
}
"""


def test_whatever_is_sent_is_what_is_there(watch: Open) -> None:
    """From any content to any other, in one patch; sent again, it touches nothing."""
    page = watch(interval="300").page
    assert page.evaluate(RANDOM_PATCHES, [7, 3000]) == []
