/* The menu under the name closes by Escape, and by going elsewhere. */
"use strict";
(() => {
  const menu = document.querySelector("details.me");
  if (!menu) return;
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    const inside = menu.contains(document.activeElement);
    menu.open = false;
    if (inside) menu.querySelector("summary").focus();
  });
  for (const going of ["pointerdown", "focusin"]) {
    addEventListener(going, (event) => { if (!menu.contains(event.target)) menu.open = false; });
  }
})();
