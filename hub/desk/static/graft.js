/* A page becomes what the desk says now, node by node: what somebody has under their hands stays where it is. */
"use strict";
(() => {
  const FOCUSABLE = "a[href], button, summary, select, textarea, input:not([type=hidden]), [tabindex]";
  const ROW = "li, tr, form, details";

  /* What tells a node from those beside it, however many come or go before it. */
  function name(node) {
    if (node.nodeType !== 1) return node.nodeName;
    const say = (what) => `${node.localName} ${what ?? ""}`;
    if (node.id) return say(`#${node.id}`);
    if (node.matches("li")) return say(node.querySelector("a[href]")?.getAttribute("href") ?? action(node.querySelector("form")));
    if (node.matches("tr")) return say(node.dataset.at ?? node.querySelector("th[scope=row]")?.textContent);
    if (node.matches("form")) return say(action(node));
    if (node.matches("a")) return say(node.getAttribute("href"));
    if (node.matches("details")) return say(node.querySelector("summary")?.textContent.replace(/\d/g, ""));
    if (node.matches("button, [type=checkbox], [type=radio]")) return say(`${node.name} ${node.getAttribute("value")}`);
    return say(node.getAttribute("name"));
  }

  const action = (form) => form && `${form.getAttribute("action")} ${form.querySelector("[type=hidden][name=say]")?.value ?? ""}`;

  const altered = (field) =>
    field.type === "checkbox" || field.type === "radio" ? field.checked !== field.defaultChecked
    : field.matches("select") ? field.selectedIndex !== Math.max(0, [...field.options].findIndex((one) => one.defaultSelected))
    : field.value !== field.defaultValue;

  /* Whether somebody fills it in, or waits for what became of it. */
  function inUse(form) {
    const here = document.activeElement;
    return form.dataset.pressed ||
      form.contains(here) && here.matches("input:not([type=checkbox], [type=radio]), textarea, select") ||
      [...form.querySelectorAll("input:not([type=hidden]), textarea, select")].some(altered);
  }

  const FORMS = (node) => node.nodeType === 1 ? [...(node.matches("form") ? [node] : []), ...node.querySelectorAll("form")] : [];

  /* What a form says, whatever the hour. */
  function said(form) {
    const copy = form.cloneNode(true);
    copy.querySelectorAll(".held, .pressed, .fits").forEach((one) => one.remove());
    copy.querySelectorAll("time, .deadline").forEach((one) => { one.textContent = ""; one.className = ""; });
    copy.querySelectorAll("[name=token], [name=as_of]").forEach((one) => one.removeAttribute("value"));
    copy.querySelectorAll("details").forEach((one) => { one.open = false; });
    return copy.innerHTML;
  }

  /* A form in use says the same: only its hours move on. */
  function hours(old, fresh) {
    old.querySelector(":scope > .held")?.remove();
    const told = fresh.querySelectorAll("time, .deadline");
    old.querySelectorAll("time, .deadline").forEach((one, at) => graft(one, told[at]));
  }

  function attributes(old, fresh) {
    for (const { name } of [...old.attributes]) {
      // A heading that was given the focus keeps what lets it have it.
      if (!fresh.hasAttribute(name) && name !== "open" && name !== "tabindex") old.removeAttribute(name);
    }
    for (const { name, value } of fresh.attributes) {
      if (old.getAttribute(name) !== value && name !== "open") old.setAttribute(name, value);
    }
  }

  function graft(old, fresh, hold) {
    if (old.nodeType !== 1) { if (old.data !== fresh.data) old.data = fresh.data; return; }
    if (old.hasAttribute("data-still") || old.isEqualNode(fresh)) return;
    if (old.matches("form") && inUse(old)) {
      if (said(old) === said(fresh)) { hours(old, fresh); return; }
      if (hold(old)) return;
    }
    attributes(old, fresh);
    const mine = new Map(), stays = new Set();
    for (const one of old.childNodes) mine.set(name(one), [...mine.get(name(one)) ?? [], one]);
    const pairs = [...fresh.childNodes].map((one) => [mine.get(name(one))?.shift(), one]);
    for (const one of [...mine.values()].flat()) {
      // Gone from the desk's page while somebody fills it in: it is theirs to let go.
      const used = FORMS(one).filter(inUse).filter(hold);
      if (used.length) stays.add(one); else one.remove();
    }
    let at = old.firstChild;
    for (const [one, next] of pairs) {
      while (stays.has(at)) at = at.nextSibling;
      if (!one) { old.insertBefore(document.importNode(next, true), at); continue; }
      if (one !== at && one.contains(document.activeElement)) {
        // What is moved loses the focus, so the others go round it.
        while (at !== one) { const after = at.nextSibling; if (!stays.has(at)) old.append(at); at = after; }
      }
      if (one === at) at = at.nextSibling; else old.insertBefore(one, at);
      graft(one, next, hold);
    }
  }

  /* Where the focus is, and what stands beside it. */
  function place() {
    const here = document.activeElement, part = here?.closest("[data-live]") ?? here?.closest("section[id], main");
    if (!here || here === document.body || !part) return () => {};
    const row = here.closest(ROW), own = name(here);
    const rows = () => row ? [...document.getElementById(part.id)?.querySelectorAll(row.localName) ?? []] : [];
    const names = rows().map(name), from = row ? names.indexOf(name(row)) : -1;
    const beside = [...names.slice(from), ...names.slice(0, Math.max(from, 0)).reverse()];
    return () => {
      if (document.activeElement === here) return;
      const found = () => {
        if (here.isConnected) return here;
        const now = new Map(rows().map((one) => [name(one), one]));
        for (const one of beside.map((said) => now.get(said)).filter(Boolean)) {
          const all = [...one.querySelectorAll(FOCUSABLE)];
          const same = all.find((each) => name(each) === own) ?? all.find((each) => each.localName === here.localName && each.className === here.className) ?? all[0];
          if (same) return same;
        }
        const heading = document.getElementById(part.id)?.querySelector("h1, h2, h3") ?? document.getElementById("main");
        heading.tabIndex = -1;
        return heading;
      };
      found().focus({ preventScroll: true });
    };
  }

  /* Does something to the page while what is looked at stays where it is. */
  function steady(change) {
    const seen = (one) => { const box = one.getBoundingClientRect(); return box.top >= 0 && box.top < innerHeight && box.height > 0; };
    const here = document.activeElement, tops = new Map();
    if (scrollY > 0) {
      for (const one of [here, ...document.querySelectorAll("main h2, main li, main tr, main p")]) {
        if (one && one !== document.body && seen(one)) tops.set(one, one.getBoundingClientRect().top);
        if (tops.size > 20) break;
      }
    }
    const back = place();
    change();
    back();
    const left = [...tops].find(([one]) => one.isConnected);
    if (left) scrollBy({ top: left[0].getBoundingClientRect().top - left[1], behavior: "instant" });
  }

  globalThis.hub = { graft, steady };
})();
