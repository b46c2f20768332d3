/* Keeps the page Deliveries current: asks every 2 s, replaces only what changed and nobody is using. */
"use strict";
(() => {
  const EVERY_MS = 2000;
  for (const choice of document.querySelectorAll("[data-submits]")) {
    choice.addEventListener("change", () => choice.form.requestSubmit());
  }
  const page = document.querySelector("[data-live-url]");
  if (!page) return;
  const pause = document.querySelector("[data-pause]");
  const state = document.querySelector("[data-list-state]");
  const status = document.getElementById("live-status");
  let paused = false;
  let failures = 0;

  const inUse = (part) => part.contains(document.activeElement) || part.matches(":hover:has(form:hover)");

  function update(html) {
    const fresh = new DOMParser().parseFromString(html, "text/html");
    for (const part of page.querySelectorAll("[data-live]")) {
      const name = part.dataset.live;
      const next = fresh.querySelector(`[data-live="${name}"]`);
      if (!next || next.innerHTML === part.innerHTML || inUse(part) || (paused && name === "latest")) continue;
      const left = part.querySelector(".tw")?.scrollLeft || 0;
      const picked = [...part.querySelectorAll("input:checked")].map((box) => box.value);
      part.replaceChildren(...next.childNodes);
      for (const box of part.querySelectorAll("input[type=checkbox]")) box.checked = picked.includes(box.value);
      if (left) part.querySelector(".tw").scrollLeft = left;
    }
  }

  async function look() {
    if (document.hidden) return;
    try {
      const answer = await fetch(page.dataset.liveUrl, { credentials: "same-origin", cache: "no-store" });
      if (answer.status === 401) { location.reload(); return; }
      if (!answer.ok) throw new Error(String(answer.status));
      update(await answer.text());
      failures = 0;
      state.textContent = paused ? "Paused" : "";
    } catch {
      failures += 1;
      if (failures === 3) status.textContent = "Deskhand does not answer. The list shows what was last known.";
      if (failures >= 3) state.textContent = "Deskhand does not answer; shown as last known";
    }
  }

  pause.hidden = false;
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.textContent = paused ? "Go on" : "Pause the list";
    pause.setAttribute("aria-pressed", String(paused));
    state.textContent = paused ? "Paused" : "";
    if (!paused) look();
  });
  const again = async () => { await look(); setTimeout(again, EVERY_MS); };
  setTimeout(again, EVERY_MS);
})();
