/* An open page asks for itself anew when the desk says that something changed, and says when it is stale. */
"use strict";
(() => {
  const stale = document.getElementById("stale");
  const EVERY = 15000, LONGEST = 10000;
  // What a button showed (content) has no address of its own: the page below it is asked for anew.
  const HERE = document.body.dataset.at || location.pathname + location.search;
  let asked = false, again = false, last = new Date();

  const busy = (part) =>
    part.querySelector("[data-pressed]") ||
    part.contains(document.activeElement) && document.activeElement.matches("input, textarea, select") ||
    [...part.querySelectorAll("input:not([type=hidden]), textarea")].some((field) =>
      field.type === "checkbox" || field.type === "radio" ? field.checked !== field.defaultChecked : field.value !== field.defaultValue);

  function swap(part, fresh) {
    if (part.innerHTML === fresh.innerHTML || busy(part)) return;
    const open = [...part.querySelectorAll("details")].map((one) => one.open);
    const text = part.textContent.replace(/\([^)]*\)/g, "");
    part.innerHTML = fresh.innerHTML;
    part.querySelectorAll("details").forEach((one, place) => { if (open[place]) one.open = true; });
    if (text !== part.textContent.replace(/\([^)]*\)/g, "")) {
      part.classList.add("changed");
      setTimeout(() => part.classList.remove("changed"), 2000);
    }
  }

  function old(words) {
    const time = last.toLocaleTimeString("en-GB", { timeZone: "Europe/London" });
    stale.textContent = `▲ As of ${time}: ${words}`;
    stale.hidden = false;
  }

  async function refresh() {
    if (asked) { again = true; return; }
    asked = true;
    try {
      const answer = await fetch(HERE, { headers: { "X-Live": "1" }, cache: "no-store", signal: AbortSignal.timeout(LONGEST) });
      if (answer.status === 401) { old("you are signed out. Load the page to sign in."); return; }
      if (answer.status >= 500) { old("the ledger does not answer. What you see may have changed."); return; }
      if (!answer.ok) { old("this page is not shown to you any more. Load it to see why."); return; }
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      document.querySelectorAll("[data-live]").forEach((part) => {
        const fresh = page.getElementById(part.id);
        if (fresh) swap(part, fresh);
      });
      const asof = document.getElementById("asof"), freshAsof = page.getElementById("asof");
      if (asof && freshAsof) asof.replaceWith(freshAsof);
      stale.hidden = true;
      last = new Date();
    } catch {
      old("the desk does not answer. What you see may have changed.");
    } finally {
      asked = false;
      if (again) { again = false; setTimeout(refresh, 250); }
    }
  }

  if (!document.querySelector("[data-live]")) return;
  document.getElementById("answer")?.focus({ preventScroll: true });
  const source = new EventSource("/live");
  let first = true;
  source.addEventListener("changed", () => { if (first) { first = false; return; } refresh(); });
  source.onerror = refresh;
  addEventListener("online", refresh);
  addEventListener("offline", () => old("this device has no network. What you see may have changed."));
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
  setInterval(refresh, EVERY);
})();
