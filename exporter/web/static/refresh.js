"use strict";
// Loads the page again when its time has come, but never under somebody's hands: not while something has the
// focus and was touched in the last minute, is marked or was typed, nor in a tab that nobody sees. Then it says
// how old the page is.
(() => {
  const every = Number(document.documentElement.dataset.refresh) * 1000;
  const held = document.getElementById("held");
  const made = Date.now();
  const details = [...document.querySelectorAll("details[id]")];
  const key = "open " + location.pathname + location.search;

  let touched = made;
  for (const kind of ["keydown", "pointerdown", "wheel"]) {
    addEventListener(kind, () => { touched = Date.now(); }, { passive: true });
  }

  // what is unfolded stays so
  const open = (sessionStorage.getItem(key) || "").split(" ");
  for (const one of details) {
    one.open = open.includes(one.id);
    one.addEventListener("toggle", () => {
      sessionStorage.setItem(key, details.filter((it) => it.open).map((it) => it.id).join(" "));
    });
  }

  const inUse = () => {
    const focused = document.activeElement;
    const typed = [...document.querySelectorAll("input")].some((it) =>
      it.value !== it.defaultValue || it.checked !== it.defaultChecked);
    const marked = !document.getSelection().isCollapsed;
    // the last link or heading that was clicked keeps the focus when everybody has left
    const handled = focused && focused !== document.body && Date.now() - touched < 60_000;
    return document.hidden || typed || marked || handled;
  };

  setInterval(() => {
    const age = Date.now() - made;
    if (age < every) return;
    if (!inUse()) return location.reload();
    held.hidden = false;
    held.textContent = `In use, so not refreshed: this page is ${Math.round(age / 1000)} s old.`;
  }, 1000);
})();
