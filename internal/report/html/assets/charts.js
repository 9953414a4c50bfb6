"use strict";
const charts = (() => {
const css = name => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
const dashes = [, [], [8, 4], [2, 3], [10, 3, 2, 3]];
let data, end = 1;          // what is shown, and where its time ends
let range = [0, 1];         // of the time, that the charts show
let moves = "all";          // how range goes on when the run does: "all" of it, its "last" part, or "no"
let moment = null;          // that the slider is at
const drawn = new Map();    // by the id of a chart: { c, plot, figure, live }

// How values are written: as in the tables, in as many digits as can be told apart.
const round = v => { const a = Math.abs(v); return a >= 999.5 ? Math.round(v).toLocaleString("en-US") : String(+v.toPrecision(3)); };
const scaled = (v, steps) => { for (const [size, name] of steps) if (Math.abs(v) >= size * 0.9995) return round(v / size) + " " + name; return round(v) + " " + steps[steps.length - 1][1]; };
const bytes = v => scaled(v, [[1e12, "TB"], [1e9, "GB"], [1e6, "MB"], [1e3, "kB"], [1, "B"]]);
function write(unit, v) {
  if (v == null) return "–";
  switch (unit) {
  case "s": return v >= 0.9995 ? round(v) + " s" : v >= 0.0009995 ? round(v * 1e3) + " ms" : round(v * 1e6) + " µs";
  case "B": return bytes(v);
  case "B/s": return bytes(v) + "/s";
  case "calls/s": return round(v) + "/s";
  case "share": return round(v * 100) + " %";
  default: return round(v);
  }
}
const two = n => String(n).padStart(2, "0");
const clock = s => s === 0 ? "0" : s < 60 ? +s.toPrecision(3) + " s" : s < 3600 ? Math.floor(s / 60) + ":" + two(Math.round(s) % 60) + " min" : Math.floor(s / 3600) + ":" + two(Math.floor(s / 60) % 60) + " h";
const nines = n => ((1 - 10 ** -n) * 100).toFixed(Math.max(0, Math.ceil(n - 1e-9) - 2)) + " %";

function roundStep(step) {
  if (!(step > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(step));
  for (const d of [1, 2, 5]) if (d * power >= step * (1 - 1e-9)) return d * power;
  return 10 * power;
}
function steps(low, high, step) {
  const list = [];
  for (let i = Math.ceil(low / step); i * step <= high * (1 + 1e-9) && list.length < 20; i++) list.push(i * step);
  return list;
}
function timeTicks(low, high) {
  const least = (high - low) / 5, round = [60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400].find(r => r >= least * 0.99);
  return steps(low, high, least > 30 && round || roundStep(least));
}
const whole = c => c.unit === "calls" || c.unit === "count"; // there is no half of one
function valueTicks(c, low, high) {
  if (!c.log) return steps(low, high, Math.max(roundStep((high - low) / 5), whole(c) ? 1 : 0));
  const list = [], few = Math.log10(high / low) < 2.5;
  for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)) && list.length < 20; e++)
    for (const d of [1, 2, 5]) { const v = d * 10 ** e; if (v >= low && v <= high && (d === 1 || few)) list.push(v); }
  return list;
}
const xTicks = (c, low, high) => c.kind === "time" ? timeTicks(low, high) : c.kind === "nines" ? [Math.log10(2), 1, 2, 3, 4, 5].filter(n => n <= high + 1e-9) : steps(low, high, roundStep((high - low) / 5));
const xText = (c, v) => c.kind === "time" ? clock(v) : c.kind === "nines" ? nines(v) : v === 0 ? "0" : round(v) + "/s";

