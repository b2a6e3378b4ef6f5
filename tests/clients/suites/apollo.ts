// Apollo Client 4, without React, and with the documents that GraphQL Code Generator made of docs/operations.
import { deepEqual, equal, ok, partialDeepStrictEqual, rejects } from "node:assert/strict";
import { createHash, createHmac, randomUUID } from "node:crypto";

import {
  ApolloClient,
  ApolloLink,
  CombinedGraphQLErrors,
  gql,
  HttpLink,
  InMemoryCache,
  type ObservableQuery,
} from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { createClient } from "graphql-ws";

import { apolloClient } from "../app/apollo.ts";
import {
  CompleteLogInDocument,
  DevicesDocument,
  HomeFeedNextPageDocument,
  HomeScreenDocument,
  LikeDocument,
  LiveAccountDocument,
  LivePostsDocument,
  LogInDocument,
  OpenLinkDocument,
  PostScreenDocument,
  RevokeSessionsDocument,
  SelfCheckDocument,
  WriteCommentDocument,
  type LiveAccountSubscription,
  type LivePostsSubscription,
} from "../app/generated/operations.ts";
import { openSocket } from "../app/graphql_ws.ts";
import { FROM_NOW, Inbox, setLikes } from "./events.ts";
import { ask, check, like, run, world } from "./harness.ts";
import { sentBy } from "./wire.ts";

const post = world.posts[0]!;
const shortcode = await shortcodeOf(post);
const socket = openSocket(world.ws, () => world.me.token);

const mine = (): ApolloClient => apolloClient(world.http, () => world.me.token, socket);

async function shortcodeOf(id: string): Promise<string> {
  const found = await ask(world.me, "query ($id: ID!) { post(by: { id: $id }) { url } }", { id });
  return found.post.url.split("/").at(-1);
}

/** What a screen shows, as it changes. */
function shownBy<T>(query: ObservableQuery<T, any>): Inbox<T> {
  const inbox = new Inbox<T>();
  query.subscribe((result) => result.dataState === "complete" && inbox.take(result.data as T));
  return inbox;
}

check("a query is answered, and its objects are kept by their ids", async () => {
  const client = mine();
  const { data } = await client.query({ query: PostScreenDocument, variables: { shortcode } });
  equal(data?.post?.author.handle, world.author.handle);
  equal(data?.post?.comments.edges.length, 5);
  const kept = Object.keys(client.cache.extract() as object);
  ok(kept.includes(`Post:${post}`));
  ok(kept.includes(`User:${world.author.id}`));
});

check("a mutation changes every screen that shows the post", async () => {
  const client = mine();
  const screen = shownBy(client.watchQuery({ query: PostScreenDocument, variables: { shortcode } }));
  await screen.until((shown) => shown.post?.viewerHasLiked === false);
  const { data } = await client.mutate({ mutation: LikeDocument, variables: { input: { postId: post } } });
  deepEqual(data?.likePost.errors, []);
  await screen.until((shown) => shown.post?.likeCount === 1 && shown.post.viewerHasLiked);
  await like(world.me, post, false);
});

check("an optimistic answer shows first, and the true one takes its place", async () => {
  const client = mine();
  const screen = shownBy(client.watchQuery({ query: PostScreenDocument, variables: { shortcode } }));
  await screen.until((shown) => shown.post?.viewerHasLiked === false);
  await new Promise(setImmediate); // nobody taps while the answer is still being handed out: Apollo would show it once
  await client.mutate({
    mutation: LikeDocument,
    variables: { input: { postId: post } },
    optimisticResponse: {
      likePost: {
        __typename: "LikePostPayload",
        errors: [],
        post: { __typename: "Post", id: post, likeCount: 999, viewerHasLiked: true },
      },
    } as never,
  });
  await screen.until((shown) => shown.post?.likeCount === 1);
  equal(screen.taken.some((shown) => shown.post?.likeCount === 999), true);
  await like(world.me, post, false);
});

check("a new comment goes into the list by its edge", async () => {
  const client = mine();
  const screen = shownBy(client.watchQuery({ query: PostScreenDocument, variables: { shortcode, order: "OLDEST" } }));
  await screen.until((shown) => shown.post?.comments.edges.length === 5);
  const input = { postId: post, text: "Mine", idempotencyKey: randomUUID() };
  await client.mutate({
    mutation: WriteCommentDocument,
    variables: { input },
    update(cache, { data }) {
      const edge = data?.addComment.commentEdge;
      cache.modify({
        id: `Post:${post}`,
        fields: { comments: (list: any) => ({ ...list, edges: [...list.edges, edge] }) },
      });
    },
  });
  const shown = await screen.until(({ post }) => post?.comments.edges.length === 6);
  const { node } = shown.post!.comments.edges.at(-1)!;
  partialDeepStrictEqual(node, { body: { text: "Mine" }, idempotencyKey: input.idempotencyKey });
  equal(shown.post?.commentCount, 6);
  await ask(world.me, "mutation ($input: DeleteCommentInput!) { deleteComment(input: $input) { errors { code } } }", {
    input: { commentId: node.id },
  });
});

