// Keyboard: / finds, g and a letter goes, j k walk the rows, x ticks, Enter opens, ? shows all. Never while typing.
(() => {
  "use strict";

  const TYPING = "input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]";
  const PAUSE_MS = 900;
  let going = 0;

  const rows = () => [...document.querySelectorAll("main .table.rows tbody tr")].filter((row) => row.offsetParent);

  function walk(step) {
    const all = rows();
    if (!all.length) return;
    const at = all.findIndex((row) => "at" in row.dataset);
    const next = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + step, 0), all.length - 1)];
    all[at]?.removeAttribute("data-at");
    next.dataset.at = "";
    next.querySelector("td.main a")?.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  }

  function tick() {
    document.querySelector("main tr[data-at] .sel input")?.click();
  }

  function showKeys() {
    const dialog = document.getElementById("keys");
    if (dialog && !dialog.open) dialog.showModal();
  }

  // Without a tick the buttons for ticked rows are hidden: the key acts on the current row.
  function press(key) {
    const targets = [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)];
    if (targets.some((each) => each.closest(".bulk") && !each.checkVisibility())) tick();
    const target = targets.find((each) => each.checkVisibility());
    if (!target) return false;
    if (target.matches("input")) target.focus(); else target.click();
    target.select?.();
    return true;
  }

  function act(key) {
    if (Date.now() - going < PAUSE_MS) {
      going = 0;
      const link = document.querySelector(`[data-go="${CSS.escape(key)}"]`);
      link?.click();
      return Boolean(link);
    }
    switch (key) {
      case "g": going = Date.now(); return true;
      case "j": walk(1); return true;
      case "k": walk(-1); return true;
      case "x": tick(); return true;
      case "?": showKeys(); return true;
      default: return press(key);
    }
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest(TYPING) || document.querySelector("dialog[open]")) return;
    if (event.key.length === 1 && act(event.key)) event.preventDefault();
  });

  // A tick also makes its row the current one.
  document.addEventListener("focusin", (event) => {
    const row = event.target.closest("main .table.rows tbody tr");
    if (!row) return;
    for (const other of document.querySelectorAll("tr[data-at]")) if (other !== row) other.removeAttribute("data-at");
    row.dataset.at = "";
  });
})();
