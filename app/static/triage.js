/* The dial of the page Triage: moves the mark and tells the figures of the nearest setting. Without it, Show does. */
"use strict";
(() => {
  const range = document.querySelector(".dial .range");
  if (!range) return;
  const rows = [...document.querySelectorAll("[data-dial-at]")];
  const out = (name) => document.querySelector(`[data-dial-of="${name}"]`);
  const notes = { week: out("week").textContent, range: out("range").textContent };
  document.querySelector("[data-dial-show]").hidden = true;

  range.addEventListener("input", () => {
    const far = (row) => Math.abs(row.dataset.dialAt - range.value);
    const row = rows.reduce((best, each) => (far(each) < far(best) ? each : best));
    const cell = (name) => row.querySelector(`[data-is="${name}"]`)?.textContent ?? "";
    for (const name of ["routed", "wrong", "needed"]) out(name).textContent = cell(name);
    const week = cell("week");
    out("week").textContent = week ? notes.week.replace(/, about .* a week/, `, about ${week} a week`) : notes.week;
    out("range").textContent = notes.range.replace(/, .*/, `, ${cell("range")}`);
    range.setAttribute("aria-valuetext", `${cell("routed")} routed, ${cell("wrong")} wrong`);
    const { x, y, field } = row.dataset;
    const line = document.querySelector("[data-dial-line]");
    const dot = document.querySelector("[data-dial-dot]");
    for (const end of ["x1", "x2"]) line.setAttribute(end, x);
    dot.setAttribute("cx", x);
    dot.setAttribute("cy", y);
    const sent = document.querySelector("[data-dial-field]");
    if (sent) sent.value = field;
  });
})();
