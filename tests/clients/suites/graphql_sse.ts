// npm's graphql-sse, in its mode of one connection for each operation.
import { deepEqual, equal, ok } from "node:assert/strict";

import { createClient, NetworkError, type Client } from "graphql-sse";

import { follow } from "../app/follow.ts";
import { openStreams } from "../app/graphql_sse.ts";
import { EVENTS, FROM_NOW, Inbox, isReset, likesAre, setLikes, type Happened } from "./events.ts";
import { check, like, restartApi, run, world } from "./harness.ts";

const WHO = "{ viewer { user { id } } }";
const LIKE = `mutation ($input: LikePostInput!) {
  likePost(input: $input) { post { viewerHasLiked } errors { code } }
}`;

const mine = (): Client => openStreams(world.http, () => world.me.token);

async function answersOf(streams: Client, query: string, variables = {}): Promise<any[]> {
  const answers = [];
  for await (const answer of streams.iterate({ query, variables })) answers.push(answer);
  return answers;
}

check("a query is answered once and is complete then", async () => {
  deepEqual(await answersOf(mine(), WHO), [{ data: { viewer: { user: { id: world.me.id } } } }]);
});

check("without a token nobody is signed in", async () => {
  const streams = createClient({ url: world.http });
  deepEqual(await answersOf(streams, WHO), [{ data: { viewer: null } }]);
  const [refused] = await answersOf(streams, LIKE, { input: { postId: world.posts[0] } });
  equal(refused.errors[0].extensions.code, "UNAUTHENTICATED");
});

check("a mutation does its work", async () => {
  const answers = await answersOf(mine(), LIKE, { input: { postId: world.posts[0] } });
  deepEqual(answers, [{ data: { likePost: { post: { viewerHasLiked: true }, errors: [] } } }]);
  await like(world.me, world.posts[0]!, false);
});

check("what is wrong with a document is told in the stream", async () => {
  for (const [document, code] of [["{", "PARSE_FAILED"], ["{ nothing }", "VALIDATION_FAILED"]] as const) {
    const [answer] = await answersOf(mine(), document);
    equal(answer.errors[0].extensions.code, code);
  }
});

check("a bad token is a status that a client sees, and a good one helps", async () => {
  const once = createClient({ url: world.http, headers: { authorization: "Bearer nobody's" }, retryAttempts: 0 });
  const failure = await answersOf(once, WHO).catch((error) => error);
  ok(failure instanceof NetworkError);
  equal(failure.response?.status, 401);

  const tokens = ["nobody's", world.me.token];
  const streams = openStreams(world.http, () => tokens.shift()!);
  deepEqual(await answersOf(streams, WHO), [{ data: { viewer: { user: { id: world.me.id } } } }]);
});

check("events come as they happen, on as many streams as there are subscriptions", async () => {
  const streams = mine();
  const [first, second] = world.posts.map((post) => {
    const inbox = new Inbox<Happened>();
    follow(streams, { query: EVENTS, variables: { postIds: [post], after: FROM_NOW } }, inbox.take, inbox.fail);
    return inbox;
  });
  await Promise.all([first!.until(isReset), second!.until(isReset)]);
  await setLikes(world.posts[1]!, 1);
  const { post } = await second!.until(likesAre(1));
  deepEqual(post, { id: world.posts[1], likeCount: 1, viewerHasLiked: true });
  deepEqual(first!.taken.filter((event) => !isReset(event)), []);
  streams.dispose();
  await setLikes(world.posts[1]!, 0);
});

check("what was missed comes by the cursor of the last event", async () => {
  const streams = mine();
  const post = world.posts[2]!;
  const request = { query: EVENTS, variables: { postIds: [post], after: FROM_NOW } };
  const before = new Inbox<Happened>();
  const leave = follow(streams, request, before.take, before.fail);
  await before.until(isReset);
  await setLikes(post, 1);
  const { cursor } = await before.until(likesAre(1));
  leave();
  await setLikes(post, 2);

  const after = new Inbox<Happened>();
  follow(streams, request, after.take, after.fail);
  await after.until(likesAre(2));

  ok(!after.taken.some((event) => event.cursor === cursor || isReset(event)));
  streams.dispose();
  await setLikes(post, 0);
});

check("when the server restarts, the client comes back and goes on behind its last event", async () => {
  const streams = mine();
  const post = world.posts[1]!;
  const inbox = new Inbox<Happened>();
  follow(streams, { query: EVENTS, variables: { postIds: [post], after: FROM_NOW } }, inbox.take, inbox.fail);
  await inbox.until(isReset);
  await setLikes(post, 1);
  await inbox.until(likesAre(1));

  await restartApi();
  await setLikes(post, 2);

  await inbox.until(likesAre(2));
  equal(inbox.taken.filter(isReset).length, 1);
  streams.dispose();
});

await run();
