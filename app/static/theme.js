/* Sets the theme before the page is drawn. Light, dark, or what the system says; kept on this device. */
"use strict";
(() => {
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => { try { return localStorage.getItem("deskhand.theme") || "auto"; } catch { return "auto"; } };
  const apply = () => {
    const theme = chosen();
    document.documentElement.dataset.theme = theme === "auto" ? (system.matches ? "dark" : "light") : theme;
  };
  apply();
  system.addEventListener("change", apply);
  document.addEventListener("DOMContentLoaded", () => {
    const box = document.querySelector("[data-theme-switch]");
    if (!box) return;
    box.hidden = false;
    const current = box.querySelector(`[value="${CSS.escape(chosen())}"]`);
    if (current) current.checked = true;
    box.addEventListener("change", (event) => {
      try { localStorage.setItem("deskhand.theme", event.target.value); } catch { /* this page only */ }
      apply();
    });
  });
})();