// What is behind the lines: phases, alerts, and the time in which the server was down.
function drawBands(u, c) {
  const { ctx, bbox: b } = u;
  ctx.save();
  ctx.beginPath(); ctx.rect(b.left, b.top, b.width, b.height); ctx.clip();
  for (const band of c.bands || []) {
    const from = u.valToPos(band.From, "x", true), to = Math.max(u.valToPos(band.To, "x", true), from + 2);
    const kind = band.Kind.split(" ").pop();
    ctx.fillStyle = css(kind);
    if (kind === "alert") {
      ctx.globalAlpha = 0.16; ctx.fillRect(from, b.top, to - from, b.height);
      ctx.globalAlpha = 0.7; ctx.strokeStyle = css(kind); ctx.setLineDash([2, 3]); ctx.strokeRect(from, b.top, to - from, b.height);
      ctx.setLineDash([]); ctx.globalAlpha = 1;
      continue;
    }
    ctx.fillRect(from, b.top, to - from, b.height);
    const left = Math.max(from, b.left);
    ctx.font = 12 * devicePixelRatio + "px system-ui, sans-serif"; ctx.fillStyle = css("dim"); ctx.textAlign = "left"; ctx.textBaseline = "top";
    if (ctx.measureText(band.Name).width + 8 < Math.min(to, b.left + b.width) - left) ctx.fillText(band.Name, left + 4 * devicePixelRatio, b.top + 3 * devicePixelRatio);
  }
  ctx.restore();
}
// Words that lie on lines.
function words(ctx, text, x, y) {
  const { strokeStyle, lineWidth } = ctx;
  ctx.setLineDash([]); ctx.strokeStyle = css("card"); ctx.lineWidth = 3 * devicePixelRatio; ctx.lineJoin = "round";
  ctx.strokeText(text, x, y); ctx.fillText(text, x, y);
  ctx.strokeStyle = strokeStyle; ctx.lineWidth = lineWidth;
}
// What is before them: limits, and what happened at a moment.
function drawLimits(u, c) {
  const { ctx, bbox: b } = u, px = devicePixelRatio;
  ctx.save();
  ctx.beginPath(); ctx.rect(b.left, b.top, b.width, b.height); ctx.clip();
  ctx.strokeStyle = ctx.fillStyle = css("limit"); ctx.lineWidth = 1.5 * px;
  const dash = () => ctx.setLineDash([5 * px, 4 * px]);
  ctx.font = 12 * px + "px system-ui, sans-serif";
  for (const l of c.limits || []) {
    const y = u.valToPos(l.Value, "y", true);
    if (!(y >= b.top && y <= b.top + b.height)) continue;
    dash(); ctx.beginPath(); ctx.moveTo(b.left, y); ctx.lineTo(b.left + b.width, y); ctx.stroke();
    ctx.textAlign = "right"; ctx.textBaseline = "bottom"; words(ctx, l.Name, b.left + b.width - 4 * px, y - 3 * px);
  }
  for (const m of c.marks || []) {
    const x = u.valToPos(m.At, "x", true), right = x > b.left + 0.6 * b.width;
    if (x < b.left || x > b.left + b.width) continue;
    dash(); ctx.beginPath(); ctx.moveTo(x, b.top); ctx.lineTo(x, b.top + b.height); ctx.stroke();
    ctx.textAlign = right ? "right" : "left"; ctx.textBaseline = "top"; words(ctx, m.Name, x + (right ? -6 : 6) * px, b.top + 18 * px);
  }
  ctx.restore();
}

// The cells of a heat map, in shades by the logarithm of their counts.
function drawHeat(u, { heat }) {
  if (!heat) return;
  const { ctx, bbox: b } = u, shades = [1, 2, 3, 4, 5, 6].map(n => css("h" + n)), most = heat.counts.flat().reduce((a, b) => Math.max(a, b), 0);
  const shade = n => most <= 1 ? 5 : Math.min(Math.floor(Math.log(n) / Math.log(most) * 6), 5);
  const y = [heat.low, ...heat.rows].map(v => Math.round(u.valToPos(v, "y", true)));
  ctx.save();
  ctx.beginPath(); ctx.rect(b.left, b.top, b.width, b.height); ctx.clip();
  heat.counts.forEach((column, i) => {
    const [from, to] = heat.columns[i].map(v => Math.round(u.valToPos(v, "x", true)));
    column.forEach((n, j) => { if (n) { ctx.fillStyle = shades[shade(n)]; ctx.fillRect(from, y[j + 1], Math.max(to - from, 1), y[j] - y[j + 1]); } });
  });
  ctx.restore();
}

