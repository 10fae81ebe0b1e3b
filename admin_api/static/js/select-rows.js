// Ticks all rows at once or a range with Shift, and writes the count into [data-count-in="many # …|one …"].
(() => {
  "use strict";

  const boxes = (form) => [...form.querySelectorAll(".sel input[name]")];
  let last = null;

  function recount(form) {
    const all = boxes(form);
    const ticked = all.filter((box) => box.checked).length;
    for (const words of form.querySelectorAll("[data-count-in]")) {
      const [many, one] = words.dataset.countIn.split("|");
      words.textContent = ticked === 1 ? one : many.replace("#", ticked.toLocaleString("en"));
    }
    const head = form.querySelector("[data-select-all]");
    if (!head) return;
    head.checked = ticked > 0 && ticked === all.length;
    head.indeterminate = ticked > 0 && ticked < all.length;
  }

  document.addEventListener("click", (event) => {
    const box = event.target;
    if (!(box instanceof HTMLInputElement) || !box.matches(".sel input[name]")) return;
    const all = boxes(box.form);
    if (event.shiftKey && last && last.form === box.form) {
      const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
      for (const each of all.slice(Math.max(from, 0), to + 1)) each.checked = box.checked;
    }
    last = box;
  });

  document.addEventListener("change", (event) => {
    const box = event.target;
    if (!(box instanceof HTMLInputElement) || !box.closest(".sel") || !box.form) return;
    if (box.matches("[data-select-all]")) for (const each of boxes(box.form)) each.checked = box.checked;
    recount(box.form);
  });

  function recountAll() {
    for (const form of document.forms) if (form.querySelector("[data-count-in]")) recount(form);
  }

  // Browsers restore ticks after Back and reload, and a refreshed table may have lost ticked rows.
  window.addEventListener("pageshow", recountAll);
  document.addEventListener("htmx:after:swap", recountAll);
})();
