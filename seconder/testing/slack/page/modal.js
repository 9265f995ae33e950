// Modals: the topmost view of the acting user's stack, in a dialog, with its fields and the errors under them.

import { renderBlocks } from "./blocks.js";
import { field } from "./controls.js";
import { el, notify, post } from "./dom.js";
import { icon } from "./icons.js";
import { plain, withEmoji } from "./text.js";

let shown = null;

export function showModal(view, context) {
  if (!view) return hide();
  if (shown?.id === view.id && shown.user === context.user && shown.hash === view.hash) return showErrors(view.errors);
  const kept = shown?.id === view.id ? read() : {};
  hide();
  shown = { id: view.id, hash: view.hash, user: context.user, fields: new Map() };
  shown.dialog = dialog(view, context);
  for (const [blockId, value] of Object.entries(kept)) restore(blockId, value);
  document.body.append(shown.dialog);
  shown.dialog.showModal();
  [...shown.fields.values()][0]?.node.focus();
  showErrors(view.errors);
}

function dialog(view, context) {
  const close = () => post("close", { user: context.user, view_id: view.id }).then(({ shown: text }) => notify(text));
  const inside = { ...context, field: (block) => inputBlock(block, context) };
  const title = `title-${view.id}`;
  const form = el(
    "form",
    { novalidate: true },
    el(
      "header",
      {},
      el("h2", { id: title }, plain(view.title.text)),
      el("button", { type: "button", class: "quiet", "aria-label": "Close", onclick: close }, icon("close")),
    ),
    el("div", { class: "body" }, renderBlocks(view.blocks, inside)),
    el(
      "footer",
      {},
      el("p", { class: "trouble", role: "alert" }),
      el(
        "button",
        { type: "button", class: "act plain", "data-test": "modal-close", onclick: close },
        view.close ? withEmoji(view.close.text) : view.submit ? "Cancel" : "Close",
      ),
      view.submit &&
        el("button", { type: "submit", class: "act primary", "data-test": "modal-submit" }, plain(view.submit.text)),
    ),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit(form, view, context);
  });
  const attributes = { class: "modal", "data-view-id": view.id, "aria-labelledby": title };
  const node = el("dialog", attributes, form);
  node.addEventListener("cancel", (event) => {
    event.preventDefault();
    close();
  });
  return node;
}

async function submit(form, view, context) {
  const button = form.querySelector("[data-test=modal-submit]");
  const trouble = form.querySelector(".trouble");
  trouble.textContent = "";
  button.disabled = true;
  button.classList.add("busy");
  const outcome = await post("submit", { user: context.user, view_id: view.id, values: read() });
  button.disabled = false;
  button.classList.remove("busy");
  trouble.textContent = outcome.shown;
}

function inputBlock(block, context) {
  const id = `field-${block.block_id}`;
  const made = field(block.element, context.names);
  made.node.id = id;
  made.node.setAttribute("aria-describedby", `${id}-error ${id}-hint`);
  if (!block.optional) made.node.setAttribute("aria-required", "true");
  if (block.dispatch_action)
    made.node.addEventListener("change", () => context.act(block.element, block, made.read(), made.node));
  shown.fields.set(block.block_id, made);
  return [
    el(
      "label",
      { for: id },
      plain(block.label.text),
      block.optional && el("span", { class: "optional" }, " (optional)"),
    ),
    made.node,
    el("p", { class: "error", id: `${id}-error`, role: "alert", "data-error-for": block.block_id }),
    block.hint && el("p", { class: "hint", id: `${id}-hint` }, plain(block.hint.text)),
  ];
}

export function fieldsOf(viewId) {
  return shown !== null && shown.id === viewId ? read() : {};
}

function read() {
  return Object.fromEntries([...shown.fields].map(([blockId, made]) => [blockId, made.read()]));
}

function restore(blockId, value) {
  const made = shown.fields.get(blockId);
  if (made && typeof value === "string") made.node.value = value;
}

function showErrors(errors) {
  for (const [blockId, made] of shown.fields) {
    const text = errors[blockId] ?? "";
    made.node.closest(".block").querySelector(".error").textContent = text;
    if (text) made.node.setAttribute("aria-invalid", "true");
    else made.node.removeAttribute("aria-invalid");
  }
  const first = [...shown.fields].find(([blockId]) => errors[blockId]);
  first?.[1].node.focus();
}

function hide() {
  shown?.dialog.close();
  shown?.dialog.remove();
  shown = null;
}
