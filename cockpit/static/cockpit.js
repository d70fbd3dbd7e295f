// Keys for planners: j and k move, enter opens, x chooses, a approves, e edits, / searches, ? helps. No page needs it.
"use strict";
(() => {
  const typing = (element) => element.matches("input:not([type=checkbox]), select, textarea") || element.isContentEditable;
  const rows = () => Array.from(document.querySelectorAll("table[data-keys=rows] tbody tr")).filter((row) => row.querySelector("a.open"));
  const current = () => document.querySelector("tr.current");

  const move = (step) => {
    const all = rows();
    if (!all.length) return false;
    const at = all.indexOf(current());
    const next = all[Math.min(Math.max(at + step, 0), all.length - 1)];
    all.forEach((row) => row.classList.toggle("current", row === next));
    next.querySelector("a.open").focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
    return true;
  };
  const press = (key) => {
    const target = document.querySelector(`[data-key="${key}"]`);
    if (!target) return false;
    if (target.matches("input")) { target.focus(); target.select(); } else target.click();
    return true;
  };
  const choose = () => {
    const box = current() && current().querySelector("input[type=checkbox]");
    if (!box) return false;
    box.checked = !box.checked;
    move(1);
    return true;
  };
  const approve = () => {
    if (press("a")) return true;
    const own = current() && current().querySelector("button[data-approve]");
    if (own) {
      place = rows().indexOf(current());
      own.click();
      return true;
    }
    const form = document.getElementById("lines");
    const button = form && form.querySelector("button[value=chosen]");
    if (!button) return false;
    if (!form.querySelector("input[name=order_id]:checked")) {
      const box = current() && current().querySelector("input[type=checkbox]");
      if (!box) return false;
      box.checked = true;
    }
    place = rows().indexOf(current());
    button.click();
    return true;
  };
  const help = () => {
    const dialog = document.getElementById("keys");
    if (!dialog) return false;
    if (dialog.open) dialog.close(); else dialog.showModal();
    return true;
  };
  const search = () => {
    const box = document.getElementById("q");
    if (!box) return false;
    box.focus();
    box.select();
    return true;
  };
  const actions = {
    j: () => move(1) || press("j"), k: () => move(-1) || press("k"), x: choose, a: approve, e: () => press("e"),
    u: () => press("u"), "/": search, "?": help,
  };
  let place = -1;

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && typing(event.target)) { event.target.blur(); return; }
    if (typing(event.target)) return;
    const action = Object.hasOwn(actions, event.key) && actions[event.key];
    if (action && action()) event.preventDefault();
  });
  document.addEventListener("change", (event) => {
    const name = event.target.dataset && event.target.dataset.all;
    if (!name) return;
    document.querySelectorAll(`input[name="${name}"][type=checkbox]`).forEach((box) => { box.checked = event.target.checked; });
  });
  // What is typed and not saved must not be passed over by an approval.
  document.addEventListener("input", (event) => {
    if (event.target.id !== "quantity") return;
    const isChanged = event.target.value !== event.target.defaultValue;
    document.querySelectorAll("button[data-key=a]").forEach((button) => { button.disabled = isChanged; });
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-close]")) event.target.closest("dialog").close();
  });
  document.addEventListener("htmx:afterSwap", () => {
    const done = document.getElementById("done");
    if (done && done.textContent.trim()) done.scrollIntoView({ block: "nearest" });
    if (place < 0) return;
    const all = rows();
    const row = all[Math.min(place, all.length - 1)];
    place = -1;
    if (row) { row.classList.add("current"); row.querySelector("a.open").focus({ preventScroll: true }); }
  });
})();
