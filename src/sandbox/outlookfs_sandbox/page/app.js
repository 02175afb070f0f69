// The page of the sandbox: shows what /_sandbox says about the mailbox and looks again every two seconds.
//
// What is shown is in the address: #folder=ID&message=ID, so that back, forward and reload work. Texts of mails go into
// the page as text, never as HTML; an HTML body is shown in a frame that runs nothing.
"use strict";

const REFRESH = 2000;
const PAGE = 50;

const byId = (id) => document.getElementById(id);
const shown = {folder: null, message: null, top: PAGE, texts: {}};

// element("p", {className: "x", onclick: f, "aria-label": "y"}, "text", child...)
function element(name, properties, ...children) {
  const e = document.createElement(name);
  for (const [key, value] of Object.entries(properties || {})) {
    if (key in e) e[key] = value;
    else e.setAttribute(key, value);
  }
  e.append(...children.filter((child) => child !== null));
  return e;
}

async function ask(path) {
  const answer = await fetch("/_sandbox" + path, {cache: "no-store"});
  if (!answer.ok && answer.status !== 404) throw new Error("the sandbox answers " + answer.status);
  return answer.ok ? answer.text() : null;
}

// Redraws only what changed, so that focus, selection and scrolling stay.
function changed(part, text) {
  const differs = shown.texts[part] !== text;
  shown.texts[part] = text;
  return differs;
}

function say(text) {
  if (byId("status").textContent !== text) byId("status").textContent = text;
}

function go(folder, message) {
  const where = new URLSearchParams({folder});
  if (message) where.set("message", message);
  location.hash = where;
}

function date(text, style) {
  const when = new Date(text);
  return element("time", {dateTime: text, title: when.toLocaleString()}, when.toLocaleString(undefined, style));
}

// Drawn, not a character: fonts without it show a box.
function clip(label) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", "clip");
  if (label) svg.setAttribute("aria-label", label);
  svg.setAttribute(label ? "role" : "aria-hidden", label ? "img" : "true");
  path.setAttribute("d", "M13 7.5l-5.3 5.3a3.1 3.1 0 0 1-4.4-4.4l5.6-5.6a2.1 2.1 0 0 1 3 3l-5.4 5.4a1 1 0 0 1-1.5-1.5L9.5 5");
  svg.append(path);
  return svg;
}

// --- folders and lists

function drawFolders(folders) {
  byId("folders").replaceChildren(...folders.map((f) => {
    const button = element("button", {type: "button", className: "depth" + Math.min(f.depth, 2), title: f.path},
      element("span", {className: "name"}, f.name),
      f.unread ? element("span", {className: "count"}, String(f.unread), element("span", {className: "unseen"}, " unread"))
        : null);
    if (f.id === shown.folder) button.setAttribute("aria-current", "true");
    button.onclick = () => go(f.id);
    return element("li", null, button);
  }));
}

function messageLine(m) {
  const short = new Date(m.DateTimeReceived).toDateString() === new Date().toDateString()
    ? {hour: "numeric", minute: "2-digit"} : {day: "numeric", month: "short"};
  const button = element("button", {type: "button", className: m.IsRead ? "" : "unread"},
    element("span", {className: "from"}, m.IsRead ? null : element("span", {className: "unseen"}, "Unread: "), m.From || ""),
    element("span", {className: "when"}, m.HasAttachment ? clip("has attachments") : null, date(m.DateTimeReceived, short)),
    element("span", {className: "subject"}, m.Importance === 2 ? element("b", {className: "high", title: "high importance"}, "! ") : null, m.Subject || "(no subject)"),
    element("span", {className: "preview"}, m.BodyPreview || ""));
  if (m.Id === shown.message) button.setAttribute("aria-current", "true");
  button.dataset.id = m.Id;
  button.onclick = () => go(shown.folder, m.Id);
  return element("li", null, button);
}

function drawList(list) {
  const focused = document.activeElement && document.activeElement.dataset.id;
  byId("list-title").textContent = list ? list.path : "Messages";
  byId("messages").replaceChildren(...(list ? list.messages.map(messageLine) : []));
  byId("empty").hidden = !list || list.total > 0;
  byId("more").hidden = !list || list.messages.length >= list.total;
  const again = focused && byId("messages").querySelector(`[data-id="${CSS.escape(focused)}"]`);
  if (again) again.focus({preventScroll: true});
}

// --- a message

async function choose(option) {
  const answer = await fetch(option.link, {method: "POST"});
  say(answer.ok ? `Answered “${option.text}”.` : answer.status === 409 ? "This was answered before."
    : answer.status === 410 ? "Nobody waits for this answer any more." : "The answer was not taken.");
  await refresh();
}

function deliveryText(approval) {
  const d = approval.delivery;
  if (d.state === "delivered") return `Delivered to ${approval.notificationUrl}`;
  if (d.state === "failed") return `Not delivered to ${approval.notificationUrl}: ${d.error || "it answered " + d.status}`;
  return d.state === "pending" ? `Being delivered to ${approval.notificationUrl} …` : "Nobody waits for the answer.";
}

