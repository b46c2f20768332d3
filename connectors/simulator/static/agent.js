// The workspace: polls the ticket list, shows one ticket, hosts one sidebar iframe per open ticket.
const boot = JSON.parse(document.getElementById("boot").textContent);
const { SidebarHost } = await import(document.getElementById("main").dataset.hostScript);

const $ = (id) => document.getElementById(id);
const STATES = { new: "New", open: "Open", pending: "Pending", on_hold: "On hold", solved: "Solved", closed: "Closed" };
const CHANNELS = { mail: "mail", chat: "chat", web: "web form", api: "API" };
const KEPT_FRAMES = 8;
// The first ticket opens by itself, so that the desk is never empty; after that only the agent chooses.

const desk = {
  revision: -1, rows: [], ticketId: null, ticket: null, seen: new Map(), hosts: new Map(), drafts: new Map(),
  theme: localStorage.getItem("theme") || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"),
};

async function ask(path, body) {
  const options = body === undefined ? {} : {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  };
  const answer = await fetch(`/agent${path}`, options);
  const data = await answer.json();
  if (!answer.ok) throw new Error(data.error || `The helpdesk answered ${answer.status}.`);
  return data;
}

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

const capital = (word) => (word ? word[0].toUpperCase() + word.slice(1).replaceAll("_", " ") : "");

function flash(item, name) {
  item.classList.add(name);
  setTimeout(() => item.classList.remove(name), 2500);
}

function clockTime(iso) {
  return new Date(iso).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}

function notify(text, kind = "notice", ms = 5000) {
  const notice = element("p", `notice ${kind}`, text);
  $("notices").append(notice);
  setTimeout(() => notice.remove(), ms);
}

// -- the list ----------------------------------------------------------------------------------

function fillRow(item, row) {
  const link = item.firstElementChild;
  link.href = `/agent/tickets/${row.id}`;
  link.dataset.id = row.id;
  link.setAttribute("aria-current", String(row.id === desk.ticketId));
  link.querySelector(".item-subject").textContent = row.subject;
  const company = row.organization ? row.organization.name : "no company";
  link.querySelector(".item-who").textContent = `${row.requester.name}, ${company} · ${clockTime(row.createdAt)}`;
  const state = link.querySelector(".state");
  state.dataset.state = row.status;
  state.textContent = STATES[row.status];
  const priority = link.querySelector(".priority");
  priority.dataset.priority = row.priority || "";
  priority.textContent = capital(row.priority);
  link.querySelector(".group").textContent = row.group ? row.group.name : "No group yet";
  link.querySelector(".tags").replaceChildren(...row.tags.map((tag) => element("span", "tag", tag)));
}

function drawList() {
  const list = $("tickets");
  const existing = new Map([...list.children].map((item) => [item.dataset.id, item]));
  const first = desk.seen.size === 0;
  const items = desk.rows.map((row) => {
    const item = existing.get(String(row.id)) || $("row-template").content.firstElementChild.cloneNode(true);
    item.dataset.id = row.id;
    const mark = JSON.stringify([row.status, row.priority, row.group, row.tags]);
    if (!first && !desk.seen.has(row.id)) flash(item, "fresh");
    else if (!first && desk.seen.get(row.id) !== mark) flash(item, "moved");
    desk.seen.set(row.id, mark);
    fillRow(item, row);
    return item;
  });
  items.forEach((item, index) => { if (list.children[index] !== item) list.insertBefore(item, list.children[index] || null); });
  while (list.children.length > items.length) list.lastElementChild.remove();
  $("no-tickets").hidden = items.length > 0;
}

async function poll() {
  try {
    const feed = await ask(`/feed?revision=${desk.revision}`);
    if (feed.tickets) {
      desk.revision = feed.revision;
      desk.rows = feed.tickets;
      $("count").textContent = feed.total > feed.tickets.length ? `${feed.tickets.length} of ${feed.total}` : `${feed.total}`;
      drawList();
      if (desk.ticketId) await refreshTicket();
      else if (!desk.opened && desk.rows.length) await open(desk.rows[0].id, false);
    }
  } catch (error) {
    $("count").textContent = "not connected";
  }
  setTimeout(poll, 1000);
}

// -- the ticket --------------------------------------------------------------------------------

function property(name, value, wide = false) {
  const box = element("div", wide ? "wide" : "");
  box.append(element("dt", "", name));
  const dd = element("dd");
  dd.append(...(Array.isArray(value) ? value.map((tag) => element("span", "tag", tag)) : [document.createTextNode(value || "Not set")]));
  if (Array.isArray(value) && !value.length) dd.append("None");
  box.append(dd);
  return box;
}

function message(comment) {
  const kind = !comment.public ? "note" : comment.staff ? "staff" : "";
  const item = element("li", `message ${kind}`);
  const head = element("header");
  const who = comment.author ? comment.author.name : "Unknown";
  const label = comment.public ? (comment.staff ? "Public reply" : `by ${CHANNELS[comment.channel] || comment.channel}`) : "Internal note";
  head.append(element("strong", "", who), element("span", "muted num", `${label} · ${clockTime(comment.createdAt)}`));
  item.append(head, element("div", "text", comment.body));
  return item;
}