// What is at the cursor, in words.
function readout(u, c) {
  const i = u.cursor.idx, x = u.data[0];
  if (i == null || i >= x.length) return "";
  if (c.heat) return heatReadout(u, c, i);
  return xText(c, x[i]) + ": " + c.lines.map(l => l.name + " " + write(c.unit, l.values[i])).join(", ");
}
function heatReadout(u, { heat, unit }, i) {
  const column = heat.counts[i], all = column.reduce((a, b) => a + b, 0), [from, to] = heat.columns[i];
  const uploads = n => n.toLocaleString("en-US") + (n === 1 ? " upload" : " uploads");
  const rows = j => write(unit, j ? heat.rows[j - 1] : heat.low) + " to " + write(unit, heat.rows[j]);
  const start = clock(from) + " to " + clock(to) + ": ";
  if (u.cursor.top < 0) return start + uploads(all) + (all ? ", most often " + rows(column.indexOf(Math.max(...column))) : "");
  const at = u.posToVal(u.cursor.top, "y"), j = heat.rows.findIndex(high => at <= high);
  return start + uploads(column[j] || 0) + " of " + all.toLocaleString("en-US") + (j >= 0 ? " took " + rows(j) : "");
}

function yRange(c, low, high) {
  if (c.heat || low == null || high == null) return [c.low, c.high];
  for (const l of c.limits || []) if (l.Value <= high * 4) high = Math.max(high, l.Value * (c.log ? 1.7 : 1.12));
  if (c.log) return [low / 1.3, high * 1.3];
  high *= c.unit === "share" ? 1 : 1.08;
  if (whole(c)) high = Math.max(high, 1);
  low = Math.min(low, 0);
  return high > low ? [low, high] : [low, low + 1];
}

