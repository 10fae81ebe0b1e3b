// Refreshes live elements: often while somebody is there and something changes, ever more seldom while nothing does,
// never in a hidden tab, and never while somebody types or has a panel open. Each refresh costs money.
(() => {
  "use strict";

  const ATTENDED_MS = 5 * 60 * 1000;
  const clocks = new Map();
  let used = Date.now();
  let failing = false;

  const triggerOf = (element) => element.getAttribute("hx-trigger") ?? "";
  const isPoll = (context) => /^\s*every\b/.test(triggerOf(context.sourceElement));
  const keyOf = (element) => element.id || element.getAttribute("hx-get");

  // The content by which a change is told: not what goes on by itself, as ages and the edges of charts do.
  function contentOf(element) {
    const copy = element.cloneNode(true);
    for (const part of copy.querySelectorAll("time, svg, input, .readout")) part.remove();
    return copy.textContent.replace(/\s+/g, " ");
  }

  function clockOf(element) {
    const key = keyOf(element);
    if (!clocks.has(key)) {
      const every = 1000 * parseFloat(/every\s+([\d.]+)/.exec(triggerOf(element))[1]);
      const rest = 1000 * parseFloat(element.dataset.rest);
      clocks.set(key, { every, rest, wait: every, due: 0, content: contentOf(element) });
    }
    return clocks.get(key);
  }

  // Half a tick early, as ticks and clocks never quite agree.
  function putOff(clock) {
    clock.due = Date.now() + clock.wait - clock.every / 2;
  }

  function plan(clock, changed) {
    if (Date.now() - used > ATTENDED_MS) clock.wait = clock.rest;
    else clock.wait = changed ? clock.every : Math.min(2 * clock.wait, clock.rest);
    putOff(clock);
  }

  function wake() {
    used = Date.now();
    for (const clock of clocks.values()) {
      clock.wait = clock.every;
      clock.due = Math.min(clock.due, used + clock.every / 2);
    }
  }

  function isBusy(element) {
    const focused = document.activeElement;
    const typing = element.contains(focused) && focused.matches("input:not([type=checkbox]), textarea, select");
    return typing || element.querySelector("details[data-panel][open], dialog[open]") !== null;
  }

  document.addEventListener("htmx:before:request", (event) => {
    const context = event.detail.ctx;
    if (!isPoll(context)) return;
    const element = context.sourceElement;
    const clock = clockOf(element);
    if (document.hidden || Date.now() < clock.due || isBusy(element)) event.preventDefault();
    else putOff(clock);
  });

  // Somebody may have begun to type while the response was on its way.
  document.addEventListener("htmx:before:swap", (event) => {
    const context = event.detail.ctx;
    if (isPoll(context) && isBusy(context.sourceElement)) event.preventDefault();
  });

  document.addEventListener("htmx:after:swap", (event) => {
    failing = false;
    const source = event.detail.ctx?.sourceElement;
    const key = source && keyOf(source);
    if (!clocks.has(key)) return;
    const clock = clocks.get(key);
    const shown = document.getElementById(key) ?? document.querySelector(`[hx-get="${CSS.escape(key)}"]`);
    if (!shown || !isPoll({ sourceElement: shown })) {
      clocks.delete(key);
      return;
    }
    const content = contentOf(shown);
    plan(clock, content !== clock.content);
    clock.content = content;
  });

  function failed(event) {
    const context = event.detail.ctx;
    if (context && !isPoll(context)) return;
    if (context) plan(clockOf(context.sourceElement), false);
    if (!failing) window.waybill.announce("This page could not be refreshed and may be out of date. It keeps trying.");
    failing = true;
  }

  document.addEventListener("htmx:response:error", failed);
  document.addEventListener("htmx:error", failed);

  for (const name of ["pointermove", "pointerdown", "keydown", "wheel", "scroll"]) {
    document.addEventListener(name, () => { if (Date.now() - used > 1000) wake(); }, { passive: true, capture: true });
  }

  // A tab that is shown again catches up at once.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    wake();
    for (const clock of clocks.values()) clock.due = 0;
    for (const element of document.querySelectorAll('[hx-trigger^="every"]')) element.dispatchEvent(new Event("refresh"));
  });
})();