function drawTicket() {
  const ticket = desk.ticket;
  $("ticket").hidden = !ticket;
  $("nothing").hidden = Boolean(ticket);
  if (!ticket) return;
  $("subject").textContent = ticket.subject;
  const company = ticket.organization ? ticket.organization.name : "no company";
  $("from").textContent = `Ticket ${ticket.id} · ${ticket.requester.name}, ${company} · ${ticket.requester.email}`;
  $("properties").replaceChildren(
    property("Status", STATES[ticket.status]), property("Priority", capital(ticket.priority)),
    property("Group", ticket.group && ticket.group.name), property("Assignee", ticket.assignee && ticket.assignee.name),
    ...ticket.custom.map((field) => property(field.title, capital(field.shown))), property("Tags", ticket.tags, true),
  );
  const box = $("conversation");
  const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
  box.replaceChildren(...ticket.comments.map(message));
  if (atEnd && box.dataset.id === String(ticket.id)) box.scrollTop = box.scrollHeight;
  box.dataset.id = ticket.id;
  $("reply").hidden = ticket.status === "closed";
  $("closed").hidden = ticket.status !== "closed";
}

async function refreshTicket() {
  const id = desk.ticketId;
  try {
    const fresh = await ask(`/tickets/${id}/detail`);
    if (id !== desk.ticketId) return;
    const before = desk.ticket;
    desk.ticket = fresh;
    drawTicket();
    if (before && before.id === id) desk.hosts.get(id)?.ticketChanged(before, fresh);
  } catch (error) {
    notify(error.message, "error");
    desk.hosts.get(id)?.destroy();
    desk.hosts.delete(id);
    desk.ticketId = null;
    desk.ticket = null;
    drawTicket();
  }
}

async function open(id, push = true) {
  if (desk.ticketId === id) return;
  desk.hosts.get(desk.ticketId)?.deactivate();
  if (desk.ticketId) desk.drafts.set(desk.ticketId, $("editor").value);
  desk.opened = true;
  desk.ticketId = id;
  desk.ticket = null;
  $("editor").value = desk.drafts.get(id) || "";
  if (push) history.pushState({ id }, "", `/agent/tickets/${id}`);
  document.querySelectorAll(".item").forEach((link) => link.setAttribute("aria-current", String(Number(link.dataset.id) === id)));
  await refreshTicket();
  if (desk.ticket && desk.ticketId === id) await showSidebar(id);
}

// -- the sidebar -------------------------------------------------------------------------------

const actions = {
  ticket: (id) => (desk.ticket && desk.ticket.id === id ? desk.ticket : desk.rows.find((row) => row.id === id)),
  agent: () => boot.agent,
  account: () => boot.account,
  theme: () => desk.theme,
  editor: () => $("editor"),
  commentType: () => $("reply").elements.kind.value,
  setCommentType: (kind) => { $("reply").elements.kind.value = kind; $("reply").classList.toggle("note", kind === "note"); },
  change: async (id, change) => { await ask(`/tickets/${id}/change`, change); await refreshTicket(); },
  open, notify, ask,
};

async function showSidebar(id) {
  for (const [key, host] of desk.hosts) host.frame.hidden = key !== id;
  const known = desk.hosts.get(id);
  if (known) { desk.hosts.delete(id); desk.hosts.set(id, known); known.activate(); return; }
  const launch = await ask(`/tickets/${id}/sidebar`, { theme: desk.theme });
  if (id !== desk.ticketId || desk.hosts.has(id)) return;
  const frame = element("iframe");
  frame.name = `sidebar-${launch.instanceGuid}`;
  frame.title = `Deskhand, ticket ${id}`;
  frame.setAttribute("sandbox", "allow-scripts allow-forms allow-same-origin allow-popups allow-popups-to-escape-sandbox");
  $("apps").append(frame);
  desk.hosts.set(id, new SidebarHost({ frame, launch, ticketId: id, actions }));
  const form = element("form");
  form.method = launch.method || "post";
  form.action = launch.action;
  form.target = frame.name;
  for (const [name, value] of Object.entries(launch.fields)) {
    const input = element("input");
    Object.assign(input, { type: "hidden", name, value });
    form.append(input);
  }
  document.body.append(form);
  form.submit();
  form.remove();
  for (const [key, host] of desk.hosts) {
    if (desk.hosts.size <= KEPT_FRAMES) break;
    host.destroy();
    desk.hosts.delete(key);
  }
}

async function send(event) {
  event.preventDefault();
  const id = desk.ticketId;
  const host = desk.hosts.get(id);
  const refusal = await host?.maySave();
  if (refusal) { notify(refusal, "error"); return; }
  host?.submitted("start");
  try {
    const text = $("editor").value.trim();
    const change = { status: $("next-status").value };
    if (text) Object.assign(change, { comment: text, public: actions.commentType() === "public" });
    desk.ticket = await ask(`/tickets/${id}/change`, change);
    $("editor").value = "";
    drawTicket();
    host?.submitted("done");
  } catch (error) {
    notify(error.message, "error");
    host?.submitted("fail");
  }
  host?.submitted("always");
}

function applyTheme() {
  document.documentElement.dataset.theme = desk.theme;
  $("theme").textContent = desk.theme === "dark" ? "Light theme" : "Dark theme";
}

$("theme").addEventListener("click", () => {
  desk.theme = desk.theme === "dark" ? "light" : "dark";
  localStorage.setItem("theme", desk.theme);
  applyTheme();
  for (const host of desk.hosts.values()) host.colorScheme(desk.theme);
});
$("tickets").addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  open(Number(link.dataset.id));
});
$("reply").addEventListener("submit", send);
$("reply").addEventListener("change", () => {
  actions.setCommentType(actions.commentType());
  desk.hosts.get(desk.ticketId)?.commentTypeChanged();
});
$("editor").addEventListener("input", () => desk.hosts.get(desk.ticketId)?.commentTextChanged());
addEventListener("popstate", (event) => { if (event.state?.id) open(event.state.id, false); });

applyTheme();
if (boot.ticket) open(boot.ticket, false);
poll();
