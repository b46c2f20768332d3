/* Stands in for the Freshworks client inside the app's frame: the same calls, as messages to the workspace around it.
   An app must not notice the difference, so its answers and refusals have the vendor's shapes. */
"use strict";
(() => {
  const WAIT_MS = 30000;
  const home = window.location.origin;
  const calls = new Map();
  const listeners = new Map();
  let lastId = 0;
  let ready = null;
  const registered = new Promise((resolve) => { ready = resolve; });

  const post = (message) => window.parent.postMessage({ freshworks: 1, ...message }, home);

  function call(name, ...args) {
    const id = ++lastId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => { calls.delete(id); reject({ status: 504, message: `${name} got no answer` }); }, WAIT_MS);
      calls.set(id, { resolve, reject, timer });
      post({ id, call: name, args });
    });
  }

  function settle({ id, error, result }) {
    const waiting = calls.get(id);
    if (!waiting) return;
    calls.delete(id);
    clearTimeout(waiting.timer);
    if (error) waiting.reject(error); else waiting.resolve(result);
  }

  function emit(name, data) {
    const event = { type: name, helper: { getData: () => data, done() {}, fail() {} } };
    for (const heard of listeners.get(name) || []) heard(event);
  }

  window.addEventListener("message", (event) => {
    if (event.source !== window.parent || event.origin !== home || event.data?.freshworks !== 1) return;
    const message = event.data;
    if (message.id) settle(message);
    else if (message.event === "registered") ready();
    else emit(message.event, message.data);
  });

  const client = {
    events: {
      on(name, heard) {
        listeners.set(name, [...(listeners.get(name) || []), heard]);
        post({ listen: name });
      },
    },
    data: { get: (name) => call("data.get", name) },
    interface: { trigger: (action, options) => call("interface.trigger", action, options) },
    instance: { resize: (options) => call("instance.resize", options), context: () => call("instance.context") },
    request: { invokeTemplate: (name, options) => call("request.invokeTemplate", name, options || {}) },
  };

  window.app = {
    initialized() {
      post({ hello: true });
      return registered.then(() => client);
    },
  };
})();
