// A chat on ws, node-postgres and node-redis, one process a node: the peer of `sluice bench --wire websocket`.
//
// It speaks Sluice's events as far as a load sends them. A message is committed to PostgreSQL before it is acknowledged
// and delivered; Redis tells what was seen, how much a user may send and on which nodes somebody is, in one trip.
// Usage: server.js PORT SECRET_FILE POSTGRES_URL REDIS_URL [MESSAGES_A_SECOND]
"use strict";

const crypto = require("node:crypto");
const fs = require("node:fs");
const http = require("node:http");
const { Pool } = require("pg");
const { createClient } = require("redis");
const { WebSocketServer } = require("ws");

const [port, secretFile, postgresURL, redisURL, rate = "100000"] = process.argv.slice(2);
const secret = fs.readFileSync(secretFile, "utf8").trim();
const node = crypto.randomUUID();
const pool = new Pool({ connectionString: postgresURL, max: 20 });
const redis = createClient({ url: redisURL });
const subscriber = redis.duplicate();

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS messages (
    id text PRIMARY KEY, sender text NOT NULL, temp_id text NOT NULL, receiver text NOT NULL, content text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(), delivered_at timestamptz, read_at timestamptz,
    UNIQUE (sender, temp_id));
  CREATE INDEX IF NOT EXISTS messages_of_receiver ON messages (receiver, created_at)`;
const INSERT = {
  name: "insert",
  text: `INSERT INTO messages (id, sender, temp_id, receiver, content) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (sender, temp_id) DO NOTHING RETURNING created_at`,
};
const FIND = { name: "find", text: "SELECT id, created_at FROM messages WHERE sender = $1 AND temp_id = $2" };
const DELIVERED = {
  name: "delivered",
  text: `UPDATE messages SET delivered_at = coalesce(delivered_at, now())
    WHERE id = $1 AND receiver = $2 RETURNING sender, delivered_at AS at`,
};
const READ = {
  name: "read",
  text: `UPDATE messages SET read_at = coalesce(read_at, now()), delivered_at = coalesce(delivered_at, now())
    WHERE id = $1 AND receiver = $2 RETURNING sender, read_at AS at`,
};
const SEEN_SECONDS = 7 * 24 * 3600;
const BUFFERED_BYTES_MAX = 1 << 20;
const QUEUED_MAX = 1000;

// Who is connected here: sockets by user.
const here = new Map();
let lastNumber = 0;

class Rejection extends Error {
  constructor(code, message, details = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

// Times first, so that ids sort by them.
function newId() {
  lastNumber = (lastNumber + 1) % 0x1000000;
  const [time, number] = [Date.now().toString(16).padStart(12, "0"), lastNumber.toString(16).padStart(6, "0")];
  return `msg_${time}${number}${node.slice(0, 8)}`;
}

// The user of a token that is signed by HS256 and has not expired; throws where it is not.
function userOf(token) {
  const [header, payload, signature, rest] = (token ?? "").split(".");
  if (!signature || rest !== undefined) throw new Error("it is no token");
  if (JSON.parse(Buffer.from(header, "base64url")).alg !== "HS256") throw new Error("another algorithm");
  const expected = crypto.createHmac("sha256", secret).update(`${header}.${payload}`).digest();
  const given = Buffer.from(signature, "base64url");
  if (given.length !== expected.length || !crypto.timingSafeEqual(given, expected)) throw new Error("a bad signature");
  const { sub, exp } = JSON.parse(Buffer.from(payload, "base64url"));
  if (typeof sub !== "string" || !(exp * 1000 > Date.now())) throw new Error("it has expired, or is nobody's");
  return sub;
}

function text(value, name, bytesMax) {
  if (typeof value === "string" && value !== "" && Buffer.byteLength(value) <= bytesMax) return value;
  throw new Rejection("INVALID_EVENT", `${name} must be a text of 1 to ${bytesMax} bytes`);
}

function send(socket, frame) {
  if (socket.bufferedAmount > BUFFERED_BYTES_MAX) return socket.close(4408);
  socket.send(frame);
}

function deliver(user, frame) {
  for (const socket of here.get(user) ?? []) send(socket, frame);
}

// Hands a frame to all of a user's devices: to those here at once, to those of other nodes by their channels.
function route(user, nodes, frame) {
  deliver(user, frame);
  const others = nodes.filter((other) => other !== node);
  return Promise.all(others.map((other) => redis.publish(`node:${other}`, JSON.stringify([user, frame]))));
}

const handlers = {
  async NEW_MESSAGE(socket, data) {
    const tempId = text(data.tempId, "tempId", 256);
    const receiverId = text(data.receiverId, "receiverId", 256);
    const content = text(data.content, "content", 16384);
    const sender = socket.user;
    const second = Math.floor(Date.now() / 1000);
    const [isNew, count, , nodes] = await redis
      .multi()
      .set(`seen:${sender}:${tempId}`, "1", { NX: true, EX: SEEN_SECONDS })
      .incr(`rate:${sender}:${second}`)
      .expire(`rate:${sender}:${second}`, 2)
      .sMembers(`at:${receiverId}`)
      .exec();
    if (count > Number(rate)) {
      if (isNew) await redis.del(`seen:${sender}:${tempId}`);
      throw new Rejection("RATE_LIMITED", "too many messages", { tempId, retryAfterMs: 1000 });
    }
    const stored = await store(sender, tempId, receiverId, content, !isNew);
    const { messageId, timestamp, duplicate } = stored;
    send(socket, JSON.stringify({ type: "MESSAGE_SENT", data: { tempId, ...stored } }));
    if (duplicate) return;
    const message = { messageId, senderId: sender, receiverId, content, timestamp };
    await route(receiverId, nodes, JSON.stringify({ type: "NEW_MESSAGE", data: message }));
  },

  async MESSAGE_DELIVERED(socket, data) {
    await mark(socket, data, DELIVERED, "MESSAGE_DELIVERED_UPDATE", "receiverId", "deliveredAt");
  },

  async MESSAGE_READ(socket, data) {
    await mark(socket, data, READ, "MESSAGE_READ_UPDATE", "readerId", "readAt");
  },

  async PING(socket) {
    send(socket, JSON.stringify({ type: "PONG", data: { serverTime: new Date().toISOString() } }));
  },
};

// Commits a message, once: what Redis has seen may not have been committed, so the constraint has the last word.
async function store(sender, tempId, receiver, content, wasSeen) {
  const find = async () => {
    const { rows } = await pool.query({ ...FIND, values: [sender, tempId] });
    return rows[0] && { messageId: rows[0].id, timestamp: rows[0].created_at.toISOString(), duplicate: true };
  };
  const found = wasSeen && (await find());
  if (found) return found;
  const messageId = newId();
  const { rows } = await pool.query({ ...INSERT, values: [messageId, sender, tempId, receiver, content] });
  return rows[0] ? { messageId, timestamp: rows[0].created_at.toISOString() } : find();
}

async function mark(socket, data, statement, type, who, when) {
  const messageId = text(data.messageId, "messageId", 256);
  const { rows } = await pool.query({ ...statement, values: [messageId, socket.user] });
  if (rows.length === 0) throw new Rejection("NOT_FOUND", "there is no such message", { messageId });
  const frame = JSON.stringify({ type, data: { messageId, [who]: socket.user, [when]: rows[0].at.toISOString() } });
  const nodes = await redis.sMembers(`at:${rows[0].sender}`);
  send(socket, frame);
  await route(rows[0].sender, nodes, frame);
}

function rejectionOf(error) {
  if (error instanceof Rejection) return error;
  if (error instanceof SyntaxError) return new Rejection("INVALID_EVENT", error.message);
  console.error(error);
  return new Rejection("UNAVAILABLE", "it was not taken");
}

async function take(socket, frame) {
  let tempId;
  try {
    const { type, data } = JSON.parse(frame) ?? {};
    tempId = data?.tempId;
    if (!Object.hasOwn(handlers, type)) throw new Rejection("UNKNOWN_EVENT", "an unknown type");
    if (typeof data !== "object" || data === null) throw new Rejection("INVALID_EVENT", "data must be an object");
    await handlers[type](socket, data);
  } catch (error) {
    const { code, message, details } = rejectionOf(error);
    send(socket, JSON.stringify({ type: "ERROR", data: { code, message, tempId, ...details } }));
  }
}

async function arrive(socket, user) {
  socket.user = user;
  socket.queue = Promise.resolve();
  socket.queued = 0;
  // One event of a connection after the other, so that its messages keep their order.
  socket.on("message", (frame) => {
    if (++socket.queued > QUEUED_MAX) socket.pause();
    socket.queue = socket.queue.then(() => take(socket, frame)).then(() => {
      if (--socket.queued <= QUEUED_MAX && socket.isPaused) socket.resume();
    });
  });
  socket.on("error", (error) => console.error(user, error.message));
  socket.on("close", () => leave(socket).catch((error) => console.error(user, error)));
  const sockets = here.get(user);
  if (sockets) sockets.add(socket);
  else here.set(user, new Set([socket]));
  await redis.sAdd(`at:${user}`, node);
  const data = { userId: user, nodeId: node, serverTime: new Date().toISOString() };
  send(socket, JSON.stringify({ type: "CONNECTED", data }));
}

async function leave(socket) {
  const sockets = here.get(socket.user);
  if (!sockets?.delete(socket) || sockets.size > 0) return;
  here.delete(socket.user);
  await redis.sRem(`at:${socket.user}`, node);
}

async function main() {
  await pool.query(SCHEMA);
  await Promise.all([redis.connect(), subscriber.connect()]);
  await subscriber.subscribe(`node:${node}`, (packed) => deliver(...JSON.parse(packed)));

  const sockets = new WebSocketServer({ noServer: true, maxPayload: 65536, perMessageDeflate: false });
  const server = http.createServer((_, response) => response.writeHead(426).end());
  server.on("upgrade", (request, connection, head) => {
    let user;
    try {
      const { pathname, searchParams } = new URL(request.url, "http://chat");
      if (pathname !== "/ws") return connection.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n");
      user = userOf(request.headers.authorization?.replace(/^Bearer /i, "") ?? searchParams.get("token"));
    } catch {
      return connection.end("HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n");
    }
    connection.setNoDelay(true);
    sockets.handleUpgrade(request, connection, head, (socket) => {
      arrive(socket, user).catch((error) => {
        console.error(error);
        socket.close(1011);
      });
    });
  });
  server.listen({ port: Number(port), host: "127.0.0.1", backlog: 1024 });
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
