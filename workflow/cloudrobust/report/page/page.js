// The page's map and panels. Data and libraries lie packed in the page (see packing.py). Nothing is fetched.
"use strict";
(async () => {
const byId = id => document.getElementById(id);
const bytes = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));
async function unpack(element) {
  const stream = new Blob([bytes(element.textContent.trim())]).stream().pipeThrough(new DecompressionStream("gzip"));
  const whole = new Uint8Array(await new Response(stream).arrayBuffer()), start = 4 + new DataView(whole.buffer).getUint32(0, true);
  return JSON.parse(new TextDecoder().decode(whole.subarray(4, start)), (_, v) =>
    v !== null && typeof v === "object" && Array.isArray(v.at) ? whole.subarray(start + v.at[0], start + v.at[0] + v.at[1]) : v);
}
function integers({ data, lag, block }) {     // low bytes, then high bytes; differences along one axis
  const count = data.length / 2, out = new Int16Array(count);
  for (let i = 0; i < count; i++) out[i] = data[i] | data[count + i] << 8;
  if (lag) for (let i = 0; i < count; i++) if (i % block >= lag) out[i] += out[i - lag];
  return out;
}
for (const element of document.querySelectorAll("script.library")) {
  const script = document.createElement("script");
  script.textContent = await unpack(element);
  document.head.append(script);
}
const MISSING = -32768, GROUND = "#e6e6e6";

const P = await unpack(byId("data-parcels"));
let S = null, A = null;                       // series and attention: unpacked when the first parcel is opened
const N = P.id.length;
const fixed = (v, d = 0) => v.toLocaleString("en", { minimumFractionDigits: d, maximumFractionDigits: d });
const percent = v => v < 0 ? "–" : fixed(v / 10) + " %";
const escape = t => String(t).replace(/[&<>"]/g, c => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" }[c]));
const nameOf = n => n < 0 ? "–" : P.classes[n];

// ---- outlines: steps of decimetres to coordinates in metres, boxes, and a grid of cells to find them by
const box = new Float32Array(4 * N), rings = P.rings.map((list, i) => {
  let w = Infinity, s = Infinity, e = -Infinity, n = -Infinity;
  const out = list.map(steps => {
    const ring = new Float32Array(steps.length); let x = 0, y = 0;
    for (let k = 0; k < steps.length; k += 2) {
      x += steps[k]; y += steps[k + 1]; const X = ring[k] = x / 10, Y = ring[k + 1] = y / 10;
      if (X < w) w = X; if (X > e) e = X; if (Y < s) s = Y; if (Y > n) n = Y;
    }
    return ring;
  });
  box.set([w, s, e, n], 4 * i);
  return out;
});
P.rings = null;
const [W, H] = [Math.max(P.size[0], 1), Math.max(P.size[1], 1)];
const cell = Math.max(W, H) / Math.max(8, Math.sqrt(N) / 2), across = Math.ceil(W / cell) + 1, cells = new Map();
for (let i = 0; i < N; i++) if (box[4 * i] < Infinity)
  for (let a = Math.floor(box[4 * i] / cell); a <= Math.floor(box[4 * i + 2] / cell); a++)
    for (let b = Math.floor(box[4 * i + 1] / cell); b <= Math.floor(box[4 * i + 3] / cell); b++) {
      const key = b * across + a; if (!cells.has(key)) cells.set(key, []); cells.get(key).push(i);
    }
function within(w, s, e, n) {
  const found = new Set();
  for (let a = Math.max(0, Math.floor(w / cell)); a <= Math.min(across - 1, Math.floor(e / cell)); a++)
    for (let b = Math.max(0, Math.floor(s / cell)); b <= Math.floor(Math.min(n, H) / cell); b++)
      for (const i of cells.get(b * across + a) || [])
        if (box[4 * i] <= e && box[4 * i + 2] >= w && box[4 * i + 1] <= n && box[4 * i + 3] >= s) found.add(i);
  return found;
}
function at(x, y) {
  for (const i of within(x, y, x, y)) {
    let inside = false;
    for (const r of rings[i]) for (let k = 0, j = r.length - 2; k < r.length; j = k, k += 2)
      if (r[k + 1] > y !== r[j + 1] > y && x < (r[j] - r[k]) * (y - r[k + 1]) / (r[j + 1] - r[k + 1]) + r[k]) inside = !inside;
    if (inside) return i;
  }
  return -1;
}

