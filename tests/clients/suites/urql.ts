// urql with its normalised cache, which knows the schema; live events by graphql-ws and by graphql-sse.
import { deepEqual, equal, ok, partialDeepStrictEqual } from "node:assert/strict";
import { randomUUID } from "node:crypto";

import {
  Client,
  CombinedError,
  fetchExchange,
  gql,
  type OperationResult,
  type OperationResultSource,
} from "@urql/core";

import {
  HomeFeedNextPageDocument,
  HomeScreenDocument,
  LikeDocument,
  LivePostsDocument,
  OpenLinkDocument,
  PostScreenDocument,
  SelfCheckDocument,
  WriteCommentDocument,
  type LivePostsSubscription,
} from "../app/generated/operations.ts";
import { openStreams } from "../app/graphql_sse.ts";
import { openSocket } from "../app/graphql_ws.ts";
import { urqlClient } from "../app/urql.ts";
import { FROM_NOW, Inbox, setLikes } from "./events.ts";
import { ask, check, like, run, world } from "./harness.ts";
import { sentBy } from "./wire.ts";

const post = world.posts[0]!;
const shortcode = await shortcodeOf(post);
const token = (): string => world.me.token;
const socket = openSocket(world.ws, token);
const streams = openStreams(world.http, token);
const complaints: unknown[][] = [];
console.warn = console.error = (...words: unknown[]) => void complaints.push(words);

const mine = (live: typeof socket | typeof streams = socket): Client => urqlClient(world.http, token, live);

async function shortcodeOf(id: string): Promise<string> {
  const found = await ask(world.me, "query ($id: ID!) { post(by: { id: $id }) { url } }", { id });
  return found.post.url.split("/").at(-1);
}

/** What a screen shows, as it changes. */
function shownBy<T>(source: OperationResultSource<OperationResult<T, any>>): Inbox<T> {
  const inbox = new Inbox<T>();
  source.subscribe(({ data, error }) => (error ? inbox.fail(error) : data && inbox.take(data)));
  return inbox;
}

async function dataOf<T>(source: OperationResultSource<OperationResult<T, any>>): Promise<T> {
  const { data, error } = await source.toPromise();
  if (error) throw error;
  return data!;
}

const likesOf =
  (count: number) =>
  (shown: { post: { likeCount: number | null } | null }): boolean =>
    shown.post?.likeCount === count;

check("a query is answered, and another one finds its objects in the cache", async () => {
  const client = mine();
  const shown = await dataOf(client.query(PostScreenDocument, { shortcode }));
  equal(shown.post?.author.handle, world.author.handle);
  const again = client.query(PostScreenDocument, { shortcode }, { requestPolicy: "cache-only" });
  deepEqual(await dataOf(again), shown);
});

check("a mutation changes every screen that shows the post, at once and for good", async () => {
  const client = mine();
  const screen = shownBy(client.query(PostScreenDocument, { shortcode }));
  await screen.until((shown) => shown.post?.viewerHasLiked === false);
  const done = dataOf(client.mutation(LikeDocument, { input: { postId: post } }));
  deepEqual((await done).likePost.errors, []);
  await screen.until(likesOf(1));
  ok(screen.taken.some((shown) => shown.post?.viewerHasLiked && shown.post.likeCount === 0), "nothing optimistic");
  await like(world.me, post, false);
});

check("a new comment brings the list up to date", async () => {
  const client = mine();
  const screen = shownBy(client.query(PostScreenDocument, { shortcode, order: "OLDEST" }));
  await screen.until((shown) => shown.post?.comments.edges.length === 5);
  const input = { postId: post, text: "Mine", idempotencyKey: randomUUID() };
  const written = await dataOf(client.mutation(WriteCommentDocument, { input }));
  await screen.until((shown) => shown.post?.comments.edges.length === 6 && shown.post.commentCount === 6);
  await ask(world.me, "mutation ($input: DeleteCommentInput!) { deleteComment(input: $input) { errors { code } } }", {
    input: { commentId: written.addComment.commentEdge!.node.id },
  });
});

