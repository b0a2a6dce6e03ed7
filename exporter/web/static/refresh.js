"use strict";
// Loads the page again when its time has come, but never under somebody's hands: not while something has the
// focus and was touched in the last minute, is marked or was typed, nor in a tab that nobody sees; and only when
// the exporter answers, as an error page in its place would never come back. Until then it says how old the page
// is, and the title does, too.
(() => {
  const root = document.documentElement.dataset.root;
  const every = Number(document.documentElement.dataset.refresh) * 1000;
  const held = document.getElementById("held");
  const made = Date.now();
  const title = document.title;
  const details = [...document.querySelectorAll("details[id]")];
  const key = "open " + location.pathname + location.search;

  // what a page says of itself, it says once this script runs
  document.getElementById("refreshes").hidden = false;

  let touched = made;
  for (const kind of ["keydown", "pointerdown", "wheel"]) {
    addEventListener(kind, () => { touched = Date.now(); }, { passive: true });
  }

  // what is unfolded stays so
  const open = (sessionStorage.getItem(key) || "").split(" ");
  for (const one of details) {
    one.open ||= open.includes(one.id);
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

  let next = 0;
  const refresh = async () => {
    if (Date.now() < next) return;
    next = Date.now() + 5_000;
    try {
      const answer = await fetch(root + "-/healthy", { cache: "no-store", signal: AbortSignal.timeout(4_000) });
      if (!answer.ok) return;
      next = Date.now() + 30_000; // pages may take longer
      location.reload();
    } catch {
      // nobody answers: ask again
    }
  };

  let asked = 0; // since when in vain
  setInterval(() => {
    const now = Date.now();
    if (now - made < every) return;
    const used = inUse();
    asked = used ? 0 : asked || now;
    if (!used) refresh();
    if (!used && now - asked < 3_000) return;
    const old = `${Math.round((now - made) / 1000)} s old`;
    document.documentElement.classList.toggle("gone", !used);
    document.title = `? ${old}: ${title}`;
    held.hidden = false;
    held.textContent = used
      ? `In use, so not refreshed: this page is ${old}.`
      : `The exporter does not answer: this page is ${old}.`;
  }, 1000);
})();