// ---- what is shown: the run, the colours, the filters
const R = () => P.runs[+byId("run").value];
const SHADES = ["#fde0c5", "#f9b98a", "#ef8f5e", "#d05f3f", "#9b2f2a"].reverse(), TRUST = ["#f1eef6", "#bdc9e1", "#74a9cf", "#2b8cbe", "#045a8d"];
const step = (list, v) => v < 0 ? GROUND : list[Math.min(list.length - 1, Math.floor(v / 1000 * list.length))];
const COUNTS = ["#045a8d", "#74a9cf", "#f9b98a", "#d05f3f"];
const PARTS = ["#bdbdbd", "#e69f00", "#0072b2", "#ffffff"];
const COLOUR = {
  predicted: i => R().predicted[i] < 0 ? GROUND : P.colours[R().predicted[i]],
  class: i => P.class[i] < 0 ? GROUND : P.colours[P.class[i]],
  confidence: i => step(TRUST, R().p1[i]),
  error: i => R().predicted[i] < 0 || P.class[i] < 0 ? GROUND : R().predicted[i] === P.class[i] ? "#0072b2" : "#d55e00",
  seeds: i => step(["#d55e00", "#eda977", "#f0e6d6", "#80b1d0", "#0072b2"], R().right[i]),
  disagreement: i => step([...SHADES].reverse(), R().disagreement[i]),
  likely: i => R().likely_count[i] < 0 ? GROUND : COUNTS[Math.min(R().likely_count[i], COUNTS.length) - 1],
  part: i => PARTS[P.part[i]],
};
const bands = (list, words) => list.map((c, n) => [c, words(100 * n / list.length, 100 * (n + 1) / list.length)]);
const between = (a, b) => `${a}–${b} %`;
const LEGEND = {
  predicted: () => P.classes.map((c, n) => [P.colours[n], c]), class: () => P.classes.map((c, n) => [P.colours[n], c]),
  confidence: () => bands(TRUST, between), error: () => [["#0072b2", "as declared"], ["#d55e00", "other than declared"], [GROUND, "no label or no answer"]],
  seeds: () => [...bands(["#d55e00", "#eda977", "#f0e6d6", "#80b1d0", "#0072b2"], between), [GROUND, "not scored"]],
  disagreement: () => [...bands([...SHADES].reverse(), between), [GROUND, "one model answers alone"]],
  likely: () => [...COUNTS.map((c, n) => [c, n === 0 ? "one class" : n + 1 < COUNTS.length ? `${n + 1} classes` : `${n + 1} or more`]), [GROUND, "not known"]], part: () => P.parts.map((p, n) => [PARTS[n], p === "none" ? "in no part" : p]),
};
const visible = new Uint8Array(N); let shownCount = 0, chosen = -1, colours = new Array(N);
function filter() {
  const c = byId("class-filter").value, p = byId("part-filter").value, a = byId("answer-filter").value, least = 10 * byId("confidence").value, run = R();
  shownCount = 0; let right = 0, judged = 0;
  for (let i = 0; i < N; i++) {
    const same = run.predicted[i] === P.class[i], known = run.predicted[i] >= 0 && P.class[i] >= 0;
    const show = (c === "" || P.class[i] === +c || (P.class[i] < 0 && run.predicted[i] === +c)) && (p === "" || P.part[i] === +p)
      && (a === "" || known && (a === "agrees") === same) && (least === 0 || run.p1[i] >= least);
    visible[i] = show ? 1 : 0;
    if (show) { shownCount++; if (known) { judged++; if (same) right++; } }
  }
  byId("count").textContent = `${fixed(shownCount)} of ${fixed(N)} parcels shown` + (judged ? `; ${fixed(right)} of ${fixed(judged)} with a label and an answer are answered as declared (${fixed(100 * right / judged, 1)} %), by models that never saw their labels${run.out_of_fold ? " (out of fold)" : " (the test part; answers of this model out of fold were not asked for)"}.` : ".");
  byId("confidence-value").textContent = byId("confidence").value + " %";
}
function paint() {
  const how = COLOUR[byId("colour").value];
  for (let i = 0; i < N; i++) colours[i] = how(i);
  byId("legend").innerHTML = LEGEND[byId("colour").value]().map(([c, w]) => `<li><i style="background:${c}"></i>${escape(w)}</li>`).join("");
  layer.redraw();
}

