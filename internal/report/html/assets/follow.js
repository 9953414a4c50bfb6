"use strict";
(() => {
const main = document.getElementById("main"), status = document.getElementById("status"), pause = document.getElementById("pause");
let latest = null, paused = false, over = false;
const say = words => { if (status.textContent !== words) status.textContent = words; };

// Where an element is below main, so that it is found again in the next state.
function pathOf(element) {
  const path = [];
  for (; element !== main; element = element.parentElement) path.unshift([...element.parentElement.children].indexOf(element));
  return path;
}
const at = path => path.reduce((element, i) => element && element.children[i], main);

// show replaces the main part. What is unfolded, has the focus or is scrolled stays so.
function show(state) {
  const open = [...main.querySelectorAll("figure details[open]")].map(d => d.closest("figure").id);
  const scrolled = [...main.querySelectorAll(".scroll")].filter(s => s.scrollLeft || s.scrollTop).map(s => [pathOf(s), s.scrollLeft, s.scrollTop]);
  const focus = main.contains(document.activeElement) && document.activeElement !== main ? pathOf(document.activeElement) : null;
  document.title = state.title;
  document.getElementById("when").textContent = state.when;
  main.innerHTML = state.main;
  for (const id of open) { const d = document.querySelector("#" + CSS.escape(id) + " details"); if (d) d.open = true; }
  for (const [path, left, top] of scrolled) { const s = at(path); if (s) s.scrollTo(left, top); }
  if (focus) { const f = at(focus); if (f) f.focus({ preventScroll: true }); }
}

function take(event) {
  latest = JSON.parse(event.data);
  if (!paused) show(latest);
  if (!over) say(paused ? "paused" : "live");
}

function follow() {
  const source = new EventSource("events");
  source.addEventListener("state", take);
  source.addEventListener("end", event => {
    over = true;
    paused = false; // nothing comes after it
    source.close();
    take(event);
    pause.hidden = true;
    say("this is the end");
  });
  source.addEventListener("error", () => {
    if (over) return;
    say("the connection is lost; trying again");
    if (source.readyState === EventSource.CLOSED) setTimeout(follow, 3000);
  });
}

pause.hidden = false;
pause.addEventListener("click", () => {
  paused = !paused;
  pause.textContent = paused ? "Go on" : "Pause";
  say(paused ? "paused" : "live");
  if (!paused && latest) show(latest);
});
say("connecting");
follow();
})();
