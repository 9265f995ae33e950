// The page: who acts, which conversation is open, and what the server says is there.

import { renderBlocks } from "./blocks.js";
import { el, keyed, notify, post, replaceChildren } from "./dom.js";
import { icon } from "./icons.js";
import { inChannel, inThread, renderMessage } from "./messages.js";
import { fieldsOf, showModal } from "./modal.js";
import { createNames } from "./names.js";

const $ = (id) => document.getElementById(id);
const asked = new URLSearchParams(location.search);
const permalink = /^\/archives\/([^/]+)\/p(\d+)(\d{6})$/.exec(location.pathname);
const here = {
  user: asked.get("user") ?? "",
  place: permalink?.[1] ?? asked.get("channel") ?? "",
  thread: null,
  highlight: permalink ? `${permalink[2]}.${permalink[3]}` : null,
};
const read = new Map();
let state = null;
let socket = null;
let nodes = keyed();

connect();

function connect() {
  socket?.close();
  const opened = new WebSocket(`ws://${location.host}/_local/live?user=${encodeURIComponent(here.user)}`);
  socket = opened;
  opened.addEventListener("message", (event) => {
    if (opened === socket) update(JSON.parse(event.data));
  });
  opened.addEventListener("close", () => {
    if (opened !== socket) return;
    banner("The local Slack is not running. This page looks for it again every second.");
    setTimeout(connect, 1000);
  });
}

function actAs(user) {
  Object.assign(here, { user, thread: null });
  read.clear();
  nodes = keyed();
  showModal(null);
  connect();
}

function update(next) {
  const person = next.users.find((user) => user.id === here.user) ?? next.users.find((user) => !user.is_bot);
  if (person && person.id !== here.user) return actAs(person.id);
  state = next;
  if (here.place !== "home" && !state.channels.some((channel) => channel.id === here.place))
    here.place = state.channels[0]?.id ?? "home";
  render();
}

function render() {
  const names = createNames(state);
  const context = { names, user: here.user, act };
  banner(state.app.connected ? "" : `${state.app.name} is not connected: clicks will not reach it.`);
  $("app-state").textContent = state.app.connected ? `${state.app.name} is connected` : `${state.app.name} is away`;
  $("app-state").dataset.connected = state.app.connected;
  people();
  conversations(names);
  conversation(context);
  thread(context);
  showModal(state.views.at(-1), context);
  const address = new URLSearchParams({ user: here.user, channel: here.place });
  history.replaceState(null, "", `/?${address}`);
}

function people() {
  const humans = state.users.filter((user) => !user.is_bot);
  replaceChildren($("acting-as"), [
    ...humans.map((user) => nodes(`as-${user.id}`, user, () => el("option", { value: user.id }, user.real_name))),
  ]);
  $("acting-as").value = here.user;
}

function conversations(names) {
  const label = (channel) => (channel.kind === "private" ? [icon("lock"), channel.name] : [names.label(channel)]);
  const entry = (id, label) => {
    const unread = id === "home" ? 0 : unreadIn(id);
    const current = here.place === id;
    const make = () =>
      el(
        "li",
        {},
        el(
          "button",
          {
            type: "button",
            "data-channel": id,
            "aria-current": current ? "page" : undefined,
            class: unread ? "unread" : undefined,
            onclick: () => open(id),
          },
          el("span", { class: "label" }, label),
          unread > 0 && el("span", { class: "count", "aria-label": `${unread} unread` }, String(unread)),
        ),
      );
    return nodes(`place-${id}`, [label.at(-1), unread, current], make);
  };
  const rooms = state.channels.filter((channel) => channel.kind !== "direct");
  const direct = state.channels.filter((channel) => channel.kind === "direct");
  replaceChildren($("channels"), rooms.map((channel) => entry(channel.id, label(channel))));
  replaceChildren($("apps"), [
    entry("home", [icon("home"), `${state.app.name} · Home`]),
    ...direct.map((channel) => entry(channel.id, [icon("chat"), state.app.name])),
  ]);
}

function unreadIn(id) {
  const latest = read.get(id) ?? "";
  const all = state.messages[id] ?? [];
  if (id === here.place || !read.has(id)) {
    read.set(id, all.at(-1)?.ts ?? "0");
    return 0;
  }
  return all.filter((message) => message.ts > latest && message.user !== here.user).length;
}

