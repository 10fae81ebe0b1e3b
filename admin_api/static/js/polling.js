// Limits refreshing: rarely in a hidden tab, never while somebody types or has a panel open.
(() => {
  "use strict";

  const HIDDEN_EVERY = 10;
  const skipped = new WeakMap();
  let failing = false;

  const isPoll = (context) => /^\s*every\b/.test(context.sourceElement.getAttribute("hx-trigger") ?? "");

  function isBusy(element) {
    const focused = document.activeElement;
    const typing = element.contains(focused) && focused.matches("input:not([type=checkbox]), textarea, select");
    return typing || element.querySelector("details[data-panel][open], dialog[open]") !== null;
  }

  document.addEventListener("htmx:before:request", (event) => {
    const context = event.detail.ctx;
    if (!isPoll(context)) return;
    const element = context.sourceElement;
    const turn = (skipped.get(element) ?? 0) + 1;
    const rests = document.hidden && turn < HIDDEN_EVERY;
    skipped.set(element, rests ? turn : 0);
    if (rests || isBusy(element)) event.preventDefault();
  });

  // Somebody may have begun to type while the response was on its way.
  document.addEventListener("htmx:before:swap", (event) => {
    const context = event.detail.ctx;
    if (isPoll(context) && isBusy(context.sourceElement)) event.preventDefault();
  });

  function failed(event) {
    if (event.detail.ctx && !isPoll(event.detail.ctx)) return;
    if (!failing) window.waybill.announce("This page could not be refreshed and may be out of date. It keeps trying.");
    failing = true;
  }

  document.addEventListener("htmx:response:error", failed);
  document.addEventListener("htmx:error", failed);
  document.addEventListener("htmx:after:swap", () => { failing = false; });
})();
