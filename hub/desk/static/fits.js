/* What is pasted is never cut unsaid: a field takes it whole, says how much is too much, and is not sent so. */
"use strict";
(() => {
  const field = (event) => event.target.closest?.("input[maxlength], textarea[maxlength]");

  function tell(one) {
    const over = one.value.length - one.maxLength;
    const words = over > 0 ? `▲ ${one.value.length} characters are ${over} too many: it takes ${one.maxLength}. Shorten it; nothing was cut.` : "";
    one.setCustomValidity(words);
    let told = one.nextElementSibling?.matches(".fits") ? one.nextElementSibling : null;
    if (!words) { told?.remove(); return; }
    if (!told) {
      told = document.createElement("p");
      told.className = "wrong fits";
      told.setAttribute("role", "status");
      one.after(told);
    }
    told.textContent = words;
  }

  addEventListener("paste", (event) => {
    const one = field(event);
    if (!one || one.selectionStart === null) return;
    const pasted = event.clipboardData.getData("text/plain").replace(/\r\n?/g, "\n");
    const text = one.matches("input") ? pasted.replace(/\n+/g, " ") : pasted;
    if (one.value.length - (one.selectionEnd - one.selectionStart) + text.length <= one.maxLength) return;
    event.preventDefault();
    one.setRangeText(text, one.selectionStart, one.selectionEnd, "end");
    tell(one);
  });
  addEventListener("input", (event) => { const one = field(event); if (one) tell(one); });
})();