function open(id) {
  Object.assign(here, { place: id, thread: null, highlight: null });
  render();
  if (id === "home") post("home", { user: here.user });
  else $("messages").scrollTop = $("messages").scrollHeight;
}

function conversation(context) {
  const home = here.place === "home";
  $("home").hidden = !home;
  $("messages").hidden = $("composer").hidden = home;
  const channel = state.channels.find((each) => each.id === here.place);
  $("place").textContent = home ? `${state.app.name} · Home` : context.names.label(channel);
  $("topic").textContent = channel?.topic ?? "";
  if (home) return appHome(context);
  $("composer").elements[0].placeholder = `Message ${context.names.label(channel)}`;
  const all = state.messages[channel.id];
  const list = all.filter(inChannel).map((message) => {
    const replies = all.filter((each) => each.thread_ts === message.ts && each.ts !== message.ts);
    const openThread = () => {
      here.thread = message.ts;
      render();
    };
    const make = () => renderMessage(message, context, replies, openThread);
    return nodes(`${here.user}-${channel.id}-${message.ts}`, [message, replies.map((each) => each.ts)], make);
  });
  fill($("messages"), list.length ? list : [nodes("empty", 0, () => el("p", { class: "empty" }, "Nothing here yet."))]);
  pointOut(all);
}

function pointOut(all) {
  const message = all.find((each) => each.ts === here.highlight);
  if (!message) return;
  if (!inChannel(message)) here.thread = message.thread_ts;
  const node = document.querySelector(`article[data-ts="${CSS.escape(message.ts)}"]`);
  node?.classList.add("highlight");
  node?.scrollIntoView({ block: "center" });
  if (node) here.highlight = null;
}

function appHome(context) {
  const field = () => el("p", { class: "hint" }, "(an input)");
  const make = () =>
    state.home
      ? el("div", { "data-view-id": state.home.id }, renderBlocks(state.home.blocks, { ...context, view: state.home, field }))
      : el("p", { class: "empty" }, `${state.app.name} has not set up its home yet.`);
  replaceChildren($("home"), [nodes("home-content", state.home, make)]);
}

function thread(context) {
  const all = state.messages[here.place] ?? [];
  const parent = all.find((message) => message.ts === here.thread);
  $("thread").hidden = !parent;
  document.body.classList.toggle("with-thread", Boolean(parent));
  if (!parent) return;
  const list = all
    .filter((message) => inThread(message, here.thread))
    .map((message) => nodes(`thread-${message.ts}`, message, () => renderMessage(message, context, [], null)));
  fill($("replies"), list);
}

function fill(pane, list) {
  const atEnd = pane.scrollHeight - pane.scrollTop - pane.clientHeight < 80;
  replaceChildren(pane, list);
  if (atEnd) pane.scrollTop = pane.scrollHeight;
}

async function act(element, block, value, node) {
  const article = node.closest("article");
  const view = node.closest("[data-view-id]")?.dataset.viewId;
  const target = view ? { view_id: view } : { message_ts: article.dataset.ts, channel: here.place };
  node.classList.add("busy");
  if (node.tagName === "BUTTON") node.disabled = true;
  const used = { action_id: element.action_id, block_id: block.block_id, value, values: fieldsOf(view) };
  const outcome = await post("click", { user: here.user, ...target, ...used });
  node.classList.remove("busy");
  if (node.tagName === "BUTTON") node.disabled = false;
  const answer = article?.querySelector(".answer");
  if (answer) answer.textContent = outcome.shown ? `⚠ ${outcome.shown}` : "";
  else notify(outcome.shown);
}

function banner(text) {
  $("banner").textContent = text;
  $("banner").hidden = !text;
}

async function say(text, thread) {
  const command = /^(\/\S+)\s*(.*)$/s.exec(text);
  const outcome =
    command && !thread
      ? await post("command", { user: here.user, channel: here.place, command: command[1], text: command[2] })
      : await post("message", { user: here.user, channel: here.place, text: escaped(text), thread_ts: thread });
  notify(outcome.shown);
}

function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function composer(form, thread) {
  const box = form.querySelector("textarea");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = box.value.trim();
    box.value = "";
    if (text) say(text, thread());
  });
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
}

$("close-thread").append(icon("close"));
$("acting-as").addEventListener("change", (event) => actAs(event.target.value));
$("close-thread").addEventListener("click", () => {
  here.thread = null;
  render();
});
composer($("composer"), () => null);
composer($("reply"), () => here.thread);