check("fetchMore puts page to page by relayStylePagination", async () => {
  const client = mine();
  const feed = client.watchQuery({ query: HomeScreenDocument, variables: { postCount: 2, mode: "CHRONOLOGICAL" } });
  const screen = shownBy(feed);
  const first = await screen.until(({ viewer }) => viewer?.homeFeed.edges.length === 2);
  const after = first.viewer!.homeFeed.pageInfo.endCursor!;
  await feed.fetchMore({ query: HomeFeedNextPageDocument, variables: { after, mode: "CHRONOLOGICAL" } });
  const all = await screen.until(({ viewer }) => viewer?.homeFeed.edges.length === 3);
  deepEqual(all.viewer?.homeFeed.edges.map(({ node }) => node.id), world.posts.toReversed());
  equal(all.viewer?.homeFeed.pageInfo.hasNextPage, false);
});

check("the persisted queries link sends hashes by GET, and the text only once", async () => {
  const document = gql`query ${unique("ByGet")} { viewer { id } }`;
  const send = () => mine().query({ query: document });
  const sent = await sentBy(async () => {
    ok((await send()).data);
    ok((await send()).data);
  });
  deepEqual(
    sent.map(({ method, hasText, codes }) => ({ method, hasText, codes })),
    [
      { method: "GET", hasText: false, codes: ["PERSISTED_OPERATION_NOT_FOUND"] },
      { method: "POST", hasText: true, codes: [] },
      { method: "GET", hasText: false, codes: [] },
    ],
  );
});

check("the persisted queries link sends hashes by POST, too", async () => {
  const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
  const link = ApolloLink.from([new PersistedQueryLink({ sha256 }), new HttpLink({ uri: world.http })]);
  const document = gql`query ${unique("ByPost")} { server { name } }`;
  const send = () => new ApolloClient({ link, cache: new InMemoryCache() }).query({ query: document });
  const sent = await sentBy(async () => {
    ok((await send()).data);
    ok((await send()).data);
  });
  deepEqual(sent.map(({ method, hasText }) => [method, hasText]), [["POST", false], ["POST", true], ["POST", false]]);
  equal(new Set(sent.map(({ hash }) => hash)).size, 1);
});

check("what a person can put right is data", async () => {
  const { data } = await mine().mutate({ mutation: LikeDocument, variables: { input: { postId: "nothing" } } });
  partialDeepStrictEqual(data?.likePost, { post: null, errors: [{ code: "NOT_FOUND", path: ["input", "postId"] }] });
});

check("everything else is a CombinedGraphQLErrors with a code", async () => {
  const stranger = apolloClient(world.http, () => "of nobody", socket);
  const cases: [() => Promise<unknown>, string][] = [
    [() => mine().query({ query: gql`{ nothing }` }), "VALIDATION_FAILED"],
    [() => mine().query({ query: OpenLinkDocument, variables: { url: 1 as never } }), "BAD_USER_INPUT"],
    [() => stranger.query({ query: SelfCheckDocument }), "UNAUTHENTICATED"],
    [() => mine().query({ query: gql`{ nodes(ids: []) { id } }` }), "BAD_USER_INPUT"],
  ];
  for (const [asked, code] of cases) {
    await rejects(asked(), (error) => CombinedGraphQLErrors.is(error) && error.errors[0]?.extensions?.code === code);
  }
});

check("with errorPolicy all, the part that came is shown beside the error", async () => {
  const query = gql`{ server { name } nodes(ids: []) { id } }`;
  const { data, error } = await mine().query<any>({ query, errorPolicy: "all" });
  partialDeepStrictEqual(data, { server: {}, nodes: null });
  ok(CombinedGraphQLErrors.is(error));
});

check("a server that is not there is no GraphQL error", async () => {
  const nowhere = apolloClient("http://127.0.0.1:9/graphql", () => "", socket);
  await rejects(nowhere.query({ query: SelfCheckDocument }), (error) => !CombinedGraphQLErrors.is(error));
});

