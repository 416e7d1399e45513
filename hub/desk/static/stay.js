/* Nobody's sign-in ends unawares: the page says so before, and one press keeps it. */
"use strict";
(() => {
  const told = document.getElementById("ending"), OFTEN = 5000, LONGEST = 10000;
  let timer, asked = false, again = false, before = null;

  function say(words, stay) {
    if (told.dataset.said === words) return;
    told.dataset.said = words;
    told.textContent = words;
    if (!stay) return;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Stay signed in";
    button.addEventListener("focus", (event) => { before = event.relatedTarget; });
    button.addEventListener("click", keep);
    told.append(" ", button);
  }

  const call = (where, more) => fetch(where, { cache: "no-store", signal: AbortSignal.timeout(LONGEST), ...more });

  async function keep() {
    const token = document.querySelector("[name=token]").value;
    try {
      const answer = await call("/live/stay", { method: "POST", body: new URLSearchParams({ token }) });
      if (!answer.ok) { ask(); return; }
      const back = told.contains(document.activeElement);
      say("✓ You stay signed in.");
      if (back) (before?.isConnected ? before : document.getElementById("main")).focus({ preventScroll: true });
      clearTimeout(timer);
      timer = setTimeout(ask, OFTEN);
    } catch {
      say("▲ The desk does not answer: try once more.", true);
    }
  }

  async function ask() {
    if (asked) { again = true; return; }
    asked = true;
    clearTimeout(timer);
    let next = OFTEN;
    try {
      const answer = await call("/live/left");
      if (answer.status === 401) {
        say("▲ You are signed out. What you press now does nothing but ask you to sign in, and keeps what you typed.");
        next = 12 * OFTEN;
      } else if (answer.ok) {
        const { left, warn, at, idle } = await answer.json();
        if (left > warn) { say(""); next = (left - warn) * 1000 + 500; }
        else if (idle) say(`● Your sign-in ends at ${at}: nobody has used it for some time.`, true);
        else say(`● Your sign-in ends at ${at}, as each does after some hours. Then you sign in again; what you typed is kept.`);
      }
    } catch {
      next = 12 * OFTEN;
    } finally {
      asked = false;
      timer = setTimeout(ask, again ? 0 : next);
      again = false;
    }
  }

  document.addEventListener("visibilitychange", () => { if (!document.hidden) ask(); });
  addEventListener("focus", ask);
  ask();
})();
