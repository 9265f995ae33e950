// Messages of a channel and of a thread.

import { renderBlocks } from "./blocks.js";
import { el } from "./dom.js";
import { icon } from "./icons.js";
import { mrkdwn } from "./text.js";

export function inChannel(message) {
  return !message.thread_ts || message.thread_ts === message.ts;
}

export function inThread(message, ts) {
  return message.ts === ts || message.thread_ts === ts;
}

export function renderMessage(message, context, replies, openThread) {
  const author = context.names.person(message.user);
  const node = el(
    "article",
    {
      class: message.ephemeral ? "message ephemeral" : "message",
      "data-ts": message.ts,
      "data-ephemeral": message.ephemeral,
      "aria-label": `Message from ${author.real_name}`,
    },
    avatar(author),
    el(
      "div",
      { class: "content" },
      message.ephemeral && el("p", { class: "only-you" }, icon("eye"), "Only visible to you"),
      el(
        "p",
        { class: "byline" },
        el("span", { class: "author" }, author.real_name),
        author.is_bot && el("span", { class: "badge" }, "APP"),
        moment(message.ts),
      ),
      el("div", { class: "said" }, said(message, context)),
      message.files.map(file),
      el("p", { class: "answer", role: "status" }),
      replies.length > 0 && summary(message, replies, openThread),
    ),
    openThread &&
      !message.ephemeral &&
      el(
        "button",
        { type: "button", class: "quiet reply-in-thread", "aria-label": "Reply in thread", onclick: openThread },
        icon("chat"),
      ),
  );
  return node;
}

function said(message, context) {
  const edited = message.edited && el("span", { class: "edited" }, " (edited)");
  if (message.blocks.length === 0) return el("div", { class: "text" }, mrkdwn(message.text, context.names), edited);
  const field = () => el("p", { class: "hint" }, "(an input)");
  return [renderBlocks(message.blocks, { ...context, message, field }), edited];
}

function summary(message, replies, openThread) {
  const count = `${replies.length} ${replies.length === 1 ? "reply" : "replies"}`;
  const attributes = { type: "button", class: "replies", "data-test": "open-thread", onclick: openThread };
  return el("button", attributes, el("b", {}, count), el("span", {}, "last reply ", moment(replies.at(-1).ts)));
}

function file(each) {
  return el(
    "a",
    { class: "file", href: each.permalink, target: "_blank", rel: "noopener", "data-file": each.id },
    el("span", { class: "file-icon", "aria-hidden": "true" }, icon("file")),
    el("span", {}, el("b", {}, each.title), el("small", {}, `${each.name} · ${size(each.size)}`)),
  );
}

function size(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(1)} kB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

function avatar(person) {
  const words = person.real_name.split(/\s+/).filter(Boolean);
  const initials = (words.length > 1 ? words[0][0] + words.at(-1)[0] : (words[0] ?? "?").slice(0, 1)).toUpperCase();
  const hue = [...person.id].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 8, 7);
  return el("span", { class: `avatar hue-${hue}${person.is_bot ? " bot" : ""}`, "aria-hidden": "true" }, initials);
}

function moment(ts) {
  const when = new Date(Number(ts) * 1000);
  const text = when.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  return el("time", { datetime: when.toISOString(), title: when.toLocaleString() }, text);
}
