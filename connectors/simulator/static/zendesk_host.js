// The helpdesk's side of the ZAF v2 message protocol (platform notes 4.7), for one ticket's iframe.
// App to host: JSON strings. Host to app: objects, posted to the app's own origin only.

import { insert, plain } from "./rich_text.js";

const STATUS_OUT = { on_hold: "hold" };
const MAX_HEIGHT = 2000;
const HANDSHAKE_WAIT_MS = 8000;
const CHANGED = {
  status: "ticket.status.changed", priority: "ticket.priority.changed", type: "ticket.type.changed",
  subject: "ticket.subject.changed", tags: "ticket.tags.changed", group: "ticket.assignee.group.changed",
  assignee: "ticket.assignee.user.changed",
};
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const status = (word) => STATUS_OUT[word] || word;
const escapeHtml = (text) => text.replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[sign]);
const asHtml = (text) => `<p>${escapeHtml(text).replace(/\n/g, "<br>")}</p>`;

export class SidebarHost {
  // `actions` is the workspace: ticket(id), agent(), editor(), change(id, …), open(id), notify(…), ask(path, body).
  constructor({ frame, launch, ticketId, actions }) {
    Object.assign(this, { frame, launch, ticketId, actions });
    this.origin = new URL(launch.action).origin;
    this.subscribed = new Set();
    this.replies = new Map();
    this.registered = false;
    this.calls = [];
    this.listener = (event) => this.#receive(event);
    addEventListener("message", this.listener);
    setTimeout(() => {
      if (!this.registered && this.frame.isConnected) actions.notify(`The app at ${this.origin} has not answered. Is it running?`, "error");
    }, HANDSHAKE_WAIT_MS);
  }

  // -- what the workspace tells ----------------------------------------------------------------

