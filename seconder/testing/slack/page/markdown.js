// Standard Markdown as in Slack's `markdown` block: headings, lists, quotes, code, emphasis and links.

import { el } from "./dom.js";
import { link, withEmoji } from "./text.js";

const INLINE = /(`[^`\n]+`)|\*\*(\S(?:.*?\S)?)\*\*|(?<![\p{L}\p{N}])[*_](\S(?:.*?\S)?)[*_](?![\p{L}\p{N}])|~~(.+?)~~|\[([^\]\n]+)\]\(([^)\s]+)\)/u;
const BLOCKS = [
  [/^(#{1,6}) (.*)$/, (found) => el("p", { class: "heading" }, inline(found[2]))],
  [/^> ?(.*)$/, (found) => el("blockquote", {}, inline(found[1]))],
  [/^\s*[-*+] (.*)$/, (found) => el("ul", {}, el("li", {}, inline(found[1])))],
  [/^\s*(\d+)[.)] (.*)$/, (found) => el("ol", { start: found[1] }, el("li", {}, inline(found[2])))],
  [/^(?:-{3,}|\*{3,}|_{3,})$/, () => el("hr")],
];

export function markdown(text) {
  return text.split(/^```.*$/m).flatMap((piece, index, all) => {
    if (index % 2 === 1 && index < all.length - 1) return [el("pre", {}, piece.replace(/^\n|\n$/g, ""))];
    return joined(piece.split("\n").filter((line) => line.trim()).map(block));
  });
}

function block(line) {
  for (const [pattern, make] of BLOCKS) {
    const found = pattern.exec(line);
    if (found) return make(found);
  }
  return el("p", {}, inline(line));
}

function joined(nodes) {
  // Neighbouring items of one list become one list, neighbouring quotes one quote.
  const result = [];
  for (const node of nodes) {
    const last = result.at(-1);
    if (last?.tagName === node.tagName && ["UL", "OL", "BLOCKQUOTE"].includes(node.tagName)) {
      if (node.tagName === "BLOCKQUOTE") last.append(el("br"));
      last.append(...node.childNodes);
    } else result.push(node);
  }
  return result;
}

function inline(text) {
  const found = INLINE.exec(text);
  if (!found) return text ? [withEmoji(text)] : [];
  const [whole, code, strong, emphasis, struck, label, url] = found;
  const node =
    (code && el("code", {}, code.slice(1, -1))) ||
    (strong && el("strong", {}, inline(strong))) ||
    (emphasis && el("em", {}, inline(emphasis))) ||
    (struck && el("s", {}, inline(struck))) ||
    link(url, label);
  const before = text.slice(0, found.index);
  return [before && withEmoji(before), node, ...inline(text.slice(found.index + whole.length))].filter(Boolean);
}
