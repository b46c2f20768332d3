// The helpdesk's side of the Freshworks client (platform notes 3.4), for one ticket's iframe. The app's page is served
// by this helpdesk, so both are of one origin; messages carry `freshworks: 1`.

import { insert, plain } from "./rich_text.js";

const MAX_HEIGHT = 700;
const HELLO_WAIT_MS = 8000;
const STATUS = { new: 2, open: 2, pending: 3, on_hold: 3, solved: 4, closed: 5 };
const PRIORITY = { low: 1, normal: 2, high: 3, urgent: 4 };
const STATUS_BACK = { 2: "open", 3: "pending", 4: "solved", 5: "closed" };
const PRIORITY_BACK = { 1: "low", 2: "normal", 3: "high", 4: "urgent" };
const CHANGED = {
  status: "ticket.statusChanged", priority: "ticket.priorityChanged", group: "ticket.groupChanged",
  assignee: "ticket.agentChanged", type: "ticket.typeChanged",
};
const KINDS = { info: "notice", success: "notice", warning: "alert", danger: "error", alert: "error" };
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

export class SidebarHost {
  // `actions` is the workspace: ticket(id), agent(), editor(), change(id, …), open(id), notify(…), ask(path, body).
  constructor({ frame, launch, ticketId, actions }) {
    Object.assign(this, { frame, launch, ticketId, actions });
    this.origin = new URL(launch.action).origin;
    this.registered = false;
    this.shown = true;
    this.listens = false;
    this.calls = [];
    this.listener = (event) => this.#receive(event);
    addEventListener("message", this.listener);
    setTimeout(() => {
      if (!this.registered && this.frame.isConnected) actions.notify("The app in the sidebar has not started. Reload the page.", "error");
    }, HELLO_WAIT_MS);
  }

  // -- what the workspace tells ----------------------------------------------------------------

  activate() { this.shown = true; if (this.listens) this.#emit("app.activated"); }
  deactivate() { this.shown = false; this.#emit("app.deactivated"); }
  colorScheme() { /* the platform does not tell apps */ }
  commentTypeChanged() { this.#emit(this.actions.commentType() === "note" ? "ticket.addNote" : "ticket.replyClick"); }
  commentTextChanged() { /* nor this */ }
  submitted(stage) { if (stage === "done") this.#emit("ticket.propertiesUpdated"); }
  async maySave() { return null; }

  ticketChanged(before, after) {
    for (const [field, event] of Object.entries(CHANGED)) {
      if (!same(before[field], after[field])) this.#emit(event, { old: before[field], new: after[field] });
    }
  }

  destroy() {
    removeEventListener("message", this.listener);
    this.frame.remove();
  }

  // -- messages --------------------------------------------------------------------------------

  #post(message) {
    this.frame.contentWindow?.postMessage({ freshworks: 1, ...message }, this.origin);
  }

  #emit(event, data = {}) {
    if (this.registered) this.#post({ event, data });
  }

  #receive(event) {
    if (event.source !== this.frame.contentWindow || event.origin !== this.origin || event.data?.freshworks !== 1) return;
    const message = event.data;
    if (message.hello) this.#register();
    else if (message.listen === "app.activated") this.#firstListener();
    else if (message.call) this.#call(message);
  }

  #register() {
    this.registered = true;
    this.#post({ event: "registered" });
  }

  // Opened before the app listened: it is told as soon as it does, once.
  #firstListener() {
    if (this.shown && !this.listens) this.#emit("app.activated");
    this.listens = true;
  }

  async #call({ id, call, args }) {
    this.calls.push({ call, args });
    const doing = {
      "data.get": this.#get, "interface.trigger": this.#trigger, "instance.resize": this.#resize,
      "instance.context": this.#context, "request.invokeTemplate": this.#invoke,
    }[call];
    try {
      if (!doing) throw { message: `${call} is not supported by the simulated helpdesk` };
      this.#post({ id, result: await doing.apply(this, args) });
    } catch (error) {
      this.#post({ id, error: { status: error.status, response: error.response, message: error.message || "" } });
    }
  }

  // -- the client's calls ----------------------------------------------------------------------

  #get(name) {
    const ticket = this.actions.ticket(this.ticketId);
    const agent = this.actions.agent();
    const person = { id: ticket.requester.id, name: ticket.requester.name, email: ticket.requester.email };
    const readers = {
      ticket: () => ({
        id: ticket.id, subject: ticket.subject, description_text: ticket.description, status: STATUS[ticket.status],
        priority: PRIORITY[ticket.priority], type: ticket.type, tags: ticket.tags, requester_id: ticket.requester.id,
        group_id: ticket.group?.id ?? null, responder_id: ticket.assignee?.id ?? null,
        created_at: ticket.createdAt, updated_at: ticket.updatedAt,
      }),
      requester: () => person,
      contact: () => person,
      company: () => ticket.organization && { id: ticket.organization.id, name: ticket.organization.name },
      group: () => ticket.group,
      loggedInUser: () => ({ id: agent.id, contact: { name: agent.name, email: agent.email } }),
      currentHost: () => ({ subscribed_modules: ["support_ticket"], endpoint_urls: { freshdesk: `https://${this.actions.account()}` } }),
    };
    if (!readers[name]) throw { message: `"${name}" is not supported by the simulated helpdesk` };
    return { [name]: readers[name]() };
  }

  #trigger(action, options = {}) {
    const doing = { showNotify: this.#notify, click: this.#click, setValue: this.#setValue }[action];
    if (!doing) throw { message: `"${action}" is not supported by the simulated helpdesk` };
    return doing.call(this, options);
  }

  #notify({ type, title, message }) {
    this.actions.notify([title, message].filter(Boolean).map(plain).join(": "), KINDS[type] || "notice");
    return null;
  }

  async #click({ id, value, text }) {
    if (id === "ticket" && value) { await this.actions.open(Number(value)); return null; }
    if (id !== "reply" && id !== "note") throw { message: `"${id}" cannot be clicked in the simulated helpdesk` };
    const editor = this.actions.editor();
    if (editor.value.trim()) throw { message: "The editor is open already" };
    this.actions.setCommentType(id === "note" ? "note" : "public");
    if (text) insert(editor, text);
    return null;
  }

  async #setValue({ id, value, text, replace, position }) {
    const changes = {
      status: () => ({ status: STATUS_BACK[value] }), priority: () => ({ priority: PRIORITY_BACK[value] }),
      ticket_type: () => ({ type: value }), tag: () => ({ add_tags: [].concat(value) }), group: () => ({ group_id: Number(value) }),
    };
    if (id === "editor") { this.#write(text, replace, position); return null; }
    if (!changes[id]) throw { message: `"${id}" cannot be set in the simulated helpdesk` };
    await this.actions.change(this.ticketId, changes[id]());
    return null;
  }

  #resize({ height }) {
    const pixels = parseInt(height, 10);
    if (pixels > 0) this.frame.height = Math.min(pixels, MAX_HEIGHT);
    return null;
  }

  #context() {
    return { instanceId: this.launch.instanceGuid, location: "ticket_sidebar", product: "freshdesk" };
  }

  #write(text, replace, position) {
    const editor = this.actions.editor();
    if (replace) editor.value = "";
    if (position === "end") editor.selectionStart = editor.value.length;
    insert(editor, text);
  }

  // The platform's proxy makes the request; the app sees neither its address nor its secrets.
  async #invoke(template, { context = {}, body } = {}) {
    const done = await this.actions.ask("/freshworks/invoke", { template, context, body });
    if (done.status >= 400) throw done;
    return { status: done.status, headers: {}, response: done.response };
  }
}