  activate() { this.#emit("app.activated", { firstLoad: false }); }
  deactivate() { this.#emit("app.deactivated"); }
  colorScheme(theme) { this.#emit("colorScheme.changed", theme); }
  commentTypeChanged() { this.#emit("comment.type.changed", this.#commentType()); }
  commentTextChanged() { this.#emit("comment.text.changed", asHtml(this.actions.editor().value)); }
  submitted(stage) { this.#emit(`ticket.submit.${stage}`); }

  ticketChanged(before, after) {
    for (const [field, event] of Object.entries(CHANGED)) {
      if (!same(before[field], after[field])) this.#emit(event, field === "status" ? status(after.status) : after[field]);
    }
    for (const field of after.custom) {
      const old = before.custom.find((one) => one.id === field.id);
      if (!old || !same(old.value, field.value)) this.#emit(`ticket.custom_field_${field.id}.changed`, field.value);
    }
    if (before.updatedAt !== after.updatedAt || !same(before.comments?.length, after.comments?.length)) this.#emit("ticket.updated");
  }

  // Null when the app lets the ticket be saved, else its reason. A silent app is not waited for longer than 5 s.
  async maySave() {
    if (!this.subscribed.has("ticket.save")) return null;
    const reply = new Promise((resolve) => this.replies.set("ticket.save", resolve));
    this.#post({ key: "zaf.ticket.save", needsReply: true });
    const answer = await Promise.race([reply, new Promise((resolve) => setTimeout(resolve, 5000, {}))]);
    this.replies.delete("ticket.save");
    return answer.error ? String(answer.error.msg || "An app stopped the ticket from being saved.") : null;
  }

  destroy() {
    this.#emit("app.willDestroy");
    removeEventListener("message", this.listener);
    this.frame.remove();
  }

  // -- messages --------------------------------------------------------------------------------

  #post(message) {
    this.frame.contentWindow?.postMessage(message, this.origin);
  }

  #emit(event, payload) {
    if (this.registered && (this.subscribed.has(event) || event === "app.activated")) this.#post({ key: `zaf.${event}`, message: payload });
  }

  #receive(event) {
    if (event.source !== this.frame.contentWindow || event.origin !== this.origin) return;
    let message = event.data;
    if (typeof message === "string") {
      try { message = JSON.parse(message); } catch { return; }
    }
    if (!message || (message.appGuid && message.appGuid !== this.launch.appGuid)) return;
    const key = String(message.key || "");
    if (key === "iframe.handshake") this.#register();
    else if (key.startsWith("iframe.on:")) this.subscribed.add(key.slice(10));
    else if (key.startsWith("iframe.off:")) { if (!message.message?.subscriberCount) this.subscribed.delete(key.slice(11)); }
    else if (key.startsWith("iframe.reply:")) this.replies.get(key.slice(13))?.(message);
    else if (key.startsWith("request:")) this.#request(key.slice(8), message.message || {});
    else if (message.request && message.id) this.#call(message);
    // Everything else (__track__, session.live, iframe.trigger:…) is noise.
  }

  #register() {
    this.registered = true;
    this.#post({ key: "zaf.app.registered", message: { metadata: this.launch.metadata, context: this.#context() } });
    this.#post({ key: "zaf.app.activated", message: { firstLoad: true } });
  }

  #context() {
    return {
      instanceGuid: this.launch.instanceGuid, product: "support", location: "ticket_sidebar",
      ticketId: this.ticketId, account: { subdomain: this.actions.account() },
    };
  }

  async #call({ id, request, params }) {
    this.calls.push({ request, params });
    const result = {}, errors = {};
    const doing = {
      get: () => (params || []).map((path) => [path, () => this.#get(path)]),
      set: () => Object.entries(params || {}).map(([path, value]) => [path, () => this.#set(path, value)]),
      invoke: () => Object.entries(params || {}).map(([path, values]) => [path, () => this.#invoke(path, values || [])]),
    }[request];
    if (!doing) { this.#post({ id, error: { name: "Error", message: `no request ${request}` } }); return; }
    for (const [path, run] of doing()) {
      try { result[path] = await run(); } catch (error) {
        errors[path] = { name: error.name, message: error.message, stack: "" };
      }
    }
    this.#post({ id, result: { ...result, errors } });
  }

  // -- get, set, invoke ------------------------------------------------------------------------

  #commentType() { return this.actions.commentType() === "note" ? "internalNote" : "publicReply"; }

  #get(path) {
    const ticket = this.actions.ticket(this.ticketId);
    const agent = this.actions.agent();
    const user = (person) => person && { id: person.id, name: person.name, email: person.email, externalId: null, role: person.role, locale: person.locale };
    const organization = ticket.organization && { id: ticket.organization.id, name: ticket.organization.name, domains: "", tags: [] };
    const readers = {
      colorScheme: () => this.actions.theme(),
      currentUser: () => ({ ...user(agent), timeZone: { ianaName: Intl.DateTimeFormat().resolvedOptions().timeZone }, groups: [] }),
      currentAccount: () => ({ subdomain: this.actions.account(), timeZone: null }),
      comment: () => ({ text: asHtml(this.actions.editor().value), type: this.#commentType() }),
      ticket: () => ({
        id: ticket.id, subject: ticket.subject, description: ticket.description, status: status(ticket.status),
        priority: ticket.priority, type: ticket.type, tags: ticket.tags, brand: { id: 5, name: "Support" }, form: { id: 12 },
        createdAt: ticket.createdAt, updatedAt: ticket.updatedAt, via: { channel: ticket.channel },
        requester: user(ticket.requester), organization,
        assignee: { user: user(ticket.assignee), group: ticket.group },
        comments: (ticket.comments || []).map((one) => ({ id: one.id, value: one.body, author: user(one.author), public: one.public })),
        conversation: (ticket.comments || []).map((one) => ({
          author: user(one.author), channel: { name: one.channel }, timestamp: one.createdAt,
          message: { content: one.body, contentType: "text/plain" },
        })),
        comment: { text: asHtml(this.actions.editor().value), type: this.#commentType() },
      }),
    };
    const custom = /^ticket\.customField:custom_field_(\d+)$/.exec(path);
    if (custom) return ticket.custom.find((field) => String(field.id) === custom[1])?.value ?? null;
    const [root, ...rest] = path.split(".");
    if (!readers[root]) throw new Error(`"${path}" is not supported by the simulated helpdesk`);
    let value = readers[root]();
    for (const part of rest) {
      if (value === null || value === undefined) return null;
      if (!(part in Object(value))) throw new Error(`"${path}" is not supported by the simulated helpdesk`);
      value = value[part];
    }
    return value;
  }

  async #set(path, value) {
    const custom = /^ticket\.customField:custom_field_(\d+)$/.exec(path);
    if (custom) return this.actions.change(this.ticketId, { custom_fields: { [custom[1]]: value } });
    if (path === "comment.type" || path === "ticket.comment.type") return this.actions.setCommentType(value === "internalNote" ? "note" : "public");
    if (path === "comment.text" || path === "ticket.comment.text") return this.#write(value, true);
    if (path === "ticket.status") return this.actions.change(this.ticketId, { status: value === "hold" ? "on_hold" : value });
    if (["ticket.priority", "ticket.type", "ticket.subject", "ticket.tags"].includes(path)) {
      return this.actions.change(this.ticketId, { [path.slice(7)]: value });
    }
    throw new Error(`"${path}" cannot be set in the simulated helpdesk`);
  }

  async #invoke(action, values) {
    switch (action) {
      case "resize": return this.#resize(values[0] || {});
      case "notify": return this.actions.notify(plain(values[0]), values[1] || "notice", Number(values[2]) || 5000);
      case "routeTo": if (values[0] === "ticket") return void this.actions.open(Number(values[1])); break;
      case "ticket.editor.insert": case "ticket.comment.appendText": case "comment.appendText": return this.#write(values[0]);
      case "ticket.comment.appendHtml": case "comment.appendHtml": return this.#write(values[0]);
      case "ticket.tags.add": return this.actions.change(this.ticketId, { add_tags: [].concat(...values) });
      case "ticket.tags.remove": return this.actions.change(this.ticketId, { remove_tags: [].concat(...values) });
      case "app.hide": case "hide": this.frame.hidden = true; return null;
      case "app.show": case "show": this.frame.hidden = false; return null;
      case "track": return null;
    }
    throw new Error(`"${action}" is not supported by the simulated helpdesk`);
  }

  #resize({ height }) {
    const pixels = parseInt(height, 10);
    if (pixels > 0) this.frame.height = Math.min(pixels, MAX_HEIGHT);
    return null;
  }

  #write(html, replace = false) {
    const editor = this.actions.editor();
    if (replace) editor.value = "";
    insert(editor, html);
    this.commentTextChanged();
    return null;
  }

  // Own API only: the answer goes back under the app's request key.
  async #request(key, options) {
    const settings = typeof options === "string" ? { url: options } : options;
    let outcome = "done", args;
    try {
      const data = typeof settings.data === "string" ? JSON.parse(settings.data) : settings.data;
      args = [await this.actions.ask("/request", { url: settings.url, method: settings.type || settings.method || "GET", data })];
    } catch (error) {
      outcome = "fail";
      args = [{ status: 0, statusText: "error", responseText: error.message }];
    }
    this.#post({ key: `zaf.request:${key}.${outcome}`, message: { responseArgs: args } });
  }
}
