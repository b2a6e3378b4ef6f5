// npm's graphql-ws, as most clients bring it along.
import { deepEqual, equal, ok } from "node:assert/strict";
import { createHash } from "node:crypto";

import { createClient, type Client } from "graphql-ws";

import { follow } from "../app/follow.ts";
import { openSocket } from "../app/graphql_ws.ts";
import { EVENTS, FROM_NOW, Inbox, isReset, likesAre, setLikes, type Happened } from "./events.ts";
import { check, like, restartApi, run, world } from "./harness.ts";

const WHO = "{ viewer { user { id } } }";
const LIKE = `mutation ($input: LikePostInput!) {
  likePost(input: $input) { post { viewerHasLiked } errors { code } }
}`;

async function withSocket(work: (socket: Client) => Promise<void>, token = world.me.token): Promise<void> {
  const socket = openSocket(world.ws, () => token);
  try {
    await work(socket);
  } finally {
    await socket.dispose();
  }
}

async function answerOf(socket: Client, query: string, variables = {}): Promise<any> {
  for await (const answer of socket.iterate({ query, variables })) return answer;
}

check("a query is answered, for whom the token of connectionParams names", () =>
  withSocket(async (socket) => {
    deepEqual(await answerOf(socket, WHO), { data: { viewer: { user: { id: world.me.id } } } });
  }),
);

check("without connectionParams nobody is signed in", async () => {
  const socket = createClient({ url: world.ws });
  deepEqual(await answerOf(socket, WHO), { data: { viewer: null } });
  const refused = await answerOf(socket, LIKE, { input: { postId: world.posts[0] } });
  equal(refused.errors[0].extensions.code, "UNAUTHENTICATED");
  await socket.dispose();
});

check("a mutation does its work", () =>
  withSocket(async (socket) => {
    const answer = await answerOf(socket, LIKE, { input: { postId: world.posts[0] } });
    deepEqual(answer, { data: { likePost: { post: { viewerHasLiked: true }, errors: [] } } });
    await like(world.me, world.posts[0]!, false);
  }),
);

check("what a person can put right comes as data", () =>
  withSocket(async (socket) => {
    const answer = await answerOf(socket, LIKE, { input: { postId: "nothing" } });
    deepEqual(answer, { data: { likePost: { post: null, errors: [{ code: "NOT_FOUND" }] } } });
  }),
);

check("a wrong document is an error, and the socket lives on", () =>
  withSocket(async (socket) => {
    let opened = 0;
    socket.on("opened", () => void opened++);
    const inbox = new Inbox<Happened>();
    const request = { query: EVENTS, variables: { postIds: [world.posts[0]], after: FROM_NOW } };
    follow(socket, request, inbox.take, inbox.fail);
    await inbox.until(isReset);
    for (const [document, code] of [["{", "PARSE_FAILED"], ["{ nothing }", "VALIDATION_FAILED"]] as const) {
      const failure = await answerOf(socket, document).catch((errors) => errors);
      equal(failure[0].extensions.code, code);
    }
    ok((await answerOf(socket, WHO)).data);
    equal(opened, 1);
  }),
);

check("a document goes by its hash, once the server has seen its text", () =>
  withSocket(async (socket) => {
    const query = `query ByHash${Date.now()} { viewer { user { id } } }`;
    const sha256Hash = createHash("sha256").update(query).digest("hex");
    const send = (query: string): Promise<any> =>
      new Promise((next, error) => {
        const extensions = { persistedQuery: { version: 1, sha256Hash } };
        socket.subscribe({ query, extensions }, { next, error, complete() {} });
      });
    const [unknown] = await send("").catch((errors) => errors);
    equal(unknown.message, "PersistedQueryNotFound");
    const answer = { data: { viewer: { user: { id: world.me.id } } } };
    deepEqual(await send(query), answer);
    deepEqual(await send(""), answer);
  }),
);

check("a ping is answered with a pong", async () => {
  const socket = createClient({ url: world.ws, keepAlive: 20, lazy: false });
  await new Promise<void>((go) => socket.on("pong", (isReceived) => isReceived && go()));
  await socket.dispose();
});

check("a bad token is 4403, and a good one helps", async () => {
  const tokens = ["of somebody else", world.me.token];
  const closed: number[] = [];
  const socket = openSocket(world.ws, () => tokens.shift()!);
  socket.on("closed", (event) => void closed.push((event as CloseEvent).code));
  deepEqual(await answerOf(socket, WHO), { data: { viewer: { user: { id: world.me.id } } } });
  deepEqual(closed, [4403]);
  await socket.dispose();
});

check("events come as they happen, to each of two subscriptions of one socket", () =>
  withSocket(async (socket) => {
    const [first, second] = world.posts.map((post) => {
      const inbox = new Inbox<Happened>();
      follow(socket, { query: EVENTS, variables: { postIds: [post], after: FROM_NOW } }, inbox.take, inbox.fail);
      return inbox;
    });
    await Promise.all([first!.until(isReset), second!.until(isReset)]);
    await setLikes(world.posts[1]!, 1);
    const { post } = await second!.until(likesAre(1));
    deepEqual(post, { id: world.posts[1], likeCount: 1, viewerHasLiked: true });
    deepEqual(first!.taken.filter((event) => !isReset(event)), []);
    await setLikes(world.posts[1]!, 0);
  }),
);

check("a subscription that is let go leaves the socket to the others", () =>
  withSocket(async (socket) => {
    const inbox = new Inbox<Happened>();
    const request = { query: EVENTS, variables: { postIds: [world.posts[0]], after: FROM_NOW } };
    const leave = follow(socket, request, inbox.take, inbox.fail);
    await inbox.until(isReset);
    const query = answerOf(socket, WHO);
    leave();
    ok((await query).data);
  }),
);

check("what was missed comes by the cursor of the last event", () =>
  withSocket(async (socket) => {
    const post = world.posts[2]!;
    const request = { query: EVENTS, variables: { postIds: [post], after: FROM_NOW } };
    const before = new Inbox<Happened>();
    const leave = follow(socket, request, before.take, before.fail);
    await before.until(isReset);
    await setLikes(post, 1);
    const { cursor } = await before.until(likesAre(1));
    equal(request.variables.after, cursor);
    leave();
    await setLikes(post, 2);

    const after = new Inbox<Happened>();
    follow(socket, request, after.take, after.fail);
    await after.until(likesAre(2));

    ok(!after.taken.some((event) => event.cursor === cursor || isReset(event)));
    await setLikes(post, 0);
  }),
);

check("when the server restarts, the client comes back and goes on behind its last event", () =>
  withSocket(async (socket) => {
    const post = world.posts[1]!;
    const closed: number[] = [];
    socket.on("closed", (event) => void closed.push((event as CloseEvent).code));
    const inbox = new Inbox<Happened>();
    const request = { query: EVENTS, variables: { postIds: [post], after: FROM_NOW } };
    follow(socket, request, inbox.take, inbox.fail);
    await inbox.until(isReset);
    await setLikes(post, 1);
    await inbox.until(likesAre(1));

    await restartApi();
    await setLikes(post, 2);

    await inbox.until(likesAre(2));
    equal(closed[0], 1012);
    equal(inbox.taken.filter(isReset).length, 1);
  }),
);

await run();