function approvalPanel(approval) {
  if (approval.answer) {
    return element("section", {id: "approval", className: "done", "aria-label": "Answer"},
      element("h3", null, `You answered “${approval.answer.option}”`),
      element("p", {className: "delivery " + approval.delivery.state}, deliveryText(approval)));
  }
  if (approval.deleted) {
    return element("section", {id: "approval", "aria-label": "Answer"},
      element("h3", null, "Whoever sent this message no longer waits for an answer."));
  }
  const options = approval.options.map((option) => element("button", {type: "button", onclick: () => choose(option)},
    option.text));
  return element("section", {id: "approval", "aria-label": "Answer"},
    element("h3", null, approval.selectionText || "Your answer"),
    element("div", {className: "options", role: "group", "aria-label": "Options"}, ...options));
}

function row(name, value) {
  return value ? [element("dt", null, name), element("dd", null, value)] : [];
}

function fileLinks(m) {
  const files = m.Attachments.filter((a) => !a.IsInline);
  if (!files.length) return null;
  return element("ul", {id: "files", "aria-label": "Attachments"}, ...files.map((a) => element("li", null,
    element("a", {download: a.Name, href: "/_sandbox/attachment?" + new URLSearchParams({message: m.Id, attachment: a.Id})},
      clip(), a.Name))));
}

function body(m) {
  if (!m.IsHtml) return element("pre", null, m.Body || "");
  const frame = element("iframe", {title: "Text of the message"});
  frame.setAttribute("sandbox", "allow-forms");
  frame.src = "/_sandbox/body?" + new URLSearchParams({id: m.Id});
  return frame;
}

// A change of the approval alone leaves the rest, and so the frame, as it is.
function drawMessage(view, isNew) {
  const m = view.message;
  const panel = view.approval ? approvalPanel(view.approval) : null;
  const old = byId("approval");
  if (!isNew && old && panel) {
    old.replaceWith(panel);
    return;
  }
  byId("reader").replaceChildren(
    element("button", {id: "back", type: "button", onclick: () => go(view.folder)}, "← " + view.path),
    element("h2", {id: "subject", tabIndex: -1}, m.Subject || "(no subject)"),
    element("dl", null, ...row("From", m.From), ...row("To", m.To), ...row("Cc", m.Cc),
      ...row("Date", date(m.DateTimeReceived, {dateStyle: "full", timeStyle: "short"}))),
    ...[panel, fileLinks(m)].filter((part) => part !== null),
    body(m));
  byId("subject").focus({preventScroll: true});
}

async function markRead(m) {
  await fetch("/_sandbox/edit", {method: "POST", headers: {"Content-Type": "application/json"},
    body: JSON.stringify({kind: "message", id: m.Id, set: {IsRead: true}})});
}

async function showMessage() {
  document.body.classList.toggle("reading", shown.message !== null);
  if (!shown.message) {
    if (changed("message", "")) byId("reader").replaceChildren(element("p", {className: "hint"}, "Choose a message to read it."));
    return;
  }
  const wanted = shown.message;
  const text = await ask("/message?" + new URLSearchParams({id: wanted}));
  if (wanted !== shown.message) return;
  const view = text && JSON.parse(text);
  if (!view) {
    if (changed("message", "gone")) {
      byId("reader").replaceChildren(element("p", {className: "hint"}, "This message was moved or removed."));
    }
    document.body.classList.remove("reading");
    return;
  }
  const unread = !view.message.IsRead;
  view.message.IsRead = true;
  const isNew = changed("opened", wanted + JSON.stringify(view.message));
  if (changed("message", wanted + JSON.stringify(view))) drawMessage(view, isNew);
  if (unread) await markRead(view.message);
}

// --- keeping it fresh

async function refreshOnce() {
  const foldersText = await ask("/folders");
  const folders = JSON.parse(foldersText);
  if (!shown.folder && folders.length) shown.folder = folders[0].id;
  if (changed("folders", shown.folder + foldersText)) drawFolders(folders);
  await showMessage();
  const list = await ask("/messages?" + new URLSearchParams({folder: shown.folder, top: shown.top}));
  if (changed("list", shown.message + list)) drawList(list && JSON.parse(list));
}

// One refresh at a time; what is asked for meanwhile is done afterwards.
let running = null;

function refresh() {
  const before = running || Promise.resolve();
  const mine = before.then(refreshOnce).then(() => {
    if (byId("status").textContent.startsWith("No connection")) say("");
  }, (error) => say("No connection: " + error.message)).then(() => {
    if (running === mine) running = null;
  });
  running = mine;
  return mine;
}

function follow() {
  const where = new URLSearchParams(location.hash.slice(1));
  if (where.get("folder") !== shown.folder) shown.top = PAGE;
  if (where.has("folder")) shown.folder = where.get("folder");
  shown.message = where.get("message");
  if (!shown.message || shown.texts.opened === undefined || !shown.texts.opened.startsWith(shown.message)) shown.texts.opened = "";
  say("");
  refresh();
}

byId("more").onclick = () => {
  shown.top += PAGE;
  refresh();
};
addEventListener("hashchange", follow);
setInterval(() => {
  if (!document.hidden && !running) refresh();
}, REFRESH);
follow();
