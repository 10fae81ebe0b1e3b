// Closes open panels (<details data-panel>) by Escape, by a click outside, and when another opens.
(() => {
  "use strict";

  const open = () => document.querySelectorAll("details[data-panel][open]");

  document.addEventListener("click", (event) => {
    for (const panel of open()) {
      if (!panel.contains(event.target) || event.target.closest("[data-close]")) panel.open = false;
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const panel of open()) {
      panel.open = false;
      panel.querySelector("summary").focus();
    }
  });
})();
