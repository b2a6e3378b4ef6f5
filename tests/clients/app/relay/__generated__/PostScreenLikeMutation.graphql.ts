/**
 * @generated SignedSource<<c9210a3efb7472261149f808b9927543>>
 * @lightSyntaxTransform
 */

/* tslint:disable */
/* eslint-disable */
// @ts-nocheck

import type { ConcreteRequest } from 'relay-runtime';
import type { FragmentRefs } from "relay-runtime";
export type UserErrorCode = "ACCOUNT_RESTRICTED" | "BAD_FORMAT" | "CONFLICT" | "IDEMPOTENCY_MISMATCH" | "INVALID" | "INVALID_CREDENTIALS" | "LIMIT_REACHED" | "MEDIA_NOT_READY" | "MEDIA_REJECTED" | "NOT_ALLOWED" | "NOT_FOUND" | "OUT_OF_RANGE" | "RATE_LIMITED" | "REQUIRED" | "TAKEN" | "TOO_FEW" | "TOO_LONG" | "TOO_MANY" | "TOO_SHORT" | "UNAVAILABLE" | "%future added value";
export type LikePostInput = {
  postId: string;
};
export type PostScreenLikeMutation$variables = {
  input: LikePostInput;
};
export type PostScreenLikeMutation$data = {
  readonly likePost: {
    readonly errors: ReadonlyArray<{
      readonly code: UserErrorCode;
      readonly message: string;
    }>;
    readonly post: {
      readonly " $fragmentSpreads": FragmentRefs<"PostScreen_likes">;
    } | null | undefined;
  } | null | undefined;
};
export type PostScreenLikeMutation = {
  response: PostScreenLikeMutation$data;
  variables: PostScreenLikeMutation$variables;
};

const node: ConcreteRequest = (function(){
var v0 = [
  {
    "defaultValue": null,
    "kind": "LocalArgument",
    "name": "input"
  }
],
v1 = [
  {
    "kind": "Variable",
    "name": "input",
    "variableName": "input"
  }
],
v2 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "code",
  "storageKey": null
},
v3 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "message",
  "storageKey": null
},
v4 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "id",
  "storageKey": null
};
return {
  "fragment": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Fragment",
    "metadata": null,
    "name": "PostScreenLikeMutation",
    "selections": [
      {
        "alias": null,
        "args": (v1/*:: as any*/),
        "concreteType": "LikePostPayload",
        "kind": "LinkedField",
        "name": "likePost",
        "plural": false,
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
          },
          {
            "alias": null,
            "args": null,
            "concreteType": null,
            "kind": "LinkedField",
            "name": "errors",
            "plural": true,
            "selections": [
              (v2/*:: as any*/),
              (v3/*:: as any*/)
            ],
            "storageKey": null
          }
        ],
        "storageKey": null
      }
    ],
    "type": "Mutation",
    "abstractKey": null
  },
  "kind": "Request",
  "operation": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Operation",
    "name": "PostScreenLikeMutation",
    "selections": [
      {
        "alias": null,
        "args": (v1/*:: as any*/),
        "concreteType": "LikePostPayload",
        "kind": "LinkedField",
        "name": "likePost",
        "plural": false,
        "selections": [
          {
            "alias": null,
            "args": null,
            "concreteType": "Post",
            "kind": "LinkedField",
            "name": "post",
            "plural": false,
            "selections": [
              (v4/*:: as any*/),
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
          },
          {
            "alias": null,
            "args": null,
            "concreteType": null,
            "kind": "LinkedField",
            "name": "errors",
            "plural": true,
            "selections": [
              {
                "alias": null,
                "args": null,
                "kind": "ScalarField",
                "name": "__typename",
                "storageKey": null
              },
              (v2/*:: as any*/),
              (v3/*:: as any*/),
              {
                "kind": "InlineFragment",
                "selections": [
                  (v4/*:: as any*/)
                ],
                "type": "NotFoundError",
                "abstractKey": null
              }
            ],
            "storageKey": null
          }
        ],
        "storageKey": null
      }
    ]
  },
  "params": {
    "cacheID": "f07d6f933bcc7870bf94e87785973bfd",
    "id": null,
    "metadata": {},
    "name": "PostScreenLikeMutation",
    "operationKind": "mutation",
    "text": "mutation PostScreenLikeMutation(\n  $input: LikePostInput!\n) {\n  likePost(input: $input) {\n    post {\n      ...PostScreen_likes\n      id\n    }\n    errors {\n      __typename\n      code\n      message\n      ... on NotFoundError {\n        id\n      }\n    }\n  }\n}\n\nfragment PostScreen_likes on Post {\n  id\n  likeCount\n  viewerHasLiked\n}\n"
  }
};
})();

(node as any).hash = "e9b64facc97ce9574852ecd8cd633f78";

export default node;
