// Shows a chart's values beside the pointer: a rule at the moment, and that moment's row of the chart's own table.
(() => {
  "use strict";

  const SVG = "http://www.w3.org/2000/svg";
  let shown = null;

  function hide() {
    shown?.rule.remove();
    shown?.box.remove();
    shown = null;
  }

  function open(figure, svg) {
    hide();
    const rule = document.createElementNS(SVG, "path");
    rule.setAttribute("class", "rule");
    const box = document.createElement("div");
    box.className = "readout";
    box.setAttribute("aria-hidden", "true"); // The table has the same values for screen readers.
    svg.append(rule);
    figure.append(box);
    shown = { figure, rule, box };
  }

  function fill(box, heads, row) {
    const [moment, ...values] = row.cells;
    const title = document.createElement("b");
    title.textContent = moment.textContent;
    const lines = values.map((value, index) => {
      const line = document.createElement("span");
      const swatch = document.createElement("i");
      swatch.className = heads[index + 1].dataset.tone;
      const amount = document.createElement("b");
      amount.textContent = value.textContent;
      line.append(swatch, heads[index + 1].textContent, amount);
      return line;
    });
    box.replaceChildren(title, ...lines);
  }

  function show(target, pointerX) {
    const svg = target?.closest?.("svg[data-plot]");
    const figure = svg?.closest("figure");
    const rows = figure?.querySelectorAll("tbody tr") ?? [];
    if (!rows.length) return hide();
    const [left, right, top, bottom] = svg.dataset.plot.split(" ").map(Number);
    const frame = svg.getBoundingClientRect();
    const scale = svg.viewBox.baseVal.width / frame.width;
    const share = ((pointerX - frame.left) * scale - left) / (right - left);
    if (share < 0 || share > 1) return hide();
    const index = Math.min(Math.floor(share * rows.length), rows.length - 1);
    if (shown?.figure !== figure) open(figure, svg);
    const x = left + ((index + 0.5) / rows.length) * (right - left);
    shown.rule.setAttribute("d", `M${x} ${top}V${bottom}`);
    fill(shown.box, figure.querySelectorAll("thead th"), rows[index]);
    const place = x / scale;
    const flips = place > frame.width / 2;
    shown.box.style.left = flips ? "auto" : `${place + 10}px`;
    shown.box.style.right = flips ? `${frame.width - place + 10}px` : "auto";
    return undefined;
  }

  let pointer = null;

  function follow(event) {
    pointer = { x: event.clientX, y: event.clientY };
    show(event.target, event.clientX);
  }

  document.addEventListener("pointermove", follow, { passive: true });
  document.addEventListener("pointerdown", follow, { passive: true });

  // A refreshed chart has no rule any more, and its periods may have moved.
  document.addEventListener("htmx:after:swap", () => {
    if (!shown) return;
    hide();
    show(document.elementFromPoint(pointer.x, pointer.y), pointer.x);
  });

  document.documentElement.addEventListener("pointerleave", hide);
  document.addEventListener("scroll", hide, { passive: true });
})();