// ---- the map: tiles of canvas, each drawing the parcels that it meets, so that moving costs nothing
const map = L.map("map", { crs: L.CRS.Simple, zoomSnap: 0.25, zoomDelta: 0.5, minZoom: -9, maxZoom: 3, attributionControl: false, keyboard: true, maxBounds: [[-0.5 * H, -0.5 * W], [1.5 * H, 1.5 * W]], maxBoundsViscosity: 0.8 });
function drawn(canvas, ratio, scale, left, top, wide, high) {     // `scale` screen pixels a metre, from the corner left, top
  canvas.width = Math.round(wide * ratio); canvas.height = Math.round(high * ratio);
  const g = canvas.getContext("2d"), k = scale * ratio, d = 2 / scale;
  g.setTransform(k, 0, 0, -k, -left * k, top * k);
  const groups = new Map();
  for (const i of within(left - d, top - high / scale - d, left + wide / scale + d, top + d)) {
    const key = visible[i] ? colours[i] : ""; if (!groups.has(key)) groups.set(key, []); groups.get(key).push(i);
  }
  // A path of thousands of rings is slow to fill, and of a parcel of three pixels its box shows as much.
  const small = 3 / scale, lines = scale > 0.012 * Math.sqrt(N) / 26;
  g.lineWidth = 0.6 / scale;
  for (const [colour, members] of groups) {
    g.fillStyle = colour || "rgba(120,120,120,.06)"; g.strokeStyle = colour ? "rgba(40,40,40,.55)" : "rgba(120,120,120,.35)";
    for (const i of members) {
      const w = box[4 * i], s = box[4 * i + 1], across = box[4 * i + 2] - w, up = box[4 * i + 3] - s;
      if (across < small && up < small) { g.fillRect(w, s, across, up); continue; }
      g.beginPath();
      for (const r of rings[i]) { g.moveTo(r[0], r[1]); for (let n = 2; n < r.length; n += 2) g.lineTo(r[n], r[n + 1]); g.closePath(); }
      g.fill("evenodd"); if (lines) g.stroke();
    }
  }
  return canvas;
}
const Tiles = L.GridLayer.extend({
  createTile(at) {
    const size = this.getTileSize(), scale = map.options.crs.scale(at.z), ratio = Math.min(window.devicePixelRatio || 1, 2);
    return drawn(L.DomUtil.create("canvas"), ratio, scale, at.x * size.x / scale, -at.y * size.y / scale, size.x, size.y);
  },
});
const layer = new Tiles({ tileSize: 384, minZoom: -9, updateWhenZooming: false, keepBuffer: 3, noWrap: true });
const outline = L.polygon([], { color: "#000", weight: 3, fill: false, interactive: false });
map.fitBounds([[0, 0], [H, W]]);
L.control.scale({ imperial: false }).addTo(map);

// ---- controls
byId("run").innerHTML = P.runs.map((r, n) => `<option value="${n}">${escape(r.name)}</option>`).join("");
byId("run").value = P.start;
byId("class-filter").insertAdjacentHTML("beforeend", P.classes.map((c, n) => `<option value="${n}">${escape(c)}</option>`).join(""));
byId("part-filter").insertAdjacentHTML("beforeend", P.parts.map((c, n) => `<option value="${n}">${c === "none" ? "in no part" : c}</option>`).join(""));
byId("ids").innerHTML = P.id.slice(0, 2000).map(i => `<option value="${escape(i)}">`).join("");
const place = new Map(P.id.map((id, n) => [id, n]));
const refresh = () => { filter(); paint(); };
for (const id of ["colour", "class-filter", "part-filter", "answer-filter"]) byId(id).addEventListener("change", refresh);
byId("run").addEventListener("change", () => { refresh(); if (chosen >= 0) open(chosen, false); });
byId("confidence").addEventListener("input", refresh);
byId("search").addEventListener("change", e => { const n = place.get(e.target.value.trim()); if (n !== undefined) open(n, true); });
function walk(by) {
  if (!shownCount) return;
  let n = chosen < 0 ? (by > 0 ? -1 : N) : chosen;
  do n = (n + by + N) % N; while (!visible[n]);
  open(n, true);
}
byId("next").addEventListener("click", () => walk(1));
byId("previous").addEventListener("click", () => walk(-1));
map.on("click", e => { const n = at(e.latlng.lng, e.latlng.lat); if (n >= 0) open(n, false); });
layer.addTo(map); outline.addTo(map); refresh();

