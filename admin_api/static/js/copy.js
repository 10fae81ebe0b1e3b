// Copies the whole of an id, a key or a command: [data-copy] holds it.
(() => {
  "use strict";

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    event.preventDefault();
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      window.waybill.announce(`The browser does not allow copying. It is: ${button.dataset.copy}`);
      return;
    }
    button.dataset.copied = "";
    setTimeout(() => { delete button.dataset.copied; }, 1200);
    window.waybill.announce("Copied.");
  });
})();
