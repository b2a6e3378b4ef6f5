import { Client, fetchExchange, subscriptionExchange } from "@urql/core";
import { cacheExchange } from "@urql/exchange-graphcache";
import { relayPagination } from "@urql/exchange-graphcache/extras";
import { persistedExchange } from "@urql/exchange-persisted";
import type { Client as Streams } from "graphql-sse";
import type { Client as Socket } from "graphql-ws";

import schema from "./generated/schema.json" with { type: "json" };

const types: { name: string; fields: { name: string }[] | null }[] = schema.__schema.types;
const values = types.filter(({ fields }) => fields && !fields.some(({ name }) => name === "id"));

export function urqlClient(url: string, token: () => string, live: Socket | Streams) {
  const cache = cacheExchange({
    schema: schema as never,
    keys: Object.fromEntries(values.map(({ name }) => [name, () => null])),
    resolvers: { Viewer: { homeFeed: relayPagination() }, Post: { comments: relayPagination() } },
    updates: {
      Mutation: {
        addComment({ addComment: { post } }: any, _, cache) {
          for (const { fieldName, arguments: given } of post ? cache.inspectFields(post) : []) {
            if (fieldName === "comments") cache.invalidate(post, fieldName, given);
          }
        },
      },
    },
    optimistic: {
      likePost: ({ input }: any) => ({
        __typename: "LikePostPayload",
        errors: [],
        post: { __typename: "Post", id: input.postId, viewerHasLiked: true },
      }),
    },
  });
  const subscriptions = subscriptionExchange({
    forwardSubscription: ({ query = "", variables }) => ({
      subscribe: (sink) => ({ unsubscribe: live.subscribe({ query, variables: variables as never }, sink as never) }),
    }),
  });
  return new Client({
    url,
    fetchOptions: () => ({ headers: { authorization: `Bearer ${token()}` } }),
    exchanges: [cache, persistedExchange(), fetchExchange, subscriptions],
  });
}
