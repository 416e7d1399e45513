/* A button that was pressed says that it waits for the ledger, and is not pressed twice by mistake. */
"use strict";
(() => {
  const LONGEST = 10000, said = document.createElement("p");
  said.className = "pressed";
  said.setAttribute("role", "status");

  function free(form) {
    delete form.dataset.pressed;
    said.remove();
  }

  addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || form.matches(".take-out, .find")) return;
    if (form.dataset.pressed) { event.preventDefault(); return; }
    form.dataset.pressed = "yes";
    form.append(said);
    said.textContent = "● Sent. Waiting for the answer…";
    setTimeout(() => {
      if (!form.dataset.pressed) return;
      free(form);
      document.getElementById("main").prepend(said);
      said.textContent = "▲ No answer so far. Load the page again and look before you press once more.";
    }, LONGEST);
  });
  addEventListener("pageshow", (event) => { if (event.persisted) document.querySelectorAll("form").forEach(free); });
})();
