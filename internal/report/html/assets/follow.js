"use strict";
(() => {
const main = document.getElementById("main"), status = document.getElementById("status"), pause = document.getElementById("pause");
let latest = null, shown = null, paused = false, over = false;
const say = words => { if (status.textContent !== words) status.textContent = words; };

// change makes an element what another one is, and keeps all that is alike: with it the focus, what is unfolded,
// scrolled or selected, and the charts, which are the script's own.
const key = node => node.nodeType === Node.ELEMENT_NODE ? node.id || node.getAttribute("aria-labelledby") : null;
const alike = (a, b) => a && a.nodeName === b.nodeName && key(a) === key(b);
function change(old, next) {
  if (old.nodeType !== Node.ELEMENT_NODE) { if (old.data !== next.data) old.data = next.data; return; }
  if ("keep" in old.dataset || old.isEqualNode(next)) return;
  for (const { name } of [...old.attributes]) if (!next.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  for (const { name, value } of next.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  const stay = new Set([...next.childNodes].map(key));
  for (const child of [...old.childNodes]) if (key(child) && !stay.has(key(child))) child.remove();
  let at = old.firstChild;
  for (const child of [...next.childNodes]) {
    const was = key(child) ? [...old.childNodes].find(c => alike(c, child)) : alike(at, child) ? at : null;
    if (!was) { old.insertBefore(child, at); continue; }
    while (at && at !== was && !key(at)) { const gone = at; at = at.nextSibling; gone.remove(); }
    if (at !== was) old.insertBefore(was, at);
    change(was, child);
    at = was.nextSibling;
  }
  while (at) { const gone = at; at = at.nextSibling; gone.remove(); }
}

// show shows the latest state, unless nobody looks: the machine may be the one that makes the load.
function show() {
  if (!latest || latest === shown || paused || document.hidden) return;
  shown = latest;
  document.title = latest.title;
  document.getElementById("when").textContent = latest.when;
  const next = document.createElement("template");
  next.innerHTML = '<main id="main">' + latest.main + "</main>";
  change(main, next.content.firstChild);
  charts.show(latest.charts);
}

function take(event) {
  latest = JSON.parse(event.data);
  show();
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
  show();
});
document.addEventListener("visibilitychange", show);
say("connecting");
follow();
})();
