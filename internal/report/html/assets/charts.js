"use strict";
(() => {
const data = JSON.parse(document.getElementById("data").textContent);
const css = name => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
const dashes = [, [], [8, 4], [2, 3], [10, 3, 2, 3]];
const timed = data.charts.filter(c => c.kind === "time");
const end = Math.max(1, ...timed.map(c => data.xs[c.x][data.xs[c.x].length - 1]));
let range = [0, end], drawn = [];

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
function valueTicks(c, low, high) {
  if (!c.log) return steps(low, high, roundStep((high - low) / 5));
  const list = [], few = Math.log10(high / low) < 2.5;
  for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)) && list.length < 20; e++)
    for (const d of [1, 2, 5]) { const v = d * 10 ** e; if (v >= low && v <= high && (d === 1 || few)) list.push(v); }
  return list;
}
const xTicks = (c, low, high) => c.kind === "time" ? timeTicks(low, high) : c.kind === "nines" ? [Math.log10(2), 1, 2, 3, 4, 5].filter(n => n <= high + 1e-9) : steps(low, high, roundStep((high - low) / 5));
const xText = (c, v) => c.kind === "time" ? clock(v) : c.kind === "nines" ? nines(v) : round(v) + "/s";

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
// What is before them: limits, and what happened at a moment.
function drawLimits(u, c) {
  const { ctx, bbox: b } = u, px = devicePixelRatio;
  ctx.save();
  ctx.beginPath(); ctx.rect(b.left, b.top, b.width, b.height); ctx.clip();
  ctx.strokeStyle = ctx.fillStyle = css("limit"); ctx.lineWidth = 1.5 * px; ctx.setLineDash([5 * px, 4 * px]);
  ctx.font = 12 * px + "px system-ui, sans-serif";
  for (const l of c.limits || []) {
    const y = u.valToPos(l.Value, "y", true);
    if (!(y >= b.top && y <= b.top + b.height)) continue;
    ctx.beginPath(); ctx.moveTo(b.left, y); ctx.lineTo(b.left + b.width, y); ctx.stroke();
    ctx.textAlign = "right"; ctx.textBaseline = "bottom"; ctx.fillText(l.Name, b.left + b.width - 4 * px, y - 3 * px);
  }
  for (const m of c.marks || []) {
    const x = u.valToPos(m.At, "x", true), right = x > b.left + 0.6 * b.width;
    if (x < b.left || x > b.left + b.width) continue;
    ctx.beginPath(); ctx.moveTo(x, b.top); ctx.lineTo(x, b.top + b.height); ctx.stroke();
    ctx.textAlign = right ? "right" : "left"; ctx.textBaseline = "top"; ctx.fillText(m.Name, x + (right ? -6 : 6) * px, b.top + 18 * px);
  }
  ctx.restore();
}

function yRange(c) {
  return (u, low, high) => {
    if (low == null || high == null) return [c.low, c.high];
    for (const l of c.limits || []) if (l.Value <= high * 4) high = Math.max(high, l.Value * (c.log ? 1.7 : 1.12));
    if (c.log) return [low / 1.3, high * 1.3];
    high *= c.unit === "share" ? 1 : 1.08;
    low = Math.min(low, 0);
    return high > low ? [low, high] : [low, low + 1];
  };
}

