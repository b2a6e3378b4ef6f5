import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from "@apollo/client";
import { SetContextLink } from "@apollo/client/link/context";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { relayStylePagination } from "@apollo/client/utilities";
import { OperationTypeNode } from "graphql";
import type { Client as Socket } from "graphql-ws";

import possibleTypes from "./generated/possible_types.ts";

export function apolloClient(url: string, token: () => string | Promise<string>, socket: Socket) {
  const signedIn = new SetContextLink(async ({ headers }) => ({
    headers: { ...headers, authorization: `Bearer ${await token()}` },
  }));
  const persisted = new PersistedQueryLink({ sha256, useGETForHashedQueries: true });
  const http = ApolloLink.from([signedIn, persisted, new HttpLink({ uri: url })]);
  const isLive = ({ operationType }: ApolloLink.Operation) => operationType === OperationTypeNode.SUBSCRIPTION;
  return new ApolloClient({
    link: ApolloLink.split(isLive, new GraphQLWsLink(socket), http),
    cache: new InMemoryCache({
      ...possibleTypes,
      typePolicies: {
        Viewer: { fields: { homeFeed: relayStylePagination(["mode"]) } },
        Post: { fields: { comments: relayStylePagination(["order", "states"]) } },
      },
    }),
  });
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
