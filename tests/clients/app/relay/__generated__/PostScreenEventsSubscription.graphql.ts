/**
 * @generated SignedSource<<5bd6bcf8077f449a3b5243e49dee99f6>>
 * @lightSyntaxTransform
 */

/* tslint:disable */
/* eslint-disable */
// @ts-nocheck

import type { ConcreteRequest } from 'relay-runtime';
import type { FragmentRefs } from "relay-runtime";
export type PostScreenEventsSubscription$variables = {
  after?: string | null | undefined;
  postIds: ReadonlyArray<string>;
};
export type PostScreenEventsSubscription$data = {
  readonly postEvents: {
    readonly __typename: string;
    readonly cursor: string | null | undefined;
    readonly post?: {
      readonly " $fragmentSpreads": FragmentRefs<"PostScreen_likes">;
    };
  } | null | undefined;
};
export type PostScreenEventsSubscription = {
  response: PostScreenEventsSubscription$data;
  variables: PostScreenEventsSubscription$variables;
};

const node: ConcreteRequest = (function(){
var v0 = {
  "defaultValue": null,
  "kind": "LocalArgument",
  "name": "after"
},
v1 = {
  "defaultValue": null,
  "kind": "LocalArgument",
  "name": "postIds"
},
v2 = [
  {
    "kind": "Variable",
    "name": "after",
    "variableName": "after"
  },
  {
    "kind": "Variable",
    "name": "postIds",
    "variableName": "postIds"
  }
],
v3 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "__typename",
  "storageKey": null
},
v4 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "cursor",
  "storageKey": null
};
return {
  "fragment": {
    "argumentDefinitions": [
      (v0/*:: as any*/),
      (v1/*:: as any*/)
    ],
    "kind": "Fragment",
    "metadata": null,
    "name": "PostScreenEventsSubscription",
    "selections": [
      {
        "alias": null,
        "args": (v2/*:: as any*/),
        "concreteType": null,
        "kind": "LinkedField",
        "name": "postEvents",
        "plural": false,
        "selections": [
          (v3/*:: as any*/),
          (v4/*:: as any*/),
          {
            "kind": "InlineFragment",
            "selections": [
              {
                "alias": null,
                "args": null,
                "concreteType": "Post",
                "kind": "LinkedField",
                "name": "post",
                "plural": false,
                "selections": [
                  {
                    "args": null,
                    "kind": "FragmentSpread",
                    "name": "PostScreen_likes"
                  }
                ],
                "storageKey": null
              }
            ],
            "type": "PostEngagementEvent",
            "abstractKey": null
          }
        ],
        "storageKey": null
      }
    ],
    "type": "Subscription",
    "abstractKey": null
  },
  "kind": "Request",
  "operation": {
    "argumentDefinitions": [
      (v1/*:: as any*/),
      (v0/*:: as any*/)
    ],
    "kind": "Operation",
    "name": "PostScreenEventsSubscription",
    "selections": [
      {
        "alias": null,
        "args": (v2/*:: as any*/),
        "concreteType": null,
        "kind": "LinkedField",
        "name": "postEvents",
        "plural": false,
        "selections": [
          (v3/*:: as any*/),
          (v4/*:: as any*/),
          {
            "kind": "InlineFragment",
            "selections": [
              {
                "alias": null,
                "args": null,
                "concreteType": "Post",
                "kind": "LinkedField",
                "name": "post",
                "plural": false,
                "selections": [
                  {
                    "alias": null,
                    "args": null,
                    "kind": "ScalarField",
                    "name": "id",
                    "storageKey": null
                  },
                  {
                    "alias": null,
                    "args": null,
                    "kind": "ScalarField",
                    "name": "likeCount",
                    "storageKey": null
                  },
                  {
                    "alias": null,
                    "args": null,
                    "kind": "ScalarField",
                    "name": "viewerHasLiked",
                    "storageKey": null
                  }
                ],
                "storageKey": null
              }
            ],
            "type": "PostEngagementEvent",
            "abstractKey": null
          }
        ],
        "storageKey": null
      }
    ]
  },
  "params": {
    "cacheID": "cc117f3e38cc21e0848473134f472707",
    "id": null,
    "metadata": {},
    "name": "PostScreenEventsSubscription",
    "operationKind": "subscription",
    "text": "subscription PostScreenEventsSubscription(\n  $postIds: [ID!]!\n  $after: String\n) {\n  postEvents(postIds: $postIds, after: $after) {\n    __typename\n    cursor\n    ... on PostEngagementEvent {\n      post {\n        ...PostScreen_likes\n        id\n      }\n    }\n  }\n}\n\nfragment PostScreen_likes on Post {\n  id\n  likeCount\n  viewerHasLiked\n}\n"
  }
};
})();

(node as any).hash = "9f0a3b6bb1e718d7cee3eff741c8abb0";

export default node;