function options(c, figure, width, height) {
  const x = data.xs[c.x], readout = figure.querySelector(".readout");
  const axis = { stroke: css("dim"), font: "12px system-ui, sans-serif", grid: { stroke: css("grid"), width: 1 }, ticks: { show: false } };
  const first = c.kind === "nines" ? x[0] : 0;
  return {
    width, height, legend: { show: false }, padding: [14, 24, 0, 0],
    scales: {
      x: { time: false, range: (u, low, high) => c.kind === "time" ? [range[0], range[1]] : [first, high > first ? high : first + 1] },
      y: { distr: c.log ? 3 : 1, log: 10, range: yRange(c) },
    },
    axes: [
      { ...axis, size: 30, splits: (u, i, low, high) => xTicks(c, low, high), values: (u, list) => list.map(v => xText(c, v)) },
      { ...axis, size: 66, splits: (u, i, low, high) => valueTicks(c, low, high), filter: (u, list) => list, values: (u, list) => list.map(v => v === 0 ? "0" : write(c.unit, v)) },
    ],
    series: [{}, ...c.lines.map(l => ({
      label: l.name, stroke: css("s" + l.style), width: 2, dash: dashes[l.style], spanGaps: false,
      points: { show: x.length <= 40 && c.kind !== "time", size: 7, fill: css("card") },
    }))],
    cursor: {
      sync: c.kind === "time" ? { key: "time", setSeries: false } : undefined,
      drag: { x: c.kind === "time", y: false, setScale: false }, points: { size: 7 },
      bind: { dblclick: () => () => { if (c.kind === "time") zoomTo(0, end); return null; } },
    },
    hooks: {
      drawClear: [u => drawBands(u, c)],
      draw: [u => drawLimits(u, c)],
      setSelect: [u => {
        if (c.kind !== "time" || u.select.width < 4) return;
        zoomTo(u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x"));
        u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
      }],
      setCursor: [u => {
        const i = u.cursor.idx;
        readout.textContent = i == null ? "" : xText(c, x[i]) + ": " + c.lines.map(l => l.name + " " + write(c.unit, l.values[i])).join(", ");
      }],
    },
  };
}

// The heat map stays a drawing: a part of it is shown by its view box.
function drawHeat(c, figure) {
  const inner = figure.querySelector(".inner"), ticks = figure.querySelector(".xticks"), whole = data.xs[c.x][1];
  const [from, to] = range, width = Math.max(to - from, 1e-9);
  inner.setAttribute("viewBox", from / whole * 1000 + " 0 " + Math.max(width / whole * 1000, 0.001) + " 1000");
  ticks.replaceChildren(...timeTicks(from, to).map(v => {
    const text = document.createElementNS("http://www.w3.org/2000/svg", "text");
    text.setAttribute("class", "tick x"); text.setAttribute("x", (v - from) / width * 100 + "%"); text.setAttribute("y", "100%"); text.setAttribute("dy", "18");
    text.textContent = clock(v);
    return text;
  }));
  for (const el of figure.querySelectorAll(".band, .bandname, .mark, .markname")) el.style.visibility = from === 0 && to === end ? "" : "hidden";
}

function zoomTo(from, to) {
  const least = Math.min(1, end);
  let width = Math.min(Math.max(to - from, least), end);
  from = Math.min(Math.max(from, 0), end - width);
  range = [from, from + width];
  for (const { c, plot, figure } of drawn) {
    if (c.heat) drawHeat(c, figure);
    else if (c.kind === "time") plot.setScale("x", { min: range[0], max: range[1] });
  }
  const all = from === 0 && width === end;
  document.getElementById("range").textContent = all ? "the whole run" : "from " + clock(range[0]) + " to " + clock(range[1]);
}

function build() {
  for (const { plot } of drawn) if (plot) plot.destroy();
  drawn = [];
  for (const c of data.charts) {
    const figure = document.getElementById("chart-" + c.id), live = figure.querySelector(".live");
    if (c.heat) { drawn.push({ c, figure }); continue; }
    figure.classList.add("drawn");
    const plot = new uPlot(options(c, figure, live.clientWidth, live.clientHeight), [data.xs[c.x], ...c.lines.map(l => l.values)], live);
    const canvas = plot.root.querySelector("canvas");
    canvas.setAttribute("role", "img"); canvas.setAttribute("aria-label", c.label);
    drawn.push({ c, plot, figure, live });
  }
}

const zoom = document.getElementById("zoom");
if (zoom) {
  zoom.hidden = false;
  zoom.addEventListener("click", event => {
    const width = range[1] - range[0], middle = (range[0] + range[1]) / 2;
    switch (event.target.dataset.zoom) {
    case "in": return zoomTo(middle - width / 4, middle + width / 4);
    case "out": return zoomTo(middle - width, middle + width);
    case "back": return zoomTo(range[0] - width / 2, range[1] - width / 2);
    case "on": return zoomTo(range[0] + width / 2, range[1] + width / 2);
    case "all": return zoomTo(0, end);
    }
  });
}
build();
let ratio = devicePixelRatio;
new ResizeObserver(() => {
  if (ratio !== devicePixelRatio) { ratio = devicePixelRatio; build(); return; }
  for (const { plot, live } of drawn) if (plot && live.clientWidth && (live.clientWidth !== plot.width || live.clientHeight !== plot.height)) plot.setSize({ width: live.clientWidth, height: live.clientHeight });
}).observe(document.body);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", build);
})();