// The options of a plot. What may change with the run is read from its entry.
function options(entry, width, height) {
  const { c, figure } = entry, timed = c.kind === "time", words = figure.querySelector(".readout");
  const axis = { stroke: css("dim"), font: "12px system-ui, sans-serif", grid: { stroke: css("grid"), width: 1 }, ticks: { show: false } };
  return {
    width, height, legend: { show: false }, padding: [14, 32, 0, 0],
    scales: {
      x: { time: false, range: (u, low, high) => {
        if (timed) return [range[0], range[1]];
        const first = c.kind === "nines" ? u.data[0][0] : 0;
        return [first, high > first ? high : first + 1];
      } },
      y: { distr: c.log ? 3 : 1, log: 10, range: (u, low, high) => yRange(entry.c, low, high) },
    },
    axes: [
      { ...axis, size: 30, splits: (u, i, low, high) => xTicks(c, low, high), values: (u, list) => list.map(v => xText(c, v)) },
      { ...axis, size: 66, splits: (u, i, low, high) => valueTicks(c, low, high), filter: (u, list) => list, values: (u, list) => list.map(v => v === 0 ? "0" : write(c.unit, v)) },
    ],
    series: [{}, ...c.lines.map(l => ({
      label: l.name, stroke: css("s" + l.style), width: 2, dash: dashes[l.style], spanGaps: false,
      points: { show: !timed && data.xs[c.x].length <= 40, size: 7, fill: css("card") },
    })), ...(c.heat ? [{ points: { show: false } }] : [])],
    cursor: {
      y: !!c.heat, points: { size: 7, show: !c.heat },
      sync: timed ? { key: "time", setSeries: false, scales: ["x", "y"], match: [(a, b) => a === b, () => false] } : undefined,
      drag: { x: timed, y: false, setScale: false },
      bind: { dblclick: () => () => { if (timed) zoomTo(0, end); return null; } },
    },
    hooks: {
      drawClear: [u => drawBands(u, entry.c)],
      draw: [u => drawHeat(u, entry.c), u => drawLimits(u, entry.c)],
      setSelect: [u => {
        if (!timed || u.select.width < 4) return;
        zoomTo(u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x"));
        u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
      }],
      setCursor: [u => { if (u.cursor.event) moment = null; words.textContent = readout(u, entry.c); }],
    },
  };
}
const values = c => [data.xs[c.x], ...c.lines.map(l => l.values), ...(c.heat ? [data.xs[c.x].map(() => null)] : [])];
const timed = () => [...drawn.values()].filter(e => e.c.kind === "time");

function zoomTo(from, to, how = "no") {
  const width = Math.min(Math.max(to - from, Math.min(1, end)), end);
  from = Math.min(Math.max(from, 0), end - width);
  range = [from, from + width];
  moves = from === 0 && width === end ? "all" : how;
  for (const { plot } of timed()) plot.setScale("x", { min: range[0], max: range[1] });
  sayRange();
}
function sayRange() {
  const text = moves === "all" ? "the whole run" : "from " + clock(range[0]) + " to " + clock(range[1]) + (moves === "last" ? ", and on with the run" : "");
  const output = document.getElementById("range"), slider = document.getElementById("moment");
  if (output && output.textContent !== text) output.textContent = text;
  if (!slider) return;
  if (moment == null) slider.setAttribute("aria-valuetext", "not set");
  else { slider.setAttribute("aria-valuetext", clock(moment)); setTimeout(point); }
}
// point has the cursors of all charts at the moment of the slider. Plots move their scales first.
function point() {
  if (moment == null) return;
  for (const { plot } of timed()) plot.setCursor({ left: moment < range[0] || moment > range[1] ? -10 : plot.valToPos(moment, "x"), top: -10 }, true, false);
}

function plot(entry) {
  const { c, figure, live } = entry;
  figure.classList.add("drawn");
  entry.plot = new uPlot(options(entry, live.clientWidth, live.clientHeight), values(c), live);
  const canvas = entry.plot.root.querySelector("canvas");
  canvas.setAttribute("role", "img"); canvas.setAttribute("aria-label", c.label);
}
const lines = c => JSON.stringify([c.kind, c.unit, c.log, !!c.heat, c.lines.map(l => [l.name, l.style])]);

// show draws the charts of some data. A plot takes the place of one with the same lines without being made anew, so
// that the range, the cursor, and what is being dragged stay.
function show(next) {
  data = next;
  end = data.end || 1;
  if (moves === "all") range = [0, end];
  if (moves === "last") range = [Math.max(0, end - (range[1] - range[0])), end];
  const old = new Map(drawn);
  drawn.clear();
  for (const c of data.charts) {
    const figure = document.getElementById("chart-" + c.id), live = figure.querySelector(".live"), was = old.get(c.id);
    const entry = was && was.figure === figure && lines(was.c) === lines(c) ? was : { figure, live };
    entry.c = c;
    drawn.set(c.id, entry);
    figure.classList.add("drawn");
    if (entry !== was) { plot(entry); continue; }
    old.delete(c.id);
    entry.plot.setData(values(c));
    entry.plot.root.querySelector("canvas").setAttribute("aria-label", c.label);
  }
  for (const { plot } of old.values()) plot.destroy();
  const zoom = document.getElementById("zoom");
  if (zoom) zoom.hidden = false;
  sayRange();
}
function again() {
  for (const entry of drawn.values()) { entry.plot.destroy(); plot(entry); }
  sayRange();
}

document.addEventListener("click", event => {
  const width = range[1] - range[0], middle = (range[0] + range[1]) / 2;
  switch (event.target.dataset.zoom) {
  case "in": return zoomTo(middle - width / 4, middle + width / 4);
  case "out": return zoomTo(middle - width, middle + width);
  case "back": return zoomTo(range[0] - width / 2, range[1] - width / 2);
  case "on": return zoomTo(range[0] + width / 2, range[1] + width / 2, range[1] + width / 2 >= end ? "last" : "no");
  case "all": return zoomTo(0, end);
  }
});
document.addEventListener("input", event => {
  if (event.target.id !== "moment") return;
  moment = range[0] + (range[1] - range[0]) * event.target.value / event.target.max;
  sayRange();
});
show(JSON.parse(document.getElementById("data").textContent));
let ratio = devicePixelRatio;
new ResizeObserver(() => {
  if (ratio !== devicePixelRatio) { ratio = devicePixelRatio; again(); return; }
  for (const { plot, live } of drawn.values()) if (live.clientWidth && (live.clientWidth !== plot.width || live.clientHeight !== plot.height)) plot.setSize({ width: live.clientWidth, height: live.clientHeight });
}).observe(document.body);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
return { show };
})();
