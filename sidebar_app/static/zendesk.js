/* The bridge to Zendesk: its Apps framework client where the vendor's script loads, else our own small client
   for the same messages. Either way panel.js sees one object: ready, onTicketChanged, onActive, onColorScheme,
   insertHtml, resize, routeTo, maxHeight. */
"use strict";
(() => {
  const SDK_WAIT_MS = 1500;
  const HOST_WAIT_MS = 8000;
  const CALL_WAIT_MS = 10000;
  const LOOPBACK = /^https?:\/\/(localhost|127\.0\.0\.1)(:\d+)?(\/|$)/;

  /* Our own client. Messages to the host are JSON strings; answers may be strings or objects. */
  function ownClient(origin, appGuid) {
    const calls = new Map();
    const listeners = new Map();
    const waiting = [];
    let registered = false;
    let lastId = 0;
    let context = {};

    const post = (message) => {
      window.parent.postMessage(JSON.stringify({ ...message, appGuid, instanceGuid: appGuid }), origin);
    };
    const send = (message) => { if (registered) post(message); else waiting.push(message); };
    const emit = (event, payload) => { for (const heard of listeners.get(event) || []) heard(payload); };

    function call(request, params, names) {
      const id = ++lastId;
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => { calls.delete(id); reject(new Error(`${names} got no answer`)); }, CALL_WAIT_MS);
        calls.set(id, { resolve, reject, timer });
        send({ id, request, params });
      });
    }

    function settle(message) {
      const call = calls.get(message.id);
      calls.delete(message.id);
      clearTimeout(call.timer);
      if (message.error) call.reject(new Error(message.error.message || String(message.error)));
      else call.resolve(message.result || {});
    }

    function hear(event) {
      if (event.origin !== origin || event.source !== window.parent) return;
      let message = event.data;
      if (typeof message === "string") {
        try { message = JSON.parse(message); } catch { return; }
      }
      if (!message || typeof message !== "object") return;
      if (message.id !== undefined && calls.has(message.id)) { settle(message); return; }
      if (typeof message.key !== "string" || !message.key.startsWith("zaf.")) return;
      const name = message.key.slice(4);
      if (name === "app.registered") {
        context = (message.message && message.message.context) || {};
        registered = true;
        waiting.splice(0).forEach(post);
        post({ key: "iframe.on:context.updated", message: { subscriberCount: 1 } });
      }
      if (name === "context.updated" && message.message) context = { ...context, ...message.message };
      emit(name, name === "app.registered" ? { context } : message.message);
    }

    window.addEventListener("message", hear);
    post({ key: "iframe.handshake", message: { version: "2.0.0" } });
    return {
      on(event, heard) {
        const all = listeners.get(event) || [];
        all.push(heard);
        listeners.set(event, all);
        if (event !== "app.registered" && event !== "context.updated") {
          send({ key: `iframe.on:${event}`, message: { subscriberCount: all.length } });
        }
      },
      get: (paths) => call("get", paths, paths.join(", ")),
      async invoke(action, ...args) {
        const done = await call("invoke", { [action]: args }, action);
        const refused = done.errors && done.errors[action];
        if (refused) throw new Error(refused.message || `${action} was refused`);
        return done;
      },
      context: () => Promise.resolve(context),
    };
  }

  /* The vendor's client, or null when its script does not come in time: then it must not start a second client. */
  function vendorClient(sdkUrl) {
    return new Promise((resolve) => {
      const script = document.createElement("script");
      const timer = setTimeout(() => { script.onload = null; resolve(null); }, SDK_WAIT_MS);
      const end = (client) => { clearTimeout(timer); resolve(client || null); };
      script.async = true;
      script.onerror = () => end(null);
      script.onload = () => end(window.ZAFClient && window.ZAFClient.init());
      script.src = sdkUrl;
      document.head.append(script);
    });
  }

  async function client(config) {
    const simulated = LOOPBACK.test(config.origin) && !LOOPBACK.test(config.sdk);
    return (!simulated && (await vendorClient(config.sdk))) || ownClient(config.origin, config.appGuid);
  }

  function bridge(host) {
    const changed = [];
    let ticketId = null;

    const number = (id) => (id === undefined || id === null || id === "" ? null : String(id));
    async function read() {
      const context = (await host.context()) || {};
      if (context.ticketId !== undefined && context.ticketId !== null) return number(context.ticketId);
      const got = await host.get(["ticket.id"]).catch(() => ({}));
      return number(got["ticket.id"]);
    }
    async function check() {
      const now = await read();
      if (now === ticketId) return;
      ticketId = now;
      for (const heard of changed) heard(now);
    }
    return {
      maxHeight: 960,
      async ready() {
        await new Promise((resolve, reject) => {
          const timer = setTimeout(() => reject(new Error("the host did not answer")), HOST_WAIT_MS);
          host.on("app.registered", () => { clearTimeout(timer); resolve(); });
        });
        ticketId = await read();
        host.on("context.updated", check);
        return { ticketId };
      },
      onTicketChanged(heard) { changed.push(heard); },
      onActive(heard) {
        host.on("app.activated", async () => { await check(); heard(true); });
        host.on("app.deactivated", () => heard(false));
      },
      onColorScheme(heard) {
        host.on("colorScheme.changed", heard);
        host.get(["colorScheme"]).then((got) => got.colorScheme && heard(got.colorScheme), () => {});
      },
      insertHtml: (html) => host.invoke("ticket.editor.insert", html),
      resize: (height) => host.invoke("resize", { width: "100%", height: `${height}px` }).catch(() => {}),
      routeTo: (kind, id) => host.invoke("routeTo", kind, id),
    };
  }

  window.deskhandHost = async (config) => {
    if (window.parent === window || !config.origin || !config.appGuid) return null;
    return bridge(await client(config));
  };
})();
