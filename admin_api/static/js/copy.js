// Copies an id, a key or a command, which [data-copy] holds in full.
(() => {
  "use strict";

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    event.preventDefault();
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      window.waybill.announce(`The browser does not allow copying. The text is: ${button.dataset.copy}`);
      return;
    }
    button.dataset.copied = "";
    setTimeout(() => { delete button.dataset.copied; }, 1200);
    window.waybill.announce("Copied.");
  });
})();