// ---- the panel of one parcel
let charts = [];
window.addEventListener("resize", () => charts.forEach(c => c.resize()));
// On paper stands a drawing of the whole map: its tiles come and go with the screen.
window.addEventListener("beforeprint", () => {
  const scale = 640 / Math.max(W, H);
  drawn(byId("paper"), 2, scale, 0, H, W * scale, H * scale);
  byId("panel").style.width = "640px"; charts.forEach(c => c.resize());
});
window.addEventListener("afterprint", () => { byId("panel").style.width = ""; charts.forEach(c => c.resize()); });
async function open(n, move) {
  chosen = n; const run = R(), i = n;
  outline.setLatLngs(rings[i].map(r => { const ring = []; for (let k = 0; k < r.length; k += 2) ring.push([r[k + 1], r[k]]); return ring; }));
  if (move && box[4 * i] < Infinity) { const c = [(box[4 * i + 1] + box[4 * i + 3]) / 2, (box[4 * i] + box[4 * i + 2]) / 2]; map.panInside(c, { padding: [50, 50] }); }
  charts.forEach(c => c.dispose()); charts = [];
  const known = run.predicted[i] >= 0 && P.class[i] >= 0, same = run.predicted[i] === P.class[i];
  const top = [["predicted", "p1"], ["second", "p2"], ["third", "p3"]].filter(([k]) => run[k][i] >= 0);
  const why = P.reasons[P.reason[i]];
  byId("search").value = P.id[i];
  byId("panel").innerHTML = `<h3>Parcel ${escape(P.id[i])}</h3>
    <p>Declared: <b id="declared">${escape(nameOf(P.class[i]))}</b>. ${escape(run.name)} says <b id="predicted" class="${known ? same ? "right" : "wrong" : ""}">${escape(nameOf(run.predicted[i]))}</b>${known ? same ? ", as declared" : ", other than declared" : ""}.${run.likely[i] < 0 ? "" : ` Likely: <b id="likely">${escape(P.words[run.likely[i]])}</b>.`}${run.by[i] < 0 ? run.predicted[i] < 0 && P.class[i] >= 0 && !why ? " This model learnt its label, or has no series of it; no answer is shown." : "" : ` Answered by <span id="by">${escape(P.words[run.by[i]])}</span>.`}${why ? ` <br>${escape(P.status[i])}: ${escape(why)}.` : ""}</p>
    <table><thead><tr><th scope="col">class</th><th scope="col">calibrated probability</th></tr></thead><tbody>${top.map(([k, p]) => `<tr><th scope="row">${escape(nameOf(run[k][i]))}</th><td><span class="bar" style="width:${run[p][i] / 16}%"></span><span class="chance">${percent(run[p][i])}</span></td></tr>`).join("")}</tbody></table>
    <p>${P.area[i] === null ? "" : `Area <span id="area">${fixed(P.area[i] / 10000, 2)}</span> ha. `}Part: ${P.parts[P.part[i]]}. ${run.clear[i] === null ? "" : `Clear dates: ${run.clear[i]}. `}Entropy ${run.entropy[i] < 0 ? "–" : fixed(run.entropy[i] / 1000, 2)}${run.disagreement[i] < 0 ? "" : `; disagreement of seeds ${percent(run.disagreement[i])}`}.</p>
    <div id="plots"></div>`;
  S ??= await unpack(byId("data-series")); A ??= await unpack(byId("data-attention"));
  if (chosen !== n) return;
  plot(i, run); chips(i);
}
function plot(i, run) {
  const cube = S.branches[run.branch], row = cube ? (cube.row ??= new Map(cube.parcels.map((p, k) => [p, k]))).get(P.id[i]) : undefined;
  if (row === undefined) {
    byId("plots").innerHTML = `<p class="hint">Its series is not in this page${S.left_out ? ` (the page holds those of ${fixed(S.limit)} parcels; page.series raises that)` : ""}; all series lie in results/series.</p>`;
    return;
  }
  cube.v ??= integers(cube.values); cube.m ??= integers(cube.marked);
  const T = cube.time.length, B = cube.bands.length, days = cube.time;
  const marked = days.map((_, t) => cube.m[row * T + t] === 1), unknown = days.map((_, t) => cube.m[row * T + t] === MISSING);
  const attention = A[`${run.branch}/${run.model}`], ar = attention ? (attention.row ??= new Map(attention.parcels.map((p, k) => [p, k]))).get(P.id[i]) : undefined;
  const attended = P.runs.filter(r => A[`${r.branch}/${r.model}`]).map(r => r.name), seen = [];
  for (let t = 0; t < T; t++) if (cube.v[row * B * T + t] !== MISSING || cube.bands.some((_, b) => cube.v[(row * B + b) * T + t] !== MISSING)) seen.push(t);
  const cloudy = seen.filter(t => marked[t]).length, open = seen.filter(t => unknown[t]).length;
  byId("plots").innerHTML = `<p>Series of branch ${escape(run.branch)}: ${seen.length} dates, ${cloudy} of them ${escape(cube.word)} (grey)${open ? `; of ${open} it is unknown (dotted)` : ""}.</p><div id="chart" class="chart" role="img" aria-label="Reflectance of parcel ${escape(P.id[i])} by band and date"></div>`
    + (ar === undefined ? attended.length && !attention ? `<p class="hint">Attention is known of ${escape(attended.join(" and "))}.</p>` : "" : `<label>Attention of <select id="head"><option value="-1">all heads</option>${Array.from({ length: attention.layers * attention.heads }, (_, k) => `<option value="${k}">layer ${Math.floor(k / attention.heads) + 1}, head ${k % attention.heads + 1}</option>`).join("")}</select></label>`)
    + `<div id="chips"></div>`;
  const chart = echarts.init(byId("chart"), null, { renderer: "canvas" }); charts.push(chart);
  const half = 2 * 864e5, dotted = { color: "transparent", borderColor: "#8a8a8a", borderType: "dotted", borderWidth: 1 };
  const areas = seen.filter(t => marked[t] || unknown[t]).map(t => { const d = Date.parse(days[t]); return [{ xAxis: d - half, ...(unknown[t] ? { itemStyle: dotted } : {}) }, { xAxis: d + half }]; });
  const few = ["B02", "B03", "B04", "B08", "B11"], selected = Object.fromEntries(cube.bands.map(b => [b, few.includes(b) || B <= 6]));
  const lines = cube.order.map(b => ({
    name: cube.bands[b], type: "line", symbol: "circle", symbolSize: 4, color: cube.colours[b], lineStyle: { width: 1.3 }, connectNulls: true, emphasis: { focus: "series" },
    data: days.map((d, t) => [d, cube.v[(row * B + b) * T + t] === MISSING ? null : cube.v[(row * B + b) * T + t] / 1000]),
  }));
  // The clouds hang on a series of their own, which no one can switch off with a band.
  lines.push({ name: "clouds", type: "line", data: [], silent: true, markArea: { silent: true, itemStyle: { color: "#c3c8d1", opacity: .55 }, data: areas } });
  const grids = [{ left: 46, right: 10, top: 52, bottom: ar === undefined ? 28 : 112 }], two = ar !== undefined;
  if (two) grids.push({ left: 46, right: 10, height: 56, bottom: 28 });
  const from = days[0], to = days[T - 1];
  chart.setOption({
    animation: false, textStyle: { fontFamily: "inherit" }, aria: { enabled: true },
    legend: { top: 0, itemWidth: 14, itemHeight: 8, textStyle: { fontSize: 11 }, selected, data: cube.order.map(b => cube.bands[b]) },
    tooltip: { trigger: "axis", valueFormatter: v => v === null || v === undefined ? "–" : v.toFixed(3), confine: true },
    axisPointer: { link: [{ xAxisIndex: "all" }] }, grid: grids,
    xAxis: grids.map((_, g) => ({ type: "time", gridIndex: g, min: from, max: to, axisLabel: { show: g === grids.length - 1, hideOverlap: true, formatter: "{d} {MMM}", fontSize: 11 } })),
    yAxis: [{ type: "value", name: "reflectance", scale: true, nameTextStyle: { align: "left", fontSize: 11 }, axisLabel: { fontSize: 11 } }, ...(two ? [{ type: "value", gridIndex: 1, name: "attention", nameTextStyle: { align: "left", fontSize: 11 }, splitNumber: 2, axisLabel: { fontSize: 11, formatter: v => Math.round(100 * v) + " %" } }] : [])],
    series: two ? [...lines, { name: "attention", type: "bar", xAxisIndex: 1, yAxisIndex: 1, barWidth: 4, data: bars(attention, ar, -1, marked, unknown, days) }] : lines,
  });
  byId("head")?.addEventListener("change", e => chart.setOption({ series: [{ name: "attention", data: bars(attention, ar, +e.target.value, marked, unknown, days) }] }));
}
function bars(a, row, head, marked, unknown, days) {
  a.v ??= integers(a.values); a.d ??= integers(a.days);
  const K = a.layers * a.heads, start = Date.parse("2000-01-01"), cloudy = new Set(days.filter((_, t) => marked[t])), open = new Set(days.filter((_, t) => unknown[t]));
  const out = [];
  for (let t = 0; t < a.dates; t++) {
    const day = a.d[row * a.dates + t]; if (day === MISSING) continue;
    let value = 0;
    for (let k = 0; k < K; k++) if (head < 0 || head === k) value += a.v[(row * K + k) * a.dates + t] / (head < 0 ? K : 1);
    const date = new Date(start + day * 864e5).toISOString().slice(0, 10);
    out.push({ value: [date, value / 1000], itemStyle: { color: cloudy.has(date) ? "#d55e00" : open.has(date) ? "#8a8a8a" : "#0072b2" } });
  }
  return out;
}

