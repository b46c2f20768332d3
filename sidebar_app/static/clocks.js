/* Countdowns of the panel: from when its page came, once a minute, once a second in the last 5 min. Only what is
   crossed is said; where something changes that only the server knows, it looks again. */
"use strict";
window.deskhandClocks = ({ box, say, look }) => {
  const SOON_S = 300;
  const SETTLE_S = 4;  // so long after somebody was to be told, it stands in the ladder
  const MOST_TRIES = 6;
  const LONGEST_S = 3600;
  const NBSP = "\u00a0";
  const STAGES = [
    { from: 1, tone: "late", pill: "bad", words: "is late" },
    { from: 0.9, tone: "urgent", pill: "bad", words: `has used 90${NBSP}% of its time` },
    { from: 0.75, tone: "soon", pill: "warn", words: `has used 75${NBSP}% of its time` },
    { from: -Infinity, tone: "", pill: "", words: "" },
  ];
  const wound = { at: 0, timer: 0, tries: 0 };
  const running = () => [...box.querySelectorAll("[data-clock][data-left]")];
  const waiting = () => [...box.querySelectorAll("[data-in]")];
  const put = (element, text) => { if (element && element.textContent !== text) element.textContent = text; };

  /* As triage.sla.saying.time_left writes it. */
  function timeLeft(seconds) {
    const all = Math.floor(Math.abs(seconds));
    const minutes = Math.floor(all / 60);
    if (all < SOON_S) return minutes ? `${minutes}${NBSP}min ${all % 60}${NBSP}s` : `${all}${NBSP}s`;
    return minutes < 60 ? `${minutes}${NBSP}min` : inHours(Math.floor(minutes / 60), minutes % 60);
  }

  function inHours(hours, minutes) {
    if (hours >= 48) return `${hours.toLocaleString("en-GB")}${NBSP}h`;
    return minutes ? `${hours}${NBSP}h ${minutes}${NBSP}min` : `${hours}${NBSP}h`;
  }

  const stageOf = (clock, left) => {
    const share = 1 - left / (clock.dataset.of || 1);
    return STAGES.find(({ from }) => (from === 1 ? left < 0 : share >= from));
  };

  function wind() {
    wound.at = performance.now();
    for (const clock of running()) clock.stage = stageOf(clock, Number(clock.dataset.left));
    count();
  }

  function count() {
    clearTimeout(wound.timer);
    const passed = (performance.now() - wound.at) / 1000;
    running().forEach((clock, place) => countClock(clock, clock.dataset.left - passed, place === 0));
    for (const words of waiting()) put(words, timeLeft(Math.max(words.dataset.in - passed, 0)));
    const change = changesIn(passed);
    if (change <= 0) { lookAgain(); return; }
    if (change > SOON_S) wound.tries = 0;
    const wait = Math.min(ticksIn(passed), Math.max(change, 1), LONGEST_S);
    if (running().length || Number.isFinite(change)) wound.timer = setTimeout(count, wait * 1000);
  }

  /* When the server has something new: the desk opens or closes, or somebody further was told. */
  function changesIn(passed) {
    const desk = [...box.querySelectorAll("[data-changes]")].map((clock) => clock.dataset.changes - passed);
    const settle = SETTLE_S * 2 ** wound.tries;
    return Math.min(Infinity, ...desk, ...waiting().map((words) => words.dataset.in - passed + settle));
  }

  function ticksIn(passed) {
    const lefts = [...running().map((clock) => clock.dataset.left - passed), ...waiting().map((words) => words.dataset.in - passed)];
    return Math.min(Infinity, ...lefts.map(ticks));
  }

  /* To the second or the minute at which the words change. */
  function ticks(left) {
    if (Math.abs(left) <= SOON_S + 1) return 1;
    return (left > 0 ? left % 60 : 60 + (left % 60)) + 0.05;
  }

  function lookAgain() {
    wound.tries = Math.min(wound.tries + 1, MOST_TRIES);
    look();
  }

  function countClock(clock, left, isFirst) {
    const stage = stageOf(clock, left);
    const words = `${timeLeft(left)} ${left < 0 ? "late" : "left"}`;
    put(clock.querySelector(".v"), words);
    countBar(clock, left);
    if (isFirst) countPill(left, stage);
    if (stage === clock.stage) return;
    if (clock.stage.tone) clock.classList.remove(clock.stage.tone);
    clock.stage = stage;
    clock.classList.add(stage.tone);
    say(`${clock.dataset.clock} ${stage.words}.`);
  }

  function countBar(clock, left) {
    const bar = clock.querySelector("progress");
    if (!bar) return;
    const share = Math.min(1 - left / clock.dataset.of, 1);
    bar.value = share * clock.dataset.of;
    bar.setAttribute("aria-label", `${clock.dataset.clock}: ${Math.floor(share * 100 + 1e-9)}${NBSP}% of the time used`);
  }

  function countPill(left, stage) {
    const pill = box.querySelector("[data-pill]");
    if (!pill) return;
    put(pill, left < 0 ? `${pill.dataset.pill} ${timeLeft(left)} late` : `${pill.dataset.pill} in ${timeLeft(left)}`);
    pill.className = stage.pill ? `pill ${stage.pill}` : "pill ";
  }

  return { wind };
};
