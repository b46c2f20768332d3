/* The page SLA: copies the ledger as text. Without it, "Show as text" has the same. */
"use strict";
(() => {
  const button = document.querySelector("[data-copy]");
  if (!button || !navigator.clipboard) return;
  const text = document.getElementById(button.dataset.copy);
  const status = document.querySelector("[data-copied]");
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text.textContent);
      button.textContent = "Copied";
      status.textContent = "The ledger is copied as text.";
    } catch {
      text.closest("details").open = true;
      text.focus();
      status.textContent = "The browser does not allow copying. The text is open beneath the table.";
    }
  });
})();
