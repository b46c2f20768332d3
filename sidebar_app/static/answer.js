/* The section Answer: puts an article into the reply, notes what was done with it, searches. The host's editor comes
   first and is never undone: what the server says of it afterwards is only a note. What was found by a search stays
   while the panel refreshes around it, until the agent goes back. */
"use strict";
window.deskhandAnswer = ({ box, say, send, insert, suggestions, unfold }) => {
  const SLOW_MS = 400;
  const WIDE_PX = 520;  // as panel.css: two columns, so an open section pushes nothing away
  const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  const ADDRESS = /(https?:\/\/[^\s<>"]*[^\s<>".,;:!?)'])/;
  const DONE = {
    insert_text: "Text inserted.", insert_link: "Link inserted.", not_helpful: "Noted as not helpful.",
    flag: "Flagged for its owner.",
  };
  const kept = { ticket: null, words: "", found: null, told: new Map(), whole: new Set() };

  const section = (root) => root.querySelector?.("[data-section=answer]") ?? null;
  const article = (id) => box.querySelector(`[data-article="${id}"]`);
  const field = () => box.querySelector("[data-search-form] [name=words]");

  const escaped = (text) => text.replace(/[&<>"]/g, (sign) => ENTITIES[sign]);
  const linked = (url) => `<a href="${escaped(url)}">${escaped(url)}</a>`;

  /* Both hosts take HTML: every paragraph and every line stays one, spaces that indent stay too. */
  function asHtml(text) {
    const lines = text.replace(/\r\n?/g, "\n").replace(/\t/g, "    ").replace(/^\n+|\s+$/g, "");
    const parts = lines.split(ADDRESS).map((part, place) => (place % 2 ? linked(part) : escaped(part)));
    const spaced = parts.join("").replace(/^ +| {2,}/gm, (run) => "&nbsp;".repeat(run.length));
    return spaced.split(/\n{2,}/).map((part) => `<p>${part.replaceAll("\n", "<br>")}</p>`).join("");
  }

  /* What the agent reads of a click, beside its article, or under all of them when `id` is empty; nothing where another
     ticket is shown by now. */
  function tell(id, text, isTrouble, ticket = kept.ticket) {
    if (ticket !== kept.ticket) return;
    kept.told.set(id, { text, isTrouble });
    showTold(id);
    say(text);
  }

  function quiet(id) {
    kept.told.delete(id);
    showTold(id);
  }

  function showTold(id) {
    const place = id ? article(id) : section(box)?.querySelector(".body");
    const words = place?.querySelector(id ? "[data-told]" : ":scope > [data-told]");
    const { text, isTrouble } = kept.told.get(id) || { text: "" };
    if (!words) return;
    words.textContent = text;
    words.className = isTrouble ? "trouble" : "done";
    words.hidden = !text;
  }

  /* using an article */
  async function use(button) {
    const { article: id } = button.closest("[data-article]").dataset;
    const verb = button.dataset.insert;
    const { ticket } = kept;
    try {
      await insert(asHtml(button.dataset.text));
    } catch {
      tell(id, "The reply editor did not take it. Open a reply, then try again.", true, ticket);
      return;
    }
    tell(id, DONE[verb], false, ticket);
    await note(id, verb, `${DONE[verb]} It was not counted: `);
  }

  async function judge(button) {
    const { article: id } = button.closest("[data-article]").dataset;
    const verb = button.dataset.judge;
    button.setAttribute("aria-disabled", "true");
    if (await note(id, verb, "")) tell(id, DONE[verb], false);
    else button.removeAttribute("aria-disabled");
  }

  /* Whether the server took it. Its own words for what was done replace ours, but not where search results stay. */
  async function note(id, verb, before) {
    const { ticket } = kept;
    const trouble = await send("article", { article: Number(id), verb });
    if (trouble) tell(id, before + trouble, true, ticket);
    else if (!kept.found) quiet(id);
    return !trouble && Boolean(kept.found);
  }

  /* search */
  async function search(form) {
    if (form.getAttribute("aria-busy")) return;
    const words = form.elements.words.value.trim();
    if (!words) { tell("", "Type what to search for.", true); form.elements.words.focus(); return; }
    const button = form.querySelector("button");
    button.setAttribute("aria-disabled", "true");
    form.setAttribute("aria-busy", "true");
    quiet("");
    const { ticket } = kept;
    const slow = setTimeout(tell, SLOW_MS, "", "Searching…", false, ticket);
    const trouble = await send("search", { words });
    clearTimeout(slow);
    button.removeAttribute("aria-disabled");
    form.removeAttribute("aria-busy");
    if (trouble) { tell("", trouble, true, ticket); return; }
    if (ticket !== kept.ticket) return;
    quiet("");
    say(section(box)?.querySelector(".sum").textContent);
  }

  function back() {
    Object.assign(kept, { words: "", found: null });
    kept.told.clear();
    suggestions();
    field()?.focus();
  }

  /* refreshing: called with what is about to be shown, and again when it is */
  function keep(content, ticket) {
    if (kept.ticket !== ticket) Object.assign(kept, { ticket, words: "", found: null, told: new Map(), whole: new Set() });
    const fresh = section(content);
    if (!fresh) return;
    if ("asked" in fresh.dataset) kept.found = fresh;
    else if (kept.found) fresh.replaceWith(kept.found);
    else if (box.clientWidth >= WIDE_PX) fresh.open = true;
  }

  function shown() {
    const words = field();
    if (words) words.value = kept.words;
    for (const id of kept.told.keys()) showTold(id);
    shorten();
  }

  /* A long paragraph shows its beginning and a way to the rest. */
  function shorten() {
    for (const button of box.querySelectorAll("[data-whole]")) {
      const text = button.previousElementSibling;
      const isWhole = kept.whole.has(button.closest("[data-article]").dataset.article);
      text.classList.toggle("short", !isWhole);
      button.hidden = isWhole || text.scrollHeight <= text.clientHeight;
    }
  }

  function whole(button) {
    const hit = button.closest("[data-article]");
    kept.whole.add(hit.dataset.article);
    shorten();
    hit.querySelector("a, button:not([hidden])")?.focus({ preventScroll: true });
  }

  box.addEventListener("toggle", shorten, true);

  box.addEventListener("input", (event) => { if (event.target === field()) kept.words = event.target.value; });

  /* keyboard: only an article that can be seen is put into the reply */
  function key(verb) {
    const hit = document.activeElement?.closest("[data-article]") || box.querySelector("[data-article]");
    if (!hit) return false;
    const part = section(box);
    if (!part.open) {
      unfold(part);
      hit.querySelector("a, button")?.focus();
      return true;
    }
    const button = hit.querySelector(`[data-insert=${verb}]`);
    if (button) use(button);
    else say(hit.querySelector(".withheld")?.textContent || "This article has nothing to insert.");
    return true;
  }

  function look() {
    const part = section(box);
    if (!part) return false;
    if (!part.open) unfold(part);
    field().focus();
    field().select();
    return true;
  }

  return {
    keep, shown, search,
    presses: { insert: use, judge, back, whole },
    keys: { i: () => key("insert_text"), k: () => key("insert_link"), "/": look },
  };
};
