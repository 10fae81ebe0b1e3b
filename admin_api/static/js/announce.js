// Shows a message in the corner of the page, also to screen readers; other files call window.waybill.announce.
(() => {
  "use strict";

  const SHOWN_MS = 4000;
  let timer;

  function announce(text) {
    const toast = document.getElementById("toast");
    if (!toast) return;
    toast.textContent = text;
    clearTimeout(timer);
    timer = setTimeout(() => { toast.textContent = ""; }, SHOWN_MS);
  }

  document.documentElement.classList.add("scripted");
  window.waybill = { announce };
})();
