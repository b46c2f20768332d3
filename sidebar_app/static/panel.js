/* The panel: asks for the ticket's fragment, shows it, sends corrections. The host is behind `deskhandHost`; one that
   has a `request` of its own carries our requests and vouches for the agent, else a bearer of ours does. */
"use strict";
(() => {
  const SKELETON_MS = 150;
  const SLOW_MS = 5000;
  const POLL_GAPS_MS = Array(30).fill(2000);
  const LOWEST_PX = 640;  // where the first article begins at the latest
  const root = document.documentElement;
  const box = document.getElementById("panel");
  const status = document.getElementById("status");
  const meta = document.querySelector('meta[name="deskhand-session"]');
  const session = meta && { bearer: meta.content, lifeMs: Number(root.dataset.expires) * 1000, since: Date.now(), timer: 0 };
  const now = {
    ticket: null, turn: 0, shown: null, html: "", own: "", polls: 0, busy: false, active: true, timers: [], stop: null,
    asides: 0, latest: 0, measured: null, isTight: false,
  };
  let host = null;
  meta?.remove();

  /* what stays on this device */
  const remember = (key, value) => { try { localStorage.setItem(`deskhand.${key}`, JSON.stringify(value)); } catch { /* blocked in this frame */ } };
  const recall = (key, otherwise) => {
    try { return JSON.parse(localStorage.getItem(`deskhand.${key}`)) ?? otherwise; } catch { return otherwise; }
  };

  /* requests */
  const path = (rest) => `${root.dataset.base}/${rest}`;
  const ask = (rest, options = {}) => (session ? fetched(rest, options) : host.request(rest, options));

  async function fetched(rest, { method, body, signal }) {
    const headers = { Authorization: `Bearer ${session.bearer}` };
    if (body) headers["Content-Type"] = "application/json";
    const answer = await fetch(path(rest), {
      method, headers, signal, body: body && JSON.stringify(body), credentials: "omit", cache: "no-store",
    });
    return { status: answer.status, type: answer.headers.get("Content-Type") || "", text: await answer.text() };
  }

  async function renew() {
    if (!session) return true;
    const answer = await ask("session", { method: "POST" });
    if (answer.status !== 200) {
      if (answer.status !== 401) keepSession();  // a passing fault: try again before the session ends
      return false;
    }
    const fresh = JSON.parse(answer.text);
    Object.assign(session, { bearer: fresh.bearer, lifeMs: fresh.expires_in_s * 1000, since: Date.now() });
    keepSession();
    return true;
  }

  function keepSession() {
    if (!session) return;
    clearTimeout(session.timer);
    session.timer = setTimeout(() => { if (now.active) renew().catch(keepSession); }, Math.max(session.lifeMs * 0.66, 2000));
  }

  const sessionIsOld = () => session && Date.now() - session.since > session.lifeMs * 0.66;

  const answers = window.deskhandAnswer({
    box, say: (text) => say(text), send: (rest, body) => aside(rest, body), insert: (html) => host.insertHtml(html),
    suggestions: () => { now.html = ""; showHtml(now.own); }, unfold: (section) => toggleSection(section),
  });

  /* showing */
  const template = (name) => document.getElementById(`t-${name}`).content.cloneNode(true);
  const say = (text) => { if (text && status.textContent !== text) status.textContent = text; };
  const state = () => box.firstElementChild?.dataset.state;

  function place(content) {
    const focused = box.contains(document.activeElement) ? document.activeElement : null;
    const focus = focused ? focusKeys(focused) : [];
    const caret = focused?.name === "words" ? [focused.selectionStart, focused.selectionEnd] : null;
    const picked = now.shown === now.ticket ? pickedCategory() : null;
    const open = now.shown === now.ticket ? openSections() : [];
    answers.keep(content, now.ticket);
    box.replaceChildren(content);
    now.shown = now.ticket;
    restoreSections(open);
    if (picked !== null) showOther(picked);
    answers.shown();
    makeRoom();
    restoreFocus(focus, caret);
    tick();
    clocks.wind();
  }

  function pickedCategory() {
    const other = box.querySelector("[data-other-form]");
    return other && !other.hidden ? other.elements.category.value : null;
  }

  /* Where the focus goes: to the same control, else to the nearest that is left. */
  function focusKeys(element) {
    const { keep } = element.dataset;
    const article = element.closest("[data-article]")?.dataset.article;
    const section = element.closest("details")?.dataset.section;
    return [
      keep && (keep.startsWith("c") ? `[data-keep="${keep}"], [data-undo]` : `[data-keep="${keep}"]`),
      article && `[data-article="${article}"] [data-keep]`,
      section && `[data-section="${section}"] > summary`,
    ].filter(Boolean);
  }

  /* Not while the agent types in the helpdesk's own page: some browsers still call an element here the active one, and
     to focus it would take the keys from the reply. */
  function restoreFocus(keys, caret) {
    const found = keys.map((key) => box.querySelector(key)).find(Boolean);
    if (!found || !document.hasFocus()) return;
    found.focus({ preventScroll: true });
    if (caret && found.name === "words") found.setSelectionRange(...caret);
  }

  function showHtml(html) {
    if (html === now.html && now.shown === now.ticket) return;
    const page = new DOMParser().parseFromString(html, "text/html");
    const view = page.body.firstElementChild;
    now.html = html;
    if (!view.querySelector("[data-asked]")) now.own = html;
    place(view);
    say(view.dataset.announce);
  }

  function showTemplate(name) {
    now.html = "";
    place(template(name));
    const view = box.firstElementChild;
    if (name === "loading") return;
    say(view.dataset.announce || view.querySelector("h2")?.textContent);
  }

  function showEnded() {
    now.html = "";
    showTemplate("ended");
    const when = new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    box.querySelector("[data-ended-at]").textContent = ` at ${when}`;
  }

  function showNote(name) {
    if (box.querySelector(".slow")) return;
    const head = box.querySelector(".glance");
    if (head) head.after(template(name)); else box.prepend(template(name));
    say(box.querySelector(".slow strong").textContent);
  }

  /* loading */
  function clear() {
    now.timers.splice(0).forEach(clearTimeout);
    now.stop?.abort();
    now.stop = new AbortController();
    return ++now.turn;
  }
  const later = (wait, act) => now.timers.push(setTimeout(act, wait));

  async function load({ poll = false } = {}) {
    const turn = clear();
    const ticket = now.ticket;
    if (ticket === null) { showTemplate("unsaved"); return; }
    if (!poll) showBusy(ticket);
    await answered(turn, () => ask(`panel/${encodeURIComponent(ticket)}`, { signal: now.stop.signal }));
  }

  function showBusy(ticket) {
    now.polls = 0;
    box.querySelector(".slow")?.remove();
    box.firstElementChild?.setAttribute("aria-busy", "true");
    if (now.shown !== ticket || !box.querySelector(".sec")) later(SKELETON_MS, () => showTemplate("loading"));
    later(SLOW_MS, () => showNote("slow"));
  }

  /* Show what `request` brings, unless another ticket or a newer request came first. */
  async function answered(turn, request) {
    let answer;
    try {
      answer = await request();
    } catch {
      if (turn === now.turn) { clear(); showTemplate("unreachable"); }
      return null;
    }
    if (turn !== now.turn) return null;
    clear();
    box.firstElementChild?.removeAttribute("aria-busy");
    if (answer.status !== 409) showAnswer(answer);
    return answer;
  }

  function showAnswer({ status, type, text }) {
    if (status === 429) { showTemplate("busy"); return; }
    if (status === 401 && session) { showEnded(); return; }
    if (status === 500 || !type.startsWith("text/html")) { showTemplate("unreachable"); return; }
    box.querySelector(".slow")?.remove();
    showHtml(text);
    pollOn();
  }

  function pollOn() {
    if (!box.querySelector("[data-poll]") || !now.active) return;
    const gaps = host.pollGapsMs || POLL_GAPS_MS;
    if (now.polls >= gaps.length) { if (state() === "pending") showNote("unread"); return; }
    later(gaps[now.polls], () => load({ poll: true }));
    now.polls += 1;
  }

  /* correcting */
  async function change(rest, body, waiting) {
    if (now.busy) return;
    now.busy = true;
    const turn = clear();
    now.polls = 0;
    const words = box.querySelector("[data-trouble]");
    const buttons = box.querySelectorAll("[data-section=now] .btn, [data-acknowledge]");
    buttons.forEach((button) => button.setAttribute("aria-disabled", "true"));
    show(words, waiting, "wait");
    say(waiting);
    later(SLOW_MS, () => say("Still waiting for the helpdesk."));
    const address = `panel/${encodeURIComponent(now.ticket)}/${rest}`;
    const answer = await answered(turn, () => ask(address, { method: "POST", body, signal: now.stop.signal }));
    now.busy = false;
    if (answer?.status !== 409) return;
    buttons.forEach((button) => button.removeAttribute("aria-disabled"));
    const reason = reasonIn(answer.text);
    show(words, reason, "trouble");
    say(reason);
  }

  function show(words, text, kind) {
    if (!words) return;
    words.textContent = text;
    words.className = kind;
    words.hidden = false;
  }

  /* A request beside the others: they go on, the agent too, and one that fails changes nothing. Returns what is wrong. */
  async function aside(rest, body) {
    const { ticket } = now;
    const count = ++now.asides;
    const address = `panel/${encodeURIComponent(ticket)}/${rest}`;
    const answer = await ask(address, { method: "POST", body }).catch(() => ({ status: 0, type: "", text: "" }));
    if (answer.status !== 200 || !answer.type.startsWith("text/html")) return troubleOf(answer);
    if (ticket === now.ticket && count > now.latest && !now.busy) {
      Object.assign(now, { latest: count, polls: 0 });
      clear();
      box.firstElementChild?.removeAttribute("aria-busy");
      showAnswer(answer);
    }
    return "";
  }

  const TROUBLES = {
    401: "Your session ended. Reload to go on.", 429: "Too many requests at once. Wait a minute.",
    503: "The helpdesk does not answer. Try again.",
  };

  const SILENT = "Deskhand does not answer. Try again.";
  const troubleOf = ({ status, text }) => (status === 409 ? reasonIn(text) : TROUBLES[status] || SILENT);
  const reasonIn = (html) => new DOMParser().parseFromString(html, "text/html").body.textContent.trim();

  const correct = (key, name) => change("correction", { category: key }, `Changing to ${name}…`);
  const undo = () => change("undo", {}, "Taking the correction back…");
  const acknowledge = () => change("acknowledge", {}, "Saying that you have it…");

  function showOther(value) {
    const form = box.querySelector("[data-other-form]");
    if (!form) return;
    form.hidden = false;
    box.querySelector("[data-other]")?.setAttribute("aria-expanded", "true");
    if (value !== undefined) form.elements.category.value = value;
  }

  /* sections */
  const sections = () => [...box.querySelectorAll("details[data-section]")];
  const openSections = () => sections().filter(({ open }) => open).map(({ dataset }) => dataset.section);

  /* As the agent last left them; what is open stays so while its ticket is shown. */
  function restoreSections(open) {
    const left = recall("sections", {});
    for (const section of sections()) {
      const name = section.dataset.section;
      if (name in left || open.includes(name)) section.open = left[name] ?? true;
    }
  }

  /* Where the first article would begin too low, the customer says one line, unless the agent opened it. */
  function makeRoom() {
    const customer = box.querySelector("[data-section=customer]");
    const first = box.querySelector("[data-section=answer][open] [data-article]");
    if (!customer || "customer" in recall("sections", {})) return;
    if (first && now.measured !== now.ticket) {
      const top = first.getBoundingClientRect().top - box.getBoundingClientRect().top;
      Object.assign(now, { measured: now.ticket, isTight: top > LOWEST_PX });
    }
    if (now.measured === now.ticket && now.isTight) customer.open = false;
  }

  function toggleSection(section) {
    section.open = !section.open;
    remember("sections", { ...recall("sections", {}), [section.dataset.section]: section.open });
    section.querySelector("summary").focus();
  }

  box.addEventListener("click", (event) => {
    const summary = event.target.closest("summary");
    if (summary) { event.preventDefault(); toggleSection(summary.parentElement); return; }
    const button = event.target.closest("button, [role=button]");
    if (button && button.getAttribute("aria-disabled") !== "true") press(button);
  });

  const PRESSES = {
    correct: (button) => correct(button.dataset.correct, button.dataset.name),
    undo,
    acknowledge,
    retry: () => load(),
    reload: () => reload(),
    other: () => { showOther(); box.querySelector("#category").focus(); },
    ...answers.presses,
  };

  function press(button) {
    const name = Object.keys(PRESSES).find((each) => each in button.dataset);
    if (name) PRESSES[name](button);
  }

  box.addEventListener("submit", (event) => {
    event.preventDefault();
    if ("searchForm" in event.target.dataset) { answers.search(event.target); return; }
    const list = event.target.elements.category;
    if (list.value) correct(list.value, list.selectedOptions[0].textContent);
    else { say("Pick a category first."); list.focus(); }
  });

  async function reload() {
    const renewed = await renew().catch(() => false);
    if (renewed) { load(); return; }
    if (!box.querySelector(".more")) box.querySelector(".full").append(template("reload-hint"));
    say(box.querySelector(".more").textContent);
  }

  /* keyboard */
  const keysList = document.getElementById("keys");
  const keysButton = document.getElementById("keys-button");
  const keysOn = document.getElementById("keys-on");
  let picking = false;
  keysOn.checked = recall("keys", true);
  keysOn.addEventListener("change", () => remember("keys", keysOn.checked));
  keysButton.addEventListener("click", () => showKeys(keysList.hidden));

  function showKeys(visible) {
    keysList.hidden = !visible;
    keysButton.setAttribute("aria-expanded", String(visible));
    if (visible) keysList.scrollIntoView({ block: "nearest" });
  }

  const KEYS = {
    a: () => { const button = box.querySelector("[data-acknowledge]"); button?.click(); return Boolean(button); },
    c: () => pick(),
    u: () => { const button = box.querySelector("[data-undo]"); button?.click(); return Boolean(button); },
    r: () => { load(); return true; },
    "?": () => { showKeys(keysList.hidden); return true; },
    ...answers.keys,
  };

  function pressed(key) {
    if (picking && choose(key)) { picking = false; return true; }
    picking = key === "c";
    const section = /^[1-5]$/.test(key) && box.querySelectorAll("details[data-section]")[Number(key) - 1];
    if (section) toggleSection(section);
    return Boolean(section) || Boolean(KEYS[key]?.());
  }

  function choose(key) {
    const choice = /^[123]$/.test(key) && box.querySelectorAll("[data-correct]")[Number(key) - 1];
    if (choice) choice.click();
    return Boolean(choice);
  }

  function pick() {
    const section = box.querySelector("[data-section=now]");
    const first = box.querySelector("[data-correct], [data-other], #category");
    if (!section || !first) return false;
    section.open = true;
    first.focus();
    return true;
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { leave(); return; }
    if (!keysOn.checked || event.target.closest("input, select, textarea, [contenteditable]")) return;
    if (plain(event) && pressed(event.key)) event.preventDefault();
  });

  const plain = (event) => !event.ctrlKey && !event.metaKey && !event.altKey;

  function leave() {
    if (!keysList.hidden) { showKeys(false); return; }
    document.activeElement?.blur();
    window.parent.focus();
  }

  /* the customer's clock */
  function tick() {
    for (const time of box.querySelectorAll("time[data-zone]")) {
      try {
        const options = { timeZone: time.dataset.zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
        time.textContent = new Intl.DateTimeFormat("en-GB", options).format(new Date());
      } catch { /* a zone this browser does not know keeps the server's time */ }
    }
  }
  setInterval(tick, 10000);

  const clocks = window.deskhandClocks({ box, say, look: () => { if (now.active && !now.busy) load({ poll: true }); } });

  /* start */
  async function start() {
    later(SKELETON_MS, () => showTemplate("loading"));
    host = await window.deskhandHost({ sdk: root.dataset.sdk, origin: root.dataset.origin, appGuid: root.dataset.appGuid });
    if (!host) { clear(); showTemplate("outside"); return; }
    let lastHeight = 0;
    new ResizeObserver(() => {
      const height = Math.min(host.maxHeight, Math.ceil(document.body.getBoundingClientRect().height));
      if (height !== lastHeight) { lastHeight = height; host.resize(height); }
    }).observe(document.body);
    try {
      now.ticket = (await host.ready()).ticketId;
    } catch {
      clear();
      showTemplate("outside");
      return;
    }
    host.onColorScheme((scheme) => { root.dataset.theme = scheme === "dark" ? "dark" : "light"; });
    host.onTicketChanged((ticket) => { now.ticket = ticket; now.busy = false; load(); });
    host.onActive(async (active) => {
      now.active = active;
      if (!active) { now.timers.splice(0).forEach(clearTimeout); return; }
      if (sessionIsOld()) await renew().catch(() => false);
      if (!now.busy && now.shown === now.ticket) load();
    });
    keepSession();
    load();
  }
  start();
})();
