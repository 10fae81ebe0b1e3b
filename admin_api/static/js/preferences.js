// Tells the server the reader's time zone, and changes the theme without a reload.
(() => {
  "use strict";

  const YEAR_S = 31536000;

  function remember(name, value) {
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `${name}=${value}; Path=/; Max-Age=${YEAR_S}; SameSite=Lax${secure}`;
  }

  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && !document.cookie.split("; ").includes(`waybill_zone=${zone}`)) remember("waybill_zone", zone);

  const THEMES = ["auto", "light", "dark"];

  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (button?.name !== "theme") return;
    event.preventDefault();
    const theme = button.value;
    const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    remember("waybill_theme", theme);
    document.documentElement.dataset.theme = theme;
    button.value = next;
    button.title = `Theme: ${theme}. Switch to ${next}`;
    button.setAttribute("aria-label", button.title);
    const drawing = button.querySelector("use");
    drawing.setAttribute("href", drawing.getAttribute("href").replace(/#.*/, `#${theme}`));
  });
})();
