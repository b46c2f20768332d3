/* Forwards what happened to a ticket: ids, what changed and who did it, signed, to Deskhand. Deskhand reads the rest
   through the API. The sandbox has no Buffer and promises no crypto module, so the digest is computed here. */
const jsonwebtoken = require("jsonwebtoken");

exports = {
  onAppInstall: function () {
    renderData();
  },

  onTicketEvent: async function (payload) {
    const ticket = payload.data.ticket;
    await forward(payload, ticket.id, [ticket.id, payload.timestamp], ticket.changes);
  },

  onConversationEvent: async function (payload) {
    const conversation = payload.data.conversation;
    await forward(payload, conversation.ticket_id, [conversation.ticket_id, conversation.id], {});
  }
};

const LIFE_S = 120;

async function forward(payload, ticketId, identity, changes) {
  const body = ascii(JSON.stringify({
    v: 1,
    source: "app",
    event: payload.event,
    event_id: [payload.event].concat(identity).join(":"),
    timestamp: payload.timestamp,
    ticket_id: ticketId,
    actor: actorOf(payload.data.actor),
    changes: changes || {}
  }));
  try {
    await $request.invokeTemplate("postEvent", { context: { jwt: signed(body, payload.iparams.webhook_secret) }, body: body });
  } catch (refused) {
    console.error("Deskhand did not take " + payload.event + " of ticket " + ticketId + ": " + refused.status);
  }
}

function actorOf(actor) {
  return actor ? { id: actor.id, type: actor.type } : {};
}

function signed(body, secret) {
  const now = Math.floor(Date.now() / 1000);
  return jsonwebtoken.sign({ iat: now, exp: now + LIFE_S, body: sha256(body) }, secret, { algorithm: "HS256" });
}

/* One byte for each character: the bytes that are hashed are the bytes that arrive. */
function ascii(json) {
  return json.replace(/[\u0080-\uffff]/g, function (character) {
    return "\\u" + character.charCodeAt(0).toString(16).padStart(4, "0");
  });
}

/* SHA-256 (FIPS 180-4) of an ASCII text, in hex. */
function sha256(text) {
  const words = padded(text);
  const primes = firstPrimes(64);
  const rounds = primes.map(function (prime) { return fraction(Math.cbrt(prime)); });
  let hash = primes.slice(0, 8).map(function (prime) { return fraction(Math.sqrt(prime)); });
  for (let start = 0; start < words.length; start += 16) {
    hash = compressed(hash, schedule(words.slice(start, start + 16)), rounds);
  }
  return hash.map(function (word) { return (word >>> 0).toString(16).padStart(8, "0"); }).join("");
}

function fraction(root) {
  return ((root - Math.floor(root)) * 4294967296) | 0;
}

function firstPrimes(count) {
  const primes = [];
  for (let number = 2; primes.length < count; number += 1) {
    if (primes.every(function (prime) { return number % prime; })) { primes.push(number); }
  }
  return primes;
}

function padded(text) {
  const words = new Array((((text.length + 8) >> 6) + 1) * 16).fill(0);
  for (let at = 0; at < text.length; at += 1) {
    words[at >> 2] |= text.charCodeAt(at) << (24 - (at % 4) * 8);
  }
  words[text.length >> 2] |= 128 << (24 - (text.length % 4) * 8);
  words[words.length - 1] = text.length * 8;
  return words;
}

function rotated(word, by) {
  return (word >>> by) | (word << (32 - by));
}

function schedule(block) {
  const words = block.slice();
  for (let at = 16; at < 64; at += 1) {
    const far = words[at - 15];
    const near = words[at - 2];
    const mixedFar = rotated(far, 7) ^ rotated(far, 18) ^ (far >>> 3);
    const mixedNear = rotated(near, 17) ^ rotated(near, 19) ^ (near >>> 10);
    words.push((words[at - 16] + mixedFar + words[at - 7] + mixedNear) | 0);
  }
  return words;
}

function compressed(hash, words, rounds) {
  let [a, b, c, d, e, f, g, h] = hash;
  for (let at = 0; at < 64; at += 1) {
    const choice = (e & f) ^ (~e & g);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    const first = (h + (rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)) + choice + rounds[at] + words[at]) | 0;
    const second = ((rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) + majority) | 0;
    [a, b, c, d, e, f, g, h] = [(first + second) | 0, a, b, c, (d + first) | 0, e, f, g];
  }
  return [a, b, c, d, e, f, g, h].map(function (word, at) { return (word + hash[at]) | 0; });
}