// ---- chips: cut out of the scenes' pictures, where the page holds them
const images = new Map();
function chips(i) {
  const pictures = S.pictures, where = byId("chips");
  if (!where || !pictures || !pictures.sources.length || box[4 * i] === Infinity) return;
  const [w, s, e, n] = pictures.extent, x = (box[4 * i] + box[4 * i + 2]) / 2, y = (box[4 * i + 1] + box[4 * i + 3]) / 2;
  const side = Math.max(240, 1.5 * Math.max(box[4 * i + 2] - box[4 * i], box[4 * i + 3] - box[4 * i + 1])), pixels = 76, k = pixels / side;
  where.innerHTML = ""; where.setAttribute("tabindex", "0"); where.setAttribute("aria-label", "Pictures of the parcel in order of time");
  pictures.sources.forEach((source, t) => {
    const frame = document.createElement("div"), canvas = document.createElement("canvas"); canvas.width = canvas.height = pixels;
    canvas.setAttribute("role", "img"); canvas.setAttribute("aria-label", `Parcel on ${pictures.dates[t]}`);
    frame.append(canvas, pictures.dates[t].slice(5)); where.append(frame);
    let image = images.get(t); if (!image) { image = new Image(); image.src = URL.createObjectURL(new Blob([source], { type: "image/webp" })); images.set(t, image); }
    image.decode().then(() => {
      const g = canvas.getContext("2d"), px = image.width / (e - w), py = image.height / (n - s); g.imageSmoothingEnabled = false;
      g.fillStyle = "#d9d9e3"; g.fillRect(0, 0, pixels, pixels);
      g.drawImage(image, (x - side / 2 - w) * px, (n - y - side / 2) * py, side * px, side * py, 0, 0, pixels, pixels);
      g.setTransform(k, 0, 0, -k, (side / 2 - x) * k, (side / 2 + y) * k); g.beginPath();
      for (const r of rings[i]) { g.moveTo(r[0], r[1]); for (let m = 2; m < r.length; m += 2) g.lineTo(r[m], r[m + 1]); g.closePath(); }
      g.lineWidth = 1.5 / k; g.strokeStyle = "#fff"; g.stroke();
    }).catch(() => { frame.remove(); });
  });
}
window.cloudrobust = { ready: true, parcels: N, open: id => open(place.get(id), true), centre: id => { const i = place.get(id), q = map.latLngToContainerPoint([(box[4 * i + 1] + box[4 * i + 3]) / 2, (box[4 * i] + box[4 * i + 2]) / 2]); return [q.x, q.y]; }, at: (x, y) => { const p = map.containerPointToLatLng([x, y]); return P.id[at(p.lng, p.lat)]; }, map, visible: () => shownCount };
document.body.dataset.ready = "yes";
})();
