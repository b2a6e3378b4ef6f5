// relay-runtime without React: what the hooks of react-relay do, on artifacts that relay-compiler made of app/relay.
import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { randomUUID } from "node:crypto";

import {
  commitMutation,
  createOperationDescriptor,
  fetchQuery,
  getRequest,
  getSelector,
  requestSubscription,
  type Environment,
  type GraphQLTaggedNode,
  type MutationConfig,
  type MutationParameters,
  type OperationType,
  type SingularReaderSelector,
} from "relay-runtime";

import { openSocket } from "../app/graphql_ws.ts";
import { relayEnvironment } from "../app/relay.ts";
import moreComments from "../app/relay/__generated__/PostScreenCommentsQuery.graphql.ts";
import liveEvents from "../app/relay/__generated__/PostScreenEventsSubscription.graphql.ts";
import likeMutation, {
  type PostScreenLikeMutation,
} from "../app/relay/__generated__/PostScreenLikeMutation.graphql.ts";
import postScreen, { type PostScreenQuery } from "../app/relay/__generated__/PostScreenQuery.graphql.ts";
import removeMutation from "../app/relay/__generated__/PostScreenRemoveMutation.graphql.ts";
import writeMutation, {
  type PostScreenWriteMutation,
} from "../app/relay/__generated__/PostScreenWriteMutation.graphql.ts";
import commentsFragment, {
  type PostScreen_comments$data,
} from "../app/relay/__generated__/PostScreen_comments.graphql.ts";
import likesFragment, { type PostScreen_likes$data } from "../app/relay/__generated__/PostScreen_likes.graphql.ts";
import { FROM_NOW, Inbox, setLikes } from "./events.ts";
import { check, like, run, world } from "./harness.ts";

const post = world.posts[0]!;
const socket = openSocket(world.ws, () => world.me.token);

interface Screen {
  environment: Environment;
  likes: Inbox<PostScreen_likes$data>;
  comments: Inbox<PostScreen_comments$data>;
}

/** The screen of the post with its first comments, as it is shown and shown again when the store changes. */
async function open(count = 2): Promise<Screen> {
  const environment = relayEnvironment(world.http, () => world.me.token, socket);
  const variables = { id: post, count };
  const query = await fetchQuery<PostScreenQuery>(environment, postScreen, variables).toPromise();
  environment.retain(createOperationDescriptor(getRequest(postScreen), variables));
  return {
    environment,
    likes: watch<PostScreen_likes$data>(environment, likesFragment, query!.post),
    comments: watch<PostScreen_comments$data>(environment, commentsFragment, query!.post),
  };
}

/** As useFragment does. */
function watch<T>(environment: Environment, fragment: GraphQLTaggedNode, reference: unknown): Inbox<T> {
  const inbox = new Inbox<T>();
  const selector = getSelector(fragment as never, reference) as SingularReaderSelector;
  const snapshot = environment.lookup(selector);
  inbox.take(snapshot.data as T);
  environment.subscribe(snapshot, ({ data }) => inbox.take(data as T));
  return inbox;
}

function commit<T extends MutationParameters>(
  environment: Environment,
  config: Omit<MutationConfig<T>, "onCompleted" | "onError">,
): Promise<T["response"]> {
  return new Promise((done, onError) => {
    commitMutation<T>(environment, { ...config, onCompleted: done, onError } as MutationConfig<T>);
  });
}

const lastOf = <T>(inbox: Inbox<T>): T => inbox.taken.at(-1)!;

const textsOf = (shown: PostScreen_comments$data) => shown.comments.edges.map(({ node }) => node.body?.text);

check("a query fills the store, and fragments read it", async () => {
  const { likes, comments } = await open();
  deepEqual(lastOf(likes), { id: post, likeCount: 0, viewerHasLiked: false });
  deepEqual(textsOf(lastOf(comments)), ["Comment 0", "Comment 1"]);
});

check("the connection grows page by page, each read by node", async () => {
  const { environment, comments } = await open();
  while (lastOf(comments).comments.pageInfo.hasNextPage) {
    const { id, comments: { pageInfo } } = lastOf(comments);
    const variables = { id, count: 2, cursor: pageInfo.endCursor };
    await fetchQuery<OperationType>(environment, moreComments, variables).toPromise();
  }
  deepEqual(textsOf(lastOf(comments)), [0, 1, 2, 3, 4].map((number) => `Comment ${number}`));
});

check("an optimistic response shows first, and the true one takes its place", async () => {
  const { environment, likes } = await open();
  await commit<PostScreenLikeMutation>(environment, {
    mutation: likeMutation,
    variables: { input: { postId: post } },
    optimisticResponse: {
      likePost: { errors: [], post: { id: post, likeCount: 999, viewerHasLiked: true } },
    } as never,
  });
  deepEqual(likes.taken.map(({ likeCount }) => likeCount), [0, 999, 1]);
  await like(world.me, post, false);
});

check("a new comment is appended by its edge and leaves by its id, without an updater", async () => {
  const { environment, comments } = await open(10);
  const connections = [lastOf(comments).comments.__id];
  const input = { postId: post, text: "Mine", idempotencyKey: randomUUID() };
  const written = await commit<PostScreenWriteMutation>(environment, {
    mutation: writeMutation,
    variables: { input, connections },
  });
  equal(textsOf(lastOf(comments)).at(-1), "Mine");
  const commentId = written.addComment!.commentEdge!.node.id;
  await commit(environment, { mutation: removeMutation, variables: { input: { commentId }, connections } });
  equal(textsOf(lastOf(comments)).at(-1), "Comment 4");
});

check("an event brings the screen up to date", async () => {
  const { environment, likes } = await open();
  const events = new Inbox<any>();
  requestSubscription(environment, {
    subscription: liveEvents,
    variables: { postIds: [post], after: FROM_NOW },
    onNext: events.take,
    onError: events.fail,
  });
  await events.until(({ postEvents }) => postEvents.__typename === "StreamResetEvent");
  await setLikes(post, 1);
  await likes.until(({ likeCount, viewerHasLiked }) => likeCount === 1 && viewerHasLiked);
  await setLikes(post, 0);
});

check("what a person can put right is data", async () => {
  const { environment } = await open();
  const variables = { input: { postId: "nothing" } };
  const { likePost } = await commit<PostScreenLikeMutation>(environment, { mutation: likeMutation, variables });
  equal(likePost?.errors[0]?.code, "NOT_FOUND");
});

check("an answer without data is an error of the query", async () => {
  const stranger = relayEnvironment(world.http, () => "of nobody", socket);
  const asked = fetchQuery<PostScreenQuery>(stranger, postScreen, { id: post, count: 2 }).toPromise();
  await rejects(asked, (error: any) => {
    ok(error.source.errors[0].extensions.code === "UNAUTHENTICATED");
    return true;
  });
});

await run();
