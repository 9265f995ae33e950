// Elements that a person acts on: buttons and menus in messages and views, and the fields of modals.

import { el } from "./dom.js";
import { plain, withEmoji } from "./text.js";

const PEOPLE = ["users_select", "multi_users_select"];
const PLACES = ["channels_select", "conversations_select", "multi_channels_select", "multi_conversations_select"];
const INPUT_TYPES = {
  number_input: "text",
  email_text_input: "email",
  url_text_input: "url",
  datepicker: "date",
  timepicker: "time",
  datetimepicker: "datetime-local",
};

export function control(element, block, context) {
  // An element outside an input block: using it is an action at once.
  const hooks = { "data-action-id": element.action_id, "data-block-id": block.block_id };
  const act = async (value, node) => {
    if (element.confirm && !(await confirmed(element.confirm))) return;
    context.act(element, block, value, node);
  };
  if (element.type === "button") return button(element, hooks, act);
  if (element.type === "overflow") return overflow(element, hooks, act);
  const { node, read } = field(element, context.names, hooks);
  node.addEventListener("change", () => act(read(), node));
  return node;
}

export function field(element, names, hooks = {}) {
  // The node of an input element, and how to read what stands in it (null when it is empty).
  if (["checkboxes", "radio_buttons"].includes(element.type)) return choices(element, hooks);
  const options = optionsOf(element, names);
  if (options) return menu(element, options, hooks);
  const initial = element.initial_value ?? element.initial_date ?? element.initial_time ?? "";
  const shared = {
    ...hooks,
    "data-action-id": element.action_id,
    placeholder: element.placeholder && withEmoji(element.placeholder.text),
    autofocus: element.focus_on_load,
  };
  const node = element.multiline
    ? el("textarea", { ...shared, rows: 4 })
    : el("input", { ...shared, type: INPUT_TYPES[element.type] ?? "text", inputmode: inputMode(element) });
  node.value = initial;
  const read = () => (element.type === "datetimepicker" ? seconds(node.value) : node.value || null);
  return { node, read };
}

function button(element, hooks, act) {
  const attributes = { ...hooks, type: "button", class: `act ${element.style ?? "plain"}`, "data-value": element.value };
  const node = el("button", attributes, plain(element.text.text));
  if (element.accessibility_label) node.setAttribute("aria-label", element.accessibility_label);
  node.addEventListener("click", () => act(null, node));
  return node;
}

function overflow(element, hooks, act) {
  const menu = el("details", { ...hooks, class: "overflow" }, el("summary", { "aria-label": "More actions" }, "⋯"));
  const choose = (option) => () => {
    menu.open = false;
    act(option.value, menu);
  };
  const items = element.options.map((option) =>
    el("button", { type: "button", "data-value": option.value, onclick: choose(option) }, plain(option.text.text)),
  );
  menu.append(el("div", { class: "menu" }, items));
  return menu;
}

function choices(element, hooks) {
  const single = element.type === "radio_buttons";
  const chosen = (single ? [element.initial_option] : (element.initial_options ?? [])).map((each) => each?.value);
  const name = `choice-${element.action_id}-${Math.random().toString(36).slice(2)}`;
  const boxes = element.options.map((option) => {
    const box = el("input", { type: single ? "radio" : "checkbox", name, "data-value": option.value });
    box.checked = chosen.includes(option.value);
    return box;
  });
  const labels = element.options.map((option, index) =>
    el(
      "label",
      {},
      boxes[index],
      el("span", {}, plain(option.text.text), option.description && el("small", {}, plain(option.description.text))),
    ),
  );
  const read = () => {
    const values = element.options.filter((_, index) => boxes[index].checked).map((option) => option.value);
    return single ? (values[0] ?? null) : values;
  };
  return { node: el("fieldset", { ...hooks, class: "choices", "data-action-id": element.action_id }, labels), read };
}

function menu(element, options, hooks) {
  const multiple = element.type.startsWith("multi_");
  const placeholder = element.placeholder ? withEmoji(element.placeholder.text) : "Select an option";
  const node = el(
    "select",
    { ...hooks, multiple, "data-action-id": element.action_id, "aria-label": placeholder },
    !multiple && el("option", { value: "" }, placeholder),
    options.map(([value, text]) => el("option", { value }, text)),
  );
  const initial = element.initial_option?.value ?? element.initial_user ?? element.initial_channel;
  if (initial !== undefined) node.value = initial;
  const read = () =>
    multiple ? [...node.selectedOptions].map((option) => option.value) : node.value || null;
  return { node, read };
}

function optionsOf(element, names) {
  if (PEOPLE.includes(element.type)) return names.allUsers();
  if (PLACES.includes(element.type)) return names.allChannels();
  if (!element.type.endsWith("static_select")) return null;
  const listed = element.options ?? element.option_groups.flatMap((group) => group.options);
  return listed.map((option) => [option.value, withEmoji(option.text.text)]);
}

function inputMode(element) {
  return element.type === "number_input" ? "decimal" : undefined;
}

function seconds(value) {
  return value ? Math.round(new Date(value).getTime() / 1000) : null;
}

function confirmed(confirm) {
  return new Promise((resolve) => {
    const answer = (agreed) => () => {
      dialog.close();
      dialog.remove();
      resolve(agreed);
    };
    const style = confirm.style ?? "primary";
    const dialog = el(
      "dialog",
      { class: "confirm", "data-test": "confirm", oncancel: answer(false) },
      el("h2", {}, plain(confirm.title.text)),
      el("p", {}, plain(confirm.text.text)),
      el(
        "footer",
        {},
        el("button", { type: "button", class: "act plain", onclick: answer(false) }, plain(confirm.deny.text)),
        el("button", { type: "button", class: `act ${style}`, onclick: answer(true) }, plain(confirm.confirm.text)),
      ),
    );
    document.body.append(dialog);
    dialog.showModal();
  });
}
