// Block Kit as DOM. `context` has `names` to resolve ids, `act(element, block, value, node)` for what a person does,
// and `field(block)` for input blocks.

import { el } from "./dom.js";
import { control } from "./controls.js";
import { icon } from "./icons.js";
import { markdown } from "./markdown.js";
import { emoji, formatDate, link, mention, mrkdwn, plain } from "./text.js";

export function renderBlocks(blocks, context) {
  return blocks.map((block) => {
    const render = BLOCKS[block.type];
    const attributes = { class: `block ${block.type}`, "data-block": block.type, "data-block-id": block.block_id };
    return el("div", attributes, render ? render(block, context) : `(${block.type})`);
  });
}

export function textObject(text, names) {
  return text.type === "mrkdwn" ? mrkdwn(text.text, names) : plain(text.text);
}

const BLOCKS = {
  section: (block, context) => [
    el(
      "div",
      { class: "section-text" },
      block.text && el("div", { class: "text" }, textObject(block.text, context.names)),
      block.fields &&
        el("div", { class: "fields" }, block.fields.map((each) => el("div", {}, textObject(each, context.names)))),
    ),
    block.accessory && el("div", { class: "accessory" }, accessory(block, context)),
  ],
  header: (block) => el("h3", {}, plain(block.text.text)),
  divider: () => el("hr"),
  context: (block, context) =>
    block.elements.map((each) =>
      each.type === "image" ? picture(each) : el("span", { class: "note" }, textObject(each, context.names)),
    ),
  actions: (block, context) => block.elements.map((element) => control(element, block, context)),
  input: (block, context) => context.field(block),
  image: (block) => [block.title && el("p", { class: "image-title" }, plain(block.title.text)), picture(block)],
  rich_text: (block, context) => block.elements.map((part) => richPart(part, context.names)),
  markdown: (block) => markdown(block.text),
  table: (block, context) => table(block, context.names),
};

function accessory(block, context) {
  return block.accessory.type === "image" ? picture(block.accessory) : control(block.accessory, block, context);
}

function picture(image) {
  // The page loads nothing from elsewhere; the address is shown instead.
  const address = image.image_url ?? image.slack_file?.url ?? image.slack_file?.id ?? "";
  return el("span", { class: "picture", role: "img", "aria-label": image.alt_text, title: address }, icon("image"), image.alt_text);
}

function richPart(part, names) {
  const content = () => part.elements.map((each) => richInline(each, names));
  switch (part.type) {
    case "rich_text_preformatted":
      return el("pre", {}, part.elements.map((each) => richText(each)));
    case "rich_text_quote":
      return el("blockquote", {}, content());
    case "rich_text_list": {
      const items = part.elements.map((item) => el("li", {}, item.elements.map((each) => richInline(each, names))));
      const level = { class: `indent-${part.indent ?? 0}` };
      if (part.style !== "ordered") return el("ul", level, items);
      return el("ol", { ...level, start: (part.offset ?? 0) + 1 }, items);
    }
    default:
      return el("p", { class: "rich" }, content());
  }
}

function richText(element) {
  return element.text ?? element.url ?? (element.type === "emoji" ? emoji(element.name) : "");
}

function richInline(element, names) {
  const node = {
    text: () => el("span", { class: "pre-line" }, element.text),
    link: () => link(element.url, element.text),
    user: () => mention("user", element.user_id, names),
    channel: () => mention("channel", element.channel_id, names),
    usergroup: () => mention("usergroup", element.usergroup_id, names),
    broadcast: () => mention("broadcast", element.range, names),
    emoji: () => emoji(element.name),
    date: () => formatDate(element.timestamp, element.format, element.fallback ?? ""),
    color: () => element.value,
  }[element.type]();
  const style = element.style ?? {};
  const tags = { bold: "strong", italic: "em", strike: "s", underline: "u", code: "code" };
  return Object.entries(tags).reduce((inner, [name, tag]) => (style[name] ? el(tag, {}, inner) : inner), node);
}

function table(block, names) {
  const align = (column) => block.column_settings?.[column]?.align;
  const wraps = (column) => (block.column_settings?.[column]?.is_wrapped ? "wrapped" : undefined);
  const cell = (tag) => (content, column) =>
    el(
      tag,
      { "data-align": align(column), class: wraps(column), scope: tag === "th" ? "col" : undefined },
      content.type === "raw_text" ? content.text : content.elements.map((part) => richPart(part, names)),
    );
  const [head, ...rows] = block.rows;
  return el(
    "div",
    { class: "table-frame", tabindex: "0", role: "group", "aria-label": "Table" },
    el(
      "table",
      {},
      el("thead", {}, el("tr", {}, head.map(cell("th")))),
      el("tbody", {}, rows.map((row) => el("tr", {}, row.map(cell("td"))))),
    ),
  );
}
