// The page of the sandbox: shows what /_sandbox says about the mailbox and looks again every two seconds.
//
// What is shown is in the address: #service=S&kind=K&folder=ID&item=ID, so that back, forward and reload work. Texts go into the
// page as text, never as HTML; an HTML body is shown in a frame that runs nothing.
"use strict";

const REFRESH = 2000;
const PAGE = 50;

const byId = (id) => document.getElementById(id);
const SERVICES = {connector: "Connector", graph: "Microsoft Graph"};
const KINDS = {message: "Mail", event: "Calendars", contact: "Contacts"};
const shown = {service: "connector", kind: "message", folder: null, item: null, top: PAGE, texts: {}};

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
  if (answer.status === 401) throw new Error("the page is for whoever started the sandbox");
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

// A path with what is shown, and more, as its parameters.
function below(path, more) {
  return path + "?" + new URLSearchParams({service: shown.service, kind: shown.kind, ...more});
}

function go(place, item) {
  const where = new URLSearchParams({service: place.service, kind: place.kind, folder: place.id});
  if (item) where.set("item", item);
  location.hash = where;
}

function here() {
  return {service: shown.service, kind: shown.kind, id: shown.folder};
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

function folderLine(place) {
  const button = element("button", {type: "button", className: "depth" + Math.min(place.depth, 2), title: place.path},
    element("span", {className: "name"}, place.name),
    place.unread ? element("span", {className: "count"}, String(place.unread), element("span", {className: "unseen"}, " unread"))
      : null);
  if (place.id === shown.folder && place.service === shown.service) button.setAttribute("aria-current", "true");
  button.onclick = () => go(place);
  return element("li", null, button);
}

// One list a service and kind; the first one is the connector's mail.
function drawFolders(places) {
  const parts = [];
  for (const service of Object.keys(SERVICES)) {
    for (const kind of Object.keys(KINDS)) {
      const lines = places.filter((place) => place.service === service && place.kind === kind).map(folderLine);
      if (!lines.length) continue;
      if (kind === "message") parts.push(element("h2", null, SERVICES[service]));
      parts.push(element("h3", null, KINDS[kind]), element("ul", parts.length < 2 ? {id: "folders"} : null, ...lines));
    }
  }
  document.querySelector("nav").replaceChildren(...parts);
}

function itemLine(line) {
  const today = line.when && new Date(line.when).toDateString() === new Date().toDateString();
  const short = today ? {hour: "numeric", minute: "2-digit"} : {day: "numeric", month: "short"};
  const button = element("button", {type: "button", className: line.unread ? "unread" : ""},
    element("span", {className: "from"}, line.unread ? element("span", {className: "unseen"}, "Unread: ") : null, line.who),
    element("span", {className: "when"}, line.files ? clip("has attachments") : null, line.when ? date(line.when, short) : null),
    element("span", {className: "subject"},
      line.high ? element("b", {className: "high", title: "high importance"}, "! ") : null, line.title || "(no subject)"),
    element("span", {className: "preview"}, line.preview));
  if (line.id === shown.item) button.setAttribute("aria-current", "true");
  button.dataset.id = line.id;
  button.onclick = () => go(here(), line.id);
  return element("li", null, button);
}

function drawList(list) {
  const focused = document.activeElement && document.activeElement.dataset.id;
  byId("list-title").textContent = list ? list.path : "Nothing here";
  byId("messages").replaceChildren(...(list ? list.lines.map(itemLine) : []));
  byId("empty").hidden = !list || list.total > 0;
  byId("more").hidden = !list || list.lines.length >= list.total;
  const again = focused && byId("messages").querySelector(`[data-id="${CSS.escape(focused)}"]`);
  if (again) again.focus({preventScroll: true});
}

// --- a message, an event, a contact

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

function fileLinks(item) {
  const files = item.files.filter((file) => !file.isInline);
  if (!files.length) return null;
  return element("ul", {id: "files", "aria-label": "Attachments"}, ...files.map((file) => element("li", null,
    element("a", {download: file.name, href: below("/_sandbox/attachment", {message: item.id, attachment: file.id})},
      clip(), file.name))));
}

function body(item) {
  if (!item.isHtml) return item.text === null ? null : element("pre", null, item.text);
  const frame = element("iframe", {title: "Text of the message"});
  frame.setAttribute("sandbox", "allow-forms");
  frame.src = below("/_sandbox/body", {id: item.id});
  return frame;
}

// A change of the approval alone leaves the rest, and so the frame, as it is.
function drawItem(item, isNew) {
  const panel = item.approval ? approvalPanel(item.approval) : null;
  const old = byId("approval");
  if (!isNew && old && panel) {
    old.replaceWith(panel);
    return;
  }
  const style = {dateStyle: "full", timeStyle: "short"};
  const facts = item.facts.flatMap(([name, text]) => row(name, text));
  byId("reader").replaceChildren(
    element("button", {id: "back", type: "button", onclick: () => go(here())}, "← " + item.path),
    element("h2", {id: "subject", tabIndex: -1}, item.title || "(no subject)"),
    element("dl", null, ...facts, ...row(item.until ? "Start" : "Date", item.when && date(item.when, style)),
      ...row("End", item.until && date(item.until, style))),
    ...[panel, fileLinks(item), body(item)].filter((part) => part !== null));
  byId("subject").focus({preventScroll: true});
}

async function showItem() {
  document.body.classList.toggle("reading", shown.item !== null);
  if (!shown.item) {
    if (changed("item", "")) byId("reader").replaceChildren(element("p", {className: "hint"}, "Choose something to read it."));
    return;
  }
  const wanted = shown.item;
  const text = await ask(below("/item", {id: wanted}));
  if (wanted !== shown.item) return;
  const item = text && JSON.parse(text);
  if (!item) {
    if (changed("item", "gone")) {
      byId("reader").replaceChildren(element("p", {className: "hint"}, "This was moved or removed."));
    }
    document.body.classList.remove("reading");
    return;
  }
  const unread = item.unread;
  item.unread = false;
  const isNew = changed("opened", wanted + JSON.stringify({...item, approval: null}));
  if (changed("item", wanted + JSON.stringify(item))) drawItem(item, isNew);
  if (unread) await fetch(below("/_sandbox/read", {id: item.id}), {method: "POST"});
}

// --- keeping it fresh

async function refreshOnce() {
  const foldersText = await ask("/folders");
  const places = JSON.parse(foldersText);
  if (!shown.folder && places.length) Object.assign(shown, {service: places[0].service, kind: places[0].kind, folder: places[0].id});
  if (changed("folders", shown.service + shown.folder + foldersText)) drawFolders(places);
  await showItem();
  const list = await ask(below("/list", {folder: shown.folder, top: shown.top}));
  if (changed("list", shown.item + list)) drawList(list && JSON.parse(list));
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
  for (const name of ["service", "kind", "folder"]) {
    if (where.has(name)) shown[name] = where.get(name);
  }
  shown.item = where.get("item");
  if (!shown.item || shown.texts.opened === undefined || !shown.texts.opened.startsWith(shown.item)) shown.texts.opened = "";
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
