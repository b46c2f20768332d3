/* The bridge to Freshdesk: the Freshworks client, whose request templates carry what panel.js asks, so that no secret
   is in this page. It also stands in for the two Crayons elements of the page: the package loads nothing from a CDN. */
"use strict";
(() => {
  const CLIENT_WAIT_MS = 8000;
  const MAX_HEIGHT = 700;
  // 50 requests a minute are shared by all agents of the account: three looks within a minute, then ask the agent.
  const POLL_GAPS_MS = [5000, 15000, 40000];
  const TEMPLATES = {
    "": "panel", correction: "correct", undo: "undo", acknowledge: "acknowledge", article: "article", search: "search",
  };
  const DARK = "deskhand.dark";

  /* fw-button and fw-checkbox as far as the panel uses them */
  class Button extends HTMLElement {
    connectedCallback() {
      this.setAttribute("role", this.constructor.role);
      this.tabIndex = 0;
      this.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        this.click();
      });
    }
  }
  Button.role = "button";

  class Checkbox extends Button {
    connectedCallback() {
      super.connectedCallback();
      this.checked = this.checked;
      this.addEventListener("click", () => {
        this.checked = !this.checked;
        this.dispatchEvent(new Event("change"));
      });
    }
    get checked() { return this.hasAttribute("checked"); }
    set checked(on) {
      this.toggleAttribute("checked", Boolean(on));
      this.setAttribute("aria-checked", String(Boolean(on)));
    }
  }
  Checkbox.role = "checkbox";

  for (const [name, made] of [["fw-button", Button], ["fw-checkbox", Checkbox]]) {
    if (!customElements.get(name)) customElements.define(name, made);
  }

  /* requests */
  const digits = (value) => (/^\d{1,20}$/.test(String(value ?? "")) ? String(value) : null);
  const isOurs = (text) => typeof text === "string" && text.includes("data-state=");

  function answer(status, text) {
    return { status, type: isOurs(text) ? "text/html" : "", text: String(text ?? "") };
  }

  async function request(client, agentId, rest, body) {
    const [, ticketId, verb = ""] = rest.split("/");
    const options = { context: { ticket_id: decodeURIComponent(ticketId), agent_id: agentId } };
    if (body) options.body = JSON.stringify(body);
    try {
      const done = await client.request.invokeTemplate(TEMPLATES[verb], options);
      return answer(done.status || 200, done.response);
    } catch (refused) {
      if (!refused?.status) throw refused;
      return answer(Number(refused.status), refused.response);
    }
  }

  /* what stays on this device: the platform does not say which theme the agent's pages have */
  function isDark() {
    try { return localStorage.getItem(DARK) === "true"; } catch { return false; }
  }

  function keepDark(on) {
    try { localStorage.setItem(DARK, String(on)); } catch { /* blocked in this frame */ }
  }

  function bridge(client) {
    const changed = [];
    const activity = [];
    let ticketId = null;
    let agentId = "";
    let opened = null;
    const open = new Promise((resolve) => { opened = resolve; });

    async function read() {
      const [ticket, user] = await Promise.all([client.data.get("ticket"), client.data.get("loggedInUser")]);
      agentId = digits(user.loggedInUser?.id) || "";
      return digits(ticket.ticket?.id);
    }

    async function check() {
      const now = await read();
      if (now === ticketId) return;
      ticketId = now;
      changed.forEach((heard) => heard(now));
    }

    // It fires when the agent opens the app and again on each ticket: the first time starts the panel.
    client.events.on("app.activated", async () => {
      opened();
      if (!activity.length) return;
      await check();
      activity.forEach((heard) => heard(true));
    });
    client.events.on("app.deactivated", () => activity.forEach((heard) => heard(false)));

    const trigger = (action, options) => client.interface.trigger(action, options);
    return {
      maxHeight: MAX_HEIGHT,
      pollGapsMs: POLL_GAPS_MS,
      async ready() {
        await open;
        ticketId = await read();
        return { ticketId };
      },
      request: (rest, { body } = {}) => request(client, agentId, rest, body),
      onTicketChanged(heard) { changed.push(heard); },
      onActive(heard) { activity.push(heard); },
      onColorScheme(heard) {
        const choice = document.getElementById("dark");
        choice.checked = isDark();
        heard(choice.checked ? "dark" : "light");
        choice.addEventListener("change", () => {
          keepDark(choice.checked);
          heard(choice.checked ? "dark" : "light");
        });
      },
      // A reply that is open already cannot be opened with a text: then it goes into the open one, at the cursor.
      insertHtml: (text) => trigger("click", { id: "reply", text }).catch(() => trigger("setValue", { id: "editor", text })),
      resize: (height) => client.instance.resize({ height: `${height}px` }),
      routeTo: (kind, id) => trigger("click", { id: kind, value: id }),
    };
  }

  window.deskhandHost = async () => {
    if (window.parent === window || !window.app) return null;
    const late = new Promise((resolve) => { setTimeout(resolve, CLIENT_WAIT_MS, null); });
    const client = await Promise.race([window.app.initialized(), late]);
    return client && bridge(client);
  };
})();