check("another device is told of live, listed, and ended together with its socket", async () => {
  const client = mine();
  const told = new Inbox<NonNullable<LiveAccountSubscription["accountEvents"]>>();
  const events = client.subscribe({ query: LiveAccountDocument, variables: { after: FROM_NOW } });
  const watching = events.subscribe({ next: ({ data }) => told.take(data!.accountEvents!), error: told.fail });
  await told.until((event) => event.__typename === "StreamResetEvent");

  const input = { identifier: world.me.handle, password: world.me.password };
  const { data: entered } = await client.mutate({ mutation: LogInDocument, variables: { input } });
  const authorization = `Bearer ${entered!.logIn!.tokens!.accessToken!}`;
  const started = await told.until((event) => event.__typename === "SessionStartedEvent" && !event.session.isCurrent);
  const id = started.__typename === "SessionStartedEvent" ? started.session.id : "";
  const other = createClient({ url: world.ws, lazy: false, retryAttempts: 0, connectionParams: { authorization } });
  const closed = new Promise((tell) => other.on("closed", (event) => tell((event as CloseEvent).code)));
  await new Promise<void>((go) => other.on("connected", () => go()));

  const { data: listed } = await client.query({ query: DevicesDocument, fetchPolicy: "network-only" });
  const sessionIds = [id];
  const { data: ended } = await client.mutate({ mutation: RevokeSessionsDocument, variables: { input: { sessionIds } } });

  ok(listed!.viewer!.account.sessions!.nodes.some((session) => session.id === id && !session.isCurrent));
  deepEqual(ended!.revokeSessions!.revokedSessionIds, [id]);
  await told.until((event) => event.__typename === "SessionsRevokedEvent" && event.revokedSessionIds.includes(id));
  equal(await closed, 4403);
  watching.unsubscribe();
});

check("a log-in with a second factor takes two steps, and its session learns what an operation costs", async () => {
  const [handle, password] = [unique("two"), "four herons on a quay"];
  const paper = await protect(handle, password);
  const { data: begun } = await mine().mutate({
    mutation: LogInDocument,
    variables: { input: { identifier: handle, password } },
  });
  partialDeepStrictEqual(begun?.logIn, { tokens: null, viewer: null, errors: [] });
  const { token, methods } = begun!.logIn!.challenge!;
  deepEqual([...methods].sort(), ["RECOVERY_CODE", "TOTP"]);

  const input = { challengeToken: token, code: { recoveryCode: paper[0]! } };
  const { data: entered } = await mine().mutate({ mutation: CompleteLogInDocument, variables: { input } });
  const access = entered!.completeLogIn!.tokens!.accessToken!;
  const { data: cost } = await apolloClient(world.http, () => access, socket).query({ query: SelfCheckDocument });

  deepEqual(entered!.completeLogIn!.errors, []);
  ok(cost!.operation!.cost <= cost!.operation!.maxCost);
  ok(cost!.rateLimit!.remaining > 0);
});

/** Signs somebody up and turns two-factor log-in on; returns the recovery codes. */
async function protect(handle: string, password: string): Promise<string[]> {
  const begin = gql`mutation ($input: SignUpInput!) { signUp(input: $input) { tokens { accessToken } errors { code } } }`;
  const input = { handle, password, email: `${handle}@example.org` };
  const { data: entered } = await mine().mutate<any>({ mutation: begin, variables: { input } });
  const theirs = apolloClient(world.http, () => entered.signUp.tokens.accessToken, socket);
  const set = gql`mutation { beginTotpSetup(input: {}) { secret errors { code } } }`;
  const { secret } = (await theirs.mutate<any>({ mutation: set })).data.beginTotpSetup;
  const confirm = gql`mutation ($totp: String!) {
    confirmTotpSetup(input: { totp: $totp }) { recoveryCodes errors { code } }
  }`;
  const { data } = await theirs.mutate<any>({ mutation: confirm, variables: { totp: codeOf(secret) } });
  return data.confirmTotpSetup.recoveryCodes;
}

/** What an authenticator app shows now (RFC 6238). */
function codeOf(secret: string): string {
  const bits = [...secret].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0"));
  const key = Buffer.from(bits.join("").match(/.{8}/g)!.map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const digest = createHmac("sha1", key).update(step).digest();
  const number = digest.readUInt32BE(digest.at(-1)! & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}

check("an event of GraphQLWsLink brings every screen up to date", async () => {
  const client = mine();
  const screen = shownBy(client.watchQuery({ query: PostScreenDocument, variables: { shortcode } }));
  await screen.until((shown) => shown.post?.likeCount === 0);
  const events = new Inbox<LivePostsSubscription>();
  const live = client.subscribe({ query: LivePostsDocument, variables: { postIds: [post], after: FROM_NOW } });
  live.subscribe(({ data }) => data && events.take(data));
  await events.until(({ postEvents }) => postEvents.__typename === "StreamResetEvent");
  await setLikes(post, 1);
  await screen.until((shown) => shown.post?.likeCount === 1);
  await setLikes(post, 0);
});

let uniques = 0;
function unique(name: string): string {
  return `${name}${Date.now()}${uniques++}`;
}

await run();
