// Builds DOM nodes. Text becomes text nodes and nothing is ever parsed as HTML: whatever a message says stays text.

export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export function replaceChildren(parent, nodes) {
  // Leaves nodes that stay in place alone, so that focus, selection and half-made choices survive an update.
  nodes.forEach((node, index) => {
    if (parent.childNodes[index] !== node) parent.insertBefore(node, parent.childNodes[index] ?? null);
  });
  while (parent.childNodes.length > nodes.length) parent.lastChild.remove();
}

export function keyed() {
  // Remembers the node made for a key, and makes it anew only when what it shows has changed.
  const known = new Map();
  return (key, value, make) => {
    const shown = JSON.stringify(value);
    const entry = known.get(key);
    if (entry?.shown === shown) return entry.node;
    const node = make();
    known.set(key, { shown, node });
    return node;
  };
}

export async function post(path, body) {
  try {
    const response = await fetch(`/_local/${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const answer = await response.json();
    return response.ok ? answer : { state: "refused", shown: answer.error, errors: {} };
  } catch {
    return { state: "failed", shown: "The local Slack is not reachable.", errors: {} };
  }
}

export function notify(text) {
  if (!text) return;
  const notice = el("p", { class: "notice" }, text);
  document.getElementById("notices").append(notice);
  setTimeout(() => notice.remove(), 6000);
}