check("relayPagination puts page to page", async () => {
  const client = mine();
  const screen = shownBy(client.query(HomeScreenDocument, { postCount: 2, mode: "CHRONOLOGICAL" }));
  const first = await screen.until(({ viewer }) => viewer?.homeFeed.edges.length === 2);
  const after = first.viewer!.homeFeed.pageInfo.endCursor!;
  await dataOf(client.query(HomeFeedNextPageDocument, { after, mode: "CHRONOLOGICAL" }));
  const all = await screen.until(({ viewer }) => viewer?.homeFeed.edges.length === 3);
  deepEqual(all.viewer?.homeFeed.edges.map(({ node }) => node.id), world.posts.toReversed());
  equal(all.viewer?.homeFeed.pageInfo.hasNextPage, false);
});

check("persistedExchange sends hashes, and the text only once", async () => {
  const document = gql`query ${`ByHash${Date.now()}`} { viewer { id } }`;
  const sent = await sentBy(async () => {
    ok(await dataOf(mine().query(document, {})));
    ok(await dataOf(mine().query(document, {})));
  });
  deepEqual(sent.map(({ hasText }) => hasText), [false, true, false]);
  deepEqual(sent.map(({ codes }) => codes), [["PERSISTED_OPERATION_NOT_FOUND"], [], []]);
});

check("a mutation goes by POST, whatever queries do", async () => {
  const client = mine();
  const sent = await sentBy(() => dataOf(client.mutation(LikeDocument, { input: { postId: post } })));
  deepEqual([...new Set(sent.map(({ method }) => method))], ["POST"]);
  await like(world.me, post, false);
});

check("what a person can put right is data", async () => {
  const { likePost } = await dataOf(mine().mutation(LikeDocument, { input: { postId: "nothing" } }));
  partialDeepStrictEqual(likePost, { post: null, errors: [{ code: "NOT_FOUND", path: ["input", "postId"] }] });
});

check("everything else is a CombinedError with a code", async () => {
  const stranger = urqlClient(world.http, () => "of nobody", socket);
  const cases: [OperationResultSource<OperationResult<any, any>>, string][] = [
    [mine().query(gql`query Bad($url: URL!) { resource(url: $url) { id } }`, { url: "1" }), "BAD_USER_INPUT"],
    [mine().query(OpenLinkDocument, { url: "1" }), "BAD_USER_INPUT"],
    [stranger.query(SelfCheckDocument, {}), "UNAUTHENTICATED"],
  ];
  for (const [asked, code] of cases) {
    const { error } = await asked.toPromise();
    ok(error instanceof CombinedError);
    equal(error.graphQLErrors[0]?.extensions.code, code);
  }
});

check("a server that is not there is a network error", async () => {
  const nowhere = urqlClient("http://127.0.0.1:9/graphql", token, socket);
  const { error } = await nowhere.query(SelfCheckDocument, {}).toPromise();
  ok(error?.networkError);
});

check("an event over graphql-ws brings every screen up to date", () => eventsReach(mine(socket)));

check("an event over graphql-sse brings every screen up to date", () => eventsReach(mine(streams)));

check("without a live transport, fetchExchange takes a subscription as a stream", async () => {
  const fetchOptions = { headers: { authorization: `Bearer ${token()}` } };
  const client = new Client({ url: world.http, fetchOptions, fetchSubscriptions: true, exchanges: [fetchExchange] });
  const events = shownBy(client.subscription(LivePostsDocument, { postIds: [post], after: FROM_NOW }));
  await events.until(({ postEvents }) => postEvents.__typename === "StreamResetEvent");
  await setLikes(post, 1);
  await events.until(({ postEvents }) => "post" in postEvents && postEvents.post.likeCount === 1);
  await setLikes(post, 0);
});

check("the normalised cache has nothing to complain about", async () => {
  deepEqual(complaints, []);
});

async function eventsReach(client: Client): Promise<void> {
  const screen = shownBy(client.query(PostScreenDocument, { shortcode }));
  await screen.until(likesOf(0));
  const variables = { postIds: [post], after: FROM_NOW };
  const events = shownBy<LivePostsSubscription>(client.subscription(LivePostsDocument, variables));
  await events.until(({ postEvents }) => postEvents.__typename === "StreamResetEvent");
  await setLikes(post, 1);
  await screen.until(likesOf(1));
  await setLikes(post, 0);
  await screen.until((shown) => likesOf(0)(shown) && screen.taken.indexOf(shown) > screen.taken.findIndex(likesOf(1)));
}

await run();
