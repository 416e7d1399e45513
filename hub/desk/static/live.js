/* An open page asks for itself anew when the desk says that something changed, and says when it is stale. */
"use strict";
(() => {
  const stale = document.getElementById("stale");
  const EVERY = 15000, LONGEST = 10000;
  // What a button showed (content) has no address of its own: the page below it is asked for anew.
  const AT = document.body.dataset.at, OWN = !AT || AT === location.pathname;
  const HERE = OWN ? location.pathname + location.search : AT;
  // The hub's clock, not this device's: the page says when it was true.
  const asof = () => document.getElementById("asof").textContent;
  let asked = false, again = false;
  const shown = new WeakSet(), since = new WeakMap();

  /* A form that somebody fills in stays as it was, and says so. */
  function hold(form) {
    if (shown.delete(form)) return false;
    if (!since.has(form)) since.set(form, asof());
    if (form.querySelector(":scope > .held")) return true;
    const told = document.createElement("p"), show = document.createElement("button");
    told.className = "held soon";
    told.setAttribute("role", "status");
    told.textContent = `● You are filling this in, so it stands as of ${since.get(form)}. It has changed since. `;
    show.type = "button";
    show.className = "quiet";
    show.textContent = "Show it as it is now";
    show.addEventListener("click", () => { shown.add(form); refresh(); });
    told.append(show);
    form.prepend(told);
    return true;
  }

  const words = (part) => part.textContent.replace(/\([^)]*\)/g, "");

  function swap(page) {
    const token = page.querySelector("[name=token]").value;
    // Somebody else signed in beside it (a token ends with whom it is for): nothing here is theirs.
    if (token.slice(32) !== document.querySelector("[name=token]").value.slice(32)) { location.reload(); return; }
    const before = new Map([...document.querySelectorAll("[data-live]")].map((part) => [part.id, words(part)]));
    hub.steady(() => {
      for (const id of ["main", "road", "date"]) hub.graft(document.getElementById(id), page.getElementById(id), hold);
    });
    document.querySelectorAll("[name=token]").forEach((one) => { one.value = token; });
    document.querySelectorAll("form").forEach((form) => { if (!form.querySelector(":scope > .held")) since.delete(form); });
    document.querySelectorAll("[data-live]").forEach((part) => {
      if (before.get(part.id) === words(part)) return;
      part.classList.add("changed");
      setTimeout(() => part.classList.remove("changed"), 2000);
    });
    hub.graft(document.getElementById("asof"), page.getElementById("asof"), hold);
  }

  function old(words) {
    hub.steady(() => {
      stale.textContent = `▲ As of ${asof()}: ${words}`;
      stale.hidden = false;
    });
  }

  async function refresh() {
    if (asked) { again = true; return; }
    asked = true;
    try {
      const answer = await fetch(HERE, { headers: { "X-Live": "1" }, cache: "no-store", signal: AbortSignal.timeout(LONGEST) });
      if (answer.status === 401) { old("you are signed out. What you press asks you to sign in first, and keeps what you typed."); return; }
      if (answer.status >= 500) { old("the ledger does not answer. What you see may have changed."); return; }
      if (!answer.ok) { old("this page is not shown to you any more. Load it to see why."); return; }
      swap(new DOMParser().parseFromString(await answer.text(), "text/html"));
      hub.steady(() => { stale.hidden = true; });
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
