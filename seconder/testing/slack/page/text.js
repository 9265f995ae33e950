// Slack's text: mrkdwn with its mentions and links, and the few emoji that apps commonly use.

import { el } from "./dom.js";

const EMOJI = {
  white_check_mark: "✅", heavy_check_mark: "✔️", x: "❌", warning: "⚠️", no_entry: "⛔", no_entry_sign: "🚫",
  hourglass: "⌛", hourglass_flowing_sand: "⏳", alarm_clock: "⏰", lock: "🔒", unlock: "🔓", key: "🔑", eyes: "👀",
  robot_face: "🤖", wave: "👋", tada: "🎉", rocket: "🚀", thumbsup: "👍", "+1": "👍", thumbsdown: "👎", "-1": "👎",
  information_source: "ℹ️", bell: "🔔", memo: "📝", mag: "🔍", moneybag: "💰", email: "📧", page_facing_up: "📄",
  arrow_right: "➡️", repeat: "🔁", stopwatch: "⏱️", rotating_light: "🚨", bust_in_silhouette: "👤", raised_hand: "✋",
  large_green_circle: "🟢", large_yellow_circle: "🟡", red_circle: "🔴", large_blue_circle: "🔵", white_circle: "⚪",
};
const MARKS = { "*": "strong", _: "em", "~": "s" };
const MARKED = /(^|[\s(["'.,;:!?*_~\u2013\u2014-])([*_~])(?=\S)([^\n]*?\S)\2(?![\p{L}\p{N}])/u;
const ENTITY = /<([^<>\n]+)>/g;

export function emoji(name) {
  return EMOJI[name] ?? `:${name}:`;
}

export function withEmoji(text) {
  return text.replace(/:([a-z0-9_+-]+):/g, (whole, name) => EMOJI[name] ?? whole);
}

const ADDRESS = /^(https?:|mailto:)/i;

export function link(url, label) {
  // Any other scheme could run something; it is shown and leads nowhere.
  if (!ADDRESS.test(url)) return label ? `${label} (${url})` : url;
  return el("a", { href: url, target: "_blank", rel: "noopener noreferrer nofollow" }, label ?? url);
}

export function mention(kind, id, names) {
  const name = {
    user: () => `@${names.user(id)}`,
    channel: () => `#${names.channel(id)}`,
    usergroup: () => `@${names.usergroup(id)}`,
    broadcast: () => `@${id}`,
  }[kind]();
  return el("span", { class: "mention", "data-mention": id }, name);
}

export function plain(text) {
  return lines(withEmoji(text));
}

export function mrkdwn(text, names) {
  // Code first, since nothing inside it is formatted; the odd pieces of the split are what stood between the fences.
  return text.split("```").flatMap((piece, index, all) => {
    const closed = index % 2 === 1 && index < all.length - 1;
    if (closed) return [el("pre", {}, unescape(piece.replace(/^\n|\n$/g, "")))];
    return quoted(index % 2 === 1 ? "```" + piece : piece, names);
  });
}

function quoted(text, names) {
  const nodes = [];
  let quote = [];
  let open = [];
  const flush = () => {
    if (quote.length) nodes.push(el("blockquote", {}, inline(quote.join("\n"), names)));
    if (open.length) nodes.push(...inline(open.join("\n"), names));
    quote = [];
    open = [];
  };
  for (const line of text.split("\n")) {
    const isQuote = line.startsWith("&gt;") || line.startsWith(">");
    if (isQuote ? open.length : quote.length) flush();
    if (isQuote) quote.push(line.replace(/^(&gt;|>) ?/, ""));
    else open.push(line);
  }
  flush();
  return nodes;
}

function inline(text, names) {
  return text.split(/(`[^`\n]+`)/).flatMap((piece) => {
    if (piece.length > 2 && piece.startsWith("`")) return [el("code", {}, unescape(piece.slice(1, -1)))];
    // Entities are put aside under private-use characters, so that formatting can span them.
    const entities = [];
    const clean = piece.replace(/[\uE000\uE001]/g, "\uFFFD").replace(ENTITY, (_, inside) => {
      entities.push(entity(inside, names));
      return `\uE000${entities.length - 1}\uE001`;
    });
    return formatted(clean, entities);
  });
}

function formatted(text, entities) {
  const found = MARKED.exec(text);
  if (!found) return leaves(text, entities);
  const start = found.index + found[1].length;
  const end = found.index + found[0].length;
  return [
    ...leaves(text.slice(0, start), entities),
    el(MARKS[found[2]], {}, formatted(found[3], entities)),
    ...formatted(text.slice(end), entities),
  ];
}

function leaves(text, entities) {
  return text.split(/(\uE000\d+\uE001)/).flatMap((piece) =>
    piece.startsWith("\uE000") ? [entities[Number(piece.slice(1, -1))]] : lines(withEmoji(unescape(piece))),
  );
}

function entity(inside, names) {
  const bar = inside.indexOf("|");
  const target = bar < 0 ? inside : inside.slice(0, bar);
  const label = bar < 0 ? undefined : unescape(inside.slice(bar + 1));
  if (target.startsWith("@")) return mention("user", target.slice(1), names);
  if (target.startsWith("#")) return mention("channel", target.slice(1), names);
  if (target.startsWith("!subteam^")) return mention("usergroup", target.slice(9), names);
  if (target.startsWith("!date^")) return date(target, label);
  if (target.startsWith("!")) return mention("broadcast", target.slice(1), names);
  return ADDRESS.test(target) ? link(unescape(target), label) : `<${unescape(inside)}>`;
}

function date(target, label) {
  const [, timestamp, format] = target.split("^");
  return el("time", {}, formatDate(Number(timestamp), format ?? "", label ?? target));
}

export function formatDate(timestamp, format, fallback) {
  const when = new Date(timestamp * 1000);
  if (Number.isNaN(when.getTime())) return fallback;
  const day = { year: "numeric", month: "long", day: "numeric" };
  const parts = {
    date_num: () => when.toISOString().slice(0, 10),
    time: () => when.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }),
    time_secs: () => when.toLocaleTimeString(),
    ago: () => when.toLocaleString(),
  };
  const named = (name) => (parts[name] ?? (() => when.toLocaleDateString([], day)))();
  return format.replace(/\{([a-z_]+)\}/g, (_, name) => named(name));
}

function lines(text) {
  return text.split("\n").flatMap((line, index) => (index ? [el("br"), line] : [line])).filter((node) => node !== "");
}

function unescape(text) {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}
