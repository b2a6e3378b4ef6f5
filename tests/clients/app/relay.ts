import type { Client as Socket, ExecutionResult, Sink } from "graphql-ws";
import { Environment, Network, Observable, RecordSource, Store } from "relay-runtime";
import type { FetchFunction, GraphQLResponse, SubscribeFunction } from "relay-runtime";

export function relayEnvironment(url: string, token: () => string | Promise<string>, socket: Socket) {
  const ask: FetchFunction = async ({ text, name }, variables) => {
    const headers = { "content-type": "application/json", authorization: `Bearer ${await token()}` };
    const body = JSON.stringify({ query: text, operationName: name, variables });
    return (await fetch(url, { method: "POST", headers, body })).json();
  };
  const listen: SubscribeFunction = ({ text, name }, variables) =>
    Observable.create<GraphQLResponse>((sink) =>
      socket.subscribe({ query: text!, operationName: name, variables }, sink as Sink<ExecutionResult<any, any>>),
    );
  return new Environment({ network: Network.create(ask, listen), store: new Store(new RecordSource()) });
}
